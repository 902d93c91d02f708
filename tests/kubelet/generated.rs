//! Random Pods with random scripts: the kubelet plays them, the engine simulates them, and both have to tell the same.

use std::time::Duration;

use fastrand::Rng;
use libtest_mimic::Trial;
use podgate_engine::lifecycle::timeline::Action;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::lives;
use crate::node::Node;

/// How many Pods there are, side by side.
const PODS: u64 = 320;

/// How long each is looked at.
const LIFE: Duration = Duration::from_secs(40);

/// Where the numbers begin that the Pods come from.
const SEED: u64 = 20_260_101;

/// Pods in which simulation and kubelet are known to differ, and why.
const DIFFERENT: &[(u64, &str)] = &[];

/// A test for each.
pub fn tests() -> Vec<Trial> {
    let test =
        |number| Trial::test(format!("generated/{number}"), move || Ok(crate::on_node(|node| play(node, number))?));
    (0..PODS).map(test).collect()
}

/// Creates a Pod, deletes it after some time where it is one of those, and compares what was seen with what is simulated.
async fn play(node: &'static Node, number: u64) -> Result<(), String> {
    let mut rng = Rng::with_seed(SEED.wrapping_mul(31).wrapping_add(number));
    let spec = spec(&mut rng);
    let delete_after = rng.bool().then(|| Duration::from_millis(rng.u64(3000..25_000)));
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"generateName": "generated-"}});
    let created = node.control_plane.client.create(&namespace).await.accepted();
    let namespace = created.body["metadata"]["name"].as_str().unwrap().to_owned();
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "namespace": namespace}, "spec": spec
    });
    let answer = node.control_plane.client.create(&pod).await;
    if !answer.is_accepted() {
        return Err(format!("cannot be created: {} {spec}", answer.body));
    }
    let mut actions = Vec::new();
    if let Some(after) = delete_after {
        sleep(after).await;
        actions.push((crate::play::now(), Action::Delete { grace: None }));
        node.control_plane.client.delete(&pod, "").await;
    }
    sleep(LIFE.saturating_sub(delete_after.unwrap_or_default())).await;
    let events = node.events(&namespace, 0);
    let differences = lives::differences(&pod, &events, &actions, crate::play::now())?;
    let reason = DIFFERENT.iter().find(|(other, _)| *other == number);
    match (differences.is_empty(), reason) {
        (true, None) | (false, Some(_)) => Ok(()),
        (true, Some(_)) => Err("does not differ, but is in DIFFERENT".to_owned()),
        (false, None) => Err(format!("{spec:#}\ndeleted after {delete_after:?}\n{}", differences.join("\n"))),
    }
}

/// A Pod of up to two init containers or sidecars, and up to two apps.
fn spec(rng: &mut Rng) -> Value {
    let policy = *rng.choice(&["Always", "OnFailure", "Never"]).unwrap();
    let init: Vec<Value> = (0..rng.usize(0..3))
        .map(|index| if rng.bool() { init(rng, index) } else { long_running(rng, &format!("s{index}"), true) })
        .collect();
    let apps: Vec<Value> = (0..rng.usize(1..3)).map(|index| long_running(rng, &format!("a{index}"), false)).collect();
    let mut spec = json!({
        "nodeName": "node-1", "restartPolicy": policy, "terminationGracePeriodSeconds": rng.u64(1..9), "containers": apps
    });
    if !init.is_empty() {
        spec["initContainers"] = init.into();
    }
    spec
}

fn init(rng: &mut Rng, index: usize) -> Value {
    let mut args = Vec::new();
    let seconds = rng.u64(1..4);
    // Every fourth fails once.
    if rng.u8(0..4) == 0 {
        args.push(format!("exit {} after {seconds}s attempt 0", rng.u8(1..4)));
        args.push("exit 0 after 1s attempt 1-99".to_owned());
    } else {
        args.push(format!("exit 0 after {seconds}s"));
    }
    json!({"name": format!("i{index}"), "image": "example.com/app:1", "args": args})
}

/// A container that goes on: with probes, hooks, ends.
fn long_running(rng: &mut Rng, name: &str, sidecar: bool) -> Value {
    let mut container = json!({"name": name, "image": "example.com/app:1"});
    let mut args = Vec::new();
    if sidecar {
        container["restartPolicy"] = "Always".into();
    }
    let mut probe = |rng: &mut Rng, field: &str, command: &str, most: u64| {
        container[field] = json!({
            "exec": {"command": [command]}, "periodSeconds": rng.u64(1..4), "failureThreshold": rng.u64(1..most),
            "initialDelaySeconds": rng.u64(0..4)
        });
    };
    if rng.u8(0..3) == 0 {
        probe(rng, "startupProbe", "up", 7);
        args.push(format!("exec up from {}s", rng.u64(0..12)));
    }
    if rng.u8(0..3) == 0 {
        probe(rng, "livenessProbe", "alive", 4);
        // Gaps are longer than any patience, so that they are seen.
        match rng.u8(0..3) {
            0 => args.push("exec alive".to_owned()),
            1 => args.push(format!("exec alive until {}s", rng.u64(8..20))),
            _ => args.push(format!("exec alive from {}s", rng.u64(0..12))),
        }
    }
    if rng.u8(0..3) == 0 {
        probe(rng, "readinessProbe", "ready", 4);
        args.push(format!("exec ready from {}s", rng.u64(0..10)));
    }
    let mut lifecycle = json!({});
    if rng.u8(0..5) == 0 {
        lifecycle["postStart"] = json!({"exec": {"command": ["warm"]}});
        args.push(format!("exec warm takes {}s", rng.u64(0..4)));
    }
    if rng.u8(0..4) == 0 {
        lifecycle["preStop"] = json!({"exec": {"command": ["drain"]}});
        args.push(format!("exec drain takes {}s", rng.u64(0..6)));
    }
    container["lifecycle"] = lifecycle;
    if rng.u8(0..3) == 0 {
        args.push(format!("exit {} after {}s", rng.u8(0..3), rng.u64(2..15)));
    }
    if rng.u8(0..2) == 0 {
        args.push(format!("stop after {}s", rng.u64(0..12)));
    }
    if !sidecar && rng.u8(0..6) == 0 {
        let policy = *rng.choice(&["Always", "OnFailure", "Never"]).unwrap();
        container["restartPolicy"] = policy.into();
        if rng.bool() {
            let action = *rng.choice(&["Restart", "RestartAllContainers"]).unwrap();
            container["restartPolicyRules"] = json!([
                {"action": action, "exitCodes": {"operator": "In", "values": [rng.u8(0..3), 143]}}
            ]);
        }
    }
    container["args"] = args.into();
    container
}
