//! Asks as an API server asks, and reads the answer as it reads it: what it would refuse, fails here.
//!
//! The conditions are those of the API server's own code (`VerifyAdmissionResponse`, the dispatchers of validating and
//! mutating webhooks) and, for what only a reader notices, those of kubectl.

use std::collections::BTreeMap;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use k8s_openapi::api::core::v1::Pod;
use kube::core::{DynamicObject, admission};
use podgate_engine::{
    admission::{Mode, Response},
    rules,
};
use serde_json::{Value, json};

/// What an accepted answer means.
#[derive(Debug, Default, PartialEq)]
pub struct Accepted {
    pub allowed: bool,
    pub warnings: Vec<String>,
    /// Field and message of each cause of a denial.
    pub causes: Vec<(String, String)>,
    pub annotations: BTreeMap<String, String>,
    /// The operations of the patch; none without one.
    pub patch: Vec<Value>,
    /// The object as it will be stored: patched.
    pub object: Value,
}

/// The body of a request about a Pod, in `namespace` shop, by a user without groups; objects as JSON text.
pub fn ask(operation: &str, object: &str, old_object: &str) -> Vec<u8> {
    ask_kind(operation, "", "Pod", object, old_object)
}

/// The body of a request about an object of some kind.
pub fn ask_kind(operation: &str, group: &str, kind: &str, object: &str, old_object: &str) -> Vec<u8> {
    format!(
        r#"{{"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": {{"uid": "uid-1",
            "kind": {{"group": "{group}", "version": "v1", "kind": "{kind}"}},
            "resource": {{"group": "{group}", "version": "v1", "resource": "{}s"}},
            "name": "", "namespace": "shop", "operation": "{operation}", "userInfo": {{"username": "jane"}},
            "object": {object}, "oldObject": {old_object}, "dryRun": false, "options": null}}}}"#,
        kind.to_lowercase()
    )
    .into_bytes()
}

/// Reads the answer to `request`, or says what the API server or its user would not accept in it.
pub fn accept(mode: Mode, request: &[u8], response: &Response<'_>) -> Result<Accepted, String> {
    read(mode, request, response.status, &response.body)
}

fn read(mode: Mode, request: &[u8], status: u16, body: &[u8]) -> Result<Accepted, String> {
    let asked: Value = serde_json::from_slice(request).map_err(|error| format!("the request itself: {error}"))?;
    let request = &asked["request"];
    hold(status == 200, || format!("HTTP status is {status}, not 200"))?;
    let answer: Value = serde_json::from_slice(body).map_err(|error| format!("the body is no JSON: {error}"))?;
    for field in ["apiVersion", "kind"] {
        hold(answer[field] == asked[field], || format!("{field} is {}, asked in {}", answer[field], asked[field]))?;
    }
    let response = answer["response"].as_object().ok_or("there is no response")?;
    let known = ["uid", "allowed", "status", "patch", "patchType", "warnings", "auditAnnotations"];
    for field in response.keys() {
        hold(known.contains(&field.as_str()), || format!("response.{field} is no field of an AdmissionResponse"))?;
    }
    let of = |field: &str| response.get(field).unwrap_or(&Value::Null);
    hold(of("uid") == &request["uid"], || format!("response.uid is {}, asked with {}", of("uid"), request["uid"]))?;
    let allowed = of("allowed").as_bool().ok_or("response.allowed is missing")?;

    let mut accepted = Accepted {
        allowed,
        warnings: warnings(of("warnings"))?,
        annotations: annotations(of("auditAnnotations"))?,
        object: request["object"].clone(),
        ..Accepted::default()
    };
    if allowed {
        hold(of("status").is_null(), || "a status is ignored where allowed is true".to_owned())?;
    } else {
        accepted.causes = denial(request, of("status"))?;
    }
    hold(of("patch").is_null() == of("patchType").is_null(), || "patch and patchType belong together".to_owned())?;
    if !of("patch").is_null() {
        hold(mode == Mode::Mutate, || "a validating webhook may not patch".to_owned())?;
        hold(of("patchType") == "JSONPatch", || format!("patchType is {}", of("patchType")))?;
        hold(request["operation"] != "DELETE", || "nothing can be patched on DELETE".to_owned())?;
        accepted.patch = patch(of("patch"), request, &mut accepted.object)?;
    }
    as_kube_reads_it(&answer, &accepted)?;
    Ok(accepted)
}

