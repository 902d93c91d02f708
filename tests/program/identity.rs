//! One file says whose podgate this is, one says its version; the tree says the same everywhere.
//!
//! `UPDATE=1 cargo test --test program identity` writes what `release/identity` and the version of Cargo.toml say to all places.

use std::{collections::BTreeMap, fs, path::PathBuf};

use ignore::WalkBuilder;
use regex::Regex;

use super::tree::root;

/// A pattern, and what its group has to be.
type Form = (Regex, String);

/// What `release/identity` and Cargo.toml say.
struct Identity {
    repository: String,
    image: String,
    chart: String,
    site: String,
    placeholder: String,
    version: String,
}

impl Identity {
    fn read() -> Self {
        let text = fs::read_to_string(root().join("release/identity")).unwrap();
        let said: BTreeMap<_, _> =
            text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once('=')).collect();
        let value = |name: &str| said[name].to_owned();
        Self {
            repository: value("REPOSITORY"),
            image: value("IMAGE"),
            chart: value("CHART"),
            site: value("SITE"),
            placeholder: value("PLACEHOLDER"),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }

    fn owner(&self) -> &str {
        self.repository.split_once('/').unwrap().0
    }

    /// Returns what names podgate's places and its version.
    fn forms(&self) -> Vec<Form> {
        let literal = |text: &str| regex::escape(text);
        let registry = self.image.split_once('/').unwrap().0;
        let host = self.site.trim_start_matches("https://").split_once('/').unwrap().0;
        let version = r"(\d+\.\d+\.\d+(?:-[a-z]+\.\d+)?)";
        [
            (r"github\.com/([\w-]+/podgate[\w-]*)".to_owned(), self.repository.clone()),
            (r"raw\.githubusercontent\.com/([\w-]+/podgate[\w-]*)".to_owned(), self.repository.clone()),
            (r"uses: ([\w-]+/podgate[\w-]*)@".to_owned(), self.repository.clone()),
            (r"brew (?:install|tap) ([\w-]+)/tap".to_owned(), self.owner().to_owned()),
            (format!(r"((?:ghcr\.io|{})/[\w-]+/podgate[\w-]*)", literal(registry)), self.image.clone()),
            (r"(oci://[\w.-]+/[\w-]+/charts)".to_owned(), self.chart.clone()),
            (format!(r"(https://(?:[\w-]+\.github\.io|{})/podgate[\w-]*)", literal(host)), self.site.clone()),
            (format!("({})", literal(&self.placeholder)), self.owner().to_owned()),
            // The version, where something is installed by it.
            (format!(r"/releases/download/v{version}/"), self.version.clone()),
            (format!(r"podgate-{version}(?:-(?:linux|darwin|windows)-|\.cdx\.json|\.tgz)"), self.version.clone()),
            (format!(r"podgate[\w-]*[@:]v?{version}"), self.version.clone()),
            (format!(r"charts/podgate --version {version}"), self.version.clone()),
            (format!(r"podgate-[a-z]+ = \{{ version = .{version}"), self.version.clone()),
        ]
        .map(|(pattern, value)| (form(&pattern), value))
        .into()
    }

