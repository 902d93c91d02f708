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

/// Where the numbers begin that the Pods come from; `PODGATE_KUBELET_SEED` gives others.
const SEED: u64 = 20_260_101;

/// Pods in which simulation and kubelet may differ, as it comes, and why.
const MAY_DIFFER: &[(u64, &str)] = &[
    (
        108,
        "the kubelet may take a container that has just been started again for started still, as its status says of the one before, and ask \
         its livenessProbe before its startupProbe has succeeded",
    ),
    (268, "the sidecar and the only app end within a second: the kubelet may see both at once"),
];

/// A test for each.
pub fn tests() -> Vec<Trial> {
    let test =
        |number| Trial::test(format!("generated/{number}"), move || Ok(crate::on_node(|node| play(node, number))?));
    (0..PODS).map(test).collect()
}

/// Creates a Pod, deletes it after some time where it is one of those, and compares what was seen with what is simulated.
async fn play(node: &'static Node, number: u64) -> Result<(), String> {
    let seed = std::env::var("PODGATE_KUBELET_SEED").ok().map_or(SEED, |seed| seed.parse().unwrap());
    let mut rng = Rng::with_seed(seed.wrapping_mul(31).wrapping_add(number));
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
    let may_differ = MAY_DIFFER.iter().any(|(other, _)| *other == number);
    if differences.is_empty() || may_differ {
        return Ok(());
    }
    let told = crate::play::told(events.iter(), events.first().map_or(0, |event| event.at));
    Err(format!("{spec:#}\ndeleted after {delete_after:?}\n{}\nseen, in seconds:\n{told}", differences.join("\n")))
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
    let after = halves(rng, 1, 4);
    // Every fourth fails once.
    if rng.u8(0..4) == 0 {
        args.push(format!("exit {} after {after} attempt 0", rng.u8(1..4)));
        args.push("exit 0 after 500ms attempt 1-99".to_owned());
    } else {
        args.push(format!("exit 0 after {after}"));
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
    let mut has_probes = false;
    if rng.u8(0..3) == 0 {
        has_probes = true;
        let (probe, sure) = probe(rng, "up", 3..7);
        container["startupProbe"] = probe;
        // In time for certain, or never.
        args.push(if rng.u8(0..4) == 0 {
            "exec up from 1000s".to_owned()
        } else {
            format!("exec up from {}", halves(rng, 0, sure))
        });
    }
    if rng.u8(0..3) == 0 {
        has_probes = true;
        let (probe, sure) = probe(rng, "alive", 2..4);
        container["livenessProbe"] = probe;
        args.push(match rng.u8(0..4) {
            0 => "exec alive".to_owned(),
            1 => format!("exec alive until {}", halves(rng, 8, 20)),
            2 => "exec alive from 1000s".to_owned(),
            _ => format!("exec alive from {}", halves(rng, 0, sure)),
        });
    }
    if rng.u8(0..3) == 0 {
        has_probes = true;
        container["readinessProbe"] = probe(rng, "ready", 1..4).0;
        args.push(format!("exec ready from {}", halves(rng, 0, 10)));
    }
    let mut lifecycle = json!({});
    if rng.u8(0..5) == 0 {
        lifecycle["postStart"] = json!({"exec": {"command": ["warm"]}});
        args.push(format!("exec warm takes {}", quarters(rng, 0, 4)));
    }
    if rng.u8(0..4) == 0 {
        lifecycle["preStop"] = json!({"exec": {"command": ["drain"]}});
        args.push(format!("exec drain takes {}", quarters(rng, 0, 6)));
    }
    container["lifecycle"] = lifecycle;
    if rng.u8(0..3) == 0 {
        args.push(format!("exit {} after {}", rng.u8(0..3), halves(rng, 2, 15)));
    }
    if rng.bool() {
        args.push(format!("stop after {}", halves(rng, 0, 12)));
    }
    if !sidecar && rng.u8(0..6) == 0 {
        let policy = *rng.choice(&["Always", "OnFailure", "Never"]).unwrap();
        container["restartPolicy"] = policy.into();
        if rng.bool() {
            // A rule for all containers and a probe that kills: the kubelet then ends them again and again, each second.
            let action = if has_probes || rng.bool() { "Restart" } else { "RestartAllContainers" };
            container["restartPolicyRules"] = json!([
                {"action": action, "exitCodes": {"operator": "In", "values": [rng.u8(0..3), 143]}}
            ]);
        }
    }
    container["args"] = args.into();
    container
}

/// A probe of this command, and the seconds until which it is for certain not given up, or up to one less where it has an initial
/// delay.
fn probe(rng: &mut Rng, command: &str, failures: std::ops::Range<u64>) -> (Value, u64) {
    let (delay, period, failures) = (rng.u64(0..4), rng.u64(1..4), rng.u64(failures));
    let probe = json!({
        "exec": {"command": [command]}, "initialDelaySeconds": delay, "periodSeconds": period, "failureThreshold": failures
    });
    (probe, (delay + period * (failures - 1)).max(1))
}

/// A time of some seconds and a half: what happens at a whole second, as probes do, happens at another time.
fn halves(rng: &mut Rng, least: u64, below: u64) -> String {
    format!("{}ms", rng.u64(least..below.max(least + 1)) * 1000 + 500)
}

/// A time of some seconds and a quarter, for hooks: they end at another time than containers do.
fn quarters(rng: &mut Rng, least: u64, below: u64) -> String {
    format!("{}ms", rng.u64(least..below) * 1000 + 250)
}
