//! Compares fields of a Pod and of its containers as the API server does on an update: after its defaults, quantities by value, and what is empty
//! as if it were absent.

use serde_json::{Map, Value};

use crate::model::Quantity;

/// A field's value and the object that holds it.
#[derive(Clone, Copy)]
struct Field<'v> {
    value: Option<&'v Value>,
    holder: Option<&'v Map<String, Value>>,
}

impl<'v> Field<'v> {
    fn of(holder: Option<&'v Map<String, Value>>, field: &str) -> Self {
        Self { value: holder.and_then(|holder| holder.get(field)).filter(|value| !is_absent(field, value)), holder }
    }

    fn object(self) -> Option<&'v Map<String, Value>> {
        self.value.and_then(Value::as_object)
    }
}

/// Returns whether `field` says the same in two containers.
pub fn same_field(one: &Map<String, Value>, other: &Map<String, Value>, field: &str) -> bool {
    same(field, Field::of(Some(one), field), Field::of(Some(other), field))
}

/// Returns whether `field` says the same in the specs of two Pods.
pub fn same_in_pod(one: &Map<String, Value>, other: &Map<String, Value>, field: &str) -> bool {
    let value = |spec: &Map<String, Value>| {
        let given = spec.get(field).filter(|value| !is_absent(field, value));
        given.cloned().or_else(|| pod_default(field, spec))
    };
    let (one, other) = (value(one), value(other));
    // A Pod without resources of its own is another one than a Pod whose resources are empty.
    if field == "resources" && one.is_some() != other.is_some() {
        return false;
    }
    same(field, Field { value: one.as_ref(), holder: None }, Field { value: other.as_ref(), holder: None })
}

/// The value that the API server gives a field that is absent from a Pod's spec (`SetDefaults_PodSpec`). The two names of the service
/// account are one field.
fn pod_default(field: &str, spec: &Map<String, Value>) -> Option<Value> {
    match field {
        "restartPolicy" => Some("Always".into()),
        "dnsPolicy" => Some("ClusterFirst".into()),
        "schedulerName" => Some("default-scheduler".into()),
        "terminationGracePeriodSeconds" => Some(30.into()),
        "enableServiceLinks" => Some(true.into()),
        "securityContext" => Some(Map::new().into()),
        "serviceAccount" => spec.get("serviceAccountName").cloned(),
        "serviceAccountName" => spec.get("serviceAccount").cloned(),
        _ => None,
    }
}

fn same(field: &str, one: Field<'_>, other: Field<'_>) -> bool {
    if field == "overhead" {
        return same_amounts_of(one.object(), other.object());
    }
    if field == "resources" {
        return ["limits", "requests"].into_iter().all(|list| same_amounts(list, one.object(), other.object()))
            && same_members(one.object(), other.object(), |member| matches!(member, "limits" | "requests"));
    }
    match (one.value, other.value) {
        (None, None) => true,
        (Some(given), None) => default(field, other.holder).is_some_and(|default| *given == default),
        (None, Some(given)) => default(field, one.holder).is_some_and(|default| *given == default),
        (Some(Value::Object(one)), Some(Value::Object(other))) => same_members(Some(one), Some(other), |_| false),
        (Some(Value::Array(one)), Some(Value::Array(other))) => {
            let item = |value| Field { value: Some(value), holder: None };
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same("", item(one), item(other)))
        }
        (Some(one), Some(other)) => one == other || matches!(field, "divisor" | "sizeLimit") && same_amount(one, other),
    }
}

fn same_members(
    one: Option<&Map<String, Value>>,
    other: Option<&Map<String, Value>>,
    left_out: fn(&str) -> bool,
) -> bool {
    let fields = [one, other].into_iter().flatten().flat_map(Map::keys).filter(|field| !left_out(field));
    let mut same = fields.map(|field| same(field, Field::of(one, field), Field::of(other, field)));
    same.all(|same| same)
}

