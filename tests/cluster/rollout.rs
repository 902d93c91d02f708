//! docs/rollout.md, run from its first command to its last in a cluster of its own: kubectl, and the podgate that it installs.

use std::fs;
use std::path::Path;
use std::process::Command;

use libtest_mimic::Trial;
use serde_json::json;

use crate::harness::{Cluster, PATIENCE, Program, conflicting_containers, deployment, eventually, with};
use crate::test;
use crate::tree::root;

pub fn tests() -> Vec<Trial> {
    vec![test("rollout::every_command_of_the_ladder_runs", every_command_of_the_ladder_runs)]
}

/// A command, and lines that it prints, among others.
struct Step {
    line: usize,
    command: String,
    prints: Vec<String>,
}

fn steps() -> Vec<Step> {
    let text = fs::read_to_string(root().join("docs/rollout.md")).unwrap();
    let mut steps: Vec<Step> = Vec::new();
    let mut in_block = false;
    for (index, line) in text.lines().enumerate() {
        match line {
            "```console" => in_block = true,
            "```" => in_block = false,
            _ if !in_block => {}
            _ => match line.strip_prefix("$ ") {
                Some(command) => {
                    steps.push(Step { line: index + 1, command: command.to_owned(), prints: Vec::new() });
                }
                None => steps.last_mut().unwrap().prints.push(line.to_owned()),
            },
        }
    }
    steps
}

/// What a command prints, to stdout and stderr, and whether it ends well.
async fn run(command: &str, kubeconfig: &Path) -> (bool, String) {
    // The page says `podgate`.
    let bin = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_podgate-under-test"), bin.path().join("podgate")).unwrap();
    let path = format!("{}:{}", bin.path().display(), std::env::var("PATH").unwrap());
    let mut shell = Command::new("sh");
    shell
        // No command of the page waits for long.
        .args(["-c", &format!("timeout 60 {command}")])
        .current_dir(root())
        .env("PATH", path)
        .env("KUBECONFIG", kubeconfig)
        .env("NO_COLOR", "1");
    let output = tokio::task::spawn_blocking(move || shell.output().unwrap()).await.unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status.success(), text)
}

async fn every_command_of_the_ladder_runs(_: &'static Cluster) {
    let (found, version) = run("kubectl version --client", Path::new("/dev/null")).await;
    assert!(found, "kubectl is needed, whose commands docs/rollout.md shows: {version}");
    // What holds for all namespaces would reach into those of other tests.
    let cluster: &'static Cluster = Box::leak(Box::new(Cluster::start().await));
    let kubeconfig = cluster.admin_kubeconfig();
    cluster
        .client
        .create(&json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}))
        .await
        .accepted();
    let legacy = with(deployment("shop", "legacy"), "/spec/template/spec/containers", conflicting_containers());
    cluster.client.create(&legacy).await.accepted();

    let mut program = None;
    for Step { line, command, prints } in steps() {
        let begin = std::time::Instant::now();
        // What is asked again and again says at last what the change before it has led to.
        let asks = command.contains("--dry-run=server");
        let text = loop {
            let (_, text) = run(&command, &kubeconfig).await;
            let missing: Vec<&String> = prints.iter().filter(|wanted| !text.contains(*wanted)).collect();
            if missing.is_empty() {
                break text;
            }
            assert!(
                asks && begin.elapsed() < PATIENCE / 4,
                "docs/rollout.md:{line}: {command}\n{text}\nlacks {missing:#?}"
            );
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        };
        assert!(
            !text.contains("error:") && !text.contains("unknown flag") && !text.contains("unknown command"),
            "docs/rollout.md:{line}: {command}\n{text}"
        );
        if command == "kubectl apply -k manifests/overlays/rollout" {
            program = Some(serve(cluster).await);
        }
    }
    let program = program.expect("podgate was installed");
    // On its way everything has gone through what was installed.
    let log = program.log();
    let decided = |decision: &str| log.iter().any(|event| event["decision"] == decision && event["name"] == "ports");
    assert!(decided("allowed") && decided("denied"), "{log:#?}");
    let silent =
        |event: &serde_json::Value| event["own_levels"].as_str().is_some_and(|it| it.contains("port-conflict=deny"));
    assert!(log.iter().any(silent), "the report of rung 1 has it");
    program.stop().await;
    cluster.stop();
}

/// Runs what the Deployment would, with its rights, and leads the Service there.
async fn serve(cluster: &'static Cluster) -> Program {
    let kubeconfig = cluster.token(&cluster.url).await;
    let args = ["--watch", "--manage-certs", "--policy-from-cluster", "default"];
    let program = Program::start(cluster, Some(&kubeconfig), &args).await;
    let external =
        json!({"spec": {"type": "ExternalName", "externalName": "localhost", "clusterIP": null, "clusterIPs": null}});
    let service =
        json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "podgate", "namespace": "podgate"}});
    cluster.client.merge(&service, "", &external).await.accepted();
    for kind in ["ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"] {
        let like =
            json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": kind, "metadata": {"name": "podgate"}});
        let mut webhooks = cluster.client.get(&like).await.accepted().body["webhooks"].clone();
        for webhook in webhooks.as_array_mut().unwrap() {
            webhook["clientConfig"]["service"]["port"] = json!(program.port);
        }
        cluster.client.merge(&like, "", &json!({"webhooks": webhooks})).await.accepted();
    }
    eventually("podgate is ready", async || program.is_ready().await.then_some(())).await;
    program
}
