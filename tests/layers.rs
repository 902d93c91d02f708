//! Imports point down, never up, never in a circle. Reads every path that begins with `crate`, `super`, `self` or
//! a module of the file's own, through re-exports to the file that defines the name.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// Top modules of the engine, by layer. Its `lib.rs` stands outside.
const ENGINE: [&[&str]; 6] =
    [&["panics", "syntax"], &["model"], &["lifecycle"], &["rules", "mutate"], &["policy"], &["admission"]];
/// Top modules of the program, by layer. `main.rs` and `lib.rs` stand outside.
const PROGRAM: [&[&str]; 3] = [&["files"], &["server", "cluster", "render"], &["cli"]];

/// Rooms and files of `src/server`, by layer. Its `mod.rs` stands outside: it puts them together.
const SERVER: [&[&str]; 8] = [
    &["crypto", "options"],
    &["observe"],
    &["shared"],
    &["reload", "cluster_state"],
    &["certificates"],
    &["net"],
    &["overload"],
    &["review", "admin"],
];

/// A path of modules and names, from the root of the crate.
type Names = Vec<String>;

/// What one file says of others.
#[derive(Debug, Default)]
struct Source {
    /// Modules that it declares in files of their own.
    children: BTreeSet<String>,
    /// Names that it brings in: name here, and path as written with the module it is written in.
    uses: BTreeMap<String, (Names, Names)>,
    /// All paths, each with the module it is written in.
    paths: Vec<(Names, Names)>,
}

/// The file's module: `src/a/mod.rs` and `src/a.rs` are `a`.
fn module(file: &str) -> Names {
    let stem = file.trim_start_matches("src/").trim_end_matches(".rs");
    stem.split('/').filter(|part| !matches!(*part, "mod" | "lib")).map(str::to_owned).collect()
}

fn read(file: &str, text: &str) -> Source {
    let tokens: TokenStream = text.parse().unwrap_or_else(|error| panic!("{file}: {error}"));
    let mut source = Source::default();
    walk(tokens, &module(file), true, &mut source);
    source
}

/// Collects the paths of `tokens`, which stand in `module`; `top` where that is the file's own.
fn walk(tokens: TokenStream, module: &Names, top: bool, source: &mut Source) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut at = 0;
    while at < tokens.len() {
        match &tokens[at] {
            TokenTree::Ident(word) if word == "use" => {
                let end = (at..tokens.len()).find(|end| is_punct(&tokens[*end], ';')).unwrap_or(tokens.len());
                for (path, name) in use_tree(&tokens[at + 1..end], Vec::new()) {
                    if top && name != "*" {
                        source.uses.insert(name, (module.clone(), path.clone()));
                    }
                    source.paths.push((module.clone(), path));
                }
                at = end;
            }
            TokenTree::Ident(word) if word == "mod" => {
                let name = tokens.get(at + 1).map(ToString::to_string).unwrap_or_default();
                match tokens.get(at + 2) {
                    Some(TokenTree::Group(body)) if body.delimiter() == Delimiter::Brace => {
                        let inner = [module.clone(), vec![name]].concat();
                        walk(body.stream(), &inner, false, source);
                    }
                    _ if top => drop(source.children.insert(name)),
                    _ => {}
                }
                at += 2;
            }
            TokenTree::Ident(_) if !follows_path(&tokens[..at]) => {
                let (path, end) = path_from(&tokens, at);
                if path.len() > 1 {
                    source.paths.push((module.clone(), path));
                }
                at = end;
            }
            TokenTree::Group(group) => walk(group.stream(), module, top, source),
            // Paths in attributes, such as serde's `with`.
            TokenTree::Literal(literal) => {
                let text = literal.to_string();
                let text = text.trim_matches('"');
                if text.starts_with("crate::") || text.starts_with("super::") {
                    source.paths.push((module.clone(), text.split("::").map(str::to_owned).collect()));
                }
            }
            _ => {}
        }
        at += 1;
    }
}

fn is_punct(token: &TokenTree, wanted: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == wanted)
}

/// Whether what comes next belongs to something before it: `<T as Trait>::name`.
fn follows_path(before: &[TokenTree]) -> bool {
    matches!(before, [.., first, second] if is_punct(first, ':') && is_punct(second, ':'))
}

/// The path `a::b::c` that begins at `at`, and the place of its last token.
fn path_from(tokens: &[TokenTree], mut at: usize) -> (Names, usize) {
    let mut path = vec![tokens[at].to_string()];
    while let [first, second, TokenTree::Ident(name), ..] = &tokens[at + 1..]
        && is_punct(first, ':')
        && is_punct(second, ':')
    {
        path.push(name.to_string());
        at += 3;
    }
    (path, at)
}

