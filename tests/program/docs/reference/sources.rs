//! What the sources of the program say, read as Rust.

use std::fs;

use ignore::WalkBuilder;
use proc_macro2::{Delimiter, TokenStream, TokenTree};

use super::root;

/// One call of a macro: its name, and its arguments, each as text.
pub(super) struct Call {
    pub(super) name: String,
    pub(super) arguments: Vec<String>,
}

/// Returns the calls of these macros in the sources of the program, less those in tests, file by file.
pub(super) fn calls(macros: &[&str]) -> Vec<Call> {
    let mut calls = Vec::new();
    for (file, text) in sources() {
        let tokens: TokenStream = text.parse().unwrap_or_else(|error| panic!("{file}: {error}"));
        collect(tokens, macros, &mut calls);
    }
    calls
}

/// Returns the files below `src/`, less their modules of tests, which stand last.
pub(super) fn sources() -> Vec<(String, String)> {
    let folder = root().join("src");
    let walk = WalkBuilder::new(&folder).sort_by_file_name(Ord::cmp).build().map(|entry| entry.unwrap().into_path());
    let files = walk.filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
    let read = |path: std::path::PathBuf| {
        let text = fs::read_to_string(&path).unwrap();
        let text = text.split("\n#[cfg(test)]\nmod tests {").next().unwrap().to_owned();
        (path.strip_prefix(root()).unwrap().display().to_string(), text)
    };
    files.map(read).collect()
}

fn collect(tokens: TokenStream, macros: &[&str], calls: &mut Vec<Call>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    for (index, token) in tokens.iter().enumerate() {
        let TokenTree::Group(group) = token else { continue };
        collect(group.stream(), macros, calls);
        let [.., TokenTree::Ident(name), TokenTree::Punct(mark)] = &tokens[..index] else { continue };
        if mark.as_char() == '!' && group.delimiter() == Delimiter::Parenthesis && macros.iter().any(|it| name == it) {
            calls.push(Call { name: name.to_string(), arguments: arguments(group.stream()) });
        }
    }
}

/// Returns what stands between commas.
fn arguments(tokens: TokenStream) -> Vec<String> {
    let mut all = vec![TokenStream::new()];
    for token in tokens {
        match token {
            TokenTree::Punct(mark) if mark.as_char() == ',' => all.push(TokenStream::new()),
            token => all.last_mut().unwrap().extend([token]),
        }
    }
    all.iter().map(|tokens| tokens.to_string().trim().to_owned()).filter(|text| !text.is_empty()).collect()
}
