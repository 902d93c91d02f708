//! Processes that do not outlive this one, and a folder that goes with them.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;

/// Everything a run starts and writes. A guard process ends and removes it when this process ends in whatever way, `SIGKILL`
/// too: it notices that its standard input ends.
pub struct Processes {
    dir: PathBuf,
    guard: Mutex<Child>,
    group: i32,
    children: Mutex<Vec<(&'static str, Child)>>,
}

impl Processes {
    pub fn new() -> Self {
        let mut guard = Command::new("bash")
            .args(["-c", include_str!("guard.sh"), "guard"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn()
            .expect("bash is needed to guard the processes of the tests");
        let mut lines = BufReader::new(guard.stdout.take().unwrap()).lines();
        let mut line = || lines.next().expect("the guard says what it has made").unwrap();
        let group = line().parse().unwrap();
        let dir = PathBuf::from(line());
        Self { dir, guard: Mutex::new(guard), group, children: Mutex::default() }
    }

    /// The folder that is removed in the end.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Starts a program that writes what it has to say to `<name>.log`, and runs to the end.
    pub fn start(&self, name: &'static str, command: &mut Command) {
        let child = self.spawn(name, command);
        self.children.lock().unwrap().push((name, child));
    }

    /// Starts a program that may be ended sooner.
    pub fn spawn(&self, name: &str, command: &mut Command) -> Child {
        let log = File::create(self.log(name)).unwrap();
        command
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .process_group(self.group)
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {}: {error}", command.get_program().display()))
    }

    /// Panics with the end of its log if a program has ended.
    pub fn check(&self) {
        let ended = |(name, child): &mut (&'static str, Child)| Some((*name, child.try_wait().unwrap()?));
        // The lock is free again when this panics, and everything is stopped.
        let ended = self.children.lock().unwrap().iter_mut().find_map(ended);
        if let Some((name, status)) = ended {
            panic!("{name} ended with {status}:\n{}", self.end_of_log(name));
        }
    }

    /// The last lines that the program has written.
    pub fn end_of_log(&self, name: &str) -> String {
        let text = std::fs::read(self.log(name)).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }

    /// Where what a program says is written.
    pub fn log(&self, name: &str) -> PathBuf {
        self.dir.join(format!("{name}.log"))
    }

    /// Ends everything now, and waits for it.
    pub fn stop(&self) {
        let mut guard = self.guard.lock().unwrap();
        drop(guard.stdin.take());
        let _ = guard.wait();
        for (_, child) in self.children.lock().unwrap().iter_mut() {
            // The guard has done so, if nobody has ended it.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Drop for Processes {
    fn drop(&mut self) {
        self.stop();
    }
}