/// Every path of a `use`, with the name that it gets.
fn use_tree(tokens: &[TokenTree], prefix: Names) -> Vec<(Names, String)> {
    let mut path = prefix;
    let mut name = None;
    let mut tokens = tokens.iter();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Ident(word) if word == "as" => name = tokens.next().map(ToString::to_string),
            TokenTree::Ident(word) => path.push(word.to_string()),
            TokenTree::Punct(punct) if punct.as_char() == '*' => name = Some("*".to_owned()),
            TokenTree::Group(group) => {
                let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                let parts = inner.split(|token| is_punct(token, ',')).filter(|part| !part.is_empty());
                return parts.flat_map(|part| use_tree(part, path.clone())).collect();
            }
            _ => {}
        }
    }
    if path.len() > 1 && path.last().is_some_and(|last| last == "self") {
        path.pop();
    }
    let name = name.or_else(|| path.last().cloned()).unwrap_or_default();
    vec![(path, name)]
}

/// All files by their module.
struct Crate {
    files: BTreeMap<Names, (String, Source)>,
}

impl Crate {
    fn new(files: &[(String, String)]) -> Self {
        let read = |(file, text): &(String, String)| (module(file), (file.clone(), read(file, text)));
        Self { files: files.iter().map(read).collect() }
    }

    /// The module of the file that defines what `path`, written in `module`, names; `None` for other crates.
    fn target(&self, module: &[String], path: &[String], depth: usize) -> Option<&Names> {
        let own = self.file_of(module)?;
        let (mut at, mut rest) = match path.first()?.as_str() {
            "crate" => (Vec::new(), &path[1..]),
            "self" => (module.to_vec(), &path[1..]),
            "super" => (module[..module.len().checked_sub(1)?].to_vec(), &path[1..]),
            first if self.files[own].1.children.contains(first) && module == own => (module.to_vec(), path),
            _ => return None,
        };
        while let Some(next) = rest.first() {
            if next == "super" {
                at.pop();
            } else if self.files.contains_key(&[at.as_slice(), std::slice::from_ref(next)].concat()) {
                at.push(next.clone());
            } else {
                break;
            }
            rest = &rest[1..];
        }
        let there = self.file_of(&at)?;
        // A name that the file only passes on is that of the file which defines it.
        let passed_on = rest.first().filter(|_| there == &at).and_then(|name| self.files[there].1.uses.get(name));
        match passed_on {
            Some((module, path)) if depth < 8 => {
                let whole = [path.as_slice(), &rest[1..]].concat();
                self.target(module, &whole, depth + 1).or(Some(there))
            }
            _ => Some(there),
        }
    }

    /// The file that holds a module, which may be written inside of it.
    fn file_of(&self, module: &[String]) -> Option<&Names> {
        let prefix =
            (0..=module.len()).rev().map(|length| &module[..length]).find(|prefix| self.files.contains_key(*prefix))?;
        self.files.get_key_value(prefix).map(|(names, _)| names)
    }

    /// The files that each file imports from; those at the root of the crate import nothing and are imported by nobody.
    fn imports(&self) -> BTreeMap<&Names, BTreeSet<&Names>> {
        let inner = self.files.iter().filter(|(module, _)| !is_root(module));
        let imports = inner.map(|(module, (_, source))| {
            let targets = source.paths.iter().filter_map(|(written_in, path)| self.target(written_in, path, 0));
            (module, targets.filter(|target| *target != module && !is_root(target)).collect())
        });
        imports.collect()
    }

    fn name(&self, module: &Names) -> &str {
        &self.files[module].0
    }
}

fn is_root(module: &Names) -> bool {
    module.is_empty() || module == &["main"]
}

fn layer(layers: &[&[&str]], module: &Names) -> Option<usize> {
    layers.iter().position(|layer| layer.contains(&module[0].as_str()))
}

/// A rule's own file, which is in the folder of a family.
fn is_rule(module: &Names) -> bool {
    module.len() == 3 && module[0] == "rules"
}

/// What is wrong with the imports of these files of a crate that has these layers.
fn problems(layers: &[&[&str]], files: &[(String, String)]) -> Vec<String> {
    let layer = |module| layer(layers, module);
    let all = Crate::new(files);
    let imports = all.imports();
    let mut problems = Vec::new();
    for (from, targets) in &imports {
        let name = all.name(from);
        let Some(from_layer) = layer(from) else {
            problems.push(format!("{name}: {} has no layer; give it one in tests/layers.rs", from[0]));
            continue;
        };
        for to in targets {
            let other = all.name(to);
            if layer(to).is_some_and(|to_layer| to_layer > from_layer) {
                problems.push(format!(
                    "{name} (L{from_layer} {}) imports {other} (L{} {}): imports point down",
                    from[0],
                    layer(to).unwrap_or_default(),
                    to[0]
                ));
            }
            let opinions = ["rules", "mutate"];
            if from[0] != to[0] && [from, to].iter().all(|module| opinions.contains(&module[0].as_str())) {
                problems.push(format!("{name} imports {other}: rules and mutations know nothing of each other"));
            }
            if is_rule(from) && is_rule(to) {
                problems.push(format!("{name} imports {other}: what two rules share belongs into lifecycle or model"));
            }
        }
    }
    problems.extend(circle(&all, &imports));
    problems
}

