//! One change each to a Pod spec that is in order: around every limit that the API server and podgate know.

use serde_json::{Value, json};

/// Sets one member of a Pod spec.
#[derive(Debug, Clone)]
pub struct Edit {
    /// JSON pointer into the spec.
    pub at: String,
    pub value: Value,
}

/// What every sample starts from: nobody has anything against it.
pub fn spec() -> Value {
    json!({
        "initContainers": [
            {"name": "setup", "image": "example.com/setup:1"},
            {"name": "proxy", "image": "example.com/proxy:1", "restartPolicy": "Always"}
        ],
        "containers": [
            {"name": "app", "image": "example.com/app:1"},
            {"name": "helper", "image": "example.com/helper:1"}
        ],
        "volumes": [{"name": "data", "emptyDir": {}}]
    })
}

/// Edits that mean something only together.
pub fn pairs() -> Vec<[Edit; 2]> {
    let all = |firsts: Vec<Edit>, seconds: Vec<Edit>| {
        firsts.into_iter().flat_map(move |first| seconds.clone().into_iter().map(move |second| [first.clone(), second]))
    };
    let on =
        |at: &'static str, values: Vec<Edit>| values.into_iter().filter(move |edit| edit.at == at).collect::<Vec<_>>();
    let host_network = all(edits(["/hostNetwork"], &json!([true])), ports());
    let two_containers = all(on("/containers/0/ports", ports()), on("/containers/1/ports", ports()));
    let after_sidecar = all(on("/initContainers/1/ports", ports()), on("/containers/0/ports", ports()));
    let gated = all(edits(["/nodeName"], &json!(["node-1"])), on("/schedulingGates", gates()));
    let grace =
        all(edits(["/terminationGracePeriodSeconds"], &json!([0, 5])), on("/containers/0/lifecycle/preStop", hooks()));
    let twice = all(on("/containers/0/volumeMounts", volumes()), on("/containers/0/volumeDevices", volumes()));
    host_network.chain(twice).chain(two_containers).chain(after_sidecar).chain(gated).chain(grace).collect()
}

pub fn all() -> Vec<Edit> {
    let groups =
        [probes(), hooks(), container_restarts(), ports(), gates(), volumes(), resources(), seconds(), misplaced()];
    groups.into_iter().flatten().collect()
}

/// The values of a Pod's restartPolicy; `null` is absent.
pub fn restart_policies() -> Vec<Edit> {
    let values = json!([null, "", "Always", "OnFailure", "Never", "always", "Sometimes"]);
    edits(["/restartPolicy"], &values)
}

/// Every value at every place.
fn edits<P: Into<String>>(places: impl IntoIterator<Item = P>, values: &Value) -> Vec<Edit> {
    let values = values.as_array().unwrap();
    let each = |at: String| values.iter().map(move |value| Edit { at: at.clone(), value: value.clone() });
    places.into_iter().map(Into::into).flat_map(each).collect()
}

