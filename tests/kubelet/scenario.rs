//! The form of the files in `scenarios/`. See `README.md`.

use std::fs;
use std::path::Path;

use podgate_engine::syntax::yaml;
use serde_json::Value;

use crate::timeline::{self, Step};

/// One claim, and what is to be seen where it holds.
#[derive(Debug)]
pub struct Scenario {
    /// `<file>/<heading>`.
    pub name: String,
    /// What it says of the kubelet: the first paragraph, in one line.
    pub claim: String,
    /// What is created, in this order.
    pub objects: Vec<Value>,
    /// What the `> patch` steps send, one after another.
    pub patches: Vec<Value>,
    pub steps: Vec<Step>,
}

impl Scenario {
    /// How long it takes at least, roughly.
    pub fn least_seconds(&self) -> u64 {
        self.steps.iter().map(Step::least_seconds).sum()
    }
}

/// All scenarios, in the order of the files and in them.
pub fn all() -> Vec<Scenario> {
    let folder = crate::tree::root().join("tests/kubelet/scenarios");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.iter().flat_map(|file| read(&file.file_stem().unwrap().display().to_string(), file)).collect()
}

fn read(topic: &str, file: &Path) -> Vec<Scenario> {
    let text = fs::read_to_string(file).unwrap();
    let mut scenarios: Vec<Scenario> = Vec::new();
    let mut lines = text.lines().enumerate();
    let mut in_claim = false;
    while let Some((number, line)) = lines.next() {
        let at = format!("scenarios/{topic}.md:{}", number + 1);
        if let Some(heading) = line.strip_prefix("## ") {
            let name = format!("{topic}/{}", heading.trim());
            scenarios.push(Scenario { name, claim: String::new(), objects: vec![], patches: vec![], steps: vec![] });
            in_claim = true;
            continue;
        }
        let Some(scenario) = scenarios.last_mut() else { continue };
        if let Some(info) = line.strip_prefix("```") {
            let block: Vec<&str> = lines.by_ref().map(|(_, line)| line).take_while(|line| *line != "```").collect();
            match info {
                "yaml" => scenario.objects.extend(documents(&at, &block.join("\n"))),
                "yaml patch" => scenario.patches.extend(documents(&at, &block.join("\n"))),
                "seen" => scenario.steps.extend(timeline::read(&at, &block)),
                _ => panic!("{at}: there are blocks `yaml`, `yaml patch` and `seen`"),
            }
        } else if in_claim && line.is_empty() {
            in_claim = scenario.claim.is_empty();
        } else if in_claim {
            let space = if scenario.claim.is_empty() { "" } else { " " };
            scenario.claim = format!("{}{space}{line}", scenario.claim);
        }
    }
    scenarios
}

fn documents(at: &str, text: &str) -> Vec<Value> {
    let documents = yaml::documents(text).unwrap_or_else(|error| panic!("{at}: {error}"));
    let read = |document: &yaml::Document<'_>| {
        let json = document.to_json().unwrap_or_else(|error| panic!("{at}: {error}"));
        serde_json::from_str(&json).unwrap()
    };
    documents.iter().map(read).collect()
}