fn hold(condition: bool, otherwise: impl FnOnce() -> String) -> Result<(), String> {
    if condition { Ok(()) } else { Err(otherwise()) }
}

fn text<'v>(value: &'v Value, what: &str) -> Result<&'v str, String> {
    let text = value.as_str().ok_or_else(|| format!("{what} is {value}, not a string"))?;
    hold(!text.is_empty() && !text.contains(char::is_control), || {
        format!("{what} is empty or not printable: {text:?}")
    })?;
    Ok(text)
}

/// Whether the text ends by naming the rule that said it.
fn is_signed(text: &str) -> bool {
    let id = text.strip_suffix(')').and_then(|text| text.rsplit_once(" (podgate: "));
    id.is_some_and(|(_, id)| rules::find(id).is_some())
}

fn warnings(value: &Value) -> Result<Vec<String>, String> {
    let list = match value {
        Value::Null => return Ok(Vec::new()),
        Value::Array(list) => list,
        other => return Err(format!("warnings is {other}")),
    };
    let mut warnings = Vec::new();
    for (index, warning) in list.iter().enumerate() {
        let warning = text(warning, "a warning")?;
        let counts = index + 1 == list.len() && warning.starts_with("podgate: ") && warning.ends_with(" more warnings");
        hold(is_signed(warning) || counts, || format!("a warning names no rule: {warning}"))?;
        hold(!warning.starts_with("Warning"), || format!("kubectl itself says Warning: {warning}"))?;
        warnings.push(warning.to_owned());
    }
    let characters: usize = warnings.iter().map(|warning| warning.chars().count()).sum();
    hold(characters <= 4096, || format!("{characters} characters of warnings: the API server cuts them"))?;
    Ok(warnings)
}

fn annotations(value: &Value) -> Result<BTreeMap<String, String>, String> {
    let map = match value {
        Value::Null => return Ok(BTreeMap::new()),
        Value::Object(map) => map,
        other => return Err(format!("auditAnnotations is {other}")),
    };
    let mut annotations = BTreeMap::new();
    for (key, value) in map {
        let inner = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        let ends = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
        let bytes = key.as_bytes();
        let is_label =
            bytes.len() <= 63 && bytes.iter().all(|byte| inner(*byte)) && ends(bytes.first()) && ends(bytes.last());
        hold(is_label, || format!("audit annotation key {key:?} is no label name"))?;
        annotations.insert(key.clone(), text(value, "an audit annotation")?.to_owned());
    }
    Ok(annotations)
}

/// The causes of a denial that kubectl prints line by line, and controllers as one message.
fn denial(request: &Value, status: &Value) -> Result<Vec<(String, String)>, String> {
    hold(status["code"] == 422, || format!("status.code is {}, not 422", status["code"]))?;
    hold(status["reason"] == "Invalid", || format!("status.reason is {}, not Invalid", status["reason"]))?;
    let message = text(&status["message"], "status.message")?;
    let details = &status["details"];
    for field in ["group", "kind"] {
        hold(details[field] == request["kind"][field], || format!("details.{field} is {}", details[field]))?;
    }
    let metadata = &request["object"]["metadata"];
    let names = [&request["name"], &metadata["name"], &metadata["generateName"]];
    let name = names.into_iter().filter_map(Value::as_str).find(|name| !name.is_empty()).unwrap_or_default();
    hold(details["name"] == name, || format!("details.name is {}, the object's is {name:?}", details["name"]))?;

    let list = details["causes"].as_array().filter(|list| !list.is_empty()).ok_or("a denial without causes")?;
    let mut causes = Vec::new();
    for (index, cause) in list.iter().enumerate() {
        text(&cause["reason"], "a cause's reason")?;
        let said = text(&cause["message"], "a cause's message")?;
        hold(message.contains(said), || format!("status.message lacks {said:?}"))?;
        if index > 0 && index + 1 == list.len() && said.starts_with("and ") && said.ends_with(" more findings") {
            continue;
        }
        let field = text(&cause["field"], "a cause's field")?;
        hold(is_signed(said), || format!("a cause names no rule: {said}"))?;
        hold(message.contains(&format!("{field}: {said}")), || format!("status.message lacks the field {field}"))?;
        causes.push((field.to_owned(), said.to_owned()));
    }
    Ok(causes)
}