fn probes() -> Vec<Edit> {
    let handlers = json!([
        {},
        {"exec": {}},
        {"exec": {"command": []}},
        {"exec": {"command": [""]}},
        {"exec": {"command": ["true"]}},
        {"httpGet": {}},
        {"httpGet": {"port": 0}},
        {"httpGet": {"port": -1}},
        {"httpGet": {"port": 1}},
        {"httpGet": {"port": 65535}},
        {"httpGet": {"port": 65536}},
        {"httpGet": {"port": ""}},
        {"httpGet": {"port": "8080"}},
        {"httpGet": {"port": "HTTP"}},
        {"httpGet": {"port": "a--b"}},
        {"httpGet": {"port": "-a"}},
        {"httpGet": {"port": "sixteen-letters-"}},
        {"httpGet": {"port": 8080, "scheme": "HTTPS"}},
        {"httpGet": {"port": 8080, "scheme": "https"}},
        {"httpGet": {"port": 8080, "scheme": ""}},
        {"httpGet": {"port": 8080, "path": "no-slash", "host": "127.0.0.1"}},
        {"httpGet": {"port": 8080, "httpHeaders": [{"name": "X-Probe-2", "value": ""}, {"name": "-", "value": "a b"}]}},
        {"httpGet": {"port": 8080, "httpHeaders": [{"name": "no name", "value": "x"}]}},
        {"httpGet": {"port": 8080, "httpHeaders": [{"name": "x_probe", "value": "x"}]}},
        {"httpGet": {"port": 8080, "httpHeaders": [{"value": "x"}]}},
        {"tcpSocket": {}},
        {"tcpSocket": {"port": 0}},
        {"tcpSocket": {"port": "no_name"}},
        {"tcpSocket": {"port": 8080, "host": "127.0.0.1"}},
        {"grpc": {}},
        {"grpc": {"port": 0}},
        {"grpc": {"port": 65536}},
        {"grpc": {"port": 8080, "service": ""}},
        {"exec": {"command": ["true"]}, "tcpSocket": {"port": 8080}},
        {"httpGet": {"port": 8080}, "grpc": {"port": 8080}},
        {"exec": {"command": ["true"]}, "httpGet": {"port": 8080}, "tcpSocket": {"port": 8080}},
        {"tcpSocket": {"port": 8080}, "grpc": {"port": 0}},
        {"exec": null, "tcpSocket": {"port": 8080}}
    ]);
    let numbers = json!({
        "initialDelaySeconds": [-1, 0, 1],
        "timeoutSeconds": [-1, 0, 1, 100],
        "periodSeconds": [-1, 0, 1],
        "successThreshold": [-1, 0, 1, 2],
        "failureThreshold": [-1, 0, 1],
        "terminationGracePeriodSeconds": [-1, 0, 1]
    });
    let mut bodies = handlers.as_array().unwrap().clone();
    for (name, values) in numbers.as_object().unwrap() {
        for value in values.as_array().unwrap() {
            bodies.push(json!({"tcpSocket": {"port": 8080}, name: value}));
        }
    }
    let kinds = ["readinessProbe", "livenessProbe", "startupProbe"];
    let mut all = edits(kinds.map(|kind| format!("/containers/0/{kind}")), &bodies.into());
    let some =
        json!([{}, {"exec": {}}, {"tcpSocket": {"port": 0}, "periodSeconds": -1}, {"tcpSocket": {"port": 8080}}]);
    all.extend(edits(kinds.map(|kind| format!("/initContainers/0/{kind}")), &some));
    all.extend(edits(kinds.map(|kind| format!("/initContainers/1/{kind}")), &some));
    all
}

fn hooks() -> Vec<Edit> {
    let handlers = json!([
        {},
        {"exec": {"command": []}},
        {"exec": {"command": ["sleep", "60"]}},
        {"httpGet": {"port": 0}},
        {"httpGet": {"port": 8080}},
        {"httpGet": {"port": "nowhere"}},
        {"httpGet": {"port": "no_name"}},
        {"tcpSocket": {"port": 8080}},
        {"tcpSocket": {"port": 0}},
        {"sleep": {"seconds": -1}},
        {"sleep": {"seconds": 0}},
        {"sleep": {"seconds": 5}},
        {"sleep": {"seconds": 30}},
        {"sleep": {"seconds": 31}},
        {"exec": {"command": ["true"]}, "sleep": {"seconds": 5}}
    ]);
    let places =
        ["/containers/0/lifecycle/preStop", "/containers/0/lifecycle/postStart", "/initContainers/1/lifecycle/preStop"];
    let mut all = edits(places, &handlers);
    // Not stopSignal: the API server drops it for as long as its feature gate is off.
    let lifecycles = json!([{}, {"preStop": {"exec": {"command": ["true"]}}}, null]);
    all.extend(edits(["/initContainers/0/lifecycle", "/containers/1/lifecycle"], &lifecycles));
    all
}

