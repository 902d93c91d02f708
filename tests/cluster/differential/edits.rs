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
    let lists = [env_file_volumes(), pod_and_container_resources(), used_claims(), resize_and_restart()];
    let lists = lists.into_iter().flatten();
    host_network
        .chain(twice)
        .chain(two_containers)
        .chain(after_sidecar)
        .chain(gated)
        .chain(grace)
        .chain(lists)
        .collect()
}

/// What the Pods are made with whose updates are judged, besides [`spec`]: one as most are, one that waits for its gates.
pub fn before_updates() -> [Value; 2] {
    let running = json!({
        "activeDeadlineSeconds": 600,
        "terminationGracePeriodSeconds": 60,
        "tolerations": [{"key": "spot", "operator": "Exists", "effect": "NoSchedule"}]
    });
    let gated = json!({
        "schedulingGates": [{"name": "example.com/quota"}, {"name": "example.com/licence"}],
        "nodeSelector": {"disk": "ssd"}
    });
    [running, gated].map(|more| {
        let mut spec = spec();
        for (list, container) in [("containers", 0), ("initContainers", 0), ("initContainers", 1)] {
            spec[list][container]["args"] = json!(["--level", "debug"]);
            spec[list][container]["env"] = json!([{"name": "LEVEL", "value": "debug"}]);
            spec[list][container]["resources"] = json!({"requests": {"cpu": "1", "memory": "64Mi"}});
        }
        spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        spec
    })
}

/// Changes of a Pod that is there: what `ValidatePodUpdate` of the API server accepts, and what it refuses.
pub fn updates(pod: &Value) -> Vec<Edit> {
    let containers = ["/containers/0", "/initContainers/0", "/initContainers/1"];
    let of_containers = |field: &str, values: Value| edits(containers.map(|at| format!("{at}/{field}")), &values);
    let init = pod["spec"]["initContainers"].as_array().unwrap().as_slice();
    let [setup, proxy] = init else { panic!("{init:?}") };
    let lists = json!([[], [setup], [proxy, setup], [setup, proxy, {"name": "late", "image": "example.com/late:1"}]]);
    let groups = [
        edits(["/initContainers"], &lists),
        of_containers("image", json!(["example.com/app:2", "", " "])),
        of_containers("args", json!([null, [], ["--level", "info"], ["--level", "debug"], ["debug", "--level"]])),
        of_containers("command", json!([null, [], ["run"]])),
        of_containers("name", json!(["other"])),
        of_containers(
            "env",
            json!([[], [{"name": "LEVEL", "value": "info"}], [{"name": "LEVEL", "value": "debug", "valueFrom": null}]]),
        ),
        of_containers("workingDir", json!(["", "/srv"])),
        of_containers("tty", json!([false, true])),
        of_containers("ports", json!([[], [{"containerPort": 8080}]])),
        of_containers(
            "volumeMounts",
            json!([[{"name": "data", "mountPath": "/data"}], [{"name": "none", "mountPath": "/data"}]]),
        ),
        of_containers("imagePullPolicy", json!(["Always", "IfNotPresent", null])),
        of_containers("terminationMessagePath", json!([null, "/dev/termination-log", "/tmp/log"])),
        of_containers("restartPolicy", json!([null, "Always"])),
        of_containers("resources/requests/cpu", json!(["1", "1000m", "2"])),
        of_containers("resources/limits", json!([{}, {"cpu": "4"}])),
        of_containers("securityContext", json!([{}, {"runAsNonRoot": true}])),
        of_containers("lifecycle", json!([{"preStop": {"sleep": {"seconds": 5}}}, null])),
        of_containers("resizePolicy", json!([[{"resourceName": "cpu", "restartPolicy": "NotRequired"}]])),
        edits(["/activeDeadlineSeconds"], &json!([null, -1, 0, 1, 599, 600, 601, 2_147_483_648_i64])),
        edits(["/terminationGracePeriodSeconds"], &json!([0, 1, 60, 61])),
        edits(
            ["/schedulingGates"],
            &json!([
                null,
                [],
                [{"name": "example.com/quota"}],
                [{"name": "example.com/licence"}, {"name": "example.com/quota"}],
                [{"name": "example.com/quota"}, {"name": "example.com/other"}],
                [{"name": "example.com/quota"}, {"name": "example.com/quota"}],
                [{"name": "wait for it"}]
            ]),
        ),
        edits(
            ["/tolerations"],
            &json!([
                [],
                [{"key": "spot", "operator": "Exists", "effect": "NoSchedule"}, {"key": "gpu", "operator": "Exists"}]
            ]),
        ),
        edits(["/nodeSelector"], &json!([{}, {"disk": "ssd", "zone": "a"}, {"disk": "hdd"}])),
        edits(["/nodeName"], &json!(["node-1", ""])),
        edits(["/restartPolicy"], &json!(["Never", "Always", "always"])),
        edits(["/hostNetwork"], &json!([true])),
        edits(["/volumes"], &json!([[]])),
        edits(["/resources"], &json!([{"requests": {"cpu": "8"}}])),
    ];
    groups.into_iter().flatten().collect()
}

