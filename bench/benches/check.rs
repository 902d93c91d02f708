//! How fast `check` is, held against only parsing the same files with the same YAML library on the same cores.
//!
//! `cargo bench --bench check` prints both and their ratio.

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::panic, clippy::cast_precision_loss, missing_docs)]

use std::{
    fs,
    path::{Path, PathBuf},
    time::Instant,
};

use granit_parser::{Options, Parser};
use podgate::files::{self, File};
use podgate_engine::policy::Engine;
use podgate_manifests::{Check, Outcome};
use rayon::prelude::*;
use rustix::time::{ClockId, clock_gettime};

const FILES: usize = 10_000;
/// The size of the one large file.
const FILE_BYTES: usize = 50 * 1024 * 1024;
const ROUNDS: usize = 5;

fn deployment(number: usize) -> String {
    // One in ten has something that is refused.
    let port = if number.is_multiple_of(10) { 8080 } else { 9090 };
    format!(
        "# Service {number}.
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web-{number}
  namespace: shop-{ns}
  labels:
    app.kubernetes.io/name: web-{number}
    app.kubernetes.io/managed-by: Helm
spec:
  replicas: 3
  selector:
    matchLabels:
      app.kubernetes.io/name: web-{number}
  strategy:
    rollingUpdate:
      maxSurge: 1
      maxUnavailable: 0
  template:
    metadata:
      labels:
        app.kubernetes.io/name: web-{number}
      annotations:
        checksum/config: 4355a46b19d348dc2f57c046f8ef63d4538ebb936000f3c9ee954a27460dd865
    spec:
      serviceAccountName: web
      terminationGracePeriodSeconds: 30
      topologySpreadConstraints:
      - maxSkew: 1
        topologyKey: topology.kubernetes.io/zone
        whenUnsatisfiable: ScheduleAnyway
        labelSelector:
          matchLabels:
            app.kubernetes.io/name: web-{number}
      initContainers:
      - name: migrate
        image: registry.example.com/migrate:{number}
        command: [migrate, up]
        resources: &small
          requests: {{cpu: 10m, memory: 32Mi}}
          limits: {{memory: 32Mi}}
      containers:
      - name: app
        image: \"registry.example.com/app:{number}\"
        args: [\"--listen\", \":8080\", '--log=json']
        env:
        - name: DATABASE_URL
          valueFrom:
            secretKeyRef: {{name: web-{number}, key: url}}
        - name: GREETING
          value: >-
            A longer text that runs
            over two lines
        ports:
        - name: http
          containerPort: 8080
        readinessProbe:
          httpGet: {{path: /healthz, port: http}}
          periodSeconds: 5
        lifecycle:
          preStop:
            sleep: {{seconds: 5}}
        resources:
          requests:
            cpu: 100m
            memory: 128Mi
          limits:
            memory: 128Mi
        volumeMounts:
        - name: config
          mountPath: /etc/web
      - name: metrics
        image: registry.example.com/metrics:1
        ports:
        - containerPort: {port}
        readinessProbe:
          tcpSocket: {{port: {port}}}
        lifecycle:
          preStop:
            sleep: {{seconds: 5}}
        resources: *small
      volumes:
      - name: config
        configMap:
          name: web-{number}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: web-{number}
  namespace: shop-{ns}
spec:
  maxUnavailable: 1
  unhealthyPodEvictionPolicy: AlwaysAllow
  selector:
    matchLabels:
      app.kubernetes.io/name: web-{number}
",
        ns = number % 50
    )
}

fn tree(root: &Path) -> u64 {
    let mut bytes = 0;
    for number in 0..FILES {
        let folder = root.join(format!("team-{}", number % 100));
        fs::create_dir_all(&folder).unwrap();
        let text = deployment(number);
        bytes += text.len() as u64;
        fs::write(folder.join(format!("web-{number}.yaml")), text).unwrap();
    }
    bytes
}

/// Reads every file and goes through its events.
fn parse_only(inputs: &[File]) -> usize {
    inputs
        .par_iter()
        .map(|input| {
            let text = fs::read_to_string(input.path.as_ref().unwrap()).unwrap();
            // The options that podgate itself sets.
            let mut options = Options::default();
            options.set_emit_comments(false);
            Parser::new_from_str_with_options(&text, options).map(|event| event.map(drop).unwrap()).count()
        })
        .sum()
}

/// Wall time, and the time that all threads had a processor: on a busy machine only the latter means something.
#[derive(Clone, Copy)]
struct Time {
    wall: f64,
    cpu: f64,
}

fn cpu_seconds() -> f64 {
    let now = clock_gettime(ClockId::ProcessCPUTime);
    now.tv_sec as f64 + now.tv_nsec as f64 / 1e9
}

fn timed<T>(run: impl FnOnce() -> T) -> (Time, T) {
    let (began, cpu) = (Instant::now(), cpu_seconds());
    let result = run();
    (Time { wall: began.elapsed().as_secs_f64(), cpu: cpu_seconds() - cpu }, result)
}

/// The largest amount of memory that the process has had, in MB, where the system tells.
fn peak_memory() -> Option<f64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kib: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib * 1024.0 / 1e6)
}