/// A circle of imports, if there is one: files that cannot be followed any further down, taken away until none is left.
fn circle(all: &Crate, imports: &BTreeMap<&Names, BTreeSet<&Names>>) -> Option<String> {
    let mut left: BTreeSet<&Names> = imports.keys().copied().collect();
    loop {
        let leads_on = |module: &&&Names| imports[**module].iter().any(|target| left.contains(target));
        let next: BTreeSet<&Names> = left.iter().filter(leads_on).copied().collect();
        if next.len() == left.len() {
            break;
        }
        left = next;
    }
    // Whoever is left leads on to one that is left: sooner or later one comes again.
    let mut way: Vec<&Names> = vec![left.first()?];
    loop {
        let next = *imports[way[way.len() - 1]].iter().find(|target| left.contains(*target))?;
        if let Some(start) = way.iter().position(|seen| *seen == next) {
            let names: Vec<&str> = way[start..].iter().chain([&next]).map(|module| all.name(module)).collect();
            return Some(format!("imports close a circle: {}", names.join(" -> ")));
        }
        way.push(next);
    }
}

/// The Rust files below `folder`, each by its path from the crate's own folder.
fn files_below(krate: &Path, folder: &Path, files: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files_below(krate, &path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let name = path.strip_prefix(krate).unwrap().to_string_lossy().into_owned();
            files.push((name, fs::read_to_string(&path).unwrap()));
        }
    }
}

/// The files of a crate, given by its folder in the tree: at least so many, with at least so many imports among them.
fn files_of(krate: &str, min_files: usize, min_imports: usize) -> Vec<(String, String)> {
    let krate = Path::new(env!("CARGO_MANIFEST_DIR")).join(krate);
    let mut files = Vec::new();
    files_below(&krate, &krate.join("src"), &mut files);
    let imports: usize = Crate::new(&files).imports().values().map(BTreeSet::len).sum();
    assert!(
        files.len() >= min_files && imports >= min_imports,
        "{}: {} files, {imports} imports",
        krate.display(),
        files.len()
    );
    files
}

#[test]
fn imports_point_down() {
    for (krate, layers, min_files, min_imports) in
        [("crates/engine", &ENGINE[..], 100, 150), (".", &PROGRAM[..], 40, 60)]
    {
        let problems = problems(layers, &files_of(krate, min_files, min_imports));
        assert!(problems.is_empty(), "{krate}:\n{}", problems.join("\n"));
    }
}

#[test]
fn imports_between_rooms_of_the_server_point_down() {
    let files = files_of(".", 40, 60);
    let all = Crate::new(&files);
    let place = |module: &[String]| {
        let [top, room, ..] = module else { return None };
        let layer = || SERVER.iter().position(|rooms| rooms.contains(&room.as_str()));
        (top == "server").then(|| layer().unwrap_or_else(|| panic!("{room} has no layer; give it one here")))
    };
    let mut upwards = Vec::new();
    for (from, targets) in all.imports() {
        let Some(layer) = place(from) else { continue };
        for to in targets.into_iter().filter(|to| to.get(1) != from.get(1)) {
            if place(to).is_some_and(|to_layer| to_layer >= layer) {
                upwards.push(format!("{} imports {}: imports point down", all.name(from), all.name(to)));
            }
        }
    }
    assert!(upwards.is_empty(), "{}", upwards.join("\n"));
}

#[test]
fn the_manifests_have_no_circle() {
    let files = files_of("crates/manifests", 10, 20);
    let all = Crate::new(&files);
    assert_eq!(circle(&all, &all.imports()), None);
}

#[test]
fn the_audit_has_no_circle() {
    let files = files_of("crates/audit", 20, 30);
    let all = Crate::new(&files);
    assert_eq!(circle(&all, &all.imports()), None);
}

