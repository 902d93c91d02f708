//! `podgate gates`: what somebody sees who asks a cluster what waits for what.

use std::process::Command;

use libtest_mimic::Trial;
use serde_json::json;

use crate::harness::with;
use crate::objects::{gated_pod, waiting};
use crate::scene::Scene;
use crate::stage::Stage;
use crate::test;

pub fn tests() -> Vec<Trial> {
    vec![test("listed::what_waits_for_what_is_listed_with_circles", a_tree)]
}

async fn a_tree(stage: &'static Stage) {
    let _podgate = stage.undisturbed().await;
    let scene = Scene::new(stage).await;
    let namespace = &scene.namespace;
    let service = json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "db", "namespace": namespace},
        "spec": {"selector": {"app": "db"}, "ports": [{"port": 5432}]}
    });
    let other = with(gated_pod(namespace, "other", &["example.com/other"]), "/metadata/labels/app", "other");
    scene
        .create([
            service,
            waiting("Deployment", namespace, "web", 2, "service/db, configmap/kube-root-ca.crt"),
            waiting("Deployment", namespace, "db", 1, "configmap/settings"),
            waiting("Deployment", namespace, "a", 1, "deployment/b"),
            waiting("Deployment", namespace, "b", 1, "deployment/a"),
            other,
        ])
        .await;
    for (app, count) in [("web", 2), ("db", 1), ("a", 1), ("b", 1)] {
        scene.gated(app, count).await;
    }
    // Nobody's controller makes it here.
    scene.create([crate::objects::configmap(namespace, "kube-root-ca.crt")]).await;
    let kubeconfig = scene.plane.admin_kubeconfig();
    let output = Command::new(env!("CARGO_BIN_EXE_podgate-under-test"))
        .args(["gates", "--namespace", namespace])
        .env("KUBECONFIG", kubeconfig)
        .output()
        .unwrap();
    let (text, error) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(output.status.success(), "{text}{error}");
    // How long each has waited differs.
    let lines: Vec<&str> = text.lines().map(|line| line.split(" at podgate.dev").next().unwrap()).collect();
    let expected = [
        namespace.as_str(),
        "  Deployment web: 2 Pods",
        "  ├─ configmap/kube-root-ca.crt: is there",
        "  └─ service/db: 0 of 1 endpoints ready",
        "     └─ Deployment db: 1 Pod",
        "        └─ configmap/settings: does not exist",
        "  Deployment a: 1 Pod",
        "  └─ deployment/b: 0 of 1 Pods are available",
        "     └─ Deployment b: 1 Pod",
        "        └─ deployment/a: 0 of 1 Pods are available",
        "           └─ Deployment a, which stands above: a circle",
        &format!(
            "circle in {namespace}: Deployment a waits for Deployment b waits for Deployment a; none of them starts"
        ),
        "5 Pods wait, 1 circle",
        "1 Pod waits behind gate example.com/other, which is not podgate's",
    ];
    assert_eq!(lines, expected, "{text}");
}
