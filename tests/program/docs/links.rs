//! Links lead somewhere, as GitHub shows the files; `docs/build` looks at those of the site. A page of `docs/` leads out of that
//! folder by the repository's address: only that works in both.

use std::{collections::BTreeSet, fs};

use super::{Page, pages, root};

/// The links of a text, less what stands in code: `[text](target)`, `![text](target)`.
fn targets(text: &str) -> Vec<String> {
    let (mut found, mut in_code) = (Vec::new(), false);
    let mut prose = String::new();
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
        } else if !in_code {
            prose.push_str(line);
            prose.push('\n');
        }
    }
    for rest in prose.split("](").skip(1) {
        let Some((target, _)) = rest.split_once(')') else { continue };
        found.push(target.split_whitespace().next().unwrap_or_default().to_owned());
    }
    found
}

/// Returns the name by which GitHub and the site lead to a heading.
fn anchor(heading: &str) -> String {
    let mut text = String::new();
    let mut rest = heading.trim();
    // Of a link only its text.
    while let Some((before, after)) = rest.split_once('[') {
        let Some((name, after)) = after.split_once("](") else { break };
        text += before;
        text += name;
        rest = after.split_once(')').map_or("", |(_, after)| after);
    }
    text += rest;
    let kept = |letter: char| letter.is_alphanumeric() || matches!(letter, ' ' | '-' | '_');
    text.to_lowercase().chars().filter(|letter| kept(*letter)).map(|it| if it == ' ' { '-' } else { it }).collect()
}

/// The anchors of a page; a heading that stands there again has a number.
fn anchors(text: &str) -> BTreeSet<String> {
    let (mut all, mut in_code) = (BTreeSet::new(), false);
    for line in text.lines() {
        in_code ^= line.trim_start().starts_with("```");
        let heading = line.trim_start_matches('#');
        if in_code || heading.len() == line.len() || !heading.starts_with(' ') {
            continue;
        }
        let name = anchor(heading);
        let again = (1..).map(|number| format!("{name}-{number}"));
        let free = std::iter::once(name.clone()).chain(again).find(|name| !all.contains(name)).unwrap();
        all.insert(free);
    }
    all
}

/// Returns a path less its `..`; none where it leaves the tree.
fn joined(folder: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            _ => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// Returns what is wrong with a link.
fn flaw(page: &Page, target: &str, repository: &str) -> Option<String> {
    let (path, anchor) = target.split_once('#').map_or((target, None), |(path, anchor)| (path, Some(anchor)));
    let folder = page.file.rsplit_once('/').map_or("", |(folder, _)| folder);
    let file = if let Some(rest) = path.strip_prefix(repository) {
        let kind = rest.split('/').nth(1).unwrap_or_default();
        let Some(file) = rest.strip_prefix("/blob/main/").or_else(|| rest.strip_prefix("/tree/main/")) else {
            // Releases, issues and the repository itself.
            return None;
        };
        let is_folder = root().join(file).is_dir();
        if is_folder != (kind == "tree") {
            return Some(format!("{file} is reached by /{}/main/", if is_folder { "tree" } else { "blob" }));
        }
        file.to_owned()
    } else if path.contains("://") || path.starts_with("mailto:") {
        return None;
    } else if path.is_empty() {
        page.file.clone()
    } else {
        let Some(file) = joined(folder, path) else { return Some("leads out of the tree".to_owned()) };
        if page.file.starts_with("docs/") && !file.starts_with("docs/") {
            return Some(format!("leads out of docs/, where the site has nothing; write {repository}/blob/main/{file}"));
        }
        file
    };
    if !root().join(&file).exists() {
        return Some("there is no such file".to_owned());
    }
    let anchor = anchor.filter(|_| file.ends_with(".md"))?;
    let text = fs::read_to_string(root().join(&file)).unwrap();
    (!anchors(&text).contains(anchor)).then(|| format!("{file} has no heading \"{anchor}\""))
}

#[test]
fn links_lead_somewhere() {
    let identity = fs::read_to_string(root().join("release/identity")).unwrap();
    let repository = identity.lines().find_map(|line| line.strip_prefix("REPOSITORY=")).unwrap();
    let repository = format!("https://github.com/{repository}");
    let (mut count, mut wrong) = (0, Vec::new());
    for page in pages() {
        for target in targets(&page.text) {
            count += 1;
            if let Some(flaw) = flaw(&page, &target, &repository) {
                wrong.push(format!("{}: ({target}): {flaw}", page.file));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count > 500, "only {count} links were seen");
}

/// A page that the table of contents does not name is not in the site.
#[test]
fn the_book_has_every_page() {
    let contents = fs::read_to_string(root().join("docs/SUMMARY.md")).unwrap();
    let mut named = targets(&contents);
    named.retain(|target| !target.is_empty());
    let distinct: BTreeSet<String> = named.iter().cloned().collect();
    assert_eq!(distinct.len(), named.len(), "docs/SUMMARY.md names a page twice");
    let there = pages().into_iter().filter_map(|page| Some(page.file.strip_prefix("docs/")?.to_owned()));
    let there: BTreeSet<String> = there.filter(|file| file != "SUMMARY.md").collect();
    assert_eq!(distinct, there, "docs/SUMMARY.md has to name the pages of docs/");
}

#[test]
fn headings_have_anchors() {
    assert_eq!(anchor(" Why `a.b` fails, and [what](x.md) then"), "why-ab-fails-and-what-then");
    let text = "# A\n## B c\n```\n# no\n```\n## B c\n#no\n";
    assert_eq!(anchors(text), ["a", "b-c", "b-c-1"].map(str::to_owned).into());
}