/// What `pods/resize` may change, and what it may not.
pub fn resizes() -> Vec<Edit> {
    let containers = ["/containers/0", "/initContainers/0", "/initContainers/1"];
    let of_containers = |field: &str, values: Value| edits(containers.map(|at| format!("{at}/{field}")), &values);
    let groups = [
        of_containers("resources/requests/cpu", json!(["1", "1000m", "2", "-1"])),
        of_containers("resources/requests/ephemeral-storage", json!(["1Gi"])),
        of_containers("resources/requests", json!([{}])),
        of_containers("resources/limits", json!([{"cpu": "4"}, {"cpu": "500m"}])),
        of_containers("image", json!(["example.com/app:2"])),
        of_containers("args", json!([[]])),
        edits(["/activeDeadlineSeconds"], &json!([1])),
    ];
    groups.into_iter().flatten().collect()
}

pub fn all() -> Vec<Edit> {
    let groups = [
        probes(),
        hooks(),
        container_restarts(),
        ports(),
        gates(),
        volumes(),
        env_files(),
        resources(),
        pod_resources(),
        resize_policies(),
        claims(),
        seconds(),
        misplaced(),
    ];
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
        {"exec": {"command": ["true"]}, "sleep": {"seconds": 5}},
        {"exec": {}},
        {"exec": {"command": [""]}},
        {"httpGet": {"port": 8080, "path": "no-slash"}},
        {"httpGet": {"port": 8080, "scheme": "https"}},
        {"httpGet": {"port": 8080, "httpHeaders": [{"name": "no name", "value": "x"}]}},
        {"httpGet": {"port": 8080}, "tcpSocket": {"port": 8080}},
        {"httpGet": {"port": 0}, "sleep": {"seconds": 31}},
        {"sleep": {}},
        {"exec": null, "sleep": {"seconds": 5}}
    ]);
    let places = [
        "/containers/0/lifecycle/preStop",
        "/containers/0/lifecycle/postStart",
        "/initContainers/1/lifecycle/preStop",
        "/initContainers/1/lifecycle/postStart",
    ];
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
    edits(["/containers/0/resources", "/initContainers/0/resources", "/initContainers/1/resources"], &values)
}

