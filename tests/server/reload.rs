//! A policy that changes while requests are answered. `RELOADS=1000 cargo test --test server swapped_again -- --nocapture`
//! does so a thousand times, and tells of the memory.

#![allow(clippy::print_stderr)]

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use podgate::files::load_policy as load;
use serde_json::Value;
use tempfile::TempDir;

use crate::support::{PATIENCE, TestServer};

/// A Pod with a port conflict.
const REVIEW: &str = include_str!("../../samples/port-conflict.json");

/// How many policies are put in force under load; the environment may ask for more.
fn reloads() -> usize {
    std::env::var("RELOADS").ok().and_then(|text| text.parse().ok()).unwrap_or(5)
}

fn policy(level: &str) -> String {
    format!("apiVersion: podgate.dev/v1alpha1\nkind: LifecyclePolicy\nspec:\n  rules:\n    port-conflict: {level}\n")
}

/// A ConfigMap as the kubelet mounts it.
struct Volume {
    dir: TempDir,
    swaps: usize,
}

impl Volume {
    fn new(text: &str) -> Self {
        let mut volume = Self { dir: tempfile::tempdir().unwrap(), swaps: 0 };
        volume.swap(text);
        symlink("..data/policy.yaml", volume.file()).unwrap();
        volume
    }

    fn file(&self) -> PathBuf {
        self.dir.path().join("policy.yaml")
    }

    /// A new folder, a new link renamed over the old, the old folder gone.
    fn swap(&mut self, text: &str) {
        let (data, new) = (self.dir.path().join("..data"), self.dir.path().join("..data_tmp"));
        let old = std::fs::read_link(&data).ok();
        self.swaps += 1;
        let folder = format!("..2026_01_01_{}", self.swaps);
        std::fs::create_dir(self.dir.path().join(&folder)).unwrap();
        std::fs::write(self.dir.path().join(&folder).join("policy.yaml"), text).unwrap();
        symlink(&folder, &new).unwrap();
        std::fs::rename(&new, &data).unwrap();
        if let Some(old) = old {
            std::fs::remove_dir_all(self.dir.path().join(old)).unwrap();
        }
    }
}

async fn start(file: &Path) -> TestServer {
    let policy = load(file).unwrap();
    TestServer::start_with_policy_file(&policy, file).await
}

/// Whether the Pod is allowed: `None` where the answer is no decision.
async fn ask(client: &reqwest::Client, url: &str) -> Option<bool> {
    let request = client.post(url).header("content-type", "application/json").body(REVIEW);
    let answer = request.send().await.ok()?;
    let answer: Value = answer.json().await.ok()?;
    answer["response"]["allowed"].as_bool()
}

async fn wait_until_allowed(client: &reqwest::Client, url: &str, allowed: bool) {
    let begin = Instant::now();
    while ask(client, url).await != Some(allowed) {
        assert!(begin.elapsed() < PATIENCE, "allowed should have become {allowed}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn swapped_again_and_again_under_load_no_request_is_lost() {
    let mut volume = Volume::new(&policy("deny"));
    let server = start(&volume.file()).await;
    let client = server.client().build().unwrap();
    let url = server.url("/validate");
    assert_eq!(ask(&client, &url).await, Some(false));

    let stop = Arc::new(AtomicBool::new(false));
    let (answered, lost) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let load = (0..4).map(|_| {
        let (client, url, stop) = (client.clone(), url.clone(), Arc::clone(&stop));
        let (answered, lost) = (Arc::clone(&answered), Arc::clone(&lost));
        tokio::spawn(async move {
            while !stop.load(Ordering::Relaxed) {
                let count = if ask(&client, &url).await.is_some() { &answered } else { &lost };
                count.fetch_add(1, Ordering::Relaxed);
            }
        })
    });
    let load: Vec<_> = load.collect();
    let mut memory = Vec::new();
    for number in 0..reloads() {
        let allowed = number % 2 == 0;
        volume.swap(&policy(if allowed { "warn" } else { "deny" }));
        wait_until_allowed(&client, &url, allowed).await;
        if number % 50 == 0 {
            memory.push((number, resident_kib()));
        }
    }
    stop.store(true, Ordering::Relaxed);
    for task in load {
        task.await.unwrap();
    }
    let (answered, lost) = (answered.load(Ordering::Relaxed), lost.load(Ordering::Relaxed));
    eprintln!("{} reloads, {answered} requests answered, {lost} lost; resident KiB {memory:?}", reloads());
    assert_eq!(lost, 0);
    assert!(answered > reloads());
    server.wait_for_metric("podgate_policy_load_failures_total 0").await;
}

fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse().ok()).unwrap_or(0)
}