fn container_restarts() -> Vec<Edit> {
    let policies = json!(["", "Always", "OnFailure", "Never", "never", "Sometimes", null]);
    let mut all = edits(["/containers/1/restartPolicy", "/initContainers/0/restartPolicy"], &policies);
    let on_exit = |operator: &str, values: Value| json!([{"action": "Restart", "exitCodes": {"operator": operator, "values": values}}]);
    let many: Vec<u32> = (0..256).collect();
    let rules = json!([
        [],
        on_exit("In", json!([42])),
        on_exit("NotIn", json!([0])),
        on_exit("in", json!([42])),
        on_exit("In", json!([])),
        on_exit("In", json!([1, 1])),
        on_exit("In", many.clone().into()),
        on_exit("In", many[..255].into()),
        [{"action": "Restart"}],
        [{"action": "RestartAllContainers", "exitCodes": {"operator": "In", "values": [42]}}],
        [{"action": "Reboot", "exitCodes": {"operator": "In", "values": [42]}}],
        [{"exitCodes": {"operator": "In", "values": [42]}}],
        vec![on_exit("In", json!([42]))[0].clone(); 20],
        vec![on_exit("In", json!([42]))[0].clone(); 21]
    ]);
    all.extend(edits(["/containers/1/restartPolicyRules"], &rules));
    for rules in rules.as_array().unwrap() {
        let container = |image: &str| json!({"name": "helper", "image": image, "restartPolicy": "Never", "restartPolicyRules": rules});
        all.push(Edit { at: "/containers/1".to_owned(), value: container("example.com/helper:1") });
    }
    all
}

fn ports() -> Vec<Edit> {
    let lists = json!([
        [{"containerPort": 8080}],
        [{"containerPort": 0}],
        [{"containerPort": 65536}],
        [{"containerPort": 8080, "hostPort": 80}],
        [{"containerPort": 8080, "hostPort": 8080}],
        [{"containerPort": 8080, "hostPort": 70000}],
        [{"containerPort": 8080, "hostPort": 80, "hostIP": "127.0.0.1"}],
        [{"containerPort": 8080, "hostPort": 80, "hostIP": "0.0.0.0"}],
        [{"containerPort": 8080, "hostPort": 80, "protocol": "UDP"}],
        [{"containerPort": 8080, "protocol": "udp"}],
        [{"containerPort": 8080}, {"containerPort": 8080}],
        [{"containerPort": 8080, "hostPort": 80}, {"containerPort": 8081, "hostPort": 80}],
        [{"containerPort": 8080, "hostPort": 80}, {"containerPort": 8080, "hostPort": 81}],
        [{"name": "http", "containerPort": 8080}, {"name": "http", "containerPort": 8081}],
        [{"name": "HTTP", "containerPort": 8080}]
    ]);
    let places = ["/containers/0/ports", "/containers/1/ports", "/initContainers/0/ports", "/initContainers/1/ports"];
    let mut all = edits(places, &lists);
    all.extend(edits(["/hostNetwork"], &json!([true, false, null])));
    all
}

fn gates() -> Vec<Edit> {
    let lists = json!([
        [],
        [{"name": "example.com/quota"}],
        [{"name": "quota"}],
        [{"name": "example.com/quota"}, {"name": "example.com/quota"}],
        [{"name": "a"}, {"name": "b"}, {"name": "a"}, {"name": "a"}],
        [{"name": ""}],
        [{}],
        [{"name": "wait for it"}],
        [{"name": "Example.com/quota"}],
        [{"name": "example.com/"}],
        [{"name": "/quota"}],
        [{"name": "example.com/team/quota"}],
        [{"name": "-quota"}],
        [{"name": "wait for it"}, {"name": "wait for it"}]
    ]);
    let mut all = edits(["/schedulingGates"], &lists);
    all.extend(edits(["/nodeName"], &json!(["node-1", ""])));
    all
}

