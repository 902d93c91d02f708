//! Where findings stand, in every shape that YAML and JSON can give an object: `places.md`.

use podgate::{
    check::{self, Check},
    model::yaml::Place,
    policy::{Engine, LifecyclePolicy},
    rules,
};

use super::folder;

/// The rules that the shapes are made for; others would only be in the way.
const RULES: [&str; 5] = [
    "invalid-restart-policy",
    "port-conflict",
    "missing-readiness-probe",
    "undeclared-volume",
    "unresolved-named-port",
];

struct Case {
    heading: String,
    extension: String,
    text: String,
    expected: Vec<Place>,
}

/// Takes the marks out of a text, and says where they were.
fn unmark(marked: &str) -> (String, Vec<Place>) {
    let mut places = Vec::new();
    let mut text = String::new();
    for (index, line) in marked.lines().enumerate() {
        for (nth, (at, _)) in line.match_indices('«').enumerate() {
            places.push(Place { line: index + 1, column: line[..at].chars().count() - nth + 1 });
        }
        text.push_str(&line.replace('«', ""));
        text.push('\n');
    }
    (text, places)
}

fn cases() -> Vec<Case> {
    let markdown = include_str!("places.md");
    let mut cases = Vec::new();
    let mut heading = String::new();
    let mut lines = markdown.lines();
    while let Some(line) = lines.next() {
        if let Some(text) = line.strip_prefix("## ") {
            text.clone_into(&mut heading);
        }
        let Some(info) = line.strip_prefix("~~~") else { continue };
        let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "~~~").collect();
        let (mut text, expected) = unmark(&block.join("\n"));
        let mut words = info.split(' ');
        let extension = words.next().unwrap().to_owned();
        for word in words {
            match word {
                "crlf" => text = text.replace('\n', "\r\n"),
                "cr" => text = text.replace('\n', "\r"),
                "bom" => text.insert(0, '\u{feff}'),
                "no-end" => text.truncate(text.trim_end().len()),
                other => panic!("{heading}: {other}"),
            }
        }
        cases.push(Case { heading: heading.clone(), extension, text, expected });
    }
    cases
}

#[test]
fn findings_stand_where_the_field_is() {
    let rules: Vec<_> = RULES.iter().map(|id| rules::find(id).unwrap()).collect();
    let engine = Engine::with_rules(&LifecyclePolicy::default(), &rules);
    let cases = cases();
    assert!(cases.len() >= 60, "only {} shapes", cases.len());
    let mut wrong = Vec::new();
    for case in &cases {
        let folder = folder(&[(&format!("case.{}", case.extension), &case.text)]);
        let (inputs, _) = check::find(&[folder.path().to_owned()], &[]).unwrap();
        let outcome = Check { engine: &engine, namespace: "default", old: &[] }.run(&inputs, &|_| {});
        let found: Vec<Place> = outcome.findings.iter().map(|finding| finding.spot.place).collect();
        if found != case.expected || !outcome.problems.is_empty() || case.expected.is_empty() {
            let message = outcome.problems.iter().map(ToString::to_string).collect::<String>();
            wrong.push(format!("{}: wanted {:?}, found {found:?} {message}", case.heading, case.expected));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
