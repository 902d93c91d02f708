//! Exemptions by annotation: what they cover, what is said of those that do not work, and what is left of the findings.

use podgate_engine::{
    admission::{Decision, Mode, handle},
    policy::{Engine, LifecyclePolicy, Verdict, config::Exemptions, ignore::Annotations, parse},
};
use serde_json::{Value, json};

use super::judging::{self, Circumstances, judge, policy};

const CONFLICT: &str = "container \"b\" declares 80/TCP, already declared by \"a\", which runs at the same time";

/// A Pod spec with a port conflict, which is refused, and a missing readinessProbe, which is warned about.
fn bad_spec() -> Value {
    json!({"containers": [
        {"name": "a", "ports": [{"containerPort": 80}], "startupProbe": {"tcpSocket": {"port": 80}}},
        {"name": "b", "ports": [{"containerPort": 80}]},
    ]})
}

fn pod(annotations: &Value) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "annotations": annotations}, "spec": bad_spec()})
}

fn deployment(own: &Value, template: &Value) -> Value {
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "annotations": own},
        "spec": {"replicas": 2, "template": {"metadata": {"annotations": template}, "spec": bad_spec()}}})
}

/// Only the two rules that the specs above break.
fn engine(spec: &str) -> Engine {
    let rules = ["port-conflict", "missing-readiness-probe", "naked-pod", "no-spread"];
    let rules: Vec<_> = rules.iter().map(|id| podgate_engine::rules::find(id).unwrap()).collect();
    Engine::with_rules(&policy(spec), &rules)
}

fn create(engine: &Engine, object: &Value) -> Verdict {
    judge(engine, &object.to_string(), None, &Circumstances::default())
}

fn update(engine: &Engine, old: &Value, object: &Value) -> Verdict {
    judge(engine, &object.to_string(), Some(&old.to_string()), &Circumstances::default())
}

fn ids(verdict: &Verdict) -> Vec<&str> {
    verdict.findings.iter().map(|finding| finding.rule.id).collect()
}

/// Rule and reason of what is ignored.
fn ignored(verdict: &Verdict) -> Vec<(&str, &str)> {
    verdict.ignored.iter().map(|ignored| (ignored.finding.rule.id, &*ignored.reason)).collect()
}

fn notices(verdict: &Verdict) -> Vec<String> {
    verdict.notices.iter().map(|notice| format!("{}: {}", notice.at, notice.message)).collect()
}

#[test]
fn a_reason_sets_a_finding_aside() {
    let engine = engine("{}");
    let verdict = create(&engine, &pod(&json!({})));
    assert_eq!(ids(&verdict), ["naked-pod", "port-conflict", "missing-readiness-probe"]);

    let why = json!({"ignore.podgate.dev/port-conflict": "  only one of them listens "});
    let verdict = create(&engine, &pod(&why));
    assert_eq!(ids(&verdict), ["naked-pod", "missing-readiness-probe"]);
    assert!(!verdict.is_denied() && notices(&verdict).is_empty());
    assert_eq!(ignored(&verdict), [("port-conflict", "only one of them listens")]);
    let finding = &verdict.ignored[0].finding;
    assert_eq!((finding.level.as_str(), &*finding.message), ("deny", CONFLICT));
}

#[test]
fn the_template_s_annotation_covers_the_workload_and_reaches_its_pods() {
    let engine = engine("{}");
    let all = json!({"ignore.podgate.dev/port-conflict": "a", "ignore.podgate.dev/no-spread": "b", "ignore.podgate.dev/missing-readiness-probe": "c"});
    let verdict = create(&engine, &deployment(&json!({}), &all));
    assert_eq!(ids(&verdict), [] as [&str; 0]);
    assert_eq!(ignored(&verdict), [("no-spread", "b"), ("port-conflict", "a"), ("missing-readiness-probe", "c")]);
    assert!(notices(&verdict).is_empty());
}

