//! The form of a file in `cases/`. See `README.md`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use podgate_engine::rules::{Level, RULES};
use podgate_engine::syntax::yaml;
use serde::Deserialize;
use serde_json::Value;

/// One document of a case file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// What it shows.
    #[serde(rename = "case")]
    pub name: String,
    /// What is created, or what `old` is changed to, or what is deleted.
    pub object: Value,
    /// The object before the change, made before podgate is registered. Its `status`, too.
    pub old: Option<Value>,
    /// Other objects that have to be there, made before podgate is registered.
    #[serde(default)]
    pub with: Vec<Value>,
    /// Whether `object`, made before podgate is registered, is deleted.
    #[serde(default)]
    pub delete: bool,
    /// Of the change: `resize` or `ephemeralcontainers`.
    #[serde(default)]
    pub subresource: String,
    #[serde(default)]
    pub user: User,
    /// The fields for which the API server refuses it by itself.
    #[serde(default)]
    pub api: BTreeSet<String>,
    /// The fields that podgate names when it refuses.
    #[serde(default)]
    pub deny: BTreeSet<String>,
    /// Other rules that refuse it as well.
    #[serde(default)]
    pub besides: BTreeSet<String>,
    /// The fields that podgate names when it warns.
    #[serde(default)]
    pub warn: BTreeSet<String>,
    /// The fields that podgate names in the audit log only.
    #[serde(default)]
    pub audit: BTreeSet<String>,
}

/// Who sends it: by default somebody who may do anything.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct User {
    pub name: String,
    #[serde(default)]
    pub groups: Vec<String>,
}

impl Default for User {
    fn default() -> Self {
        Self { name: "admin".to_owned(), groups: Vec::new() }
    }
}

impl Case {
    /// Level and fields of every finding that the rule has to have.
    pub fn findings(&self) -> impl Iterator<Item = (Level, &String)> {
        let levels = [(Level::Deny, &self.deny), (Level::Warn, &self.warn), (Level::Audit, &self.audit)];
        levels.into_iter().flat_map(|(level, fields)| fields.iter().map(move |field| (level, field)))
    }

    /// Whether it is accepted, and the rule has nothing to say.
    fn is_harmless(&self) -> bool {
        self.findings().next().is_none() && self.api.is_empty()
    }
}

/// The case files by rule id.
pub fn files() -> BTreeMap<String, PathBuf> {
    let folder = crate::tree::root().join("tests/cluster/cases");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files.map(|file| (file.file_stem().unwrap().to_str().unwrap().to_owned(), file)).collect()
}

pub fn read(file: &Path) -> Vec<Case> {
    let name = file.file_name().unwrap().display();
    let text = fs::read_to_string(file).unwrap();
    let documents = yaml::documents(&text).unwrap_or_else(|error| panic!("{name}:{error}"));
    let read = |document: &yaml::Document<'_>| {
        let json = document.to_json().unwrap_or_else(|error| panic!("{name}:{error}"));
        serde_json::from_str(&json).unwrap_or_else(|error| panic!("{name}:{}: {error}", document.start()))
    };
    documents.iter().map(read).collect()
}

/// The rules of level deny or warn that have no case, and why.
const WITHOUT: &[(&str, &str)] = &[
    ("field-not-in-version", "it speaks of other versions of Kubernetes than the one that runs here"),
    ("unknown-field", "the API server drops the field before it asks a webhook"),
    ("one-node-volume-rollout", "no watch knows claims, which podgate check does"),
];

/// What is denied or warned of needs a case that does so, and one that is left alone.
pub fn every_rule_has_its_cases() {
    let files = files();
    for rule in RULES {
        let Some(file) = files.get(rule.id) else {
            let is_left_out = rule.level < Level::Warn || WITHOUT.iter().any(|(id, _)| *id == rule.id);
            assert!(is_left_out, "rule {} has no tests/cluster/cases/{}.yaml", rule.id, rule.id);
            continue;
        };
        let cases = read(file);
        // Some rules have their own level only for what no webhook is asked for.
        let is_own = |level: Level| level == rule.level || rule.other_levels.iter().any(|case| case.level == level);
        let found = |case: &Case| case.findings().any(|(level, _)| level >= Level::Warn && is_own(level));
        let needs_one = rule.level >= Level::Warn;
        assert!(!needs_one || cases.iter().any(found), "{}.yaml has no case at a level of the rule", rule.id);
        assert!(cases.iter().any(Case::is_harmless), "{}.yaml has no case that is accepted", rule.id);
    }
    let unknown: Vec<&String> = files.keys().filter(|id| RULES.iter().all(|rule| rule.id != **id)).collect();
    assert!(unknown.is_empty(), "cases for rules that do not exist: {unknown:?}");
}
