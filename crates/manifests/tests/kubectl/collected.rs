//! The texts there are: files, and the examples in pages.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

/// What the folders of the project hold, and what `oddities.txt` does.
pub(super) fn texts() -> Vec<String> {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    let oddities = fs::read_to_string(root.join("tests/yaml/oddities.txt")).unwrap();
    let mut texts: Vec<String> = oddities
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with("//"))
        .map(|line| serde_json::from_str(&format!("\"{line}\"")).unwrap_or_else(|error| panic!("{line}: {error}")))
        .collect();
    let mut folders: Vec<PathBuf> =
        ["docs", "samples", "tests", "crates/engine/tests", "crates/engine/src/rules", "manifests", "charts"]
            .map(|folder| root.join(folder))
            .to_vec();
    folders.extend(env::split_paths(&env::var_os("PODGATE_YAML_FILES").unwrap_or_default()));
    for folder in folders {
        visit(&folder, &mut texts);
    }
    texts
}

fn visit(folder: &Path, into: &mut Vec<String>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if path.is_dir() && !hidden && !path.ends_with("target") {
            visit(&path, into);
        }
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        let Some(text) = fs::read_to_string(&path).ok().filter(|_| !path.is_dir()) else { continue };
        match extension {
            "yaml" | "yml" | "json" => into.push(text),
            "md" => into.extend(blocks(&text)),
            "rs" => {
                let page: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("//!")).collect();
                let page: Vec<&str> = page.iter().map(|line| line.strip_prefix(' ').unwrap_or(line)).collect();
                into.extend(blocks(&page.join("\n")));
            }
            _ => {}
        }
    }
}

/// The examples in a page.
fn blocks(page: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut block: Option<String> = None;
    for line in page.lines() {
        if line.starts_with("```") {
            block = match block.take() {
                Some(text) => {
                    blocks.push(text);
                    None
                }
                None if line.contains("yaml") || line.contains("json") => Some(String::new()),
                None => None,
            };
        } else if let Some(block) = &mut block {
            block.push_str(line);
            block.push('\n');
        }
    }
    blocks
}