#[test]
fn the_workload_s_own_annotation_does_not_reach_its_pods() {
    let engine = engine("{}");
    let own = json!({"ignore.podgate.dev/port-conflict": "a", "ignore.podgate.dev/missing-readiness-probe": "b", "ignore.podgate.dev/no-spread": "c"});
    let verdict = create(&engine, &deployment(&own, &json!({})));
    assert_eq!(ids(&verdict), [] as [&str; 0]);
    assert_eq!(ignored(&verdict).len(), 3);
    // Only of what would be refused in the Pods: warnings are not repeated there.
    assert_eq!(
        notices(&verdict),
        [
            "metadata.annotations[ignore.podgate.dev/port-conflict]: does not reach the Pods, where \"port-conflict\" is judged again; set it in the Pod template"
        ]
    );
    let both = json!({"ignore.podgate.dev/port-conflict": "d"});
    let verdict = create(&engine, &deployment(&own, &both));
    assert!(notices(&verdict).is_empty());
    assert!(ignored(&verdict).contains(&("port-conflict", "a")));
}

#[test]
fn of_several_templates_each_covers_its_own() {
    let engine = engine("{}");
    let job = |annotations: Value| {
        let spec = json!({"restartPolicy": "Never", "containers": bad_spec()["containers"]});
        json!({"template": {"spec": {"template": {"metadata": {"annotations": annotations}, "spec": spec}}}})
    };
    let why = json!({"ignore.podgate.dev/port-conflict": "a"});
    let set = |own: &Value| {
        json!({"apiVersion": "jobset.x-k8s.io/v1alpha2", "kind": "JobSet", "metadata": {"name": "train", "annotations": own},
        "spec": {"replicatedJobs": [job(json!({})), job(why.clone())]}})
    };
    let verdict = create(&engine, &set(&json!({})));
    let places = |verdict: &Verdict| verdict.findings.iter().map(|finding| finding.at.to_string()).collect::<Vec<_>>();
    assert_eq!(
        places(&verdict),
        ["spec.replicatedJobs[0].template.spec.template.spec.containers[1].ports[0].containerPort"]
    );
    assert_eq!(ignored(&verdict), [("port-conflict", "a")]);
    let verdict = create(&engine, &set(&why));
    assert!(places(&verdict).is_empty());
    assert_eq!(ignored(&verdict).len(), 2);
}

#[test]
fn what_does_not_work_is_said() {
    let engine = engine("{}");
    let cases = [
        (
            json!({"ignore.podgate.dev/port-conflict": ""}),
            "metadata.annotations[ignore.podgate.dev/port-conflict]: has no effect: say why \"port-conflict\" is to be ignored",
        ),
        (
            json!({"ignore.podgate.dev/port-conflict": " \t"}),
            "metadata.annotations[ignore.podgate.dev/port-conflict]: has no effect: say why \"port-conflict\" is to be ignored",
        ),
        (
            json!({"ignore.podgate.dev/port-conflict": null}),
            "metadata.annotations[ignore.podgate.dev/port-conflict]: has no effect: say why \"port-conflict\" is to be ignored",
        ),
        (
            json!({"ignore.podgate.dev/port-conflikt": "why"}),
            "metadata.annotations[ignore.podgate.dev/port-conflikt]: unknown rule \"port-conflikt\" (did you mean \"port-conflict\"?)",
        ),
        (
            json!({"ignore.podgate.dev/out-of-memory": " "}),
            "metadata.annotations[ignore.podgate.dev/out-of-memory]: has no effect: say why \"out-of-memory\" is to be ignored",
        ),
        (
            json!({"ignore.podgate.dev/out-of-memori": "why"}),
            "metadata.annotations[ignore.podgate.dev/out-of-memori]: unknown rule \"out-of-memori\" (did you mean \"out-of-memory\"?)",
        ),
        (
            json!({"ignore.podgate.dev/something-else": ""}),
            "metadata.annotations[ignore.podgate.dev/something-else]: unknown rule \"something-else\"",
        ),
    ];
    for (annotations, notice) in cases {
        let verdict = create(&engine, &pod(&annotations));
        assert!(verdict.is_denied() && verdict.ignored.is_empty(), "{annotations}");
        assert_eq!(notices(&verdict), [notice]);
    }
    // A rule that finds nothing here, and annotations of others.
    let fine = json!({"ignore.podgate.dev/invalid-probe": "why", "podgate.dev/ignore": "", "ignore.podgate.dev": ""});
    assert!(notices(&create(&engine, &pod(&fine))).is_empty());
    // What an audit of a cluster sees is no rule, and may be ignored where all rules may.
    let seen = json!({"ignore.podgate.dev/out-of-memory": "a known leak"});
    assert!(notices(&create(&engine, &pod(&seen))).is_empty());
    let none = self::engine("exemptions: {annotations: none}");
    assert_eq!(
        notices(&create(&none, &pod(&seen))),
        [
            "metadata.annotations[ignore.podgate.dev/out-of-memory]: has no effect: the policy does not let \"out-of-memory\" be ignored by annotation"
        ]
    );
    // In a template the place is the template's.
    let verdict = create(&engine, &deployment(&json!({}), &json!({"ignore.podgate.dev/x": "y"})));
    assert_eq!(notices(&verdict), ["spec.template.metadata.annotations[ignore.podgate.dev/x]: unknown rule \"x\""]);
}