#[tokio::test]
async fn a_broken_policy_leaves_the_last_good_one_in_force_and_is_told_of() {
    let mut volume = Volume::new(&policy("warn"));
    let server = start(&volume.file()).await;
    let client = server.client().build().unwrap();
    let url = server.url("/validate");
    assert_eq!(ask(&client, &url).await, Some(true));
    let ready = || async {
        let answer = server.admin("/readyz").await;
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    assert_eq!(ready().await, (200, "ok".to_owned()));

    volume.swap(&policy("refuse"));
    server.wait_for_metric("podgate_policy_load_failures_total 1").await;
    assert_eq!(ask(&client, &url).await, Some(true));
    let (status, text) = ready().await;
    let mistake = ":5:20: spec.rules.port-conflict: unknown level \"refuse\"; levels are off, audit, warn and deny";
    assert!(status == 200 && text.starts_with("ok\n") && text.contains(mistake), "{status} {text}");
    let shown = server.admin("/policy").await.text().await.unwrap();
    assert!(shown.contains(mistake) && shown.contains("\n    port-conflict: \"warn\" # "), "{shown}");

    // Gone altogether: that is no policy either.
    std::fs::remove_file(volume.file()).unwrap();
    server.wait_for_metric("podgate_policy_load_failures_total 2").await;
    assert_eq!(ask(&client, &url).await, Some(true));

    // Another way of exchanging it: renamed over.
    let new = volume.dir.path().join("new");
    std::fs::write(&new, policy("deny")).unwrap();
    std::fs::rename(&new, volume.file()).unwrap();
    wait_until_allowed(&client, &url, false).await;
    assert_eq!(ready().await, (200, "ok".to_owned()));
    // And one more: in place.
    std::fs::write(volume.file(), policy("off")).unwrap();
    wait_until_allowed(&client, &url, true).await;
}

#[tokio::test]
async fn what_changed_before_the_server_was_up_is_not_missed() {
    let volume = Volume::new(&policy("warn"));
    let old = load(&volume.file()).unwrap();
    std::fs::write(volume.file(), policy("deny")).unwrap();
    let server = TestServer::start_with_policy_file(&old, &volume.file()).await;
    let client = server.client().build().unwrap();
    wait_until_allowed(&client, &server.url("/validate"), false).await;
}

#[tokio::test]
async fn the_policy_in_force_is_shown() {
    let server = TestServer::start().await;
    let answer = server.admin("/policy").await;
    assert_eq!(
        (answer.status().as_u16(), answer.headers()["content-type"].to_str().unwrap()),
        (200, "application/yaml")
    );
    let text = answer.text().await.unwrap();
    let start = "# no policy file: the default\n# Exempt users and groups are left out here.\napiVersion: podgate.dev/v1alpha1\n";
    assert!(text.starts_with(start), "{text}");
    let mut expected = podgate_engine::policy::LifecyclePolicy::default();
    expected.spec.exemptions.groups.clear();
    assert_eq!(podgate_engine::policy::parse(&text, "shown").unwrap(), expected);
}

/// What has ended, and what ends within two weeks, is told of where people look.
#[tokio::test]
async fn exemptions_that_end_are_told_of() {
    let object = "{kind: Deployment, namespace: shop, name: web, rules: [single-replica], reason: ticket OPS-12";
    let spec =
        format!("{{exemptions: {{objects: [{object}, expires: 2020-02-29}}, {object}, expires: 2999-12-31}}]}}}}");
    let text = format!("apiVersion: podgate.dev/v1alpha1\nkind: LifecyclePolicy\nspec: {spec}\n");
    let server = TestServer::start_with_policy(&podgate_engine::policy::parse(&text, "policy").unwrap()).await;
    let ready = server.admin("/readyz").await;
    assert_eq!(ready.status(), 200);
    let wanted = "ok\nspec.exemptions.objects[0]: the exemption of Deployment shop/web has expired on 2020-02-29 and counts no more (ticket OPS-12)\n";
    assert_eq!(ready.text().await.unwrap(), wanted);
    let metrics = server.metrics().await;
    assert!(metrics.contains("podgate_exemptions{state=\"expired\"} 1\n"), "{metrics}");
    assert!(metrics.contains("podgate_exemptions{state=\"expiring\"} 0\n"), "{metrics}");
    let without = TestServer::start().await;
    assert_eq!(without.admin("/readyz").await.text().await.unwrap(), "ok");
}

/// One query says what would be refused.
#[tokio::test]
async fn a_dry_run_is_counted_by_rule_and_namespace() {
    let text = "apiVersion: podgate.dev/v1alpha1\nkind: LifecyclePolicy\nspec: {profile: audit}\n";
    let server = TestServer::start_with_policy(&podgate_engine::policy::parse(text, "policy").unwrap()).await;
    let request = server.client().build().unwrap().post(server.url("/validate"));
    let answer = request.header("content-type", "application/json").body(REVIEW).send().await.unwrap();
    let answer: Value = answer.json().await.unwrap();
    assert_eq!((&answer["response"]["allowed"], answer["response"].get("warnings")), (&Value::Bool(true), None));
    let metrics = server.metrics().await;
    let line = metrics.lines().find(|line| line.starts_with("podgate_findings_total{rule=\"port-conflict\"")).unwrap();
    let labels = "{rule=\"port-conflict\",level=\"audit\",own_level=\"deny\",controller=\"false\",namespace=\"";
    assert!(line.contains(labels) && line.ends_with(" 1"), "{line}");
}
