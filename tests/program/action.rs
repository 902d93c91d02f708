//! The GitHub Action, as a runner runs it: its steps are read from `action.yml`, and take a released archive of this podgate from a
//! file server.

use std::{
    collections::BTreeMap,
    fs,
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::Command,
    sync::{Arc, LazyLock, Mutex},
};

use serde_json::Value;

use super::{Ran, tree::root};

const VERSION: &str = env!("CARGO_PKG_VERSION");

const REFUSED: &str =
    "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {restartPolicy: always, containers: []}\n";

fn yaml(file: &str) -> Value {
    let text = fs::read_to_string(root().join(file)).unwrap();
    let documents = podgate_engine::syntax::yaml::documents(&text).unwrap();
    serde_json::from_str(&documents[0].to_json().unwrap()).unwrap()
}

/// The release: a folder for each version, in it an archive for this machine, and its checksums.
static RELEASE: LazyLock<(tempfile::TempDir, String)> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let version = folder.path().join(format!("v{VERSION}"));
    let content = folder.path().join("content");
    fs::create_dir_all(&version).unwrap();
    fs::create_dir_all(&content).unwrap();
    // What names the lines of a backtrace is most of it.
    let program = env!("CARGO_BIN_EXE_podgate");
    let stripped = Command::new("strip").arg("-o").arg(content.join("podgate")).arg(program).status();
    if !stripped.is_ok_and(|status| status.success()) {
        fs::copy(program, content.join("podgate")).unwrap();
    }
    let archive = version.join(archive());
    let pack = "tar -cf - -C \"$1\" podgate | gzip -1 >\"$2\"";
    let packed = Command::new("sh").args(["-ec", pack, "sh"]).arg(&content).arg(&archive).status();
    assert!(packed.unwrap().success());
    let sum = sha256(&archive);
    fs::write(version.join("checksums.txt"), format!("{sum}  {}\n", archive.file_name().unwrap().display())).unwrap();
    (folder, sum)
});

fn sha256(file: &Path) -> String {
    let script = "if command -v sha256sum >/dev/null; then sha256sum; else shasum -a 256; fi";
    let out = Command::new("sh").args(["-c", script]).stdin(fs::File::open(file).unwrap()).output().unwrap();
    String::from_utf8(out.stdout).unwrap()[..64].to_owned()
}

/// What the runner says of this machine, and the name of its archive.
fn machine() -> (&'static str, &'static str) {
    let system = if cfg!(target_os = "macos") { "macOS" } else { "Linux" };
    let processor = if cfg!(target_arch = "aarch64") { "ARM64" } else { "X64" };
    (system, processor)
}

fn archive() -> String {
    let system = if cfg!(target_os = "macos") { "darwin" } else { "linux" };
    let processor = if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" };
    format!("podgate-{VERSION}-{system}-{processor}.tar.gz")
}

/// Serves the files of a folder, and notes what it is asked for.
struct Server {
    address: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn of(folder: PathBuf) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&asked);
        // Ends with the test's process.
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let path = path_of(&mut stream);
                noted.lock().unwrap().push(path.clone());
                let (status, body) = match fs::read(folder.join(path.trim_start_matches('/'))) {
                    Ok(body) => ("200 OK", body),
                    Err(_) => ("404 Not Found", Vec::new()),
                };
                let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
                let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body));
            }
        });
        Self { address, asked }
    }

    /// What was asked for since the last time.
    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

fn path_of(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap() == 1 {
        head.push(byte[0]);
    }
    String::from_utf8(head).unwrap().split(' ').nth(1).unwrap().to_owned()
}

/// A runner with a repository that is checked out, and a cache that outlives its jobs.
struct Runner {
    workspace: tempfile::TempDir,
    cache: tempfile::TempDir,
}

/// What a job with the action in it left behind.
struct Job {
    /// The last step that ran, and what all printed.
    ran: Ran,
    summary: String,
    path: String,
}

impl Runner {
    fn with(files: &[(&str, &str)]) -> Self {
        Self { workspace: super::folder(files), cache: tempfile::tempdir().unwrap() }
    }

    fn read(&self, file: &str) -> String {
        fs::read_to_string(self.workspace.path().join(file)).unwrap_or_default()
    }

