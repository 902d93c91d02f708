//! What holds for every Pod and every body. The same cases are tried each time; with `PROPTEST_CASES` set, so many others.

use std::{collections::BTreeSet, env, sync::LazyLock};

use podgate_engine::{
    admission::{Decision, Mode, handle},
    model::{Operation, workload::WORKLOADS},
    policy::{Engine, Verdict},
};
use proptest::{collection::vec, prelude::*, sample::Index, test_runner::RngSeed};
use serde_json::{Value, json};

use super::{
    api_server::{Accepted, accept, ask, ask_kind},
    captures::captures,
    judging::{Circumstances, FIRING, judge, policy, with_review},
    pods::{any_json, pod, update},
};

const MODES: [Mode; 2] = [Mode::Validate, Mode::Mutate];
/// Rules about the change itself, which a new object cannot break.
const CHANGE_RULES: [&str; 5] = [
    "init-container-field-change",
    "init-image-change-without-effect",
    "init-only-rollout",
    "pod-field-change",
    "scheduling-gate-added",
];

/// Rules about new objects, which an update cannot break.
const CREATE_RULES: [&str; 2] = ["naked-pod", "node-name-set"];
/// Rules about workloads, other objects and statuses, about fields that the random Pods do not have, and two that need a Pod in which
/// nearly all is right.
const NOT_OF_A_POD: [&str; 52] = [
    "autoscaler-without-effect",
    "blocking-disruption-budget",
    "budget-blocks-workload",
    "budget-without-scale",
    "cron-job-stalls",
    "cron-jobs-pile-up",
    "daemonset-surge-host-port",
    "deletion-bypasses-budget",
    "disruption-spends-backoff",
    "field-not-in-version",
    "finished-job-kept",
    "full-outage-rollout",
    "guaranteed-spoiled",
    "host-port-replicas",
    "image-drifts",
    "init-only-rollout",
    "invalid-disruption-budget",
    "invalid-resize-policy",
    "invalid-schedule",
    "invalid-update-strategy",
    "invalid-wait-for",
    "job-restarts-uncounted",
    "job-retry-extremes",
    "job-with-app-sidecar",
    "missing-disruption-budget",
    "no-drain-window",
    "no-spread",
    "one-node-volume-rollout",
    "orphan-init-volume",
    "overlapping-disruption-budgets",
    "pinned-to-host",
    "prestop-exceeds-probe-grace",
    "probe-of-another-host",
    "progress-deadline-too-short",
    "replicas-reset-autoscaler",
    "restart-policy-not-allowed",
    "selector-mismatch",
    "service-port-unresolved",
    "single-replica",
    "spread-counts-old-pods",
    "spread-without-effect",
    "stateful-empty-dir",
    "stateful-service-missing",
    "terminal-phase-left",
    "undeclared-resource-claim",
    "unhealthy-eviction-policy-unset",
    "unknown-field",
    "unmounted-env-file",
    "unobserved-rollout",
    "unused-resource-claim",
    "wait-for-circle",
    "wait-for-unknown-target",
];

static DEFAULT: LazyLock<Engine> = LazyLock::new(Engine::default);
/// The same with all mutations: it knows who removes the gates that it adds.
static FIRED: LazyLock<Engine> = LazyLock::new(|| Engine::new(&policy(FIRING)));
/// Everything on: all mutations, and every rule at a level that is seen.
static STRICT: LazyLock<Engine> = LazyLock::new(|| Engine::new(&policy(&format!("profile: strict\n{FIRING}"))));
static CAPTURES: LazyLock<Vec<Vec<u8>>> =
    LazyLock::new(|| captures().into_iter().map(|(_, request)| request).collect());

fn cases(cases: u32) -> ProptestConfig {
    let asked = ProptestConfig::default();
    let (cases, rng_seed) = match env::var_os("PROPTEST_CASES") {
        Some(_) => (asked.cases, asked.rng_seed),
        None => (cases, RngSeed::Fixed(1)),
    };
    ProptestConfig { cases, rng_seed, failure_persistence: None, ..asked }
}

/// The accepted answer to a request.
fn answer(engine: &Engine, mode: Mode, request: &[u8]) -> Result<Accepted, TestCaseError> {
    accept(mode, request, &handle(engine, mode, request)).map_err(TestCaseError::fail)
}

fn verdict(engine: &Engine, object: &Value, old: Option<&Value>) -> Verdict {
    let old = old.map(Value::to_string);
    let circumstances = Circumstances { namespace: Some("shop".to_owned()), ..Circumstances::default() };
    judge(engine, &with_kind(object).to_string(), old.as_deref(), &circumstances)
}

