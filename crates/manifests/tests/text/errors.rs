//! What is said of objects that are not what their kind says: every error, in its place, in words for people.

use podgate_engine::policy::Engine;
use podgate_manifests::{Check, Text, fix};

fn inputs(name: &str, text: &str) -> [Text; 1] {
    [Text { name: name.to_owned(), text: text.to_owned() }]
}

/// What `check` says, without the name of the file.
fn said(name: &str, text: &str) -> Vec<String> {
    let engine = Engine::default();
    let outcome = Check { engine: &engine, namespace: "default", old: &[], folder: "", around: &[] }
        .run(&inputs(name, text), &|_| {});
    let lines = outcome.problems.iter().map(ToString::to_string);
    lines.map(|line| line.strip_prefix(&format!("{name}:")).unwrap().to_owned()).collect()
}

/// What is said of a Pod with one member of its spec, without the place of the object.
fn of_spec(member: &str) -> Vec<String> {
    let text = format!("apiVersion: v1\nkind: Pod\nmetadata: {{name: web}}\nspec:\n  {member}\n");
    let lines = said("a.yaml", &text).into_iter();
    lines.map(|line| line.strip_prefix("5:").map_or(line.clone(), str::to_owned)).collect()
}

#[test]
fn a_key_with_a_dot_has_its_own_place() {
    let text = "\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  annotations:
    a: b
  labels:
    app.kubernetes.io/version: 1.10
spec: {}
";
    let wanted = ["8:5: Deployment web: metadata.labels[app.kubernetes.io/version]: is 1.1; a string is expected"];
    assert_eq!(said("a.yaml", text), wanted);
    let json = "{\"apiVersion\": \"v1\", \"kind\": \"Pod\", \"metadata\": {\"name\": \"web\", \"labels\": {\n  \"a.b/c[0].d\": 1}}}";
    assert_eq!(said("a.json", json), ["2:3: Pod web: metadata.labels[a.b/c[0].d]: is 1; a string is expected"]);
}

#[test]
fn every_error_of_an_object_is_said() {
    let text = "\
apiVersion: v1
kind: Pod
metadata:
  name: web
  labels: {hot: on, fine: a}
spec:
  hostNetwork: 'true'
  terminationGracePeriodSeconds: '30'
  containers:
  - name: app
    ports:
    - containerPort: http
    - containerPort: 8080
      name: 3
  - just a word
  - name: other
    command: sleep 1
    resources: [cpu]
";
    let wanted = [
        "5:12: Pod web: metadata.labels.hot: is true; a string is expected (YAML takes y, yes, on, n, no and off for booleans: quote them)",
        "7:3: Pod web: spec.hostNetwork: is the string \"true\"; true or false is expected",
        "8:3: Pod web: spec.terminationGracePeriodSeconds: is the string \"30\"; a whole number is expected",
        "12:7: Pod web: spec.containers[0].ports[0].containerPort: is the string \"http\"; a whole number is expected",
        "14:7: Pod web: spec.containers[0].ports[1].name: is 3; a string is expected",
        "15:5: Pod web: spec.containers[1]: is the string \"just a word\"; an object is expected",
        "17:5: Pod web: spec.containers[2].command: is the string \"sleep 1\"; a list is expected",
        "18:5: Pod web: spec.containers[2].resources: is a list; an object is expected",
    ];
    assert_eq!(said("a.yaml", text), wanted);
    // The other ways in say the same.
    let fixed = fix::fix(&Engine::default(), &inputs("a.yaml", text), "default");
    let lines: Vec<String> = fixed[0].problems.iter().map(ToString::to_string).collect();
    assert_eq!(lines, wanted.map(|line| format!("a.yaml:{line}")));
}

#[test]
fn each_type_in_the_place_of_each_other() {
    for (member, wanted) in [
        (
            "activeDeadlineSeconds: '3'",
            "3: Pod web: spec.activeDeadlineSeconds: is the string \"3\"; a whole number is expected",
        ),
        ("activeDeadlineSeconds: 1.5", "3: Pod web: spec.activeDeadlineSeconds: is 1.5; a whole number is expected"),
        ("activeDeadlineSeconds: 1e3", "3: Pod web: spec.activeDeadlineSeconds: is 1000.0; a whole number is expected"),
        ("activeDeadlineSeconds: [3]", "3: Pod web: spec.activeDeadlineSeconds: is a list; a whole number is expected"),
        (
            "activeDeadlineSeconds: {a: 3}",
            "3: Pod web: spec.activeDeadlineSeconds: is an object; a whole number is expected",
        ),
        (
            "activeDeadlineSeconds: 99999999999999999999",
            "3: Pod web: spec.activeDeadlineSeconds: is 1e+20, which 64 bits do not hold; a whole number is expected",
        ),
        (
            "activeDeadlineSeconds: 9999999999999999999",
            "3: Pod web: spec.activeDeadlineSeconds: is 9999999999999999999, which 64 bits do not hold; a whole number is expected",
        ),
        ("nodeName: 3", "3: Pod web: spec.nodeName: is 3; a string is expected"),
        ("nodeName: [a]", "3: Pod web: spec.nodeName: is a list; a string is expected"),
        ("nodeName: {a: b}", "3: Pod web: spec.nodeName: is an object; a string is expected"),
        ("hostNetwork: 1", "3: Pod web: spec.hostNetwork: is 1; true or false is expected"),
        ("hostNetwork: []", "3: Pod web: spec.hostNetwork: is a list; true or false is expected"),
        ("volumes: {}", "3: Pod web: spec.volumes: is an object; a list is expected"),
        ("volumes: a", "3: Pod web: spec.volumes: is the string \"a\"; a list is expected"),
        ("volumes: 3", "3: Pod web: spec.volumes: is 3; a list is expected"),
        ("volumes: [[a]]", "13: Pod web: spec.volumes[0]: is a list; an object is expected"),
        ("volumes: [null]", "13: Pod web: spec.volumes[0]: is null; an object is expected"),
        ("volumes: [{emptyDir: []}]", "14: Pod web: spec.volumes[0].emptyDir: is a list; an object is expected"),
        (
            "affinity: off",
            "3: Pod web: spec.affinity: is false; an object is expected (YAML takes y, yes, on, n, no and off for booleans: quote them)",
        ),
        ("affinity: a", "3: Pod web: spec.affinity: is the string \"a\"; an object is expected"),
        ("affinity: []", "3: Pod web: spec.affinity: is a list; an object is expected"),
        ("overhead: []", "3: Pod web: spec.overhead: is a list; an object of quantities is expected"),
        ("overhead: {cpu: []}", "14: Pod web: spec.overhead.cpu: is a list; a quantity is expected"),
        (
            "containers: [{readinessProbe: {httpGet: {port: 1.5}}}]",
            "44: Pod web: spec.containers[0].readinessProbe.httpGet.port: is 1.5; a whole number or a string is expected",
        ),
    ] {
        assert_eq!(of_spec(member), [wanted], "{member}");
    }
}