    /// Runs the steps with these inputs, until one fails.
    fn run(&self, given: &[(&str, &str)]) -> Job {
        let action = yaml("action.yml");
        let temp = tempfile::tempdir().unwrap();
        // As the runner hands them over: what the workflow leaves out has its default.
        let mut known = BTreeMap::new();
        for (name, input) in action["inputs"].as_object().unwrap() {
            known.insert(format!("inputs.{name}"), input["default"].as_str().unwrap().to_owned());
        }
        for (name, value) in given {
            assert!(known.insert(format!("inputs.{name}"), (*value).to_owned()).is_some(), "there is no input {name}");
        }
        let mut job = Job {
            ran: Ran { code: 0, stdout: String::new(), stderr: String::new() },
            summary: String::new(),
            path: String::new(),
        };
        let mut kept = Vec::new();
        for step in action["runs"]["steps"].as_array().unwrap() {
            let with = |key: &str, name: &str| step[key][name].as_str().map(|text| filled(text, &known));
            if let Some(action) = step["uses"].as_str() {
                assert!(action.starts_with("actions/cache@"), "{action} is not known here");
                let (key, folder) = (with("with", "key").unwrap(), PathBuf::from(with("with", "path").unwrap()));
                assert!(!key.contains(['/', ',']), "{key}");
                copy(&self.cache.path().join(&key), &folder);
                kept.push((self.cache.path().join(key), folder));
                continue;
            }
            let script = step["run"].as_str().unwrap();
            assert!(!script.contains("${{"), "an input would be part of the script: {script}");
            assert_eq!(step["shell"], "bash");
            let folder = step["working-directory"].as_str().map_or(".".to_owned(), |text| filled(text, &known));
            let mut command = Command::new("bash");
            command.args(["--noprofile", "--norc", "-eo", "pipefail", "-c", script]);
            command.current_dir(self.workspace.path().join(folder)).env_remove("PODGATE_POLICY");
            for (name, value) in step["env"].as_object().unwrap() {
                command.env(name, filled(value.as_str().unwrap(), &known));
            }
            let file = |name: &str| temp.path().join(name);
            let (system, processor) = machine();
            command.env("GITHUB_ACTION_PATH", root()).env("GITHUB_WORKSPACE", self.workspace.path());
            command.env("RUNNER_OS", system).env("RUNNER_ARCH", processor).env("RUNNER_TEMP", temp.path());
            command.env("GITHUB_OUTPUT", file("output")).env("GITHUB_PATH", file("path"));
            command.env("GITHUB_STEP_SUMMARY", file("summary"));
            fs::write(file("output"), "").unwrap();
            let ran = Ran::from(command.output().unwrap());
            job.ran.code = ran.code;
            job.ran.stdout += &ran.stdout;
            job.ran.stderr += &ran.stderr;
            for line in fs::read_to_string(file("output")).unwrap().lines() {
                let (name, value) = line.split_once('=').unwrap();
                known.insert(format!("steps.{}.outputs.{name}", step["id"].as_str().unwrap()), value.to_owned());
            }
            if ran.code != 0 {
                break;
            }
        }
        // Behind all others the cache's own step keeps what a job that succeeds leaves, once for each key.
        if job.ran.code == 0 {
            for (key, folder) in kept.iter().filter(|(key, _)| !key.exists()) {
                copy(folder, key);
            }
        }
        job.summary = fs::read_to_string(temp.path().join("summary")).unwrap_or_default();
        job.path = fs::read_to_string(temp.path().join("path")).unwrap_or_default();
        job
    }
}

/// Replaces each `${{ … }}` by what it stands for.
fn filled(text: &str, known: &BTreeMap<String, String>) -> String {
    let Some((before, rest)) = text.split_once("${{") else { return text.to_owned() };
    let (name, after) = rest.split_once("}}").unwrap();
    let value = known.get(name.trim()).unwrap_or_else(|| panic!("{name} is not known here"));
    format!("{before}{value}{}", filled(after, known))
}