/// Both ways in turns, so that both see the same weather, and what came out.
fn beside(what: &str, paths: &[PathBuf], bytes: f64) -> Outcome {
    let engine = Engine::default();
    let check = Check { engine: &engine, namespace: "default", old: &[], folder: "", around: &[] };
    let inputs = files::find(paths, &[]).unwrap().files;
    let least = |times: &[Time], of: fn(&Time) -> f64| times.iter().map(of).fold(f64::INFINITY, f64::min);
    let (mut parsing, mut checking) = (Vec::new(), Vec::new());
    let (mut events, mut outcome) = (0, Outcome::default());
    for _ in 0..ROUNDS {
        let (time, count) = timed(|| parse_only(&inputs));
        parsing.push(time);
        events = count;
        let (time, judged) = timed(|| {
            let found = files::find(paths, &[]).unwrap();
            assert!(found.problems.is_empty());
            check.run(&found.files, &|_| {})
        });
        checking.push(time);
        outcome = judged;
    }
    assert!(outcome.problems.is_empty(), "{:?}", outcome.problems);
    let (objects, findings) = (outcome.objects, outcome.findings.len());
    println!(
        "{what}: {objects} objects, {:.1} MB, {events} events, {findings} findings, {} threads, best of {ROUNDS}",
        bytes / 1e6,
        rayon::current_num_threads()
    );
    for (name, times) in [("parse only", &parsing), ("check", &checking)] {
        let (wall, cpu) = (least(times, |time| time.wall), least(times, |time| time.cpu));
        println!(
            "{name:>10}: {:>7.0} ms, {:>7.0} ms of processor, {:>5.1} MB/s",
            wall * 1e3,
            cpu * 1e3,
            bytes / 1e6 / wall
        );
    }
    let ratio = |of: fn(&Time) -> f64| least(&parsing, of) / least(&checking, of);
    println!(
        "check has {:.2} of the speed of parsing by the clock, {:.2} by processor time",
        ratio(|time| time.wall),
        ratio(|time| time.cpu)
    );
    if let Some(megabytes) = peak_memory() {
        println!("peak memory so far {megabytes:.0} MB\n");
    }
    outcome
}

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = tree(folder.path()) as f64;
    let outcome = beside(&format!("{FILES} files"), &[folder.path().to_owned()], bytes);
    assert_eq!((outcome.files.len(), outcome.objects), (FILES, 2 * FILES));

    // Only parsing has one thread for it.
    let file = folder.path().join("all.yaml");
    let mut text = String::new();
    for number in 0.. {
        if text.len() >= FILE_BYTES {
            break;
        }
        text.push_str("---\n");
        text.push_str(&deployment(number));
    }
    fs::write(&file, &text).unwrap();
    beside("one file", &[file], text.len() as f64);
}