fn volumes() -> Vec<Edit> {
    let mounts = json!([
        [{"name": "data", "mountPath": "/data"}],
        [{"name": "none", "mountPath": "/data"}],
        [{"name": "", "mountPath": "/data"}],
        [{"name": "data", "mountPath": "/data"}, {"name": "data", "mountPath": "/data"}]
    ]);
    let mut all = edits(["/containers/0/volumeMounts", "/initContainers/0/volumeMounts"], &mounts);
    let devices = json!([[{"name": "none", "devicePath": "/dev/xvda"}], [{"name": "data", "devicePath": "/dev/xvda"}]]);
    all.extend(edits(["/containers/0/volumeDevices"], &devices));
    let lists = json!([
        [],
        [{"name": "data", "emptyDir": {"medium": "Memory"}}],
        [{"name": "data", "emptyDir": {}}, {"name": "data", "emptyDir": {}}]
    ]);
    all.extend(edits(["/volumes"], &lists));
    all
}

fn resources() -> Vec<Edit> {
    let values = json!([
        {"requests": {"cpu": "500m"}, "limits": {"cpu": "0.5"}},
        {"requests": {"cpu": "501m"}, "limits": {"cpu": "0.5"}},
        {"requests": {"cpu": 1}, "limits": {"cpu": "1"}},
        {"requests": {"memory": "1Gi"}, "limits": {"memory": "1G"}},
        {"requests": {"memory": "1G"}, "limits": {"memory": "1Gi"}},
        {"requests": {"memory": "1e9"}, "limits": {"memory": "1000000000"}},
        {"requests": {"ephemeral-storage": "2Gi"}, "limits": {"ephemeral-storage": "1Gi"}},
        {"requests": {"example.com/gpu": "1"}, "limits": {"example.com/gpu": "2"}},
        {"requests": {"example.com/gpu": "2"}, "limits": {"example.com/gpu": "1"}},
        {"requests": {"hugepages-2Mi": "4Mi"}, "limits": {"hugepages-2Mi": "2Mi"}},
        {"limits": {"cpu": "1"}},
        {"requests": {"cpu": "2"}, "limits": {"memory": "1Gi"}},
        {"requests": {"cpu": "-1"}},
        {"requests": {"cpu": "2", "memory": "2Gi"}, "limits": {"cpu": "1", "memory": "1Gi"}}
    ]);
    let pod_level = json!([
        {"requests": {"cpu": "2"}, "limits": {"cpu": "1"}},
        {"requests": {"cpu": "1"}, "limits": {"cpu": "2"}}
    ]);
    let mut all =
        edits(["/containers/0/resources", "/initContainers/0/resources", "/initContainers/1/resources"], &values);
    all.extend(edits(["/resources"], &pod_level));
    all
}

fn seconds() -> Vec<Edit> {
    let mut all = edits(["/activeDeadlineSeconds"], &json!([-1, 0, 1, 2_147_483_647_i64, 2_147_483_648_i64]));
    all.extend(edits(["/terminationGracePeriodSeconds"], &json!([-1, 0, 1, 5])));
    all
}

/// Values of the wrong type or size: the API server cannot even read them.
fn misplaced() -> Vec<Edit> {
    let probe = |member: &str, value: Value| json!({"tcpSocket": {"port": 8080}, member: value});
    let probes = json!([
        {"grpc": {"port": "8080"}},
        {"tcpSocket": {"port": 1.5}},
        {"exec": {"command": "true"}},
        "none",
        probe("periodSeconds", json!(4_294_967_296_i64)),
        probe("periodSeconds", json!("10"))
    ]);
    let mut all = edits(["/containers/0/readinessProbe"], &probes);
    all.extend(edits(["/containers/0/ports"], &json!([{"containerPort": 8080}, [{"containerPort": "http"}]])));
    all.extend(edits(["/schedulingGates"], &json!(["example.com/quota", ["example.com/quota"]])));
    all
}