fn copy(from: &Path, to: &Path) {
    let Ok(entries) = fs::read_dir(from) else { return };
    fs::create_dir_all(to).unwrap();
    for entry in entries.flatten() {
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

#[test]
fn installs_annotates_and_fails() {
    let (release, _) = &*RELEASE;
    let server = Server::of(release.path().to_owned());
    let runner = Runner::with(&[("deploy dir/web.yaml", REFUSED)]);
    let inputs = [("download-url", server.address.as_str()), ("paths", "deploy dir"), ("sarif", "out.sarif")];

    let job = runner.run(&inputs);
    assert_eq!(job.ran.code, 1, "{}{}", job.ran.stdout, job.ran.stderr);
    assert!(job.ran.stdout.contains("::error file=deploy dir/web.yaml,line=4,col=8,"), "{}", job.ran.stdout);
    assert!(job.summary.contains("| deny | invalid-restart-policy | deploy dir/web.yaml:4 |"), "{}", job.summary);
    let sarif: Value = serde_json::from_str(&runner.read("out.sarif")).unwrap();
    let location = &sarif["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"];
    assert_eq!(location["uri"], "deploy%20dir/web.yaml");
    assert!(job.path.trim_end().ends_with(&format!("/podgate-{VERSION}")), "{}", job.path);
    assert_eq!(server.asked(), [format!("/v{VERSION}/checksums.txt"), format!("/v{VERSION}/{}", archive())]);

    // The cache keeps the archive of a job that succeeds. It is checked again.
    let passes = [&inputs[..], &[("fail-on", "never")]].concat();
    assert_eq!(runner.run(&passes).ran.code, 0);
    assert_eq!(server.asked().len(), 2);
    let job = runner.run(&inputs);
    assert_eq!(job.ran.code, 1, "{}{}", job.ran.stdout, job.ran.stderr);
    assert!(job.ran.stdout.contains("is kept from an earlier run"), "{}", job.ran.stdout);
    assert_eq!(server.asked(), [] as [&str; 0]);

    // A v in front is what the tag has.
    let job = runner.run(&[&inputs[..], &[("ignore", "\nweb.yaml\n"), ("version", &format!("v{VERSION}"))]].concat());
    assert_eq!(job.ran.code, 2, "{}", job.ran.stdout);
    assert!(job.ran.stderr.contains("nothing was judged"), "{}", job.ran.stderr);
}

#[test]
fn runs_no_archive_with_another_checksum() {
    let (release, sum) = &*RELEASE;
    let server = Server::of(release.path().to_owned());
    let runner = Runner::with(&[("web.yaml", REFUSED)]);
    let from = ("download-url", server.address.as_str());
    let refused = |runner: &Runner, inputs: &[(&str, &str)], words: &str| {
        let job = runner.run(inputs);
        let said = &job.ran.stdout;
        assert_eq!(job.ran.code, 2, "{said}{}", job.ran.stderr);
        assert!(said.contains("::error title=podgate::") && said.contains(words), "{said}");
        assert!(job.path.is_empty() && job.summary.is_empty(), "it was installed");
    };

    let passes = ("fail-on", "never");
    let other = "0".repeat(64);
    refused(&runner, &[from, ("sha256", &other)], &format!("has the SHA-256 {sum}, and {other} is expected"));
    // What was refused is kept for nobody.
    let job = runner.run(&[from, passes, ("sha256", &sum.to_uppercase())]);
    assert_eq!(job.ran.code, 0, "{}{}", job.ran.stdout, job.ran.stderr);
    assert_eq!(server.asked(), [format!("/v{VERSION}/{}", archive()), format!("/v{VERSION}/{}", archive())]);

    // What was kept, and is damaged, is fetched again.
    let key = fs::read_dir(runner.cache.path()).unwrap().next().unwrap().unwrap().path();
    fs::write(key.join(archive()), "damaged").unwrap();
    assert_eq!(runner.run(&[from, passes, ("sha256", sum)]).ran.code, 0);
    assert_eq!(server.asked(), [format!("/v{VERSION}/{}", archive())]);

    // A release whose archive is another than its checksums say, one without this archive, and none at all.
    let wrong = super::folder(&[]);
    let folder = wrong.path().join(format!("v{VERSION}"));
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join(archive()), "something else").unwrap();
    fs::write(folder.join("checksums.txt"), format!("{sum}  {}\n", archive())).unwrap();
    let mirror = Server::of(wrong.path().to_owned());
    let from = ("download-url", mirror.address.as_str());
    let runner = Runner::with(&[("web.yaml", REFUSED)]);
    refused(&runner, &[from], "nothing of it was run");
    fs::write(folder.join("checksums.txt"), format!("{sum}  podgate-{VERSION}-plan9-amd64.tar.gz\n")).unwrap();
    refused(&runner, &[from], &format!("checksums.txt has no line for {}", archive()));
    refused(&runner, &[from, ("version", "9.9.9")], "/v9.9.9/checksums.txt: curl: (22)");
}

#[test]
fn names_files_from_the_top_of_the_repository() {
    let (release, _) = &*RELEASE;
    let server = Server::of(release.path().to_owned());
    let policy = "apiVersion: podgate.dev/v1alpha1\nkind: LifecyclePolicy\nspec: {rules: {invalid-restart-policy: {level: warn}}}\n";
    let runner = Runner::with(&[("apps/the shop/deploy/web.yaml", REFUSED), ("apps/the shop/podgate.yaml", policy)]);
    let inputs =
        [("download-url", server.address.as_str()), ("working-directory", "apps/the shop"), ("sarif", "out.sarif")];
    let check = |runner: &Runner| {
        let job = runner.run(&inputs);
        assert_eq!(job.ran.code, 0, "{}{}", job.ran.stdout, job.ran.stderr);
        let annotation = "::warning file=apps/the shop/deploy/web.yaml,line=4,col=8,";
        assert!(job.ran.stdout.contains(annotation), "{}", job.ran.stdout);
        let sarif = runner.read("apps/the shop/out.sarif");
        assert!(sarif.contains("\"apps/the%20shop/deploy/web.yaml\""), "{sarif}");
    };
    check(&runner);
    let made = Command::new("git").args(["init", "--quiet"]).current_dir(runner.workspace.path()).status();
    assert!(made.unwrap().success());
    check(&runner);
}

/// What a workflow passes in stays what it is, whatever is written in it.
#[test]
fn inputs_are_data() {
    let (release, _) = &*RELEASE;
    let server = Server::of(release.path().to_owned());
    let runner = Runner::with(&[("web.yaml", REFUSED)]);
    let from = ("download-url", server.address.as_str());
    let evil = "$(touch came-through)`touch came-through`;touch came-through #\" ' --write-baseline=came-through";
    for (name, words) in [
        ("version", "version is no version"),
        ("sha256", "sha256 is no SHA-256"),
        ("download-url", "download-url is no address"),
        ("fail-on", "invalid value"),
        ("paths", "No such file"),
        ("policy", "No such file"),
        ("old", "No such file"),
    ] {
        let mut inputs = vec![from];
        inputs.retain(|(input, _)| *input != name);
        inputs.push((name, evil));
        let job = runner.run(&inputs);
        assert_eq!(job.ran.code, 2, "{name}: {}{}", job.ran.stdout, job.ran.stderr);
        let said = job.ran.stdout + &job.ran.stderr;
        assert!(said.contains(words), "{name}: {said}");
    }
    // An option among the paths is a path.
    let job = runner.run(&[from, ("paths", "web.yaml\n--write-baseline=came-through")]);
    assert_eq!(job.ran.code, 2, "{}", job.ran.stdout);
    let left: Vec<_> = fs::read_dir(runner.workspace.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["web.yaml"]);
}

/// Every runner that a release has an archive for gets that one.
#[test]
fn each_runner_has_its_archive() {
    let located = |system: &str, processor: &str| {
        let temp = tempfile::tempdir().unwrap();
        let output = temp.path().join("output");
        let mut command = Command::new(root().join(".github/action/locate"));
        command.env("INPUT_VERSION", "1.2.3-rc.1").env("INPUT_SHA256", "").env("GITHUB_OUTPUT", &output);
        command.env("RUNNER_OS", system).env("RUNNER_ARCH", processor).env("RUNNER_TEMP", temp.path());
        let ran = Ran::from(command.output().unwrap());
        let text = fs::read_to_string(output).unwrap_or_default();
        let archive = text.lines().find_map(|line| line.strip_prefix("archive=podgate-1.2.3-rc.1-")).map(str::to_owned);
        (ran, archive)
    };
    for (system, processor, archive) in [
        ("Linux", "X64", "linux-amd64.tar.gz"),
        ("Linux", "ARM64", "linux-arm64.tar.gz"),
        ("macOS", "X64", "darwin-amd64.tar.gz"),
        ("macOS", "ARM64", "darwin-arm64.tar.gz"),
        ("Windows", "X64", "windows-amd64.zip"),
        ("Windows", "ARM64", "windows-amd64.zip"),
    ] {
        assert_eq!(located(system, processor).1.as_deref(), Some(archive), "{system} {processor}");
    }
    let (ran, archive) = located("Linux", "X86");
    assert_eq!((ran.code, archive), (2, None));
    assert!(ran.stdout.contains("podgate has no release for Linux on X86; build it from source"), "{}", ran.stdout);
}

/// Each input reaches a step, and a step that has an output says what it is.
#[test]
fn every_input_is_used() {
    let action = yaml("action.yml");
    assert_eq!(action["runs"]["using"], "composite");
    let steps = action["runs"]["steps"].to_string();
    for input in action["inputs"].as_object().unwrap().keys() {
        assert!(steps.contains(&format!("inputs.{input} }}}}")), "input {input} is used nowhere");
    }
    assert_eq!(action["inputs"]["version"]["default"], VERSION);
}
