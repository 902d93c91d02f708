//! The documentation: its commands print what it says, its links lead somewhere, and its reference is what the code says.

mod commands;
mod elsewhere;
mod links;
mod reference;
mod serve;

use std::{fs, path::Path};

use ignore::WalkBuilder;

use super::tree::root;

/// A page in Markdown: its path from the root of the tree, and its text.
struct Page {
    file: String,
    text: String,
}

/// Returns whether a file is Markdown, by its name.
fn is_markdown(file: &str) -> bool {
    Path::new(file).extension().is_some_and(|extension| extension == "md")
}

/// Returns every Markdown file that a reader is led to: those at the top of the tree, and those below the folders here.
fn pages() -> Vec<Page> {
    let root = root();
    let mut walk = WalkBuilder::new(&root);
    walk.hidden(true).sort_by_file_name(Ord::cmp);
    let files = walk.build().map(|entry| entry.unwrap().into_path());
    let files = files.map(|path| path.strip_prefix(&root).unwrap().to_str().unwrap().replace('\\', "/"));
    let is_shown = |file: &String| {
        !file.contains('/')
            || ["docs/", "certs/", "samples/", "charts/", "release/"].iter().any(|it| file.starts_with(it))
    };
    let files = files.filter(|file| is_markdown(file) && is_shown(file));
    let pages: Vec<Page> =
        files.map(|file| Page { text: fs::read_to_string(root.join(&file)).unwrap(), file }).collect();
    assert!(pages.iter().any(|page| page.file == "README.md") && pages.len() > 100, "only {} pages", pages.len());
    pages
}
