//! What `podgate serve` says first, as docs/install.md shows it, on whatever ports are free.

use std::{
    fs,
    io::{BufRead, BufReader},
    process::{Command, Stdio},
};

use super::root;

/// Returns the text with each port of this machine as the page has it: of `https` 8443, of `http` 8080.
fn with_usual_ports(text: &str) -> String {
    let mut shown = String::new();
    let mut rest = text;
    while let Some(at) =
        ["127.0.0.1:", "localhost:"].iter().filter_map(|host| Some(rest.find(host)? + host.len())).min()
    {
        let (before, after) = rest.split_at(at);
        shown.push_str(before);
        shown.push_str(if before.contains("https://") { "8443" } else { "8080" });
        rest = after.trim_start_matches(|letter: char| letter.is_ascii_digit());
    }
    shown + rest
}

#[test]
fn serve_begins_as_shown() {
    let page = fs::read_to_string(root().join("docs/install.md")).unwrap();
    let (_, shown) = page.split_once("$ cargo run -- serve\n").unwrap();
    let (shown, _) = shown.split_once("```").unwrap();

    let certs = tempfile::tempdir().unwrap();
    let folder = certs.path().join("certs");
    let mut program = Command::new("bash")
        .args(["-c", "exec \"$0\" serve --listen 127.0.0.1:0 --admin-listen 127.0.0.1:0 --cert-dir \"$1\" 2>&1"])
        .arg(env!("CARGO_BIN_EXE_podgate"))
        .arg(&folder)
        .env_clear()
        .current_dir(root())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(program.stdout.take().unwrap()).lines().map(Result::unwrap);
    let said: String = lines.take(shown.lines().count()).map(|line| line + "\n").collect();
    program.kill().unwrap();
    program.wait().unwrap();
    assert_eq!(with_usual_ports(&said.replace(folder.to_str().unwrap(), "certs")), shown);
}