/// The Pod with its kind, which requests state beside the object.
fn with_kind(pod: &Value) -> Value {
    let mut pod = pod.clone();
    pod["apiVersion"] = "v1".into();
    pod["kind"] = "Pod".into();
    pod
}

/// Rule and place of each finding.
fn places(verdict: &Verdict) -> BTreeSet<(&'static str, String)> {
    verdict.findings.iter().map(|finding| (finding.rule.id, finding.at.to_string())).collect()
}

/// The findings, to show in an error.
fn listed(verdict: &Verdict) -> Vec<String> {
    verdict.findings.iter().map(|finding| format!("{} {}: {}", finding.rule.id, finding.at, finding.message)).collect()
}

/// Takes back what the operations added: what is left has to be what was there before.
fn undo(object: &mut Value, before: &Value, operations: &[Value]) {
    for operation in operations.iter().rev() {
        let path = operation["path"].as_str().unwrap();
        let (parent, last) = path.rsplit_once('/').unwrap();
        match object.pointer_mut(parent).unwrap() {
            Value::Array(items) => {
                assert_eq!(last, "-", "items are only appended");
                items.pop();
            }
            Value::Object(map) if before.pointer(path) == Some(&Value::Null) => map[last] = Value::Null,
            Value::Object(map) => drop(map.shift_remove(last)),
            other => panic!("{path} is in {other}"),
        }
    }
}

/// Whatever the body is, the answer is one of the documented ones, and no rule or mutation panicked on the way.
fn survives(body: &[u8]) -> Result<(), TestCaseError> {
    for engine in [&*DEFAULT, &*STRICT] {
        for mode in MODES {
            let response = handle(engine, mode, body);
            prop_assert!(matches!(response.status, 200 | 400 | 500), "{}", response.status);
            let error = response.record.error.as_deref().unwrap_or_default();
            prop_assert!(!error.starts_with("panic"), "{error}");
            let no_decision = matches!(response.record.decision, Decision::Error(_));
            prop_assert_eq!(no_decision, response.status != 200);
            // What an API server cannot have sent, such as a number beyond all floats, the helper cannot read.
            if response.status == 200 && serde_json::from_slice::<Value>(body).is_ok() {
                prop_assert!(accept(mode, body, &response).is_ok(), "{:?}", accept(mode, body, &response));
            }
            let again = handle(engine, mode, body);
            prop_assert_eq!(again.body, response.body);
        }
    }
    Ok(())
}

/// Puts `value` at one of all the places in `target`.
fn replace_somewhere(target: &mut Value, place: Index, value: Value) {
    fn count(value: &Value) -> usize {
        1 + match value {
            Value::Array(list) => list.iter().map(count).sum(),
            Value::Object(map) => map.values().map(count).sum(),
            _ => 0,
        }
    }
    fn descend(target: &mut Value, left: &mut usize, value: &mut Option<Value>) {
        if *left == 0 {
            *target = value.take().unwrap_or_default();
        }
        let children: Vec<&mut Value> = match target {
            Value::Array(list) if value.is_some() => list.iter_mut().collect(),
            Value::Object(map) if value.is_some() => map.values_mut().collect(),
            _ => Vec::new(),
        };
        for child in children {
            if value.is_some() {
                *left -= 1;
                descend(child, left, value);
            }
        }
    }
    let mut left = place.index(count(target));
    descend(target, &mut left, &mut Some(value));
}

