//! How fast `check` is, held against only parsing the same files with the same YAML library on the same cores.
//!
//! `cargo bench --bench check` prints both and their ratio.

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::panic, missing_docs)]

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use granit_parser::Parser;
use podgate::{
    check::{self, Check, Input, Outcome},
    policy::Engine,
};
use rayon::prelude::*;

const FILES: usize = 10_000;
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
fn parse_only(inputs: &[Input]) -> usize {
    inputs
        .par_iter()
        .map(|input| {
            let text = fs::read_to_string(input.path.as_ref().unwrap()).unwrap();
            Parser::new_from_str(&text).map(|event| event.map(drop).unwrap()).count()
        })
        .sum()
}

fn best<T>(mut run: impl FnMut() -> T) -> (Duration, T) {
    let mut timed = || {
        let began = Instant::now();
        let result = run();
        (began.elapsed(), result)
    };
    let mut best = timed();
    for _ in 1..ROUNDS {
        let next = timed();
        if next.0 < best.0 {
            best = next;
        }
    }
    best
}

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = tree(folder.path());
    let engine = Engine::default();
    let check = Check { engine: &engine, namespace: "default", old: &[] };
    let paths = [folder.path().to_owned()];

    let (inputs, _) = check::find(&paths, &[]).unwrap();
    let (parsing, events) = best(|| parse_only(&inputs));
    let (checking, outcome): (Duration, Outcome) = best(|| {
        let (inputs, problems) = check::find(&paths, &[]).unwrap();
        assert!(problems.is_empty());
        check.run(&inputs, &|_| {})
    });
    assert_eq!((outcome.files.len(), outcome.objects), (FILES, 2 * FILES));
    assert!(outcome.problems.is_empty(), "{:?}", outcome.problems);
    let speed = |time: Duration| bytes as f64 / 1e6 / time.as_secs_f64();
    println!(
        "{FILES} files, {} objects, {:.1} MB, {} threads, best of {ROUNDS}",
        outcome.objects,
        bytes as f64 / 1e6,
        rayon::current_num_threads()
    );
    println!("parse only: {:>7.1} ms  {:>6.1} MB/s  {events} events", parsing.as_secs_f64() * 1e3, speed(parsing));
    println!(
        "check:      {:>7.1} ms  {:>6.1} MB/s  {} findings",
        checking.as_secs_f64() * 1e3,
        speed(checking),
        outcome.findings.len()
    );
    println!("ratio:      {:.2} of the speed of parsing", parsing.as_secs_f64() / checking.as_secs_f64());
}