    /// Returns those that are looked for in one file only, as their words say too little elsewhere.
    fn forms_of(&self, file: &str) -> Vec<Form> {
        let version = r"(\d+\.\d+\.\d+(?:-[a-z]+\.\d+)?)";
        let patterns = match file {
            "charts/podgate/Chart.yaml" => {
                vec![format!("(?m)^version: {version}$"), format!("(?m)^appVersion: \"{version}\"$")]
            }
            "action.yml" => vec![format!(r#"(?s)\n  version:\n.{{0,200}}?\n    default: "?v?{version}"#)],
            ".pre-commit-config.yaml" | "docs/ci.md" => vec![format!(r"podgate[\w-]*\n\s+rev: v{version}")],
            _ => Vec::new(),
        };
        patterns.iter().map(|pattern| (form(pattern), self.version.clone())).collect()
    }

    /// Returns the text as it has to be, and how many places were at stake.
    fn applied(&self, file: &str, text: &str) -> (String, usize) {
        apply(&self.forms(), &self.forms_of(file), text)
    }
}

/// Returns the text with the value of each form where its group is, and how many places there were.
fn apply(everywhere: &[Form], here: &[Form], text: &str) -> (String, usize) {
    let mut text = text.to_owned();
    let mut places = 0;
    for (form, value) in everywhere.iter().chain(here) {
        let mut result = String::new();
        let mut from = 0;
        for captures in form.captures_iter(&text) {
            let group = captures.get(1).unwrap();
            result += &text[from..group.start()];
            result += value;
            from = group.end();
            places += 1;
        }
        result += &text[from..];
        text = result;
    }
    (text, places)
}

/// Returns a pattern over bytes of ASCII, which is quick to build and to run.
fn form(pattern: &str) -> Regex {
    Regex::new(&pattern.replace(r"\w", "0-9A-Za-z_").replace(r"\d", "[0-9]")).unwrap()
}

/// Every file of the tree that is text, by its path from the root. Left out are what others wrote, what is history, and the one
/// file that says whose podgate this is.
fn texts() -> Vec<(String, PathBuf, String)> {
    let root = root();
    let walk = WalkBuilder::new(&root)
        .hidden(false)
        .require_git(false)
        .filter_entry(|entry| !matches!(entry.file_name().to_str(), Some(".git" | "target" | "node_modules")))
        .build();
    let mut texts = Vec::new();
    for entry in walk {
        let path = entry.unwrap().into_path();
        let name = path.strip_prefix(&root).unwrap().to_str().unwrap().replace('\\', "/");
        let left_out = name == "release/identity"
            || name == "CHANGELOG.md"
            || name.ends_with("Cargo.lock")
            || name == "tests/program/identity.rs"
            || name.starts_with("tests/data/");
        if path.is_file()
            && !left_out
            && let Ok(text) = fs::read_to_string(&path)
        {
            texts.push((name, path, text));
        }
    }
    texts.sort();
    texts
}

#[test]
fn everything_says_whose_podgate_this_is_and_its_version() {
    let identity = Identity::read();
    let mut wrong = Vec::new();
    let mut places = 0;
    let forms = identity.forms();
    for (name, path, text) in texts() {
        let (right, found) = apply(&forms, &identity.forms_of(&name), &text);
        places += found;
        if right != text {
            if std::env::var_os("UPDATE").is_some() {
                fs::write(path, right).unwrap();
            } else {
                let lines = text.lines().zip(right.lines()).enumerate().filter(|(_, (is, should))| is != should);
                wrong.extend(lines.map(|(at, (is, should))| format!("{name}:{}: {is}\n  should be {should}", at + 1)));
            }
        }
    }
    assert!(wrong.is_empty(), "UPDATE=1 rewrites these:\n{}", wrong.join("\n"));
    assert!(places > 20, "{places} places only: the patterns do not find what they are for");
}

#[test]
fn what_has_to_say_the_version_does() {
    let identity = Identity::read();
    for file in ["charts/podgate/Chart.yaml", "action.yml", "manifests/base/deployment.yaml", "Cargo.toml"] {
        let text = fs::read_to_string(root().join(file)).unwrap();
        // Something of the version is there to be held: a different one would be changed.
        let other = Identity { version: "99.0.0".to_owned(), ..Identity::read() };
        assert!(
            other.applied(file, &text).0.contains("99.0.0"),
            "{file} does not say the version {}",
            identity.version
        );
    }
}

#[test]
fn no_placeholder_of_another_kind_is_left() {
    let placeholder =
        Regex::new(r"(?:^|[^$\w{])OWNER/|registry\.example\.(?:com|org)/podgate|\byour-(?:org|registry|name)\b")
            .unwrap();
    let mut left = Vec::new();
    for (name, _, text) in texts() {
        for (at, line) in text.lines().enumerate().filter(|(_, line)| placeholder.is_match(line)) {
            left.push(format!("{name}:{}: {line}", at + 1));
        }
    }
    assert!(left.is_empty(), "write what release/identity says instead:\n{}", left.join("\n"));
}

#[test]
fn a_fork_is_written_everywhere() {
    let fork = Identity {
        repository: "acme/podgate-fork".to_owned(),
        image: "registry.acme.test/acme/podgate".to_owned(),
        chart: "oci://registry.acme.test/acme/charts".to_owned(),
        site: "https://podgate.acme.test/podgate".to_owned(),
        placeholder: "podgate-example".to_owned(),
        version: "1.2.3".to_owned(),
    };
    let text =
        "curl https://github.com/podgate-example/podgate/releases/download/v0.1.0/podgate-0.1.0-linux-amd64.tar.gz
git clone https://github.com/podgate-example/podgate.git
uses: podgate-example/podgate@v0.1.0
image: ghcr.io/podgate-example/podgate:0.1.0
helm install podgate oci://ghcr.io/podgate-example/charts/podgate --version 0.1.0
https://podgate-example.github.io/podgate/start.html
brew install podgate-example/tap/podgate
* @podgate-example
since 0.1.0, https://github.com/stackrox/kube-linter
";
    let expected = "curl https://github.com/acme/podgate-fork/releases/download/v1.2.3/podgate-1.2.3-linux-amd64.tar.gz
git clone https://github.com/acme/podgate-fork.git
uses: acme/podgate-fork@v1.2.3
image: registry.acme.test/acme/podgate:1.2.3
helm install podgate oci://registry.acme.test/acme/charts/podgate --version 1.2.3
https://podgate.acme.test/podgate/start.html
brew install acme/tap/podgate
* @acme
since 0.1.0, https://github.com/stackrox/kube-linter
";
    let (once, _) = fork.applied("README.md", text);
    assert_eq!(once, expected);
    // What was written is found again, and is right.
    assert_eq!(fork.applied("README.md", &once), (expected.to_owned(), 12));
}
