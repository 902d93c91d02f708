//! The progress bar, as a terminal gets it.

#![cfg(unix)]

use std::{
    fs::{File, OpenOptions},
    io::{Read, Write},
    os::unix::ffi::OsStringExt,
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use rustix::{
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
    termios::{Winsize, tcsetwinsize},
};

use super::{folder, podgate};

const FINE: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n";

/// What `podgate check` writes to a terminal on stderr when one of its files comes only after `wait`, and its exit code.
fn on_a_terminal(wait: Duration, flags: &[&str]) -> (String, i32) {
    let folder = folder(&[("fine.yaml", FINE)]);
    let slow = folder.path().join("slow.yaml");
    assert!(Command::new("mkfifo").arg(&slow).status().unwrap().success());
    let controller = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&controller).unwrap();
    unlockpt(&controller).unwrap();
    tcsetwinsize(&controller, Winsize { ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
    let name = std::ffi::OsString::from_vec(ptsname(&controller, Vec::new()).unwrap().into_bytes());
    let terminal = OpenOptions::new().read(true).write(true).open(name).unwrap();
    let mut child = podgate(folder.path())
        .env("TERM", "xterm")
        .args(["check", "fine.yaml", "slow.yaml"])
        .args(flags)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(terminal)
        .spawn()
        .unwrap();
    // The last one that has the terminal open is gone when the process is.
    let reader = thread::spawn(move || {
        let (mut controller, mut seen, mut buffer) = (File::from(controller), Vec::new(), [0; 4096]);
        while let Ok(count @ 1..) = controller.read(&mut buffer) {
            seen.extend_from_slice(&buffer[..count]);
        }
        String::from_utf8(seen).unwrap()
    });
    // Opens when podgate has opened it too.
    let mut writer = OpenOptions::new().write(true).open(&slow).unwrap();
    thread::sleep(wait);
    writer.write_all(FINE.as_bytes()).unwrap();
    drop(writer);
    let code = child.wait().unwrap().code().unwrap();
    (reader.join().unwrap(), code)
}

#[test]
fn a_long_run_shows_how_far_it_is_and_clears_up() {
    let (seen, code) = on_a_terminal(Duration::from_millis(1500), &[]);
    assert_eq!(code, 0, "{seen}");
    assert!(seen.contains("% ") && seen.contains(" left"), "{seen:?}");
    // The line is cleared at the end, so that nothing of it is left beside the report.
    let (_, end) = seen.rsplit_once(" left").unwrap();
    assert!(end.contains("\u{1b}[2K"), "{seen:?}");
}

#[test]
fn a_short_run_and_a_quiet_one_show_nothing() {
    assert_eq!(on_a_terminal(Duration::ZERO, &[]), (String::new(), 0));
    assert_eq!(on_a_terminal(Duration::from_millis(1500), &["--quiet"]), (String::new(), 0));
}
