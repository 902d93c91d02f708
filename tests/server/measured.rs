//! The real program as the system sees it: memory, files, threads.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use crate::process::{Process, after};
use crate::support::{self, PATIENCE};

/// A real process, whose memory can be seen.
pub struct Measured {
    pub process: Process,
    pub address: SocketAddr,
    pub admin: SocketAddr,
    dir: tempfile::TempDir,
}

impl Measured {
    pub fn start(args: &[&str]) -> Self {
        Self::start_with(&[args, &["--log-level", "error"]].concat(), &[])
    }

    /// With environment variables, and those of the image.
    pub fn start_with(args: &[&str], variables: &[(&str, &str)]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let tunables = tunables();
        let variables = [variables, &[("GLIBC_TUNABLES", &tunables)]].concat();
        let process = Process::serve_with(dir.path(), args, &variables);
        Self::of(process, dir)
    }

    /// One that was started in `dir` just now.
    pub fn of(mut process: Process, dir: tempfile::TempDir) -> Self {
        let serving = process.stdout_lines().nth(1).unwrap();
        let of = |start| after(&serving, start).split(' ').next().unwrap().parse().unwrap();
        let (address, admin) = (of("serves https://"), of("http://"));
        Self { process, address, admin, dir }
    }

    pub fn certs(&self) -> PathBuf {
        self.dir.path().join("certs")
    }

    /// The most memory that the process ever had, in MiB.
    pub fn peak_mib(&self) -> u64 {
        self.status("VmHWM") / 1024
    }

    /// The memory that it has, in KiB.
    pub fn resident_kib(&self) -> u64 {
        self.status("VmRSS")
    }

    pub fn threads(&self) -> u64 {
        self.status("Threads")
    }

    pub fn open_files(&self) -> usize {
        fs::read_dir(self.proc("fd")).unwrap().count()
    }

    pub async fn metrics(&self) -> String {
        let url = format!("http://{}/metrics", self.admin);
        client(&self.certs()).get(url).send().await.unwrap().text().await.unwrap()
    }

    fn proc(&self, name: &str) -> PathBuf {
        PathBuf::from(format!("/proc/{}/{name}", self.process.0.id()))
    }

    fn status(&self, field: &str) -> u64 {
        let status = fs::read_to_string(self.proc("status")).unwrap();
        let value = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':')).unwrap();
        value.trim().trim_end_matches(" kB").parse().unwrap()
    }
}

/// What the image sets for the allocator, which decides how much memory stays after a large body.
pub fn tunables() -> String {
    let dockerfile = fs::read_to_string(crate::tree::root().join("Dockerfile")).unwrap();
    let tunables = dockerfile.lines().find_map(|line| line.strip_prefix("ENV GLIBC_TUNABLES="));
    tunables.expect("the image sets GLIBC_TUNABLES").to_owned()
}

/// Speaks HTTP/1.1, and trusts the authority in `certs`.
pub fn client(certs: &Path) -> reqwest::Client {
    client_builder(certs).http1_only().build().unwrap()
}

pub fn client_builder(certs: &Path) -> reqwest::ClientBuilder {
    support::client_builder(certs).timeout(PATIENCE * 2)
}

/// The test's own limit of open files is often 1024.
pub fn allow_many_sockets() {
    let own = std::process::id().to_string();
    let raised = std::process::Command::new("prlimit").args(["--pid", &own, "--nofile=8192:"]).status().unwrap();
    assert!(raised.success());
}
