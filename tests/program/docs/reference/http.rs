//! `docs/reference/http.md` is written by hand, and has every path and status that the sources of the server have.

use std::{collections::BTreeSet, fs};

use super::{root, sources::sources};

/// Status codes by their names in the sources.
const CODES: [(&str, u16); 9] = [
    ("BAD_REQUEST", 400),
    ("NOT_FOUND", 404),
    ("METHOD_NOT_ALLOWED", 405),
    ("REQUEST_TIMEOUT", 408),
    ("PAYLOAD_TOO_LARGE", 413),
    ("UNSUPPORTED_MEDIA_TYPE", 415),
    ("INTERNAL_SERVER_ERROR", 500),
    ("SERVICE_UNAVAILABLE", 503),
    ("OK", 200),
];

/// Returns what stands behind each `mark`, up to the first character that does not belong to it.
fn behind<'t>(text: &'t str, mark: &str, belongs: fn(char) -> bool) -> Vec<&'t str> {
    text.split(mark).skip(1).map(|rest| &rest[..rest.find(|it| !belongs(it)).unwrap_or(rest.len())]).collect()
}

#[test]
fn every_path_and_status_is_described() {
    let page = fs::read_to_string(root().join("docs/reference/http.md")).unwrap();
    let code: String =
        sources().into_iter().filter(|(file, _)| file.starts_with("src/server/")).map(|(_, text)| text).collect();
    let is_path = |it: char| it.is_ascii_alphanumeric() || matches!(it, '/' | '-' | '_');
    let paths: BTreeSet<&str> = behind(&code, ".route(\"", is_path).into_iter().collect();
    let shown = page.lines().filter_map(|line| line.strip_prefix("| `"));
    let shown: BTreeSet<&str> = shown.filter_map(|line| line.split_once('`')?.0.split_once(' ')).map(|it| it.1).collect();
    assert_eq!(shown, paths, "docs/reference/http.md has to have a row for each path");
    assert!(paths.len() >= 6, "{paths:?}");

    let is_name = |it: char| it.is_ascii_uppercase() || it == '_';
    let names: BTreeSet<&str> =
        behind(&code, "StatusCode::", is_name).into_iter().filter(|name| !name.is_empty()).collect();
    // Decisions are answered by the engine, which names no status.
    let mut codes: BTreeSet<u16> = BTreeSet::from([200, 400]);
    for name in names {
        let known = CODES.iter().find(|(known, _)| *known == name);
        codes.insert(known.unwrap_or_else(|| panic!("StatusCode::{name} is new: say its number here")).1);
    }
    let (_, table) = page.split_once("| HTTP | means |\n|---|---|\n").expect("a table of codes");
    let rows = table.lines().map_while(|line| line.strip_prefix("| "));
    let shown: BTreeSet<u16> = rows.flat_map(|row| row.split(" | ").next().unwrap().split(", ")).map(|it| it.parse().unwrap()).collect();
    assert_eq!(shown, codes, "docs/reference/http.md has to say what each status means");
}