/// Decodes the patch and applies it.
fn patch(encoded: &Value, request: &Value, object: &mut Value) -> Result<Vec<Value>, String> {
    let bytes = BASE64_STANDARD.decode(text(encoded, "patch")?).map_err(|error| format!("patch: {error}"))?;
    let patch: json_patch::Patch = serde_json::from_slice(&bytes).map_err(|error| format!("patch: {error}"))?;
    let operations: Vec<Value> = serde_json::from_slice(&bytes).map_err(|error| format!("patch: {error}"))?;
    hold(!operations.is_empty(), || "a patch without operations".to_owned())?;
    for operation in &operations {
        hold(operation["op"] == "add", || format!("a patch only adds: {operation}"))?;
    }
    let decodes = |object: &Value| serde_json::from_value::<Pod>(object.clone()).map_err(|error| error.to_string());
    let before = decodes(object);
    json_patch::patch(object, &patch).map_err(|error| format!("the patch does not apply: {error}"))?;
    if request["kind"]["kind"] == "Pod" && before.is_ok() {
        decodes(object).map_err(|error| format!("the patched object is no Pod: {error}"))?;
    }
    Ok(operations)
}

/// The same answer, read by the types of another implementation. Those want a status always, and a patch as numbers.
fn as_kube_reads_it(answer: &Value, accepted: &Accepted) -> Result<(), String> {
    let mut answer = answer.clone();
    let response = answer["response"].as_object_mut().ok_or("there is no response")?;
    response.entry("status").or_insert(json!({}));
    if let Some(patch) = response.get_mut("patch") {
        *patch = json!(BASE64_STANDARD.decode(patch.as_str().unwrap_or_default()).unwrap_or_default());
    }
    let review: admission::AdmissionReview<DynamicObject> =
        serde_json::from_value(answer.clone()).map_err(|error| format!("kube cannot read the answer: {error}"))?;
    let response = review.response.ok_or("kube sees no response")?;
    let same = review.types.api_version == answer["apiVersion"]
        && response.uid == answer["response"]["uid"]
        && response.allowed == accepted.allowed
        && response.warnings.unwrap_or_default() == accepted.warnings
        && response.audit_annotations.into_iter().collect::<BTreeMap<_, _>>() == accepted.annotations
        && response.patch.is_some() != accepted.patch.is_empty();
    hold(same, || "kube reads something else".to_owned())?;
    if !accepted.allowed {
        let causes = response.result.details.map(|details| details.causes).unwrap_or_default();
        let causes = causes.into_iter().filter(|cause| !cause.field.is_empty());
        let causes: Vec<(String, String)> = causes.map(|cause| (cause.field, cause.message)).collect();
        hold(response.result.code == 422 && causes == accepted.causes, || "kube reads other causes".to_owned())?;
    }
    Ok(())
}

mod tests {
    use super::*;