proptest! {
    #![proptest_config(cases(100))]

    #[test]
    fn mutating_twice_is_mutating_once(pod in pod()) {
        let once = answer(&STRICT, Mode::Mutate, &ask("CREATE", &pod.to_string(), "null"))?;
        let twice = answer(&STRICT, Mode::Mutate, &ask("CREATE", &once.object.to_string(), "null"))?;
        prop_assert!(twice.patch.is_empty(), "{:?}", twice.patch);
    }

    #[test]
    fn what_is_not_added_stays_byte_for_byte(pod in pod()) {
        let before = pod.to_string();
        let mutated = answer(&STRICT, Mode::Mutate, &ask("CREATE", &before, "null"))?;
        let mut after = mutated.object;
        undo(&mut after, &pod, &mutated.patch);
        prop_assert_eq!(after.to_string(), before);
    }

    #[test]
    fn a_mutated_pod_has_no_new_finding(pod in pod()) {
        let mutated = answer(&STRICT, Mode::Mutate, &ask("CREATE", &pod.to_string(), "null"))?;
        for engine in [&*FIRED, &*STRICT] {
            let (before, after) = (verdict(engine, &pod, None), verdict(engine, &mutated.object, None));
            prop_assert!(places(&after).is_subset(&places(&before)), "{:#?} and before {:#?}", listed(&after), listed(&before));
        }
    }

    #[test]
    fn nothing_but_a_new_pod_is_patched(pod in pod(), row in 0..WORKLOADS.len(), exempt in 0..3_usize) {
        let text = pod.to_string();
        let unpatched = |request: Vec<u8>| -> Result<(), TestCaseError> {
            let answer = answer(&STRICT, Mode::Mutate, &request)?;
            prop_assert!(answer.patch.is_empty() && answer.allowed, "{}", String::from_utf8_lossy(&request));
            Ok(())
        };
        unpatched(ask("UPDATE", &text, r#"{"spec": {"old": 1}}"#))?;
        unpatched(ask("DELETE", "null", &text))?;
        unpatched(ask("CONNECT", &text, "null"))?;
        // The same Pod in every template there is.
        let row = &WORKLOADS[row];
        let job = json!({"spec": {"template": pod}});
        let inner = json!({"template": pod, "jobTemplate": job, "replicatedJobs": [{"template": job}],
            "leaderWorkerTemplate": {"leaderTemplate": pod, "workerTemplate": pod}});
        let workload = json!({"metadata": {"name": "w"}, "template": pod, "spec": inner});
        if !row.is_pod() {
            unpatched(ask_kind("CREATE", row.group, row.kind, &workload.to_string(), "null"))?;
        }
        let mut mirror = pod.clone();
        mirror["metadata"] = json!({"annotations": {"kubernetes.io/config.mirror": ""}});
        let mirror = String::from_utf8(ask("CREATE", &mirror.to_string(), "null")).unwrap();
        unpatched(mirror.replacen("\"username\": \"jane\"", "\"username\": \"\"", 1).into())?;
        let request = String::from_utf8(ask("CREATE", &text, "null")).unwrap();
        let namespace = ["kube-system", "kube-node-lease", "podgate"][exempt];
        unpatched(request.replacen("\"namespace\": \"shop\"", &format!("\"namespace\": \"{namespace}\""), 1).into())?;
        unpatched(request.replacen("\"username\": \"jane\"", "\"groups\": [\"system:nodes\"]", 1).into())?;
        unpatched(request.replacen("\"operation\"", "\"subResource\": \"binding\", \"operation\"", 1).into())?;
    }

    #[test]
    fn every_pod_gets_an_answer(pair in update()) {
        let (old, new) = (pair.0.to_string(), pair.1.to_string());
        for engine in [&*DEFAULT, &*STRICT] {
            for request in [ask("CREATE", &new, "null"), ask("UPDATE", &new, &old), ask("DELETE", "null", &old)] {
                let validated = answer(engine, Mode::Validate, &request)?;
                prop_assert!(validated.patch.is_empty());
                answer(engine, Mode::Mutate, &request)?;
            }
        }
    }

    #[test]
    fn an_update_that_leaves_the_spec_alone_has_no_finding(pod in pod(), label in "[a-z]{1,3}") {
        let mut new = with_kind(&pod);
        new["metadata"]["labels"]["changed"] = label.into();
        prop_assert_eq!(listed(&verdict(&STRICT, &new, Some(&pod))), [""; 0]);
    }

    /// The same where the spec is another text, so that every rule is run.
    #[test]
    fn an_update_that_changes_what_no_rule_reads_has_no_finding(pod in pod()) {
        let mut new = with_kind(&pod);
        new["spec"]["aFieldOfTheFuture"] = 1.into();
        prop_assert_eq!(listed(&verdict(&STRICT, &new, Some(&pod))), [""; 0]);
    }

    #[test]
    fn an_update_has_no_finding_that_a_new_object_would_not_have(pair in update()) {
        let (old, new) = pair;
        let is_judged = |operation, old: Option<&Value>| {
            with_review(&with_kind(&new).to_string(), old.map(Value::to_string).as_deref(), &Circumstances::default(), None, |review| {
                review.is_some_and(|review| review.operation == operation)
            })
        };
        prop_assume!(is_judged(Operation::Create, None));
        let mut of_update = places(&verdict(&STRICT, &new, Some(&old)));
        of_update.retain(|(rule, _)| !CHANGE_RULES.contains(rule));
        // Of a controller's new Pod the warnings are left out: its template carried them.
        let of_new = |object: &Value| {
            let mut object = object.clone();
            object.pointer_mut("/metadata/ownerReferences").map(Value::take);
            places(&verdict(&STRICT, &object, None))
        };
        let of_create = of_new(&new);
        prop_assert!(of_update.is_subset(&of_create), "{:#?} and of a new object {:#?}", of_update, of_create);
        if is_judged(Operation::Update, Some(&old)) {
            // What the old object has nowhere, the ratchet cannot excuse.
            let mut old = old;
            old["metadata"] = new["metadata"].clone();
            let known: BTreeSet<&str> = of_new(&old).iter().map(|(rule, _)| *rule).collect();
            let fresh: BTreeSet<_> = of_create.into_iter().filter(|(rule, _)| !known.contains(rule) && !CREATE_RULES.contains(rule)).collect();
            prop_assert!(fresh.is_subset(&of_update), "{:#?} are lost", fresh.difference(&of_update));
        }
    }

    #[test]
    fn any_json_is_survived(body in any_json(), object in any_json(), old in any_json(), operation in 0..4_usize, row in 0..WORKLOADS.len()) {
        survives(body.to_string().as_bytes())?;
        let operation = ["CREATE", "UPDATE", "DELETE", "CONNECT"][operation];
        let row = &WORKLOADS[row];
        survives(&ask_kind(operation, row.group, row.kind, &object.to_string(), &old.to_string()))?;
    }

    #[test]
    fn any_bytes_are_survived(bytes in vec(any::<u8>(), 0..200)) {
        survives(&bytes)?;
    }

    #[test]
    fn a_pod_with_something_wrong_in_it_is_survived(mut pod in pod(), place in any::<Index>(), value in any_json()) {
        replace_somewhere(&mut pod, place, value);
        survives(&ask("CREATE", &pod.to_string(), "null"))?;
        survives(&ask("UPDATE", &pod.to_string(), r#"{"spec": {}}"#))?;
    }
}

proptest! {
    #![proptest_config(cases(50))]

    #[test]
    fn captures_with_wrong_values_are_survived(capture in any::<Index>(), places in vec((any::<Index>(), any_json()), 1..4)) {
        let mut review: Value = serde_json::from_slice(&CAPTURES[capture.index(CAPTURES.len())]).unwrap();
        for (place, value) in places {
            replace_somewhere(&mut review, place, value);
        }
        survives(review.to_string().as_bytes())?;
    }

    #[test]
    fn captures_with_wrong_bytes_are_survived(capture in any::<Index>(), flips in vec((any::<Index>(), any::<u8>()), 1..4), end in any::<Index>()) {
        let mut body = CAPTURES[capture.index(CAPTURES.len())].clone();
        for (place, byte) in flips {
            let place = place.index(body.len());
            body[place] ^= byte;
        }
        survives(&body)?;
        body.truncate(end.index(body.len()));
        survives(&body)?;
    }
}

/// The strategies make what the properties are about: Pods with findings, with patches, and updates that are judged.
#[test]
fn the_random_pods_are_worth_it() {
    use proptest::{strategy::ValueTree, test_runner::TestRunner};

    let mut runner = TestRunner::deterministic();
    let (mut rules, mut patched, mut clean, mut judged, mut total) = (BTreeSet::new(), 0, 0, 0, 0);
    for _ in 0..250 {
        let (old, new) = update().new_tree(&mut runner).unwrap().current();
        let created = verdict(&STRICT, &new, None);
        let updated = verdict(&STRICT, &new, Some(&old));
        clean += usize::from(created.findings.is_empty());
        judged += usize::from(!updated.findings.is_empty());
        rules.extend(created.findings.iter().chain(&updated.findings).map(|finding| finding.rule.id));
        let mutated = handle(&STRICT, Mode::Mutate, &ask("CREATE", &new.to_string(), "null")).record.decision;
        patched += usize::from(mutated == Decision::Patched);
        total += 1;
    }
    let missing: BTreeSet<&str> =
        podgate_engine::rules::RULES.iter().map(|rule| rule.id).filter(|id| !rules.contains(id)).collect();
    assert_eq!(missing, BTreeSet::from(NOT_OF_A_POD));
    assert!(patched > total / 2 && clean > total / 20 && judged > total / 5, "{patched} {clean} {judged} of {total}");
}
