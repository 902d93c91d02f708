//! Random Pods, as JSON: what an API server could send and what it never would. Known fields have their types; whatever is to
//! be any JSON at all has a name that no API has.

use proptest::{
    collection::vec,
    prelude::{BoxedStrategy, Just, Strategy, any, prop_oneof},
    sample::select,
};
use serde_json::{Map, Value, json};

pub type Json = BoxedStrategy<Value>;

/// Any JSON value, not deep.
pub fn any_json() -> Json {
    let text = prop_oneof![select(&NAMES[..]).prop_map(str::to_owned), "\\PC{0,6}", any::<String>()];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        // Without digits that get lost when it is written and read again.
        any::<i32>().prop_map(|number| Value::from(f64::from(number) / 8.0)),
        text.prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        let key = prop_oneof![select(&KEYS[..]).prop_map(str::to_owned), "\\PC{0,4}"];
        prop_oneof![
            vec(inner.clone(), 0..3).prop_map(Value::from),
            vec((key, inner), 0..3).prop_map(|members| Value::Object(Map::from_iter(members))),
        ]
    })
    .boxed()
}

/// Names that meet each other often, with some that no API server would take.
const NAMES: [&str; 9] = ["app", "a", "b", "metrics", "", "Ä ö/~1", "a\u{0}b\n\"c\"", "日本", "x/y~z"];
/// Keys that podgate knows, for values that it does not expect there.
const KEYS: [&str; 8] = ["spec", "containers", "name", "ports", "metadata", "port", "httpGet", "restartPolicy"];

fn one_of(values: &[Value]) -> Json {
    select(values.to_vec()).boxed()
}

fn name() -> Json {
    one_of(&NAMES.map(Value::from))
}

