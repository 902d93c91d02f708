//! Where findings stand, in every shape that YAML and JSON can give an object: `places.md`.

use podgate_engine::{
    policy::{Engine, LifecyclePolicy},
    rules,
    syntax::yaml::Place,
};
use podgate_manifests::{Check, Outcome, Text};

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

fn outcome(engine: &Engine, name: &str, text: &str) -> Outcome {
    let inputs = [Text { name: name.to_owned(), text: text.to_owned() }];
    Check { engine, namespace: "default", old: &[], folder: "", around: &[] }.run(&inputs, &|_| {})
}

#[test]
fn findings_stand_where_the_field_is() {
    let rules: Vec<_> = RULES.iter().map(|id| rules::find(id).unwrap()).collect();
    let engine = Engine::with_rules(&LifecyclePolicy::default(), &rules);
    let cases = cases();
    assert!(cases.len() >= 60, "only {} shapes", cases.len());
    let mut wrong = Vec::new();
    for case in &cases {
        let outcome = outcome(&engine, &format!("case.{}", case.extension), &case.text);
        let found: Vec<Place> = outcome.findings.iter().map(|finding| finding.spot.place).collect();
        if found != case.expected || !outcome.problems.is_empty() || case.expected.is_empty() {
            let message = outcome.problems.iter().map(ToString::to_string).collect::<String>();
            wrong.push(format!("{}: wanted {:?}, found {found:?} {message}", case.heading, case.expected));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The characters of a text are counted in stretches, whose ends may be anywhere, within a character too.
#[test]
fn columns_count_characters_however_long_a_line_is() {
    let engine = Engine::default();
    for length in (0..20).chain(4000..4200).chain([100_000]) {
        let before = format!(
            r#"{{"apiVersion": "v1", "kind": "Pod", "metadata": {{"annotations": {{"a": "{}"}}, "name": "web"}}, "spec": {{"#,
            "aü€😀".repeat(length)
        );
        let text = format!(r#"{before}"restartPolicy": "always", "containers": []}}}}"#);
        for (name, line, text) in [("a.json", 1, text.clone()), ("b.json", 2, format!("\n{text}")), ("c.yaml", 1, text)]
        {
            let outcome = outcome(&engine, name, &text);
            let found = outcome.findings.iter().find(|finding| finding.rule.id == "invalid-restart-policy");
            let place = Place { line, column: before.chars().count() + 1 };
            assert_eq!(found.map(|finding| finding.spot.place), Some(place), "{name}, {length}");
        }
    }
}
