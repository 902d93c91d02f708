//! What a new user runs into: slips on the command line, and how they are told of.

use std::{fs, path::Path, process::Stdio};

use super::{Ran, folder, podgate, run};

#[test]
fn the_usage_is_that_of_the_command() {
    let ran = run(Path::new("."), &["check", "--format", "json", "--format", "text"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("\nUsage: podgate check [OPTIONS] [PATH]...\n"), "{}", ran.stderr);
    let ran = run(Path::new("."), &["policy", "explain", "a.yaml"]);
    assert!(ran.stderr.contains("\nUsage: podgate policy explain "), "{}", ran.stderr);
}

#[test]
fn ids_of_rules_are_completed_and_not_listed() {
    for shell in ["bash", "zsh", "fish"] {
        let script = run(Path::new("."), &["completions", shell]).stdout;
        // For rules, --select and --skip.
        let times = script.matches("prestop-exceeds-grace").count();
        assert!(times >= 3, "{shell}: {times}");
    }
    for help in [&["rules", "--help"][..], &["check", "--help"], &["man"]] {
        assert!(!run(Path::new("."), help).stdout.contains("prestop-exceeds-grace"), "{help:?}");
    }
    for wrong in [&["rules", "nakedpod"][..], &["check", "--select", "nakedpod"], &["check", "--skip", "a,nakedpod"]] {
        let ran = run(Path::new("."), wrong);
        assert_eq!(ran.code, 2);
        assert!(ran.stderr.lines().count() < 5 && ran.stderr.contains("podgate rules lists them"), "{}", ran.stderr);
    }
    let ran = run(Path::new("."), &["rules", "nakedpod"]);
    assert_eq!(
        ran.stderr,
        "podgate: unknown rule \"nakedpod\" (did you mean \"naked-pod\"?); podgate rules lists them\n"
    );
}

#[test]
fn an_empty_variable_counts_as_none() {
    let folder = folder(&[("a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n")]);
    let mut command = podgate(folder.path());
    let ran: Ran =
        command.args(["check", "a.yaml"]).env("PODGATE_POLICY", "").stdin(Stdio::null()).output().unwrap().into();
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
}

#[test]
fn what_is_wrong_is_said_in_words_with_what_to_do() {
    let folder = folder(&[("broken.json", "{"), ("pod.yaml", "kind: Pod\n"), ("policy.yaml", POLICY)]);
    fs::create_dir(folder.path().join("empty")).unwrap();
    for (args, expected) in [
        (&["timeline", "--width", "x"][..], "'x' for '--width <N>': expected a whole number, 1 or more\n"),
        (&["check"], "no Kubernetes object in standard input, as no path was given (1 file, 0 objects)"),
        (&["check", "empty", "--output", "no/such"], "podgate: cannot write no/such: there is no folder no: "),
        (
            &["check", "empty", "--baseline", "broken.json"],
            "broken.json is no baseline (line 1, column 1); --write-baseline",
        ),
        (&["review", "pod.yaml"], "of its text; podgate check judges manifests\n"),
        (&["policy", "test", "empty"], "podgate: no case in 0 Markdown files: "),
        (
            &["policy", "explain", "policy.yaml", "--namespace", "a", "--kind", "Deploy"],
            "\"Deploy\" is not judged; kinds are Pod, ",
        ),
    ] {
        let ran = run(folder.path(), args);
        assert!(ran.code == 2 && ran.stderr.contains(expected), "{args:?}: {}{}", ran.stdout, ran.stderr);
    }
}

const POLICY: &str = "apiVersion: podgate.dev/v1alpha1\nkind: LifecyclePolicy\nspec: {}\n";