#[test]
fn the_policy_says_which_rules() {
    let why = json!({"ignore.podgate.dev/port-conflict": "a", "ignore.podgate.dev/naked-pod": "b"});
    let refused = |id: &str| {
        format!(
            "metadata.annotations[ignore.podgate.dev/{id}]: has no effect: the policy does not let \"{id}\" be ignored by annotation"
        )
    };
    let all = create(&engine("exemptions: {annotations: all}"), &pod(&why));
    assert!(ignored(&all).len() == 2 && notices(&all).is_empty());

    let none = create(&engine("exemptions: {annotations: none}"), &pod(&why));
    assert!(none.is_denied() && none.ignored.is_empty());
    assert_eq!(notices(&none), [refused("port-conflict"), refused("naked-pod")]);

    let some = create(&engine("exemptions: {annotations: [naked-pod, no-spread]}"), &pod(&why));
    assert_eq!(ids(&some), ["port-conflict", "missing-readiness-probe"]);
    assert_eq!(ignored(&some), [("naked-pod", "b")]);
    assert_eq!(notices(&some), [refused("port-conflict")]);

    let empty = create(&engine("exemptions: {annotations: []}"), &pod(&why));
    assert_eq!(notices(&empty).len(), 2);
}

#[test]
fn an_update_does_not_repeat_what_was_said() {
    let engine = engine("{}");
    let changed = |mut object: Value, pointer: &str| {
        object.pointer_mut(pointer).unwrap()["image"] = json!("example.com/app:2");
        object
    };
    let blank = json!({"ignore.podgate.dev/port-conflict": "", "ignore.podgate.dev/x": "y"});
    let old = pod(&blank);
    let verdict = update(&engine, &old, &changed(old.clone(), "/spec/containers/0"));
    assert_eq!((ids(&verdict).len(), notices(&verdict)), (0, Vec::<String>::new()));

    // Another value, another key, another place: said.
    let other =
        json!({"ignore.podgate.dev/port-conflict": "", "ignore.podgate.dev/x": "z", "ignore.podgate.dev/w": "y"});
    let verdict = update(&engine, &old, &changed(pod(&other), "/spec/containers/0"));
    assert_eq!(notices(&verdict).len(), 2);
    let old = deployment(&blank, &json!({}));
    let verdict = update(&engine, &old, &changed(deployment(&blank, &blank), "/spec/template/spec/containers/0"));
    assert!(notices(&verdict).iter().all(|notice| notice.starts_with("spec.template.metadata.annotations[")));
    assert_eq!(notices(&verdict).len(), 2);
}

#[test]
fn an_update_ignores_only_what_is_new() {
    let engine = engine("{}");
    let why = json!({"ignore.podgate.dev/port-conflict": "a", "ignore.podgate.dev/missing-readiness-probe": "b"});
    let mut old = deployment(&json!({}), &json!({}));
    old["spec"]["template"]["spec"]["containers"][1]["ports"] = json!([]);
    let verdict = update(&engine, &old, &deployment(&json!({}), &why));
    assert_eq!(ids(&verdict), [] as [&str; 0]);
    assert_eq!(ignored(&verdict), [("port-conflict", "a"), ("missing-readiness-probe", "b")]);
    // The old object had them too: neither found nor ignored.
    let mut new = deployment(&json!({}), &why);
    new["spec"]["replicas"] = json!(3);
    let verdict = update(&engine, &deployment(&json!({}), &json!({})), &new);
    assert!(ids(&verdict).is_empty() && ignored(&verdict).is_empty());
}