/// Compares `limits` or `requests`; a request that is not given is the limit (`SetDefaults_Pod`).
fn same_amounts(list: &str, one: Option<&Map<String, Value>>, other: Option<&Map<String, Value>>) -> bool {
    let amounts = |resources: Option<&Map<String, Value>>, list: &str| {
        resources.and_then(|resources| resources.get(list)).and_then(Value::as_object).cloned().unwrap_or_default()
    };
    let read = |resources| {
        let mut given = if list == "requests" { amounts(resources, "limits") } else { Map::new() };
        given.extend(amounts(resources, list));
        given
    };
    same_amounts_of(Some(&read(one)), Some(&read(other)))
}

fn same_amounts_of(one: Option<&Map<String, Value>>, other: Option<&Map<String, Value>>) -> bool {
    let len = |amounts: Option<&Map<String, Value>>| amounts.map_or(0, Map::len);
    let same = |name: &str, amount: &Value| {
        other.and_then(|other| other.get(name)).is_some_and(|other| same_amount(amount, other))
    };
    len(one) == len(other) && one.into_iter().flatten().all(|(name, amount)| same(name, amount))
}

fn same_amount(one: &Value, other: &Value) -> bool {
    let read = |value: &Value| {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        Quantity::new(text.as_str().into()).amount()
    };
    one == other || read(one).is_some_and(|one| read(other) == Some(one))
}

/// Returns whether a value is the same as an absent field to the API server. A boolean or number is only where its zero is not
/// told from nothing, because the field is no pointer; an object only is where it is a map.
fn is_absent(field: &str, value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(yes) => !yes && BOOLEANS.contains(&field),
        Value::Number(number) => number.as_i64() == Some(0) && NUMBERS.contains(&field),
        Value::String(text) => text.is_empty() || field == "divisor" && same_amount(value, &Value::from("0")),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty() && matches!(field, "nodeSelector" | "overhead" | "matchLabels"),
    }
}

/// Booleans that are no pointers.
const BOOLEANS: &[&str] = &["stdin", "stdinOnce", "tty", "readOnly", "hostNetwork", "hostPID", "hostIPC"];

/// Numbers of a container that are no pointers.
const NUMBERS: &[&str] =
    &["hostPort", "initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"];

/// The value that the API server gives a field that is absent from `holder` (`SetDefaults_Container`, `SetDefaults_Probe`,
/// `SetDefaults_HTTPGetAction`, `SetDefaults_ObjectFieldSelector`, and those of volumes).
fn default(field: &str, holder: Option<&Map<String, Value>>) -> Option<Value> {
    let text = match field {
        "imagePullPolicy" => pull_policy(holder?.get("image").and_then(Value::as_str).unwrap_or_default()),
        "terminationMessagePath" => "/dev/termination-log",
        "terminationMessagePolicy" => "File",
        "protocol" => "TCP",
        "path" => "/",
        "scheme" => "HTTP",
        "apiVersion" => "v1",
        "volumeMode" => "Filesystem",
        // A volume with nothing but a name.
        "emptyDir" if holder?.len() <= 1 => return Some(Map::new().into()),
        "defaultMode" => return Some(0o644.into()),
        "expirationSeconds" => return Some(3600.into()),
        "timeoutSeconds" | "successThreshold" => return Some(1.into()),
        "failureThreshold" => return Some(3.into()),
        "periodSeconds" => return Some(10.into()),
        _ => return None,
    };
    Some(text.into())
}

