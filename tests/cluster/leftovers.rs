//! Whatever ends a run: its programs end, and its folder goes. Shown with programs that do nothing but hold on.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use libtest_mimic::Trial;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use crate::harness::{Cluster, PATIENCE};
use crate::{SELECTED, test};

pub fn tests() -> Vec<Trial> {
    vec![
        test("leftovers::none_when_it_is_told_to_end", async |cluster| ended_by_signal(cluster, "TERM").await),
        test("leftovers::none_when_it_is_killed", async |cluster| ended_by_signal(cluster, "KILL").await),
        test("leftovers::none_when_it_panics", none_when_it_panics),
        test("leftovers::a_missing_program_is_a_failure", a_missing_program_is_a_failure),
    ]
}

/// A program that says that it is up, and never ends, nor does its child. As long as one of them lives, the pipe is open.
const HOLDING_ON: &str = "#!/bin/sh\nexec 3>\"${0%/*}/alive\"\nsleep 3600 &\necho up >&3\n";

async fn ended_by_signal(cluster: &'static Cluster, signal: &'static str) {
    let run = Run::new(cluster, signal);
    run.program("etcd", &format!("{HOLDING_ON}wait\n"));
    run.program("kube-apiserver", &format!("{HOLDING_ON}wait\n"));
    let output = run.output(move |child| {
        let kill = Command::new("bash").args(["-c", &format!("kill -{signal} {}", child.id())]).status().unwrap();
        assert!(kill.success());
    });
    assert_eq!(output.await, "", "it had no time to say anything");
    run.left_nothing();
}

async fn none_when_it_panics(cluster: &'static Cluster) {
    let run = Run::new(cluster, "panic");
    run.program("etcd", &format!("{HOLDING_ON}wait\n"));
    run.program("kube-apiserver", &format!("{HOLDING_ON}echo no such flag\nexit 3\n"));
    let output = run.output(|_| ()).await;
    assert!(output.contains("kube-apiserver ended with exit status: 3:\nno such flag"), "{output}");
    run.left_nothing();
}

async fn a_missing_program_is_a_failure(cluster: &'static Cluster) {
    let run = Run::new(cluster, "missing");
    let mut child = run.start();
    let ended = spawn_blocking(move || {
        let mut output = String::new();
        child.stderr.take().unwrap().read_to_string(&mut output).unwrap();
        (child.wait().unwrap(), output)
    });
    let (status, output) = timeout(PATIENCE, ended).await.expect("it ends").unwrap();
    assert!(!status.success(), "{status}");
    assert!(output.contains("programs/etcd: "), "{output}");
    assert!(output.contains("KUBEBUILDER_ASSETS=$(tests/cluster/assets/build)"), "{output}");
    run.left_nothing();
}

/// A run of these tests with other programs.
struct Run {
    programs: PathBuf,
    /// Where it makes its folder.
    temporary: PathBuf,
}

impl Run {
    fn new(cluster: &Cluster, name: &str) -> Self {
        let dir = cluster.processes().dir().join(format!("run-{name}"));
        let run = Self { programs: dir.join("programs"), temporary: dir.join("tmp") };
        fs::create_dir_all(&run.programs).unwrap();
        fs::create_dir(&run.temporary).unwrap();
        assert!(Command::new("mkfifo").arg(run.alive()).status().unwrap().success());
        run
    }

    fn alive(&self) -> PathBuf {
        self.programs.join("alive")
    }

    fn program(&self, name: &str, text: &str) {
        let path = self.programs.join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn start(&self) -> Child {
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "every_rule_has_its_cases"])
            .env(SELECTED, "1")
            .env("KUBEBUILDER_ASSETS", &self.programs)
            .env("TMPDIR", &self.temporary)
            .env("RUST_BACKTRACE", "0")
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    /// Starts it, ends it once both programs are up, and gives what it has said, once it is over: nobody has the pipes of
    /// its programs and of its guard open any more.
    async fn output(&self, end: impl FnOnce(&Child) + Send + 'static) -> String {
        let mut child = self.start();
        let alive = self.alive();
        let ended = spawn_blocking(move || {
            let mut alive = BufReader::new(File::open(alive).unwrap());
            for _ in 0..2 {
                let mut line = String::new();
                alive.read_line(&mut line).unwrap();
                assert_eq!(line, "up\n");
            }
            end(&child);
            let mut rest = String::new();
            alive.read_to_string(&mut rest).unwrap();
            assert_eq!(rest, "");
            child.stderr.take().unwrap().read_to_string(&mut rest).unwrap();
            assert!(!child.wait().unwrap().success());
            rest
        });
        timeout(PATIENCE, ended).await.expect("all of it ends").unwrap()
    }

    fn left_nothing(&self) {
        let names = |dir: &Path| -> Vec<_> { fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect() };
        assert_eq!(names(&self.temporary), Vec::<PathBuf>::new());
    }
}