#[test]
fn a_controller_s_pods_carry_the_annotation_without_notices() {
    let engine = engine("{}");
    let annotations = json!({"ignore.podgate.dev/port-conflict": "a", "ignore.podgate.dev/x": "y"});
    let mut made = pod(&annotations);
    made["metadata"]["ownerReferences"] = json!([{"kind": "ReplicaSet", "controller": true}]);
    let verdict = create(&engine, &made);
    assert!(ids(&verdict).is_empty() && notices(&verdict).is_empty());
    assert_eq!(ignored(&verdict), [("port-conflict", "a")]);
}

#[test]
fn deletions_can_be_exempt_too() {
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "labels": {"app": "web"},
        "annotations": {"ignore.podgate.dev/deletion-bypasses-budget": "cache only", "ignore.podgate.dev/x": ""}},
        "spec": {"nodeName": "n"}, "status": {"phase": "Running"}});
    let budget = r#"{"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "web"}, "spec": {"selector": {}}, "status": {"disruptionsAllowed": 0}}"#;
    let circumstances = Circumstances { operation: Some("DELETE".to_owned()), ..Circumstances::default() };
    let known = judging::inventory(budget);
    let verdict = judging::judge_among(&Engine::default(), &pod.to_string(), None, &circumstances, Some(&known));
    assert!(verdict.findings.is_empty() && verdict.notices.is_empty());
    assert_eq!(ignored(&verdict), [("deletion-bypasses-budget", "cache only")]);
}

fn answer(engine: &Engine, object: &Value) -> (Value, Decision, Vec<(&'static str, &'static str)>) {
    let api_version = object["apiVersion"].as_str().unwrap();
    let group = api_version.split_once('/').map_or("", |(group, _)| group);
    let review = json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
        "uid": "u", "operation": "CREATE", "namespace": "shop", "name": "web",
        "kind": {"group": group, "version": "v1", "kind": object["kind"]}, "object": object,
    }});
    let body = review.to_string();
    let response = handle(engine, Mode::Validate, body.as_bytes());
    assert_eq!(response.status, 200);
    let answer: Value = serde_json::from_slice(&response.body).unwrap();
    (answer["response"].clone(), response.record.decision, response.record.findings)
}

#[test]
fn the_answer_keeps_what_is_ignored() {
    let engine = engine("{}");
    let annotations = json!({
        "ignore.podgate.dev/port-conflict": "only one of them\nlistens",
        "ignore.podgate.dev/naked-pod": "a test",
        "ignore.podgate.dev/missing-readiness-prob": "later",
    });
    let (response, decision, findings) = answer(&engine, &pod(&annotations));
    assert_eq!((&response["allowed"], decision), (&json!(true), Decision::Allowed));
    let probe = "spec.containers[1].readinessProbe: container \"b\"";
    let warnings: Vec<&str> = response["warnings"].as_array().unwrap().iter().map(|w| w.as_str().unwrap()).collect();
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert!(warnings[0].starts_with(probe), "{warnings:?}");
    assert_eq!(
        warnings[1],
        "metadata.annotations[ignore.podgate.dev/missing-readiness-prob]: unknown rule \"missing-readiness-prob\" (did you mean \"missing-readiness-probe\"?) (podgate)"
    );
    let audit = &response["auditAnnotations"];
    assert_eq!(
        audit["port-conflict"],
        format!(
            "ignored deny spec.containers[1].ports[0].containerPort: {CONFLICT} (reason: only one of them listens)"
        )
    );
    assert!(audit["naked-pod"].as_str().unwrap().starts_with("ignored warn metadata.ownerReferences: "));
    assert!(audit["missing-readiness-probe"].as_str().unwrap().starts_with("warn spec."));
    assert_eq!(findings, [("missing-readiness-probe", "warn"), ("naked-pod", "ignored"), ("port-conflict", "ignored")]);
}

