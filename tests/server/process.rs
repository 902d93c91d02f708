//! The real program: flags, signals, exit codes, what it prints.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use podgate::server::Limits;
use serde_json::Value;

use crate::support::{NO_REVIEW, PATIENCE, client_builder};

/// A process that does not outlive its test.
pub struct Process(pub Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Process {
    /// `podgate serve` with free ports, in `dir`.
    pub fn serve(dir: &Path, args: &[&str]) -> Self {
        Self::serve_with(dir, args, &[])
    }

    /// The same with environment variables.
    pub fn serve_with(dir: &Path, args: &[&str], variables: &[(&str, &str)]) -> Self {
        let child = podgate(dir)
            .envs(variables.iter().copied())
            .args(["serve"])
            .args(free_port(args, "--listen"))
            .args(free_port(args, "--admin-listen"))
            .args(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Self(child)
    }

    pub fn signal(&self, name: &str) {
        let status = Command::new("sh").args(["-c", &format!("kill -{name} {}", self.0.id())]).status().unwrap();
        assert!(status.success());
    }

    pub fn wait(&mut self) -> ExitStatus {
        let begin = Instant::now();
        loop {
            if let Some(status) = self.0.try_wait().unwrap() {
                return status;
            }
            assert!(begin.elapsed() < PATIENCE, "the process should have ended");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    pub fn stdout_lines(&mut self) -> impl Iterator<Item = String> + use<> {
        BufReader::new(self.0.stdout.take().unwrap()).lines().map(Result::unwrap)
    }

    pub fn stderr_lines(&mut self) -> impl Iterator<Item = String> + use<> {
        BufReader::new(self.0.stderr.take().unwrap()).lines().map(Result::unwrap)
    }
}

/// The flag with any free port, unless `args` have it.
fn free_port(args: &[&str], flag: &'static str) -> Vec<&'static str> {
    if args.contains(&flag) { Vec::new() } else { vec![flag, "127.0.0.1:0"] }
}

fn podgate(dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_podgate-under-test"));
    command.current_dir(dir);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("PODGATE_") {
            command.env_remove(name);
        }
    }
    command
}

fn run(dir: &Path, args: &[&str]) -> Output {
    podgate(dir).args(args).output().unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// What follows `start` in a line that begins with it.
pub fn after<'a>(line: &'a str, start: &str) -> &'a str {
    let (_, rest) = line.split_once(start).unwrap_or_else(|| panic!("{start} in {line}"));
    rest
}

#[test]
fn first_start_makes_certificates_and_prints_what_to_try() {
    let dir = tempfile::tempdir().unwrap();
    let mut process = Process::serve(dir.path(), &["--drain-delay", "0s"]);
    let mut lines = process.stdout_lines();
    assert_eq!(lines.next().unwrap(), "made a development certificate in certs");
    let serving = lines.next().unwrap();
    let admin: SocketAddr = after(&serving, "http://").split(' ').next().unwrap().parse().unwrap();
    let hint = lines.next().unwrap();
    let url = hint.rsplit(' ').next().unwrap();
    let request = after(&hint, "try: curl --cacert certs/ca.crt -H 'Content-Type: application/json' --data '");
    let request = request.strip_suffix(&format!("' {url}")).unwrap().to_owned();
    // No key gets into a repository by mistake.
    let ignored = std::fs::read_to_string(dir.path().join("certs/.gitignore")).unwrap();
    assert_eq!(ignored.lines().last(), Some("*"));

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let client = client_builder(&dir.path().join("certs")).build().unwrap();
        let answer = client.post(url).header("content-type", "application/json").body(NO_REVIEW).send().await.unwrap();
        assert_eq!(answer.status(), 400);
        let answer = client.post(url).header("content-type", "application/json").body(request).send().await.unwrap();
        let answer: Value = answer.json().await.unwrap();
        assert_eq!(answer["response"]["status"]["code"], 422, "{answer}");
        let ready = client.get(format!("http://{admin}/readyz")).send().await.unwrap();
        assert_eq!(ready.status(), 200);
    });

    process.signal("TERM");
    assert_eq!(process.wait().code(), Some(0));
    let log: Vec<_> = process.stderr_lines().collect();
    assert_eq!(log.iter().filter(|line| line.contains("admission webhook=")).count(), 2, "{log:?}");
    assert!(log.last().unwrap().contains("stopped"), "{log:?}");

    // The second start uses what is there.
    let mut process = Process::serve(dir.path(), &[]);
    assert!(process.stdout_lines().next().unwrap().starts_with("podgate "));
    process.signal("INT");
    assert_eq!(process.wait().code(), Some(0));
}

#[test]
fn json_log_is_all_there_is() {
    let dir = tempfile::tempdir().unwrap();
    let mut process = Process::serve(dir.path(), &["--log-format", "json"]);
    let mut lines = process.stderr_lines();
    let serving: Value = serde_json::from_str(&lines.next().unwrap()).unwrap();
    assert_eq!(serving["message"], "serving");
    let address: SocketAddr = serving["address"].as_str().unwrap().parse().unwrap();
    assert_ne!(address.port(), 0);
    process.signal("INT");
    assert_eq!(process.wait().code(), Some(0));
    for line in lines {
        serde_json::from_str::<Value>(&line).unwrap();
    }
    let mut out = String::new();
    process.0.stdout.take().unwrap().read_to_string(&mut out).unwrap();
    assert_eq!(out, "");
}

/// As in a container: process 1 gets no default action of a signal. It needs handlers, which can be seen everywhere; that
/// they stop it as process 1 is shown where namespaces are allowed.
#[test]
fn stops_as_process_1() {
    const SIGINT: u32 = 2;
    const SIGTERM: u32 = 15;
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(run(dir.path(), &["certs"]).status.code(), Some(0));
    let mut process = Process::serve(dir.path(), &["--drain-delay", "0s"]);
    assert!(process.stderr_lines().next().unwrap().contains("serving"));
    let status = std::fs::read_to_string(format!("/proc/{}/status", process.0.id())).unwrap();
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap();
    let caught = u64::from_str_radix(caught.trim(), 16).unwrap();
    for signal in [SIGINT, SIGTERM] {
        assert_ne!(caught & 1 << (signal - 1), 0, "signal {signal} has no handler: {caught:x}");
    }

    let serve =
        [env!("CARGO_BIN_EXE_podgate-under-test"), "serve", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"];
    let unshare = ["--user", "--map-root-user", "--pid", "--fork", "--mount-proc"];
    let child = Command::new("unshare")
        .args(unshare)
        // Says its process id, and becomes podgate.
        .args(["sh", "-c", "echo $$ >&2; exec \"$@\"", "sh"])
        .args(serve)
        .args(["--drain-delay", "0s"])
        .current_dir(dir.path())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut process = Process(child);
    let mut log = process.stderr_lines();
    let first = log.next().unwrap();
    if first.contains("unshare") {
        println!("namespaces are not allowed here, so that only the handlers were shown: {first}");
        return;
    }
    assert_eq!(first, "1");
    assert!(log.next().unwrap().contains("serving"));
    let children = format!("/proc/{0}/task/{0}/children", process.0.id());
    let podgate = std::fs::read_to_string(children).unwrap();
    assert!(Command::new("kill").args(["-TERM", podgate.trim()]).status().unwrap().success());
    assert_eq!(process.wait().code(), Some(0));
    assert!(log.last().unwrap().contains("stopped"));
}

#[test]
fn second_signal_ends_it_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let mut process = Process::serve(dir.path(), &["--drain-delay", "1h"]);
    let mut log = process.stderr_lines();
    assert!(log.next().unwrap().contains("serving"));
    process.signal("TERM");
    assert!(log.next().unwrap().contains("draining"));
    // At once it is the same signal, sent to the process group too.
    process.signal("TERM");
    std::thread::sleep(Duration::from_millis(300));
    assert!(process.0.try_wait().unwrap().is_none());
    process.signal("TERM");
    assert_eq!(process.wait().code(), Some(128 + 15));
}

/// A terminal that is closed, or an init system that asks for a reload, loses no request.
#[test]
fn hang_up_drains() {
    let dir = tempfile::tempdir().unwrap();
    let mut process = Process::serve(dir.path(), &["--drain-delay", "300ms"]);
    let mut log = process.stderr_lines();
    assert!(log.next().unwrap().contains("serving"));
    process.signal("HUP");
    assert!(log.next().unwrap().contains("draining"));
    assert_eq!(process.wait().code(), Some(0));
}

fn get(admin: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(admin).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
        .write_all(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").as_bytes())
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn wait_until_ready_says(admin: SocketAddr, text: &str, says: bool) {
    let begin = Instant::now();
    loop {
        let answer = get(admin, "/readyz");
        if answer.contains(text) == says {
            return;
        }
        assert!(begin.elapsed() < PATIENCE, "{answer}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// A policy that becomes a pipe, as one on a file system that hangs, is told of, can be mended, and keeps nothing from ending.
#[test]
fn policy_that_becomes_a_pipe() {
    const POLICY: &str =
        "apiVersion: podgate.dev/v1alpha1\nkind: LifecyclePolicy\nmetadata: {name: default}\nspec: {}\n";
    let dir = tempfile::tempdir().unwrap();
    let policy = dir.path().join("policy.yaml");
    let pipe = || {
        std::fs::remove_file(&policy).unwrap();
        assert!(Command::new("mkfifo").arg(&policy).status().unwrap().success());
    };
    std::fs::write(&policy, POLICY).unwrap();
    let mut process = Process::serve(dir.path(), &["--policy", "policy.yaml", "--drain-delay", "0s"]);
    let serving = process.stdout_lines().nth(1).unwrap();
    let admin: SocketAddr = after(&serving, "http://").split(' ').next().unwrap().parse().unwrap();
    pipe();
    wait_until_ready_says(admin, "it is no regular file", true);
    std::fs::remove_file(&policy).unwrap();
    std::fs::write(&policy, POLICY).unwrap();
    wait_until_ready_says(admin, "the policy cannot be used", false);
    pipe();
    wait_until_ready_says(admin, "it is no regular file", true);
    process.signal("TERM");
    assert_eq!(process.wait().code(), Some(0));
}

#[test]
fn policy_of_any_size_is_bounded() {
    let dir = tempfile::tempdir().unwrap();
    let file = std::fs::File::create(dir.path().join("policy.yaml")).unwrap();
    file.set_len(3 * 1024 * 1024 * 1024).unwrap();
    for args in [&["policy", "check", "policy.yaml"][..], &["serve", "--policy", "policy.yaml"]] {
        let begin = Instant::now();
        let output = run(dir.path(), args);
        assert_eq!(output.status.code(), Some(2));
        assert!(stderr(&output).contains("larger than 4 MiB"), "{}", stderr(&output));
        assert!(begin.elapsed() < PATIENCE / 2, "{:?}", begin.elapsed());
    }
}

#[test]
fn interrupt_skips_the_delay_and_lets_a_request_finish() {
    let dir = tempfile::tempdir().unwrap();
    let mut process = Process::serve(dir.path(), &["--drain-delay", "1h"]);
    let mut log = process.stderr_lines();
    let serving = log.next().unwrap();
    let address: SocketAddr = after(&serving, " address=").split(' ').next().unwrap().parse().unwrap();
    // A connection that says nothing does not hold it up.
    let mut silent = TcpStream::connect(address).unwrap();
    silent.write_all(&[0x16]).unwrap();
    process.signal("INT");
    assert_eq!(process.wait().code(), Some(0));
}

/// Out of file descriptors it waits, without a word for each time it tried, and goes on when there are some again.
#[test]
fn lack_of_descriptors_is_survived() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(run(dir.path(), &["certs"]).status.code(), Some(0));
    let script = format!(
        "ulimit -n 40; exec '{}' serve --listen 127.0.0.1:0 --admin-listen 127.0.0.1:0",
        env!("CARGO_BIN_EXE_podgate-under-test")
    );
    let child = Command::new("sh")
        .args(["-c", &script])
        .current_dir(dir.path())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut process = Process(child);
    let mut log = process.stderr_lines();
    let serving = log.next().unwrap();
    let field = |name| after(&serving, name).split(' ').next().unwrap();
    let address: SocketAddr = field(" address=").parse().unwrap();
    let admin: SocketAddr = field(" admin_address=").parse().unwrap();
    let crowd: Vec<_> = (0..60).map(|_| TcpStream::connect(address).unwrap()).collect();
    assert!(log.next().unwrap().contains("cannot accept connections"));
    std::thread::sleep(Duration::from_millis(500));
    drop(crowd);
    let mut stream = TcpStream::connect(admin).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(b"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    process.signal("INT");
    assert_eq!(process.wait().code(), Some(0));
    let complaints = log.filter(|line| line.contains("cannot accept")).count();
    assert!(complaints < 30, "{complaints}");
}

#[test]
fn port_in_use_names_flag_and_address() {
    let dir = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for (flag, other) in [("--listen", "--admin-listen"), ("--admin-listen", "--listen")] {
        let output = run(dir.path(), &["serve", flag, &address, other, "127.0.0.1:0"]);
        assert_eq!(output.status.code(), Some(2));
        let text = stderr(&output);
        assert!(text.contains(&format!("cannot listen on {address} ({flag})")), "{text}");
        assert!(text.contains("another process uses this port; stop it, or give another port"), "{text}");
    }
}

#[test]
fn bad_flags_and_files_end_with_2() {
    let dir = tempfile::tempdir().unwrap();
    for (args, expected) in [
        (&["serve", "--listen", "nowhere"][..], "it has no port; give nowhere:8443"),
        (&["serve", "--admin-listen", "8080"], "give :8080 for all addresses, or 127.0.0.1:8080"),
        (&["serve", "--listen", "nowhere.invalid:0"], "cannot look up \"nowhere.invalid\" (--listen)"),
        (
            &["serve", "--listen", "127.0.0.1:1", "--admin-listen", "127.0.0.1:1"],
            "--listen and --admin-listen are both 127.0.0.1:1",
        ),
        (&["serve", "--max-requests", "many"], "expected a whole number from 1 to 1000000"),
        (&["serve", "--header-timeout", "10"], "500ms, 10s, 2m or 1h"),
        (&["serve", "--log-level", "loud"], "--log-level"),
        (&["serve", "--max-connections", "0"], "--max-connections"),
        (&["serve", "--max-body-bytes", "0"], "--max-body-bytes"),
        (&["serve", "--max-bytes", "0"], "--max-bytes"),
        (&["serve", "--threads", "0"], "expected a whole number from 1 to 1024"),
        (&["serve", "--body-timeout", "0s"], "expected more than zero"),
        (&["serve", "--handshake-timeout", "0ms"], "expected more than zero"),
        (&["serve", "--no-such-flag"], "--no-such-flag"),
        (&["serve", "--dns", "a b"], "\"a b\" is neither a DNS name nor an IP address"),
        (&["certs", "--days", "0"], "--days"),
    ] {
        let output = run(dir.path(), args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(stderr(&output).contains(expected), "{args:?} {}", stderr(&output));
    }
    std::fs::create_dir(dir.path().join("certs")).unwrap();
    std::fs::write(dir.path().join("certs/tls.crt"), "").unwrap();
    let output = run(dir.path(), &["serve"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("certs has tls.crt but no tls.key"), "{}", stderr(&output));
}

#[test]
#[cfg(target_os = "linux")]
fn as_many_threads_as_were_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    for (args, expected) in [(&["--threads", "9"][..], 9), (&[], Limits::default().threads)] {
        let mut process = Process::serve(dir.path(), args);
        process.stdout_lines().find(|line| line.contains("/readyz")).expect("it says where it listens");
        let tasks = std::fs::read_dir(format!("/proc/{}/task", process.0.id())).unwrap();
        let names = tasks.map(|task| std::fs::read_to_string(task.unwrap().path().join("comm")).unwrap());
        let count = names.filter(|name| name.starts_with("tokio-")).count();
        // Those that read files have the same name, and end some seconds later.
        assert!((expected..expected + 4).contains(&count), "{args:?}: {count} threads");
    }
}

#[test]
fn environment_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let output = podgate(dir.path()).arg("serve").env("PODGATE_LISTEN", "nowhere").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let text = stderr(&output);
    assert!(text.contains("nowhere") && text.contains("comes from the environment variable PODGATE_LISTEN"), "{text}");
    // What the command line says counts, and is what is told of.
    let output = podgate(dir.path()).args(["serve", "--listen=here"]).env("PODGATE_LISTEN", "here").output().unwrap();
    assert!(!stderr(&output).contains("PODGATE_LISTEN"), "{}", stderr(&output));
}

#[test]
fn switches_are_set_by_their_variables() {
    let dir = tempfile::tempdir().unwrap();
    let certs = |force: &str| podgate(dir.path()).arg("certs").env("PODGATE_FORCE", force).output().unwrap();
    // Empty is as not set.
    for (force, code) in [("", 0), ("", 2), ("0", 2), ("off", 2), ("1", 0), ("yes", 0), ("true", 0), ("maybe", 2)] {
        assert_eq!(certs(force).status.code(), Some(code), "{force}");
    }
    assert!(stderr(&certs("maybe")).contains("PODGATE_FORCE"));
}

#[test]
fn names_and_ports_alone_are_listened_on() {
    let dir = tempfile::tempdir().unwrap();
    let mut process = Process::serve(dir.path(), &["--listen", "localhost:0", "--admin-listen", ":0"]);
    let serving = process.stdout_lines().nth(1).unwrap();
    assert!(serving.contains("https://127.0.0.1:"), "{serving}");
    let admin: SocketAddr = after(&serving, "http://").split(' ').next().unwrap().parse().unwrap();
    assert!(admin.ip().is_unspecified(), "{serving}");
    assert!(get(SocketAddr::from(([127, 0, 0, 1], admin.port())), "/livez").starts_with("HTTP/1.1 200 "));
    process.signal("INT");
    assert_eq!(process.wait().code(), Some(0));
}

#[test]
fn only_a_folder_of_its_own_is_kept_from_git() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("there")).unwrap();
    assert_eq!(run(dir.path(), &["certs", "--out", "there"]).status.code(), Some(0));
    assert_eq!(run(dir.path(), &["certs", "--out", "new/certs"]).status.code(), Some(0));
    assert!(!dir.path().join("there/.gitignore").exists());
    assert!(dir.path().join("new/certs/.gitignore").exists() && !dir.path().join("new/.gitignore").exists());
}

#[test]
fn certs_are_written_and_not_overwritten() {
    let dir = tempfile::tempdir().unwrap();
    let output = run(dir.path(), &["certs", "--out", "there", "--dns", "a.example,b.example"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "wrote tls.crt, tls.key, ca.crt and ca.key to there\n");
    let output = run(dir.path(), &["certs", "--out", "there"]);
    assert_eq!(output.status.code(), Some(2));
    let text = stderr(&output);
    assert!(text.contains("exists already") && text.contains("--force"), "{text}");
    let output = run(dir.path(), &["certs", "--out", "there", "--force"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}

/// What starts too early because a gate is missing is a line of its own in the log, and one for many Pods.
#[test]
fn gates_that_nobody_opens_are_warned_of() {
    let dir = tempfile::tempdir().unwrap();
    let policy = "apiVersion: podgate.dev/v1alpha1\nkind: LifecyclePolicy\nspec: {mutations: {waitFor: {}}}\n";
    std::fs::write(dir.path().join("policy.yaml"), policy).unwrap();
    let mut process = Process::serve(dir.path(), &["--policy", "policy.yaml", "--drain-delay", "0s"]);
    let hint = process.stdout_lines().nth(2).unwrap();
    let url = hint.rsplit(' ').next().unwrap().replace("/validate", "/mutate");
    let pod = r#"{"metadata":{"annotations":{"podgate.dev/wait-for":"job/migrate"}},"spec":{"containers":[]}}"#;
    let review = format!(
        r#"{{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{{"uid":"1","operation":"CREATE","kind":{{"group":"","version":"v1","kind":"Pod"}},"namespace":"shop","object":{pod}}}}}"#
    );
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let client = client_builder(&dir.path().join("certs")).build().unwrap();
        for _ in 0..3 {
            let request = client.post(&url).header("content-type", "application/json").body(review.clone());
            assert_eq!(request.send().await.unwrap().status(), 200);
        }
    });
    process.signal("INT");
    assert_eq!(process.wait().code(), Some(0));
    let log: Vec<_> = process.stderr_lines().collect();
    let warnings = log.iter().filter(|line| line.contains(" WARN ")).collect::<Vec<_>>();
    assert!(
        matches!(warnings.as_slice(), [one] if one.contains("podgate.dev/wait-for") && one.contains("--open-gates")),
        "{log:?}"
    );
}