#[test]
fn the_playground_has_no_circle() {
    let files = files_of("crates/playground", 8, 4);
    let all = Crate::new(&files);
    assert_eq!(circle(&all, &all.imports()), None);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The problems of a small crate with these files besides its `lib.rs`.
    fn of(files: &[(&str, &str)]) -> Vec<String> {
        let lib = ("src/lib.rs", "pub mod model; pub mod lifecycle; pub mod rules; pub mod mutate; pub mod policy;");
        let files = std::iter::once(&lib).chain(files).map(|(file, text)| ((*file).to_owned(), (*text).to_owned()));
        problems(&ENGINE, &files.collect::<Vec<_>>())
    }

    #[test]
    fn down_is_fine() {
        let files = [
            ("src/model/mod.rs", "mod pod; mod text; pub use pod::Pod; pub use text::{Str as Text, self};"),
            ("src/model/pod.rs", "use super::Text; pub struct Pod(Text);"),
            ("src/model/text.rs", "pub struct Str; mod tests { use super::*; use super::super::text::Str; }"),
            ("src/policy/mod.rs", "use std::fmt; use serde::de; use crate::{model::{self, Pod}, rules};"),
            ("src/rules/mod.rs", "mod ports; static R: &[u8] = &[ports::one::RULE]; /* crate::policy */"),
            ("src/rules/ports/mod.rs", "pub mod one;"),
            ("src/rules/ports/one.rs", "//! crate::policy\nuse crate::model::Pod; pub(crate) static RULE: u8 = 1;"),
        ];
        assert_eq!(of(&files), [""; 0]);
    }

    #[test]
    fn up_is_not() {
        let up = "src/model/mod.rs (L1 model) imports src/policy/mod.rs (L4 policy): imports point down";
        for import in [
            "use crate::policy::Engine;",
            "use crate::{policy::Engine};",
            "use super::policy as p;",
            "pub use crate::policy::*;",
            "fn f(x: crate::policy::Engine) {}",
            "fn f() { g!(vec![crate::policy::f()]) }",
            "mod tests { use super::super::policy; }",
            "#[serde(with = \"crate::policy::f\")] struct S;",
        ] {
            let found = of(&[("src/model/mod.rs", import), ("src/policy/mod.rs", "pub struct Engine;")]);
            assert_eq!(found, [up], "{import}");
        }
    }

    #[test]
    fn up_through_a_re_export_is_not() {
        let files = [
            ("src/model/mod.rs", "use crate::lifecycle::Engine;"),
            ("src/lifecycle/mod.rs", "pub use crate::policy::Engine;"),
            ("src/policy/mod.rs", "pub struct Engine;"),
        ];
        assert!(of(&files)[0].starts_with("src/lifecycle/mod.rs (L2 lifecycle) imports src/policy/mod.rs"));
        assert!(of(&files)[1].starts_with("src/model/mod.rs (L1 model) imports src/policy/mod.rs"));
    }

    #[test]
    fn rules_mutations_and_rules_keep_apart() {
        let one = |text: &'static str| {
            of(&[
                ("src/rules/mod.rs", "pub mod rule; mod a;"),
                ("src/rules/rule.rs", ""),
                ("src/rules/a/mod.rs", "mod one; mod two;"),
                ("src/rules/a/one.rs", text),
                ("src/rules/a/two.rs", "pub fn f() {}"),
                ("src/mutate/mod.rs", "pub struct Mutation;"),
            ])
        };
        assert_eq!(one("use crate::rules::rule::Rule;"), [""; 0]);
        assert!(one("use crate::mutate::Mutation;")[0].ends_with("rules and mutations know nothing of each other"));
        assert!(one("use super::two::f;")[0].ends_with("what two rules share belongs into lifecycle or model"));
        assert!(
            one("fn g() { crate::rules::a::two::f() }")[0].starts_with("src/rules/a/one.rs imports src/rules/a/two.rs")
        );
    }

    #[test]
    fn circles_are_found() {
        let files = [
            ("src/model/mod.rs", "pub mod a; pub mod b; pub mod c;"),
            ("src/model/a.rs", "use super::b::B;"),
            ("src/model/b.rs", "use crate::model::c;"),
            ("src/model/c.rs", "fn f() { super::a::f() }"),
        ];
        assert_eq!(
            of(&files),
            ["imports close a circle: src/model/a.rs -> src/model/b.rs -> src/model/c.rs -> src/model/a.rs"]
        );
        let files = [
            ("src/model/mod.rs", "mod a; fn f() {} fn g() { a::g() }"),
            ("src/model/a.rs", "pub fn g() { super::f() }"),
        ];
        assert_eq!(of(&files), ["imports close a circle: src/model/mod.rs -> src/model/a.rs -> src/model/mod.rs"]);
    }

    #[test]
    fn a_module_without_a_layer_is_named() {
        let found = of(&[("src/misc/mod.rs", "use crate::model::x;"), ("src/model/mod.rs", "")]);
        assert_eq!(found, ["src/misc/mod.rs: misc has no layer; give it one in tests/layers.rs"]);
    }
}
