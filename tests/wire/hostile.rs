//! Bad input: each gets the documented status and an error that names the field, of bounded length, on one line; and the
//! next request is answered.

use podgate_engine::{
    admission::{Decision, ErrorReason, Mode, Record, Response, handle},
    model::Review,
    policy::{Engine, LifecyclePolicy},
    rules::{Check, Level, Report, Rule, rule::Code},
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::{
    api_server::{Accepted, accept, ask, ask_kind},
    judging::{FIRING, policy},
};

const MODES: [Mode; 2] = [Mode::Validate, Mode::Mutate];
const POD: &str = r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app"}]}}"#;

fn firing() -> Engine {
    Engine::new(&policy(FIRING))
}

/// A Pod with this member in its spec, as text.
fn pod_with(member: &str) -> String {
    format!(r#"{{"metadata": {{"name": "web"}}, "spec": {{{member}}}}}"#)
}

/// The message of an answer that is an error with this status, after looking at its form.
fn error_of(response: &Response<'_>, status: u16, uid: Option<&str>) -> String {
    let body: Value = serde_json::from_slice(&response.body).unwrap();
    assert_eq!(response.status, status, "{body}");
    let reason = if status == 400 { Some(ErrorReason::BadRequest) } else { None };
    match response.record.decision {
        Decision::Error(given) => assert!(reason.is_none_or(|reason| reason == given), "{given:?}"),
        other => panic!("{other:?}"),
    }
    assert_eq!(body.get("uid").and_then(Value::as_str), uid, "{body}");
    assert_eq!(body.as_object().unwrap().len(), 1 + usize::from(uid.is_some()), "{body}");
    let error = body["error"].as_str().unwrap().to_owned();
    assert!(!error.is_empty() && error.chars().count() <= 1001 && !error.contains(char::is_control), "{error:?}");
    assert_eq!(response.record.error.as_deref(), Some(&*error));
    error
}

/// In both modes the body is no AdmissionReview: HTTP 400, and the error says so much.
fn refused(body: &[u8], said: &str) {
    for mode in MODES {
        let response = handle(&firing(), mode, body);
        let error = error_of(&response, 400, None);
        let shown = String::from_utf8_lossy(body.get(..300).unwrap_or(body));
        assert!(error.contains(said), "{error:?} for {shown}");
    }
}

/// In both modes the object cannot be read: HTTP 500 with the uid, and the error names the field.
fn unreadable(body: &[u8], said: &str) {
    for mode in MODES {
        let response = handle(&firing(), mode, body);
        let error = error_of(&response, 500, Some("uid-1"));
        assert!(error.contains(said), "{error:?} does not say {said:?}");
        assert_eq!(response.record.decision, Decision::Error(ErrorReason::UnreadableObject));
        assert!(response.record.findings.is_empty() && response.record.mutations.is_empty());
    }
}

fn accepted(mode: Mode, body: &[u8]) -> Accepted {
    accept(mode, body, &handle(&firing(), mode, body)).unwrap()
}

#[test]
fn bodies_that_are_no_json() {
    refused(b"", "the body is empty");
    refused(b" \r\n\t ", "the body is empty");
    refused(b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\x01\x00", "not UTF-8 at byte 1");
    refused(b"\xff\xfe{\x00}\x00", "not UTF-8 at byte 0");
    refused("\u{feff}{}".as_bytes(), "the body is no AdmissionReview");
    refused(b"apiVersion: v1", "the body is no AdmissionReview");
    refused(b"{} {}", "the body is no AdmissionReview");
    let mut latin = ask("CREATE", POD, "null");
    *latin.last_mut().unwrap() = 0xe4;
    refused(&latin, "not UTF-8");
}

#[test]
fn json_that_is_no_admission_review() {
    for body in ["[]", "\"AdmissionReview\"", "null", "true", "1", "1e999", "[{}]"] {
        refused(body.as_bytes(), "the body is no AdmissionReview");
    }
    refused(b"{}", "kind");
    refused(br#"{"kind": "AdmissionReview"}"#, "apiVersion");
    refused(br#"{"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1"}"#, "request is missing");
    refused(
        br#"{"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": null}"#,
        "request is missing",
    );
    refused(br#"{"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": []}"#, "request");
    refused(br#"["admission.k8s.io/v1", "AdmissionReview", {"uid": "u"}]"#, "the body is no AdmissionReview");
}

/// A good review with one text in it exchanged.
#[test]
fn envelopes_with_one_fault() {
    let good = String::from_utf8(ask("CREATE", POD, "null")).unwrap();
    let faults = [
        (r#""kind": "AdmissionReview""#, r#""kind": "Pod""#, "kind"),
        (r#""kind": "AdmissionReview""#, r#""kind": 7"#, "kind"),
        ("admission.k8s.io/v1", "admission.k8s.io/v2", "apiVersion"),
        ("admission.k8s.io/v1", "v1", "apiVersion"),
        (r#""apiVersion": "admission.k8s.io/v1""#, r#""apiVersion": {}"#, "apiVersion"),
        (r#""uid": "uid-1","#, "", "request.uid"),
        (r#""uid": "uid-1""#, r#""uid": """#, "request.uid"),
        (r#""uid": "uid-1""#, r#""uid": null"#, "request.uid"),
        (r#""uid": "uid-1""#, r#""uid": 7"#, "request.uid"),
        (r#""operation": "CREATE","#, "", "request.operation"),
        ("CREATE", "PATCH", "request.operation"),
        ("CREATE", "create", "request.operation"),
        (r#""operation": "CREATE""#, r#""operation": ["CREATE"]"#, "request.operation"),
        (r#""userInfo": {"username": "jane"}"#, r#""userInfo": "jane""#, "request.userInfo"),
        (r#""userInfo": {"username": "jane"}"#, r#""userInfo": {"groups": "a"}"#, "request.userInfo.groups"),
        (r#""namespace": "shop""#, r#""namespace": 7"#, "request.namespace"),
        // Whatever is named twice could be read as either.
        (r#""uid": "uid-1","#, r#""uid": "uid-1", "uid": "uid-2","#, "AdmissionReview: request.uid: is given twice"),
        (
            r#""operation": "CREATE""#,
            r#""operation": "CREATE", "operation": "DELETE""#,
            "AdmissionReview: request.operation: is given twice",
        ),
        (r#""oldObject": null"#, r#""object": null"#, "AdmissionReview: request.object: is given twice"),
        (r#""request": {"#, r#""request": null, "request": {"#, "AdmissionReview: request: is given twice"),
        (
            r#""kind": "AdmissionReview""#,
            r#""kind": "AdmissionReview", "kind": "x""#,
            "AdmissionReview: kind: is given twice",
        ),
    ];
    for (text, fault, said) in faults {
        assert!(good.contains(text), "{text}");
        refused(good.replacen(text, fault, 1).as_bytes(), said);
    }
}

#[test]
fn a_review_that_is_cut_off_anywhere() {
    let whole = ask("CREATE", POD, "null");
    for end in 0..whole.len() {
        refused(&whole[..end], "the body is");
    }
    assert!(accepted(Mode::Validate, &whole).allowed);
}

#[test]
fn objects_that_are_missing() {
    for missing in ["null", "[]", "\"x\"", "7", "true"] {
        unreadable(&ask("CREATE", missing, "null"), "request.cannot read object as Pod");
        unreadable(&ask("UPDATE", missing, POD), "request.cannot read object as Pod");
        unreadable(&ask("UPDATE", POD, missing), "request.cannot read oldObject as Pod");
    }
    let without = |member: &str| {
        let body = String::from_utf8(ask("UPDATE", POD, POD)).unwrap();
        body.replacen(&format!("\"{member}\": {POD}"), "\"unknown\": null", 1)
    };
    unreadable(without("object").as_bytes(), "read object as Pod: it is missing");
    unreadable(without("oldObject").as_bytes(), "read oldObject as Pod: it is missing");
}

#[test]
fn pods_with_one_fault() {
    let faults = [
        (r#""containers": "x""#, "spec.containers"),
        (r#""containers": {}"#, "spec.containers"),
        (r#""containers": ["x"]"#, "spec.containers[0]"),
        (r#""containers": [[]]"#, "spec.containers[0]"),
        (r#""containers": [null]"#, "spec.containers[0]"),
        (r#""containers": [{"name": 7}]"#, "spec.containers[0].name"),
        (r#""containers": [{"ports": {}}]"#, "spec.containers[0].ports"),
        (r#""containers": [{"ports": [8080]}]"#, "spec.containers[0].ports[0]"),
        (r#""containers": [{"ports": [{"containerPort": 1.5}]}]"#, "spec.containers[0].ports[0].containerPort"),
        (r#""containers": [{"ports": [{"containerPort": "80"}]}]"#, "spec.containers[0].ports[0].containerPort"),
        (r#""containers": [{"ports": [{"containerPort": 1e400}]}]"#, "spec.containers[0].ports[0].containerPort"),
        (
            r#""containers": [{"ports": [{"hostPort": 99999999999999999999999}]}]"#,
            "spec.containers[0].ports[0].hostPort",
        ),
        (r#""containers": [{"readinessProbe": []}]"#, "spec.containers[0].readinessProbe"),
        (r#""containers": [{"readinessProbe": {"httpGet": {"port": 1.5}}}]"#, "readinessProbe.httpGet.port"),
        (r#""containers": [{"readinessProbe": {"httpGet": {"port": {}}}}]"#, "readinessProbe.httpGet.port"),
        (r#""containers": [{"lifecycle": "x"}]"#, "spec.containers[0].lifecycle"),
        (r#""hostNetwork": "true""#, "spec.hostNetwork"),
        (r#""restartPolicy": ["Always"]"#, "spec.restartPolicy"),
        (r#""schedulingGates": [{"name": 1}]"#, "spec.schedulingGates[0].name"),
        (r#""containers": [], "containers": []"#, "spec.containers: is given twice"),
        (r#""containers": [{"name": "a", "name": "b"}]"#, "spec.containers[0].name: is given twice"),
    ];
    for (member, said) in faults {
        unreadable(&ask("CREATE", &pod_with(member), "null"), said);
        unreadable(&ask("UPDATE", &pod_with(member), POD), said);
        let template = format!(r#"{{"spec": {{"template": {}}}}}"#, pod_with(member));
        let said = said.strip_prefix("spec.").map_or(said.to_owned(), |rest| format!("spec.template.spec.{rest}"));
        unreadable(&ask_kind("CREATE", "apps", "Deployment", &template, "null"), &said);
    }
    for (pod, said) in [
        (r#"{"spec": []}"#, "spec"),
        (r#"{"spec": "x"}"#, "spec"),
        (r#"{"metadata": [], "spec": {}}"#, "metadata"),
        (r#"{"metadata": {"labels": {"a": 1}}}"#, "metadata.labels.a"),
        (r#"{"metadata": {"name": 7}}"#, "metadata.name"),
        (r#"{"spec": {}, "spec": {}}"#, "as Pod: spec: is given twice"),
        (r#"{"status": {"conditions": {}}}"#, "status.conditions"),
    ] {
        unreadable(&ask("CREATE", pod, "null"), said);
    }
}

/// All that is wrong is said at once, in words that need no knowledge of the program, wherever and in whatever order it stands.
#[test]
fn pods_with_several_faults() {
    let pod = r#"{
        "metadata": {"name": true, "labels": {"app.kubernetes.io/version": 1.10}},
        "spec": {"hostNetwork": "yes", "terminationGracePeriodSeconds": 99999999999999999999, "containers": [{"ports": {}}, 3]},
        "status": {"phase": {}}
    }"#;
    let errors = [
        "metadata.name: is true; a string is expected",
        "metadata.labels[app.kubernetes.io/version]: is 1.10; a string is expected",
        r#"spec.hostNetwork: is the string "yes"; true or false is expected"#,
        "spec.terminationGracePeriodSeconds: is 99999999999999999999, which 64 bits do not hold; a whole number is expected",
        "spec.containers[0].ports: is an object; a list is expected",
    ]
    .join("; ");
    unreadable(&ask("CREATE", pod, "null"), &format!("request.cannot read object as Pod: {errors}; and 2 more errors"));
    unreadable(&ask("UPDATE", pod, POD), &format!("request.cannot read object as Pod: {errors}; and 2 more errors"));
    unreadable(&ask("UPDATE", POD, pod), &format!("request.cannot read oldObject as Pod: {errors}; and 2 more errors"));
    // Where the metadata can be read, the rest is read later.
    let pod = r#"{"metadata": {"name": "web"}, "spec": {"hostNetwork": 1}, "status": {"phase": []}}"#;
    let errors = "spec.hostNetwork: is 1; true or false is expected; status.phase: is a list; a string is expected";
    unreadable(&ask("UPDATE", pod, POD), &format!("request.cannot read object as Pod: {errors}"));
}

/// An envelope whose fields come in an order in which its objects cannot be read where they stand is read all the same.
#[test]
fn objects_before_what_they_are() {
    let ask = |operation: &str, object: &str, old: &str| {
        let kind = r#""kind": {"group": "", "version": "v1", "kind": "Pod"}"#;
        format!(
            r#"{{"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {{{kind}, "operation": "{operation}",
            "oldObject": {old}, "object": {object}, "uid": "uid-1", "subResource": ""}}}}"#
        )
    };
    assert!(accepted(Mode::Validate, ask("CREATE", POD, "null").as_bytes()).allowed);
    assert!(accepted(Mode::Validate, ask("UPDATE", POD, POD).as_bytes()).allowed);
    unreadable(ask("CREATE", r#"{"spec": []}"#, "null").as_bytes(), "as Pod: spec: is a list; an object is expected");
    unreadable(ask("UPDATE", POD, r#"{"spec": []}"#).as_bytes(), "oldObject as Pod: spec: is a list; an object is");
    let late = ask("CREATE", POD, "null").replacen("\"operation\": \"CREATE\",", "", 1);
    let late = late.replacen("\"subResource\": \"\"", "\"operation\": \"CREATE\"", 1);
    assert!(accepted(Mode::Validate, late.as_bytes()).allowed);
}

/// What podgate does not judge it does not read: no fault in it is podgate's business.
#[test]
fn faults_that_nobody_reads() {
    let bad = pod_with(r#""containers": "x""#);
    let mut bodies = vec![ask_kind("CREATE", "example.com", "Gadget", &bad, "null"), ask("DELETE", "null", &bad)];
    bodies.push(ask("CONNECT", "[]", "null"));
    for sub_resource in ["scale", "binding", "eviction"] {
        let body = String::from_utf8(ask("UPDATE", &bad, POD)).unwrap();
        let named = format!(r#""name": "web", "subResource": "{sub_resource}","#);
        bodies.push(body.replacen(r#""name": "","#, &named, 1).into_bytes());
    }
    for body in bodies {
        for mode in MODES {
            let answer = accepted(mode, &body);
            assert!(answer.allowed && answer.patch.is_empty() && answer.annotations.is_empty());
        }
    }
}

#[test]
fn ten_thousand_deep() {
    const DEPTH: usize = 10_000;
    for (open, inner, close) in [("[", "1", "]"), ("{\"a\":", "1", "}")] {
        let deep = format!("{}{inner}{}", open.repeat(DEPTH), close.repeat(DEPTH));
        // As the whole body, and in the envelope where podgate reads it.
        refused(deep.as_bytes(), if open == "[" { "the body is no AdmissionReview" } else { "kind is \"\"" });
        let body = String::from_utf8(ask("CREATE", POD, "null")).unwrap();
        refused(body.replacen("\"uid-1\"", &deep, 1).as_bytes(), "request.uid");
        refused(body.replacen("\"jane\"", &deep, 1).as_bytes(), "request.userInfo.username");
        // In the object where podgate reads it.
        unreadable(&ask("CREATE", &format!(r#"{{"metadata": {{"name": {deep}}}}}"#), "null"), "metadata.name");
        unreadable(&ask("CREATE", &pod_with(&format!("\"containers\": {deep}")), "null"), "spec.containers");
        unreadable(&ask("UPDATE", POD, &pod_with(&format!("\"containers\": {deep}"))), "spec.containers");
        // Where nobody reads it, it is none of podgate's business.
        let body = body.replacen("\"options\": null", &format!("\"options\": {deep}"), 1);
        assert_eq!(handle(&firing(), Mode::Validate, body.as_bytes()).status, 200);
        let future = pod_with(&format!("\"future\": {deep}"));
        let body = ask("CREATE", &future, "null");
        assert_eq!(handle(&firing(), Mode::Validate, &body).status, 200);
        assert_eq!(handle(&Engine::default(), Mode::Mutate, &body).status, 200);
        // Nor has it to be understood to add something elsewhere.
        let response = handle(&firing(), Mode::Mutate, &body);
        assert_eq!((response.status, response.record.decision), (200, Decision::Patched));
    }
}

/// What rules compare without knowing it may be nested deeper than they can read: the same text is no change, another is.
#[test]
fn a_deep_field_of_an_init_container_is_still_compared() {
    let deep = |inner: &str| format!("{}{inner}{}", "[".repeat(500), "]".repeat(500));
    let pod = |inner: &str, image: &str| {
        let init = format!(r#"{{"name": "i", "image": "{image}", "future": {}}}"#, deep(inner));
        pod_with(&format!(r#""initContainers": [{init}], "containers": [{{"name": "app"}}]"#))
    };
    let rules = |new: &str, old: &str| {
        let body = ask("UPDATE", new, old);
        let response = handle(&Engine::default(), Mode::Validate, &body);
        response.record.findings.iter().map(|(rule, _)| *rule).collect::<Vec<_>>()
    };
    assert_eq!(rules(&pod("1", "b"), &pod("1", "a")), [""; 0]);
    assert_eq!(rules(&pod("2", "a"), &pod("1", "a")), ["init-container-field-change"]);
}

/// Wrong texts of a megabyte, wherever an error could repeat them.
#[test]
fn errors_are_short_however_long_the_input() {
    let long = "ä\\n".repeat(270_000);
    let body = |text: &str, long: &str| String::from_utf8(ask("CREATE", POD, "null")).unwrap().replacen(text, long, 1);
    refused(body("\"AdmissionReview\"", &format!("\"{long}\"")).as_bytes(), "kind");
    refused(body("\"admission.k8s.io/v1\"", &format!("\"{long}\"")).as_bytes(), "apiVersion");
    refused(body("CREATE", &long).as_bytes(), "request.operation");
    refused(body("\"username\": \"jane\"", &format!("\"groups\": \"{long}\"")).as_bytes(), "request.userInfo.groups");
    unreadable(&ask("CREATE", &format!("\"{long}\""), "null"), "object");
    unreadable(&ask("CREATE", &pod_with(&format!("\"containers\": \"{long}\"")), "null"), "spec.containers");
    unreadable(&ask("CREATE", &format!(r#"{{"metadata": {{"labels": {{"{long}": 1}}}}}}"#), "null"), "metadata.labels");
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
struct Panics {}

impl Check for Panics {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        out.at(podgate_engine::syntax::Path::of(&["spec"]), "before the panic");
        assert!(review.new.metadata.name != "panic", "told\nto");
    }
}

static PANICS: Rule =
    Rule::new("panics", "panics where it is told to", Level::Audit, Code::without_options::<Panics>());

#[test]
fn a_rule_that_panics_decides_nothing() {
    let engine = Engine::with_rules(&LifecyclePolicy::default(), &[&PANICS]);
    let panicking = ask("CREATE", r#"{"metadata": {"name": "panic"}}"#, "null");
    for _ in 0..3 {
        let response = handle(&engine, Mode::Validate, &panicking);
        assert_eq!(error_of(&response, 500, Some("uid-1")), "panic: told\u{fffd}to");
        let Record { decision, findings, uid, name, .. } = &response.record;
        assert_eq!((*decision, findings.len()), (Decision::Error(ErrorReason::Internal), 0));
        assert_eq!((&**uid, &**name), ("uid-1", "panic"));
        let fine = ask("CREATE", POD, "null");
        let fine = handle(&engine, Mode::Validate, &fine);
        assert_eq!((fine.status, fine.record.findings.as_slice()), (200, &[("panics", "audit")][..]));
    }
}