/// Resources of the Pod as a whole, alone: with those of containers they are among the pairs.
fn pod_resources() -> Vec<Edit> {
    let values = json!([
        {},
        {"requests": {"cpu": "2"}, "limits": {"cpu": "1"}},
        {"requests": {"cpu": "1"}, "limits": {"cpu": "2"}},
        {"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"cpu": "1", "memory": "1Gi"}},
        {"requests": {"cpu": "1", "memory": "2Gi"}, "limits": {"memory": "1Gi"}},
        {"requests": {"cpu": "-1"}},
        {"requests": {"cpu": "0"}},
        {"limits": {"cpu": "1"}},
        {"requests": {"ephemeral-storage": "1Gi"}},
        {"requests": {"example.com/gpu": "1"}, "limits": {"example.com/gpu": "1"}},
        {"requests": {"hugepages-2Mi": "4Mi", "cpu": "1"}, "limits": {"hugepages-2Mi": "4Mi"}},
        {"requests": {"hugepages-2Mi": "4Mi", "cpu": "1"}, "limits": {"hugepages-2Mi": "2Mi"}},
        {"limits": {"hugepages-2Mi": "4Mi"}},
        {"claims": [{"name": "device"}]}
    ]);
    edits(["/resources"], &values)
}

/// Resources of the Pod as a whole with those of containers that they are compared with.
fn pod_and_container_resources() -> Vec<[Edit; 2]> {
    let whole = edits(
        ["/resources"],
        &json!([
            {"requests": {"cpu": "1", "memory": "1Gi"}},
            {"limits": {"cpu": "1", "memory": "1Gi"}},
            {"requests": {"cpu": "1"}, "limits": {"cpu": "1"}}
        ]),
    );
    let parts = edits(
        ["/containers/0/resources", "/initContainers/0/resources", "/initContainers/1/resources"],
        &json!([
            {"requests": {"cpu": "500m", "memory": "512Mi"}},
            {"requests": {"cpu": "1001m"}},
            {"requests": {"cpu": "1"}, "limits": {"cpu": "1"}},
            {"limits": {"cpu": "2"}},
            {"requests": {"memory": "1025Mi"}, "limits": {"memory": "2Gi"}}
        ]),
    );
    whole.iter().flat_map(|whole| parts.iter().map(move |part| [whole.clone(), part.clone()])).collect()
}

/// Variables taken from files of a volume.
fn env_files() -> Vec<Edit> {
    let references = [
        json!({"volumeName": "data", "path": "app.env", "key": "LEVEL"}),
        json!({"volumeName": "data", "path": "app.env", "key": "LEVEL", "optional": true}),
        json!({"volumeName": "none", "path": "app.env", "key": "LEVEL"}),
        json!({"volumeName": "none", "path": "app.env", "key": "LEVEL", "optional": true}),
        json!({"volumeName": "No Name", "path": "app.env", "key": "LEVEL"}),
        json!({"path": "app.env", "key": "LEVEL"}),
        json!({"volumeName": "data", "key": "LEVEL"}),
        json!({"volumeName": "data", "path": "../app.env", "key": "LEVEL"}),
        json!({"volumeName": "data", "path": "/app.env", "key": "LEVEL"}),
        json!({"volumeName": "data", "path": "app.env"}),
        json!({"volumeName": "data", "path": "app.env", "key": "a=b"}),
        json!({}),
        json!(null),
    ];
    let mut lists: Vec<Value> =
        references.iter().map(|file| json!([{"name": "LEVEL", "valueFrom": {"fileKeyRef": file}}])).collect();
    let [file, ..] = &references;
    let field = json!({"fieldPath": "metadata.name"});
    lists.push(json!([{"name": "LEVEL", "value": "debug", "valueFrom": {"fileKeyRef": file}}]));
    lists.push(json!([{"name": "LEVEL", "valueFrom": {"fileKeyRef": file, "fieldRef": field}}]));
    edits(["/containers/0/env", "/initContainers/0/env", "/initContainers/1/env"], &lists.into())
}

/// What a variable's file may be in, and may not.
fn env_file_volumes() -> Vec<[Edit; 2]> {
    let env =
        json!([[{"name": "LEVEL", "valueFrom": {"fileKeyRef": {"volumeName": "data", "path": "a", "key": "LEVEL"}}}]]);
    let volumes = json!([
        [],
        [{"name": "data", "emptyDir": {"medium": "Memory"}}],
        [{"name": "data", "configMap": {"name": "app"}}],
        [{"name": "data", "hostPath": {"path": "/srv"}}],
        [{"name": "data"}]
    ]);
    let pair = |env: Edit| edits(["/volumes"], &volumes).into_iter().map(move |volumes| [env.clone(), volumes]);
    edits(["/containers/0/env", "/initContainers/0/env"], &env).into_iter().flat_map(pair).collect()
}

fn resize_policies() -> Vec<Edit> {
    let lists = json!([
        [],
        [{"resourceName": "cpu", "restartPolicy": "NotRequired"}],
        [{"resourceName": "memory", "restartPolicy": "RestartContainer"}],
        [
            {"resourceName": "cpu", "restartPolicy": "RestartContainer"},
            {"resourceName": "cpu", "restartPolicy": "NotRequired"}
        ],
        [{"resourceName": "ephemeral-storage", "restartPolicy": "NotRequired"}],
        [{"resourceName": "cpu", "restartPolicy": "Restart"}],
        [{"resourceName": "cpu"}],
        [{"restartPolicy": "NotRequired"}]
    ]);
    edits(["/containers/0/resizePolicy", "/initContainers/0/resizePolicy", "/initContainers/1/resizePolicy"], &lists)
}

fn claims() -> Vec<Edit> {
    let of_pod = json!([
        [{"name": "device", "resourceClaimName": "device"}],
        [{"name": "device", "resourceClaimTemplateName": "device"}],
        [{"name": "device"}],
        [{"name": "device", "resourceClaimName": "device", "resourceClaimTemplateName": "device"}],
        [{"name": "device", "resourceClaimName": "device"}, {"name": "device", "resourceClaimName": "other"}],
        [{"resourceClaimName": "device"}],
        [{"name": "No Name", "resourceClaimName": "device"}],
        [{"name": "device", "resourceClaimName": "No Name"}]
    ]);
    let of_container = json!([[{"name": "device"}], [{"name": "device", "request": "gpu"}], [{"name": ""}]]);
    let mut all = edits(["/resourceClaims"], &of_pod);
    all.extend(edits(["/containers/0/resources/claims", "/initContainers/0/resources/claims"], &of_container));
    all
}

/// Claims of the Pod with those of its containers that name them.
fn used_claims() -> Vec<[Edit; 2]> {
    let of_pod = edits(["/resourceClaims"], &json!([[{"name": "device", "resourceClaimName": "device"}]]));
    let of_container = edits(
        ["/containers/0/resources/claims", "/initContainers/0/resources/claims"],
        &json!([
            [{"name": "device"}],
            [{"name": "device"}, {"name": "device"}],
            [{"name": "device"}, {"name": "device", "request": "gpu"}],
            [{"name": "device", "request": "gpu"}, {"name": "device", "request": "nic"}],
            [{"name": "other"}]
        ]),
    );
    of_pod.iter().flat_map(|pod| of_container.iter().map(move |part| [pod.clone(), part.clone()])).collect()
}

/// Resize policies beside what they depend on.
fn resize_and_restart() -> Vec<[Edit; 2]> {
    let lists = json!([
        [{"resourceName": "cpu", "restartPolicy": "RestartContainer"}],
        [{"resourceName": "cpu", "restartPolicy": "NotRequired"}]
    ]);
    let never = edits(["/restartPolicy"], &json!(["Never", "OnFailure"]));
    let policies = edits(["/containers/0/resizePolicy", "/initContainers/1/resizePolicy"], &lists);
    never.iter().flat_map(|never| policies.iter().map(move |policy| [never.clone(), policy.clone()])).collect()
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