#[test]
fn a_denial_keeps_it_too() {
    let mut object = pod(&json!({"ignore.podgate.dev/port-conflict": "a", "ignore.podgate.dev/naked-pod": " "}));
    object["spec"]["containers"][1]["ports"] = json!([{"containerPort": 80}, {"containerPort": 80}]);
    let (response, ..) = answer(&engine("{}"), &object);
    assert_eq!(response["allowed"], true);
    let (response, decision, findings) = answer(&engine("rules: {naked-pod: deny}"), &object);
    assert_eq!((&response["allowed"], decision), (&json!(false), Decision::Denied));
    assert_eq!(response["status"]["details"]["causes"].as_array().unwrap().len(), 1);
    let conflicts = response["auditAnnotations"]["port-conflict"].as_str().unwrap();
    assert_eq!(conflicts.matches("ignored deny").count(), 2);
    assert_eq!(conflicts.matches("ignored warn").count(), 1);
    assert_eq!(findings.iter().filter(|(_, level)| *level == "ignored").count(), 3);
    let warnings = response["warnings"].to_string();
    assert!(warnings.contains("metadata.annotations[ignore.podgate.dev/naked-pod]: has no effect"), "{warnings}");
}

#[test]
fn many_and_long_ones_are_bounded() {
    let mut annotations = json!({"ignore.podgate.dev/port-conflict": "ä\u{7}".repeat(5000)});
    for number in 0..1000 {
        annotations[format!("ignore.podgate.dev/unknown-{number}")] = json!("x");
    }
    let (response, ..) = answer(&engine("{}"), &pod(&annotations));
    let warnings: Vec<&str> = response["warnings"].as_array().unwrap().iter().map(|w| w.as_str().unwrap()).collect();
    assert!(warnings.iter().map(|warning| warning.chars().count()).sum::<usize>() <= 4096);
    assert!(warnings.last().unwrap().ends_with(" more warnings"));
    let audit = response["auditAnnotations"]["port-conflict"].as_str().unwrap();
    assert!(audit.len() < 4000 && !audit.contains(char::is_control), "{audit}");
}

#[test]
fn the_policy_language() {
    let text = |annotations: &str| {
        format!(
            "apiVersion: podgate.dev/v1alpha1\nkind: LifecyclePolicy\nspec:\n  exemptions:\n    annotations: {annotations}\n"
        )
    };
    let read = |annotations: &str| parse(&text(annotations), "p.yaml").map(|policy| policy.spec.exemptions.annotations);
    let rule = |id| podgate_engine::rules::find(id).unwrap();
    assert_eq!(read("all").unwrap(), Annotations::All);
    assert_eq!(read("none").unwrap(), Annotations::None);
    // A list of which every item is commented out does not mean all.
    assert!(read("null").is_err());
    assert_eq!(read("[]").unwrap(), Annotations::Rules(vec![]));
    let some = Annotations::Rules(vec![rule("naked-pod"), rule("port-conflict")]);
    assert_eq!(read("[naked-pod, port-conflict]").unwrap(), some);
    assert_eq!(Exemptions::default().annotations, Annotations::All);

    let error = |annotations: &str| read(annotations).unwrap_err().to_string();
    assert_eq!(
        error("[naked-pod, port-conflikt]"),
        "p.yaml:5:30: spec.exemptions.annotations[1]: unknown rule \"port-conflikt\" (did you mean \"port-conflict\"?)"
    );
    assert_eq!(
        error("some"),
        "p.yaml:5:18: spec.exemptions.annotations: expected all, none or a list of rule ids, found string \"some\""
    );
    assert!(error("{}").contains("expected all, none or a list of rule ids"));
    assert!(error("[3]").contains("spec.exemptions.annotations[0]: expected"));

    for annotations in [Annotations::All, Annotations::None, some] {
        let mut policy = LifecyclePolicy::default();
        policy.spec.exemptions.annotations = annotations;
        let written = serde_json::to_string(&policy).unwrap();
        assert_eq!(parse(&written, "json").unwrap(), policy);
        let full = parse(&policy.in_full(), "full").unwrap();
        assert_eq!(full.spec.exemptions, policy.spec.exemptions);
    }
    assert!(LifecyclePolicy::default().in_full().contains("\n    annotations: \"all\"\n"));

    let schema = serde_json::to_value(schemars::schema_for!(LifecyclePolicy)).unwrap();
    let choices = &schema["$defs"]["Annotations"]["oneOf"];
    assert_eq!(choices[0]["enum"], json!(["all", "none"]));
    assert_eq!(choices[1]["items"]["enum"].as_array().unwrap().len(), podgate_engine::rules::RULES.len());
}
