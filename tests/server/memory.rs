//! The real program in the memory that the manifests give it, under everything that takes memory.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::body::Bytes;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::measured::{Measured, allow_many_sockets, client, client_builder, tunables};
use crate::process::Process;
use crate::support::REVIEW;

const MIB: usize = 1024 * 1024;
/// As in `manifests/base/deployment.yaml`.
const LIMIT: usize = 256 * MIB;

/// What bounds the memory of a process. The first of these that the machine has.
enum Limit {
    /// A control group of either version, and its folder.
    Group(&'static str, PathBuf),
    /// The data segment alone.
    Rlimit,
}

impl Limit {
    fn find() -> Self {
        static FOUND: AtomicUsize = AtomicUsize::new(0);
        let name = format!("podgate-test-{}-{}", std::process::id(), FOUND.fetch_add(1, Ordering::Relaxed));
        let root = Path::new("/sys/fs/cgroup");
        let controllers = fs::read_to_string(root.join("cgroup.subtree_control")).unwrap_or_default();
        let bounded = |version, folder: PathBuf, file: &str| {
            fs::create_dir(&folder).ok()?;
            let limit = Self::Group(version, folder.clone());
            fs::write(folder.join(file), LIMIT.to_string()).ok().map(|()| limit)
        };
        let second = controllers.split_whitespace().any(|controller| controller == "memory");
        let second = second.then(|| bounded("cgroup v2", root.join(&name), "memory.max")).flatten();
        let first = || bounded("cgroup v1", root.join("memory").join(&name), "memory.limit_in_bytes");
        second.or_else(first).unwrap_or(Self::Rlimit)
    }

    fn name(&self) -> &str {
        match self {
            Self::Group(version, _) => version,
            Self::Rlimit => "RLIMIT_DATA, as no memory controller can be used",
        }
    }

    fn command(&self) -> Command {
        match self {
            Self::Group(_, folder) => {
                let mut command = Command::new("sh");
                command.args(["-c", "echo $$ > \"$0/cgroup.procs\" && exec \"$@\""]).arg(folder);
                command
            }
            Self::Rlimit => {
                let mut command = Command::new("prlimit");
                command.arg(format!("--data={LIMIT}"));
                command
            }
        }
    }