    fn request() -> Vec<u8> {
        ask("CREATE", r#"{"metadata": {"name": "web"}, "spec": {"containers": [{"name": "app"}]}}"#, "null")
    }

    fn denied() -> Value {
        json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": {
            "uid": "uid-1", "allowed": false, "warnings": ["spec: w (podgate: invalid-probe)"],
            "auditAnnotations": {"port-conflict": "deny spec: x"},
            "status": {"code": 422, "reason": "Invalid", "message": "spec: x (podgate: port-conflict)",
                "details": {"group": "", "kind": "Pod", "name": "web", "causes": [
                    {"reason": "FieldValueInvalid", "field": "spec", "message": "x (podgate: port-conflict)"}]}}}})
    }

    fn patched(patch: &Value) -> Value {
        json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": {"uid": "uid-1",
            "allowed": true, "patchType": "JSONPatch", "patch": BASE64_STANDARD.encode(patch.to_string())}})
    }

    fn verdict(mode: Mode, answer: &Value) -> Result<Accepted, String> {
        read(mode, &request(), 200, answer.to_string().as_bytes())
    }

    #[test]
    fn good_answers_are_accepted() {
        let accepted = verdict(Mode::Validate, &denied()).unwrap();
        assert!(!accepted.allowed && accepted.warnings.len() == 1 && accepted.annotations.len() == 1);
        assert_eq!(accepted.causes, [("spec".to_owned(), "x (podgate: port-conflict)".to_owned())]);
        let accepted = verdict(Mode::Mutate, &patched(&json!([{"op": "add", "path": "/spec/x", "value": 1}]))).unwrap();
        assert_eq!((accepted.patch.len(), &accepted.object["spec"]["x"]), (1, &json!(1)));
    }

    /// Each change to a good denial, as a pointer and its new value, and what is said of it.
    #[test]
    fn bad_answers_are_not() {
        let long = "x".repeat(4000);
        let changes = [
            ("/apiVersion", json!("admission.k8s.io/v1beta1"), "asked in"),
            ("/kind", json!("Review"), "asked in"),
            ("/response", json!(null), "no response"),
            ("/response/uid", json!("uid-2"), "asked with"),
            ("/response/allowed", json!(null), "allowed is missing"),
            ("/response/allowed", json!(true), "status is ignored"),
            ("/response/warnings/0", json!("tab\there (podgate: invalid-probe)"), "not printable"),
            ("/response/warnings/0", json!("unsigned"), "names no rule"),
            ("/response/warnings/0", json!("no such rule (podgate: port-konflikt)"), "names no rule"),
            (
                "/response/warnings",
                json!(vec![format!("{long} (podgate: invalid-probe)"); 2]),
                "characters of warnings",
            ),
            ("/response/auditAnnotations", json!({"a/b": "x"}), "no label name"),
            ("/response/auditAnnotations", json!({"a".repeat(64): "x"}), "no label name"),
            ("/response/status/code", json!(403), "code"),
            ("/response/status/reason", json!("Forbidden"), "reason"),
            ("/response/status/message", json!("something"), "lacks"),
            ("/response/status/details/name", json!(""), "details.name"),
            ("/response/status/details/kind", json!("Deployment"), "details.kind"),
            ("/response/status/details/causes", json!([]), "without causes"),
            ("/response/status/details/causes/0/field", json!(""), "field"),
            ("/response/status/details/causes/0/message", json!("x"), "names no rule"),
        ];
        for (pointer, value, said) in changes {
            let mut answer = denied();
            *answer.pointer_mut(pointer).unwrap() = value;
            let error = verdict(Mode::Validate, &answer).unwrap_err();
            assert!(error.contains(said), "{pointer}: {error}");
        }
        assert!(read(Mode::Validate, &request(), 422, denied().to_string().as_bytes()).is_err());
        assert!(read(Mode::Validate, &request(), 200, b"").is_err());
    }

    #[test]
    fn bad_patches_are_not() {
        let good = json!([{"op": "add", "path": "/spec/x", "value": 1}]);
        assert!(verdict(Mode::Validate, &patched(&good)).unwrap_err().contains("may not patch"));
        let bad = [
            (json!([]), "without operations"),
            (json!({"op": "add"}), "patch"),
            (json!([{"op": "replace", "path": "/spec", "value": 1}]), "only adds"),
            (json!([{"op": "add", "path": "/spec/x/y", "value": 1}]), "does not apply"),
            (json!([{"op": "add", "path": "/spec/hostNetwork", "value": "yes"}]), "no Pod"),
        ];
        for (patch, said) in bad {
            let error = verdict(Mode::Mutate, &patched(&patch)).unwrap_err();
            assert!(error.contains(said), "{patch}: {error}");
        }
        for (field, value) in
            [("patchType", json!(null)), ("patch", json!(null)), ("patch", json!("%")), ("patchType", json!("Merge"))]
        {
            let mut answer = patched(&good);
            answer["response"][field] = value;
            assert!(verdict(Mode::Mutate, &answer).is_err(), "{field}");
        }
    }
}