/// An object that has each member in as many of a hundred cases as is said; in some others it is null.
fn object(members: Vec<(&'static str, u32, Json)>) -> Json {
    let member = |(key, chance, value): (&'static str, u32, Json)| {
        let rest = 100 - chance.min(99);
        let null = rest.div_ceil(8);
        prop_oneof![
            rest => Just(None),
            null => Just(Some((key.to_owned(), Value::Null))),
            chance => value.prop_map(move |value| Some((key.to_owned(), value))),
        ]
    };
    let members: Vec<_> = members.into_iter().map(member).collect();
    members.prop_map(|members| Value::Object(members.into_iter().flatten().collect())).boxed()
}

fn list(items: Json, most: usize) -> Json {
    vec(items, 0..=most).prop_map(Value::from).boxed()
}

/// Small numbers, the edges of what is allowed, and beyond.
fn number(likely: &[i64]) -> Json {
    let likely: Vec<Value> = likely.iter().map(|number| json!(number)).collect();
    let edges = [-1, 0, 1, 65535, 65536, i64::from(i32::MAX), i64::MAX, i64::MIN].map(Value::from);
    prop_oneof![5 => one_of(&likely), 1 => one_of(&edges)].boxed()
}

fn port_name() -> Json {
    one_of(&["http", "https", "web", "grpc", "metrics", "a--b", "", "TOO-LONG-FOR-A-PORT", "8080"].map(Value::from))
}

fn ports() -> Json {
    let port = object(vec![
        ("name", 50, port_name()),
        ("containerPort", 95, number(&[80, 8080, 8080, 9090])),
        ("hostPort", 20, number(&[80, 8080])),
        ("hostIP", 15, one_of(&["", "0.0.0.0", "10.0.0.1", "::"].map(Value::from))),
        ("protocol", 40, one_of(&["TCP", "UDP", "SCTP", "tcp"].map(Value::from))),
        ("future", 5, any_json()),
    ]);
    list(port, 3)
}

fn handler() -> Vec<(&'static str, u32, Json)> {
    let port = || prop_oneof![number(&[80, 8080]), port_name()].boxed();
    vec![
        ("httpGet", 40, object(vec![("port", 90, port()), ("path", 50, name()), ("scheme", 20, name())])),
        ("tcpSocket", 25, object(vec![("port", 90, port())])),
        ("grpc", 15, object(vec![("port", 90, port()), ("service", 20, name())])),
        ("exec", 15, object(vec![("command", 80, list(name(), 2))])),
    ]
}

fn hook() -> Json {
    let mut members = handler();
    members.push(("sleep", 40, object(vec![("seconds", 90, number(&[0, 5, 60]))])));
    object(members)
}

/// What a container is restarted for, whatever its policy says.
fn restart_rule() -> Json {
    let exit_codes = object(vec![
        ("operator", 90, one_of(&["In", "NotIn", "Exists"].map(Value::from))),
        ("values", 90, list(number(&[0, 1, 42]), 2)),
    ]);
    object(vec![
        ("action", 90, one_of(&["Restart", "RestartAllContainers"].map(Value::from))),
        ("exitCodes", 80, exit_codes),
    ])
}

fn probe() -> Json {
    let mut members = handler();
    for field in ["initialDelaySeconds", "periodSeconds", "timeoutSeconds", "successThreshold", "failureThreshold"] {
        members.push((field, 20, number(&[1, 1, 2, 10])));
    }
    members.push(("terminationGracePeriodSeconds", 10, number(&[1, 30])));
    members.push(("future", 5, any_json()));
    // Two probes of one container that ask the same are rare among the others.
    let usual = json!({"tcpSocket": {"port": 8080}});
    prop_oneof![3 => object(members), 1 => Just(usual)].boxed()
}

fn container() -> Json {
    object(vec![
        ("name", 97, name()),
        ("image", 90, one_of(&["a:1", "a:2", "registry.example.com/b@sha256:0"].map(Value::from))),
        ("restartPolicy", 35, one_of(&["Always", "Always", "OnFailure", "Never", "always"].map(Value::from))),
        ("ports", 60, ports()),
        ("readinessProbe", 25, probe()),
        ("livenessProbe", 20, probe()),
        ("startupProbe", 15, probe()),
        ("restartPolicyRules", 10, list(restart_rule(), 2)),
        ("lifecycle", 15, lifecycle()),
        ("resources", 20, resources()),
        (
            "volumeMounts",
            40,
            list(object(vec![("name", 90, name()), ("mountPath", 90, name()), ("readOnly", 30, boolean())]), 2),
        ),
        ("command", 15, list(name(), 2)),
        ("args", 15, list(name(), 2)),
        ("futureField", 15, any_json()),
        ("a/b~c", 5, any_json()),
    ])
}

fn lifecycle() -> Json {
    object(vec![
        ("preStop", 60, hook()),
        ("postStart", 40, hook()),
        ("stopSignal", 30, one_of(&["SIGKILL", "SIGTERM", "SIGUSR1"].map(Value::from))),
    ])
}

fn boolean() -> Json {
    any::<bool>().prop_map(Value::from).boxed()
}

fn quantities() -> Json {
    let quantity =
        || one_of(&[json!("100m"), json!("64Mi"), json!("1e3"), json!(1), json!(0.5), json!("many"), json!("")]);
    object(vec![("cpu", 60, quantity()), ("memory", 60, quantity()), ("example.com/gpu", 10, quantity())])
}

fn resources() -> Json {
    object(vec![("requests", 60, quantities()), ("limits", 60, quantities())])
}

fn volume() -> Json {
    let empty_dir =
        object(vec![("medium", 50, one_of(&["Memory".into(), "".into()])), ("sizeLimit", 40, one_of(&["1Gi".into()]))]);
    object(vec![("name", 90, name()), ("emptyDir", 50, empty_dir), ("persistentVolumeClaim", 20, any_object())])
}

fn metadata() -> Json {
    let labels = object(vec![("app", 50, name()), ("queue", 30, name()), ("serving.knative.dev/revision", 4, name())]);
    let annotations = object(vec![("kubernetes.io/config.mirror", 4, name()), ("note", 30, name())]);
    let owner = object(vec![
        ("kind", 90, one_of(&["ReplicaSet", "DaemonSet", "Job"].map(Value::from))),
        ("controller", 70, boolean()),
    ]);
    object(vec![
        ("name", 80, name()),
        ("generateName", 20, name()),
        ("namespace", 50, name()),
        ("labels", 50, labels),
        ("annotations", 30, annotations),
        ("ownerReferences", 25, list(owner, 2)),
        ("deletionTimestamp", 4, one_of(&["2026-01-01T00:00:00Z".into()])),
        ("managedFields", 10, any_json()),
    ])
}

fn pod_spec() -> Json {
    let gate = object(vec![("name", 97, one_of(&["example.com/quota", "b", "not a name", "b"].map(Value::from)))]);
    object(vec![
        ("containers", 97, list(container(), 3)),
        ("initContainers", 70, list(container(), 3)),
        ("ephemeralContainers", 15, list(container(), 2)),
        ("restartPolicy", 35, one_of(&["Always", "Always", "OnFailure", "Never", "never"].map(Value::from))),
        ("hostNetwork", 20, boolean()),
        ("nodeName", 15, one_of(&["n1", "", "n2"].map(Value::from))),
        ("schedulingGates", 25, list(gate, 3)),
        ("readinessGates", 15, list(object(vec![("conditionType", 90, name())]), 1)),
        ("volumes", 40, list(volume(), 2)),
        (
            "tolerations",
            15,
            list(
                object(vec![
                    ("key", 50, name()),
                    ("operator", 50, one_of(&["Exists", "Exists", "Equal", "x"].map(Value::from))),
                    ("effect", 30, one_of(&["NoExecute", "NoSchedule", "x"].map(Value::from))),
                    ("tolerationSeconds", 30, number(&[0, 300])),
                ]),
                2,
            ),
        ),
        ("resources", 10, resources()),
        ("overhead", 5, quantities()),
        ("activeDeadlineSeconds", 20, number(&[1, 600])),
        ("terminationGracePeriodSeconds", 20, number(&[0, 30])),
        ("future", 15, any_json()),
    ])
}

fn status() -> Json {
    let condition = object(vec![
        ("type", 90, one_of(&["Initialized", "Initialized", "Ready"].map(Value::from))),
        ("status", 90, one_of(&["True", "True", "False"].map(Value::from))),
    ]);
    let state =
        object(vec![("running", 30, any_object()), ("terminated", 30, any_object()), ("waiting", 30, any_object())]);
    let container_status = object(vec![("name", 90, name()), ("state", 80, state)]);
    object(vec![
        ("conditions", 70, list(condition, 2)),
        ("containerStatuses", 60, list(container_status, 2)),
        ("phase", 50, name()),
    ])
}

fn any_object() -> Json {
    object(vec![("startedAt", 50, name())])
}

/// A Pod whose fields have the types that podgate expects, and otherwise any values.
pub fn pod() -> Json {
    object(vec![
        ("apiVersion", 90, one_of(&["v1".into()])),
        ("kind", 90, one_of(&["Pod".into()])),
        ("metadata", 95, metadata()),
        ("spec", 98, pod_spec()),
        ("status", 60, status()),
        ("future", 10, any_json()),
    ])
}

/// A Pod, and what somebody made of it: some parts are those of another Pod, or gone.
pub fn update() -> BoxedStrategy<(Value, Value)> {
    let parts: Vec<&str> = vec![
        "/metadata",
        "/metadata/labels",
        "/spec/initContainers",
        "/spec/initContainers/0",
        // The only change that is allowed there, and so often that some Pods have it alone.
        "/spec/initContainers/0/image",
        "/spec/initContainers/0/image",
        "/spec/initContainers/0/image",
        "/spec/initContainers/1",
        "/spec/containers",
        "/spec/containers/0",
        "/spec/containers/0/ports",
        "/spec/ephemeralContainers",
        "/spec/schedulingGates",
        "/spec/nodeName",
        "/spec/future",
        "/spec",
    ];
    (pod(), pod(), vec(select(parts), 1..4))
        .prop_map(|(old, other, parts)| {
            let mut new = old.clone();
            for part in parts {
                graft(&mut new, &other, part);
            }
            (old, new)
        })
        .boxed()
}

/// Makes what is at `pointer` what it is in `other`: adds, replaces or removes it.
fn graft(value: &mut Value, other: &Value, pointer: &str) {
    let (parent, last) = pointer.rsplit_once('/').unwrap();
    match (value.pointer_mut(parent), other.pointer(pointer)) {
        (Some(Value::Object(map)), Some(part)) => drop(map.insert(last.to_owned(), part.clone())),
        (Some(Value::Object(map)), None) => drop(map.shift_remove(last)),
        (Some(Value::Array(items)), part) => {
            let index: usize = last.parse().unwrap();
            match part {
                Some(part) if index < items.len() => items[index] = part.clone(),
                Some(part) => items.push(part.clone()),
                None if index < items.len() => drop(items.remove(index)),
                None => {}
            }
        }
        _ => {}
    }
}
