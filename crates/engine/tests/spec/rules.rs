//! Every rule against its page and its cases.

use std::{collections::BTreeSet, fs};

use podgate_engine::{
    model::workload::WORKLOADS,
    policy::{
        Engine,
        cases::{self, Case, CaseError, CaseFinding},
    },
    rules::{self, RULES, Rule},
};

use super::{judging::json, tree::root};

/// The rule's page and its file of cases, where it has one, each with its name.
fn texts(rule: &Rule) -> Vec<(String, String)> {
    let file = format!("crates/engine/tests/rules/{}.md", rule.id);
    let cases = fs::read_to_string(root().join(&file)).ok().map(|text| (file, text));
    [(format!("the page of {}", rule.id), rule.page.to_owned())].into_iter().chain(cases).collect()
}

/// Judges a case with its rule alone; gives what is wrong, and whether anything was to be found.
fn run(rule: &'static Rule, case: &Case) -> Result<bool, String> {
    let text = |error: CaseError| error.to_string();
    let policy = case.policy().transpose().map_err(text)?.unwrap_or_default();
    let found = case.judge(&Engine::with_rules(&policy, &[rule])).map_err(text)?.found;
    for CaseFinding { message, .. } in &found {
        let shape = !message.is_empty() && !message.contains(char::is_control) && !message.ends_with('.');
        assert!(shape, "{}: a message is one line without a final stop: {message:?}", rule.id);
    }
    // Of a rule alone every finding is to be marked, whatever its level.
    let want: BTreeSet<usize> = case.marks().map_err(text)?.iter().map(|mark| mark.line).collect();
    let have: BTreeSet<usize> = found.iter().map(|found| found.line).collect();
    let (missing, unexpected) = case.compare(&found).map_err(text)?;
    if want != have || !missing.is_empty() || !unexpected.is_empty() {
        return Err(format!("findings belong on lines {want:?} of the block: {missing:#?} missing, {found:#?} found"));
    }
    Ok(!found.is_empty())
}

#[test]
fn pages_and_cases_hold() {
    let mut wrong = Vec::new();
    for &rule in RULES {
        let (mut failing, mut passing) = (0, 0);
        for (name, text) in texts(rule) {
            for case in cases::read(&text) {
                let case = case.unwrap_or_else(|error| panic!("{name}:{error}"));
                match run(rule, &case) {
                    Ok(true) => failing += 1,
                    Ok(false) => passing += 1,
                    Err(error) => wrong.push(format!("{name}:{}: {}: {error}", case.yaml.line, case.heading)),
                }
            }
        }
        if failing == 0 || passing == 0 {
            wrong.push(format!("{}: {failing} cases with findings and {passing} without; both are needed", rule.id));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_file_of_cases_is_a_rule_s() {
    for entry in fs::read_dir(root().join("crates/engine/tests/rules")).unwrap() {
        let path = entry.unwrap().path();
        let id = path.file_stem().unwrap().to_string_lossy().into_owned();
        assert!(rules::find(&id).is_some(), "{} belongs to no rule", path.display());
    }
}

#[test]
fn every_kind_has_a_case_with_a_finding() {
    let mut seen = BTreeSet::new();
    for (_, text) in RULES.iter().flat_map(|rule| texts(rule)) {
        let cases = cases::read(&text).into_iter().map(Result::unwrap);
        for case in cases.filter(|case| !case.marks().unwrap().is_empty()) {
            let object: serde_json::Value = serde_json::from_str(&json(&case.yaml.text)).unwrap();
            let group = object["apiVersion"].as_str().unwrap().rsplit_once('/').map_or("", |(group, _)| group);
            seen.insert((group.to_owned(), object["kind"].as_str().unwrap().to_owned()));
        }
    }
    let missing: Vec<_> =
        WORKLOADS.iter().filter(|row| !seen.contains(&(row.group.to_owned(), row.kind.to_owned()))).collect();
    assert!(missing.is_empty(), "no case with a finding for {missing:?}");
}

#[test]
fn folder_and_registry_agree() {
    let mut files = BTreeSet::new();
    for family in fs::read_dir(root().join("crates/engine/src/rules")).unwrap() {
        let family = family.unwrap().path();
        if family.is_dir() {
            let stems = fs::read_dir(family).unwrap().map(|file| file.unwrap().path());
            files.extend(stems.map(|file| file.file_stem().unwrap().to_string_lossy().replace('_', "-")));
        }
    }
    files.remove("mod");
    let ids: BTreeSet<String> = RULES.iter().map(|rule| rule.id.to_owned()).collect();
    assert_eq!(ids.len(), RULES.len(), "an id is used twice");
    assert_eq!(files, ids, "every rule has a file of its name, and every file a rule in RULES");
}

#[test]
fn pages_have_all_their_parts() {
    for rule in RULES {
        let page = rule.page;
        let headings: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix("# ")).collect();
        let wanted = ["What it does", "Why it is bad", "Examples", "Use instead", "References"];
        assert_eq!(headings, wanted, "{}", rule.id);
        let summary = !rule.summary.is_empty() && !rule.summary.ends_with('.') && rule.summary.len() <= 100;
        assert!(summary, "{}: {}", rule.id, rule.summary);
    }
}

/// Whoever explains a policy has to know of every level that a rule sets for itself.
#[test]
fn a_rule_that_sets_a_level_says_so() {
    for rule in RULES {
        let file = format!("crates/engine/src/rules/{}/{}.rs", rule.family, rule.id.replace('-', "_"));
        let text = fs::read_to_string(root().join(&file)).unwrap();
        assert_eq!(text.contains("at_level("), !rule.other_levels.is_empty(), "{file}: other_levels");
    }
}
