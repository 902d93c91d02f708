//! The objects: every edit in a Pod and in one other kind, every restartPolicy in every kind, edits that
//! belong together, and several edits at once by chance.

use serde_json::{Value, json};

use super::edits::{self, Edit};
use crate::harness::{object, with};

/// One object to judge.
#[derive(Debug)]
pub struct Sample {
    /// What was done to it.
    pub name: String,
    pub object: Value,
}

/// Group and kind.
type Kind = (&'static str, &'static str);

const POD: Kind = ("", "Pod");
const JOB: Kind = ("batch", "Job");
const CRON_JOB: Kind = ("batch", "CronJob");
const KINDS: [Kind; 9] = [
    POD,
    ("apps", "Deployment"),
    JOB,
    ("apps", "StatefulSet"),
    CRON_JOB,
    ("apps", "DaemonSet"),
    ("apps", "ReplicaSet"),
    ("", "PodTemplate"),
    ("", "ReplicationController"),
];
const COMBINATIONS: usize = 600;
const SEED: u64 = 1;

pub fn all(namespace: &str) -> Vec<Sample> {
    let edits = edits::all();
    let mut samples = Vec::new();
    for (index, edit) in edits.iter().enumerate() {
        let edit = std::slice::from_ref(edit);
        samples.push(sample(namespace, POD, edit));
        samples.push(sample(namespace, KINDS[1 + index % (KINDS.len() - 1)], edit));
    }
    for kind in KINDS {
        for edit in edits::restart_policies() {
            samples.push(sample(namespace, kind, &[edit]));
        }
    }
    samples.extend(jobs(namespace));
    for (index, pair) in edits::pairs().iter().enumerate() {
        samples.push(sample(namespace, KINDS[index % KINDS.len()], pair));
    }
    let mut random = Random(SEED);
    for _ in 0..COMBINATIONS {
        let kind = KINDS[random.below(KINDS.len())];
        let count = 2 + random.below(3);
        let chosen: Vec<Edit> = (0..count).map(|_| edits[random.below(edits.len())].clone()).collect();
        samples.push(sample(namespace, kind, &chosen));
    }
    samples
}

/// What a Job says of its Pods besides their template.
fn jobs(namespace: &str) -> Vec<Sample> {
    let exit_42 = json!({"rules": [{"action": "FailJob", "onExitCodes": {"operator": "In", "values": [42]}}]});
    let mut samples = Vec::new();
    for (kind, job) in [(JOB, "/spec"), (CRON_JOB, "/spec/jobTemplate/spec")] {
        for seconds in [-1, 0, 1] {
            let Sample { name, object } = sample(namespace, kind, &[]);
            let object = with(object, &format!("{job}/activeDeadlineSeconds"), seconds);
            samples.push(Sample { name: format!("{name}{job}/activeDeadlineSeconds = {seconds}"), object });
        }
        for edit in edits::restart_policies() {
            let Sample { name, object } = sample(namespace, kind, &[edit]);
            let object = with(object, &format!("{job}/podFailurePolicy"), exit_42.clone());
            samples.push(Sample { name: format!("{name}, {job}/podFailurePolicy"), object });
        }
    }
    samples
}

fn sample(namespace: &str, (group, kind): Kind, edits: &[Edit]) -> Sample {
    let spec = edits::spec();
    // The kinds that end do not allow the default.
    let spec = if group == "batch" { with(spec, "/restartPolicy", "Never") } else { spec };
    let spec = edits.iter().fold(spec, |spec, edit| with(spec, &edit.at, edit.value.clone()));
    let edits = edits.iter().map(|edit| format!("{} = {}", edit.at, edit.value)).collect::<Vec<_>>().join(", ");
    let mut name = format!("{kind} with {edits}");
    name.truncate(name.char_indices().nth(300).map_or(name.len(), |(end, _)| end));
    Sample { name, object: object(group, kind, namespace, "sample", &spec) }
}

/// SplitMix64: the same numbers in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(limit).unwrap()).unwrap()
    }
}