/// `Always` for the tag `latest`, which is also that of an image with neither tag nor digest; `IfNotPresent` for any other.
fn pull_policy(image: &str) -> &'static str {
    let (name, has_digest) = image.split_once('@').map_or((image, false), |(name, _)| (name, true));
    let last = name.rsplit('/').next().unwrap_or(name);
    let is_latest = last.split_once(':').map_or(!has_digest, |(_, tag)| tag == "latest");
    if is_latest { "Always" } else { "IfNotPresent" }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_same(field: &str, one: &str, other: &str) -> bool {
        let read = |text: &str| serde_json::from_str::<Map<String, Value>>(text).unwrap();
        let (one, other) = (read(one), read(other));
        assert_eq!(same_field(&one, &other, field), same_field(&other, &one, field), "{one:?} {other:?}");
        same_field(&one, &other, field)
    }

    #[test]
    fn fields_of_a_pod() {
        let is_same = |field: &str, one: &str, other: &str| {
            let read = |text: &str| serde_json::from_str::<Map<String, Value>>(text).unwrap();
            let (one, other) = (read(one), read(other));
            assert_eq!(same_in_pod(&one, &other, field), same_in_pod(&other, &one, field), "{one:?} {other:?}");
            same_in_pod(&one, &other, field)
        };
        for (field, one, other) in [
            ("restartPolicy", "{}", r#"{"restartPolicy": "Always"}"#),
            ("hostNetwork", "{}", r#"{"hostNetwork": false}"#),
            ("securityContext", "{}", r#"{"securityContext": {}}"#),
            (
                "serviceAccount",
                r#"{"serviceAccountName": "a"}"#,
                r#"{"serviceAccountName": "a", "serviceAccount": "a"}"#,
            ),
            ("overhead", r#"{"overhead": {"cpu": "100m"}}"#, r#"{"overhead": {"cpu": 0.1}}"#),
            ("overhead", r#"{"overhead": {}}"#, "{}"),
            ("nodeSelector", r#"{"nodeSelector": {}}"#, "{}"),
            ("volumes", r#"{"volumes": [{"name": "a"}]}"#, r#"{"volumes": [{"name": "a", "emptyDir": {}}]}"#),
            (
                "volumes",
                r#"{"volumes": [{"name": "a", "configMap": {"name": "c"}}]}"#,
                r#"{"volumes": [{"name": "a", "configMap": {"name": "c", "defaultMode": 420}}]}"#,
            ),
            (
                "volumes",
                r#"{"volumes": [{"name": "a", "emptyDir": {"sizeLimit": "1Gi"}}]}"#,
                r#"{"volumes": [{"name": "a", "emptyDir": {"sizeLimit": "1024Mi"}}]}"#,
            ),
        ] {
            assert!(is_same(field, one, other), "{field}: {one} {other}");
        }
        for (field, one, other) in [
            ("restartPolicy", "{}", r#"{"restartPolicy": "Never"}"#),
            ("hostNetwork", "{}", r#"{"hostNetwork": true}"#),
            ("affinity", "{}", r#"{"affinity": {}}"#),
            ("resources", "{}", r#"{"resources": {}}"#),
            ("shareProcessNamespace", "{}", r#"{"shareProcessNamespace": false}"#),
            ("serviceAccountName", r#"{"serviceAccountName": "a"}"#, r#"{"serviceAccountName": "b"}"#),
            ("overhead", "{}", r#"{"overhead": {"cpu": 0.1}}"#),
            ("volumes", r#"{"volumes": [{"name": "a"}]}"#, r#"{"volumes": [{"name": "a", "secret": {}}]}"#),
        ] {
            assert!(!is_same(field, one, other), "{field}: {one} {other}");
        }
    }

    #[test]
    fn what_the_api_server_takes_for_the_same() {
        for (field, one, other) in [
            ("command", r#"{"command": []}"#, "{}"),
            ("workingDir", r#"{"workingDir": ""}"#, r#"{"workingDir": null}"#),
            ("tty", r#"{"tty": false}"#, "{}"),
            ("imagePullPolicy", r#"{"image": "a:1", "imagePullPolicy": "IfNotPresent"}"#, r#"{"image": "a:1"}"#),
            ("imagePullPolicy", r#"{"image": "h:5000/a", "imagePullPolicy": "Always"}"#, r#"{"image": "h:5000/a"}"#),
            ("imagePullPolicy", r#"{"image": "a"}"#, r#"{"image": "a:1"}"#),
            ("terminationMessagePolicy", r#"{"terminationMessagePolicy": "File"}"#, "{}"),
            (
                "ports",
                r#"{"ports": [{"containerPort": 1, "protocol": "TCP", "hostPort": 0}]}"#,
                r#"{"ports": [{"containerPort": 1}]}"#,
            ),
            (
                "startupProbe",
                r#"{"startupProbe": {"httpGet": {"port": 1, "path": "/"}, "periodSeconds": 10}}"#,
                r#"{"startupProbe": {"httpGet": {"port": 1, "scheme": "HTTP"}, "failureThreshold": 3}}"#,
            ),
            ("env", r#"{"env": [{"name": "A", "value": ""}]}"#, r#"{"env": [{"name": "A"}]}"#),
            (
                "env",
                r#"{"env": [{"valueFrom": {"resourceFieldRef": {"divisor": "0"}}}]}"#,
                r#"{"env": [{"valueFrom": {"resourceFieldRef": {}}}]}"#,
            ),
            (
                "env",
                r#"{"env": [{"valueFrom": {"fieldRef": {"apiVersion": "v1"}}}]}"#,
                r#"{"env": [{"valueFrom": {"fieldRef": {}}}]}"#,
            ),
            ("volumeMounts", r#"{"volumeMounts": [{"readOnly": false, "subPath": ""}]}"#, r#"{"volumeMounts": [{}]}"#),
            (
                "resources",
                r#"{"resources": {"requests": {"cpu": "100m", "memory": "1Gi"}}}"#,
                r#"{"resources": {"requests": {"cpu": 0.1, "memory": "1024Mi"}}}"#,
            ),
            (
                "resources",
                r#"{"resources": {"limits": {"cpu": 1}, "requests": {"cpu": "1000m"}}}"#,
                r#"{"resources": {"limits": {"cpu": 1}}}"#,
            ),
            ("resources", r#"{"resources": {"limits": {}, "claims": []}}"#, "{}"),
        ] {
            assert!(is_same(field, one, other), "{field}: {one} {other}");
        }
    }

    #[test]
    fn what_it_refuses() {
        for (field, one, other) in [
            ("command", r#"{"command": ["a"]}"#, "{}"),
            ("args", r#"{"args": ["a", "b"]}"#, r#"{"args": ["b", "a"]}"#),
            ("tty", r#"{"tty": true}"#, "{}"),
            ("securityContext", r#"{"securityContext": {"privileged": false}}"#, r#"{"securityContext": {}}"#),
            ("securityContext", r#"{"securityContext": {}}"#, "{}"),
            ("imagePullPolicy", r#"{"image": "a:1", "imagePullPolicy": "Always"}"#, r#"{"image": "a:1"}"#),
            (
                "imagePullPolicy",
                r#"{"image": "a@sha256:0", "imagePullPolicy": "Always"}"#,
                r#"{"image": "a@sha256:0"}"#,
            ),
            (
                "ports",
                r#"{"ports": [{"containerPort": 1, "protocol": "UDP"}]}"#,
                r#"{"ports": [{"containerPort": 1}]}"#,
            ),
            ("startupProbe", r#"{"startupProbe": {"periodSeconds": 5}}"#, r#"{"startupProbe": {}}"#),
            (
                "resources",
                r#"{"resources": {"requests": {"cpu": "100m"}}}"#,
                r#"{"resources": {"requests": {"cpu": "0.2"}}}"#,
            ),
            (
                "resources",
                r#"{"resources": {"limits": {"cpu": 1}, "requests": {"cpu": "100m"}}}"#,
                r#"{"resources": {"limits": {"cpu": 1}}}"#,
            ),
            ("resources", r#"{"resources": {"claims": [{"name": "gpu"}]}}"#, "{}"),
            ("futureField", r#"{"futureField": {"a": 0}}"#, r#"{"futureField": {}}"#),
        ] {
            assert!(!is_same(field, one, other), "{field}: {one} {other}");
        }
    }
}