    /// The most that was used, in MiB, where that is known.
    fn peak_mib(&self) -> Option<usize> {
        let Self::Group(_, folder) = self else { return None };
        let peak = ["memory.peak", "memory.max_usage_in_bytes"]
            .iter()
            .find_map(|file| fs::read_to_string(folder.join(file)).ok())?;
        Some(peak.trim().parse::<usize>().ok()? / MIB)
    }
}

impl Drop for Limit {
    fn drop(&mut self) {
        if let Self::Group(_, folder) = self {
            // Its process is waited for, and leaves it a moment later.
            for _ in 0..100 {
                if fs::remove_dir(&*folder).is_ok() {
                    return;
                }
                std::thread::sleep(Duration::from_millis(20));
            }
        }
    }
}

fn start(limit: &Limit) -> Measured {
    let dir = tempfile::tempdir().unwrap();
    let child = limit
        .command()
        .arg(env!("CARGO_BIN_EXE_podgate-under-test"))
        .args(["serve", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--log-level", "error"])
        .current_dir(dir.path())
        .env("GLIBC_TUNABLES", tunables())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    Measured::of(Process(child), dir)
}

fn review(operation: &str, object: &Value, old: &Value) -> Bytes {
    json!({
        "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
        "request": {
            "uid": "1", "operation": operation, "kind": {"group": "", "version": "v1", "kind": "Pod"}, "namespace": "default",
            "object": object, "oldObject": old,
        },
    })
    .to_string()
    .into()
}

/// Bodies near the bound, each of another shape.
fn large_bodies() -> Vec<Bytes> {
    let escaped = |bytes: usize| "\\u003c".repeat(bytes);
    let pod = |value: &str| {
        let container = r#"{"name":"app","image":"i","env":[{"name":"A","value":"VALUE"}]}"#;
        format!(r#"{{"metadata":{{"name":"web"}},"spec":{{"containers":[{}]}}}}"#, container.replace("VALUE", value))
    };
    let (old, new) = (pod(&escaped(1_500_000)), pod(&format!("x{}", escaped(1_500_000))));
    // 18 MB: both objects as large as etcd takes, and each byte escaped.
    let update = review("UPDATE", &json!("NEW"), &json!("OLD"));
    let update = String::from_utf8(update.to_vec()).unwrap().replace("\"NEW\"", &new).replace("\"OLD\"", &old);
    let many = json!({"metadata": {"name": "web"}, "spec": {"containers": [{
        "name": "app", "image": "i",
        "env": (0..40_000).map(|number| json!({"name": format!("VARIABLE_{number}"), "value": "x".repeat(100)})).collect::<Vec<_>>(),
    }]}});
    let padding = REVIEW.replacen('{', &format!("{{\"padding\":\"{}\",", "x".repeat(19 * MIB)), 1);
    vec![update.into(), review("CREATE", &many, &Value::Null), padding.into(), Bytes::from(vec![b'['; 4 * MIB])]
}

/// Bodies that are small and cost much.
fn costly_bodies() -> Vec<Bytes> {
    let ports = |count: usize| json!(vec![json!({"containerPort": 80}); count]);
    let pod = |containers: Value, annotations: Value| {
        review(
            "CREATE",
            &json!({"metadata": {"name": "web", "annotations": annotations}, "spec": {"containers": containers}}),
            &Value::Null,
        )
    };
    let reason = json!({"ignore.podgate.dev/port-conflict": "x".repeat(250_000)});
    let script = json!(["sh", "-c", "{ ".repeat(50_000)]);
    let scripts: Vec<_> = (0..11).map(|number| json!({"name": format!("c{number}"), "command": script})).collect();
    let name = json!({"metadata": {"name": "web"}, "spec": {"template": {"spec": {
        "containers": [{"name": "a".repeat(500_000), "ports": ports(4000)}],
    }}}});
    let of_kind = |group: &str, kind: &str, body: Bytes| {
        let pod = r#""kind":{"group":"","version":"v1","kind":"Pod"}"#;
        let body = String::from_utf8(body.to_vec()).unwrap();
        assert!(body.contains(pod));
        Bytes::from(body.replacen(pod, &format!(r#""kind":{{"group":"{group}","version":"v1","kind":"{kind}"}}"#), 1))
    };
    let rollout = of_kind("argoproj.io", "Rollout", review("CREATE", &name, &Value::Null));
    // As many variables as etcd holds, in an UPDATE whose specs are compared field by field.
    let env: Vec<_> = (0..100_000).map(|number| json!({"name": format!("V{number}")})).collect();
    let deployment = |init: &str, app: &str| {
        json!({"metadata": {"name": "web"}, "spec": {"template": {"metadata": {"labels": {"app": "web"}}, "spec": {
            "initContainers": [{"name": "init", "image": init}],
            "containers": [{"name": "app", "image": app, "env": env, "ports": ports(3)}]}}}})
    };
    let update = |new: &Value| of_kind("apps", "Deployment", review("UPDATE", new, &deployment("a:1", "b:1")));
    let many_ports: Vec<_> = (1..60_000).map(|port| json!({"containerPort": port, "protocol": "TCP"})).collect();
    vec![
        update(&deployment("a:2", "b:1")),
        update(&deployment("a:2", "b:2")),
        pod(json!([{"name": "app", "ports": many_ports}, {"name": "other", "ports": many_ports}]), Value::Null),
        pod(json!([{"name": "app", "ports": ports(1100)}]), reason),
        rollout,
        pod(json!(vec![json!({}); 130_000]), Value::Null),
        pod(json!(vec![json!({}); 1_000_000]), Value::Null),
        pod(json!(scripts), Value::Null),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn podgate_survives_in_the_memory_of_the_manifests() {
    survives(large_bodies()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn podgate_survives_costly_bodies_in_the_memory_of_the_manifests() {
    survives(costly_bodies()).await;
}

async fn survives(bodies: Vec<Bytes>) {
    let deployment = fs::read_to_string(crate::tree::root().join("manifests/base/deployment.yaml")).unwrap();
    assert!(deployment.contains("memory: 256Mi"));
    allow_many_sockets();
    let limit = Limit::find();
    println!("256 MiB by {}", limit.name());
    let mut server = start(&limit);
    let url = format!("https://{}/validate?timeout=5s", server.address);
    let certs = server.certs();
    let end = Instant::now() + Duration::from_secs(8);
    let mut attacks = JoinSet::new();
    for number in 0..32 {
        let builder = client_builder(&certs).timeout(Duration::from_secs(8));
        let client = if number % 2 == 0 { builder.http1_only() } else { builder }.build().unwrap();
        let (url, body) = (url.clone(), bodies[number % bodies.len()].clone());
        attacks.spawn(async move {
            while Instant::now() < end {
                let _ = client.post(&url).header("content-type", "application/json").body(body.clone()).send().await;
            }
        });
    }
    for _ in 0..8 {
        // Answers that nobody reads.
        let client = client_builder(&certs).http2_initial_stream_window_size(0).build().unwrap();
        let url = url.clone();
        attacks.spawn(async move {
            let mut held = Vec::new();
            while Instant::now() < end && held.len() < 1000 {
                let request = client.post(&url).header("content-type", "application/json").body(REVIEW);
                match tokio::time::timeout(Duration::from_secs(1), request.send()).await {
                    Ok(Ok(answer)) => held.push(answer),
                    _ => held.clear(),
                }
            }
        });
    }
    let honest = client(&certs);
    let (mut answered, mut slowest) = (0, Duration::ZERO);
    while Instant::now() < end {
        let begin = Instant::now();
        let request = honest.post(&url).header("content-type", "application/json").body(REVIEW);
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status(), 200);
        (answered, slowest) = (answered + 1, slowest.max(begin.elapsed()));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    attacks.shutdown().await;
    assert!(server.process.0.try_wait().unwrap().is_none(), "it was killed");
    println!(
        "{answered} honest answers, slowest {slowest:?}; at most {} MiB resident, {:?} MiB counted",
        server.peak_mib(),
        limit.peak_mib()
    );
    // The honest client shares the processors with all others here.
    assert!(answered > 3, "{answered}");
    drop(server);
}
