//! The objects: every edit in a Pod and in one other kind, every restartPolicy in every kind, edits that
//! belong together, and several edits at once by chance; and changes of Pods that are there.

use serde_json::{Value, json};

use super::edits::{self, Edit};
use crate::harness::{object, with};

/// One object to judge.
#[derive(Debug)]
pub struct Sample {
    /// What was done to it.
    pub name: String,
    pub object: Value,
    /// What it is to take the place of.
    pub change: Option<Change>,
}

/// One edit of a Pod that is there.
#[derive(Debug)]
pub struct Change {
    pub old: Value,
    /// Where the change is sent: empty, or `resize`.
    pub subresource: &'static str,
    /// The field of the Pod's spec or of its container that is changed, as messages name it.
    pub field: String,
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

/// The Pods to make, and then to change.
pub fn to_change(namespace: &str) -> Vec<Value> {
    let specs = edits::before_updates();
    specs
        .iter()
        .enumerate()
        .map(|(index, spec)| {
            // No scheduler is to bind it while it is changed.
            let spec = with(spec.clone(), "/schedulerName", "none");
            object("", "Pod", namespace, &format!("there-{index}"), &spec)
        })
        .collect()
}

/// Every change of a Pod, as the API server has it.
pub fn changes(old: &Value) -> Vec<Sample> {
    // A few of the edits that a new Pod gets: they are judged as there.
    let new = edits::all().into_iter().step_by(7);
    let updates = edits::updates(old).into_iter().chain(new).map(|edit| ("", edit));
    let resizes = edits::resizes().into_iter().map(|edit| ("resize", edit));
    let change = |(subresource, edit): (&'static str, Edit)| {
        let object = with(old.clone(), &format!("/spec{}", edit.at), edit.value.clone());
        let name = format!("Pod {} changed by {} = {} {subresource}", old["metadata"]["name"], edit.at, edit.value);
        let change = Change { old: old.clone(), subresource, field: format!("spec{}", field(&edit.at)) };
        Sample { name, object, change: Some(change) }
    };
    updates.chain(resizes).map(change).collect()
}

/// A JSON pointer as messages write it, as far as to the field of a container.
fn field(pointer: &str) -> String {
    let key = |key: &str| if key.parse::<usize>().is_ok() { format!("[{key}]") } else { format!(".{key}") };
    let depth = if pointer.starts_with("/containers/") || pointer.starts_with("/initContainers/") { 3 } else { 1 };
    pointer.split('/').skip(1).take(depth).map(key).collect()
}

/// What a Job says of its Pods besides their template.
fn jobs(namespace: &str) -> Vec<Sample> {
    let exit_42 = json!({"rules": [{"action": "FailJob", "onExitCodes": {"operator": "In", "values": [42]}}]});
    let mut samples = Vec::new();
    for (kind, job) in [(JOB, "/spec"), (CRON_JOB, "/spec/jobTemplate/spec")] {
        for seconds in [-1, 0, 1] {
            let Sample { name, object, .. } = sample(namespace, kind, &[]);
            let object = with(object, &format!("{job}/activeDeadlineSeconds"), seconds);
            samples.push(Sample {
                name: format!("{name}{job}/activeDeadlineSeconds = {seconds}"),
                object,
                change: None,
            });
        }
        for edit in edits::restart_policies() {
            let Sample { name, object, .. } = sample(namespace, kind, &[edit]);
            let object = with(object, &format!("{job}/podFailurePolicy"), exit_42.clone());
            samples.push(Sample { name: format!("{name}, {job}/podFailurePolicy"), object, change: None });
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
    Sample { name, object: object(group, kind, namespace, "sample", &spec), change: None }
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