#[test]
fn no_word_is_of_rust_or_of_serde() {
    for value in
        ["3", "1.5", "'3'", "true", "[]", "[[]]", "{}", "[{}]", "-1", "1e999", "99999999999999999999", "[null]"]
    {
        for field in [
            "nodeName",
            "containers",
            "hostNetwork",
            "affinity",
            "resources",
            "overhead",
            "tolerations",
            "schedulingGates",
            "activeDeadlineSeconds",
            "readinessGates",
            "topologySpreadConstraints",
        ] {
            for line in of_spec(&format!("{field}: {value}")) {
                for word in
                    ["struct", "i64", "invalid", "map", "sequence", "expected a", "`", "integer", "floating", "option"]
                {
                    assert!(!line.contains(word), "{line}");
                }
                assert!(line.contains(" is expected"), "{line}");
            }
        }
    }
}

/// Objects that make Pods are read in parts, whose errors are joined.
#[test]
fn errors_of_a_job_and_of_its_template() {
    let text = "\
apiVersion: batch/v1
kind: Job
metadata: {name: once}
spec:
  backoffLimit: many
  template:
    spec:
      restartPolicy: [Never]
      containers: none
";
    let wanted = [
        "5:3: Job once: spec.backoffLimit: is the string \"many\"; a whole number is expected",
        "8:7: Job once: spec.template.spec.restartPolicy: is a list; a string is expected",
        "9:7: Job once: spec.template.spec.containers: is the string \"none\"; a list is expected",
    ];
    assert_eq!(said("a.yaml", text), wanted);
}

/// Objects that are only looked at for others, and items of Lists.
#[test]
fn errors_of_other_objects_and_in_lists() {
    let text = "\
apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: Service
  metadata: {name: web}
  spec: {selector: web, ports: 80}
- apiVersion: policy/v1
  kind: PodDisruptionBudget
  metadata: {name: web}
  spec: {minAvailable: []}
";
    let wanted = [
        "7:10: Service web: spec.selector: is the string \"web\"; an object of strings is expected",
        "7:25: Service web: spec.ports: is 80; a list is expected",
        "11:10: PodDisruptionBudget web: spec.minAvailable: is a list; a whole number or a string is expected",
    ];
    assert_eq!(said("a.yaml", text), wanted);
}

#[test]
fn of_very_many_errors_the_first_are_said() {
    let labels: String = (0..1000).map(|number| format!("    a{number}: {number}\n")).collect();
    let text = format!("apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\n  labels:\n{labels}spec: {{}}\n");
    let lines = said("a.yaml", &text);
    assert_eq!(lines.len(), 20);
    assert_eq!(lines[0], "6:5: Pod web: metadata.labels.a0: is 0; a string is expected");
    let last = "25:5: Pod web: metadata.labels.a19: is 19; a string is expected; there are more errors behind this one";
    assert_eq!(lines[19], last);
}

/// An object whose old version cannot be read is placed as a whole: the field may be right by now, or gone.
#[test]
fn errors_of_the_old_object() {
    let deployment = |replicas: &str| {
        format!(
            "# Old or new\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec:\n  replicas: {replicas}\n"
        )
    };
    let engine = Engine::default();
    let (new, old) = (inputs("new.yaml", &deployment("3")), inputs("old.yaml", &deployment("'3'")));
    let outcome =
        Check { engine: &engine, namespace: "default", old: &old, folder: "", around: &[] }.run(&new, &|_| {});
    let lines: Vec<String> = outcome.problems.iter().map(ToString::to_string).collect();
    let wanted =
        "new.yaml:2:1: Deployment web: as it was: spec.replicas: is the string \"3\"; a whole number is expected";
    assert_eq!(lines, [wanted]);
}
