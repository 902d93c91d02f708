//! The command as a user or a pipeline runs it: exit codes, what is read, and bad input.

use std::{fs, path::Path, process::Stdio};

use super::{folder, pipe, podgate, run};

const DENIED: &str =
    "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {restartPolicy: always, containers: []}\n";
const FINE: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\n";
const WARNED: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {nodeName: node-1, containers: []}\n";

#[test]
fn exit_codes() {
    let folder =
        folder(&[("denied.yaml", DENIED), ("warned.yaml", WARNED), ("fine.yaml", FINE), ("broken.yaml", "a: [\n")]);
    let code = |args: &[&str]| run(folder.path(), &[&["check"], args].concat()).code;
    assert_eq!(code(&["fine.yaml"]), 0);
    assert_eq!(code(&["denied.yaml"]), 1);
    assert_eq!(code(&["denied.yaml", "--fail-on", "never"]), 0);
    assert_eq!((code(&["warned.yaml"]), code(&["warned.yaml", "--fail-on", "warn"])), (0, 1));
    assert_eq!((code(&["broken.yaml"]), code(&["broken.yaml", "denied.yaml", "--fail-on", "never"])), (2, 2));
    assert_eq!((code(&["no-such"]), code(&["fine.yaml", "no-such"])), (2, 2));
    assert_eq!((code(&["--fail-on", "off", "."]), code(&["--policy", "no-such", "."])), (2, 2));
}

#[test]
fn nothing_judged_does_not_pass() {
    let folder = folder(&[("empty/.keep", ""), ("values/values.yaml", "a: 1\n")]);
    for path in ["empty", "values"] {
        let ran = run(folder.path(), &["check", path]);
        assert_eq!(ran.code, 2);
        assert!(ran.stderr.starts_with("podgate: nothing was judged: no Kubernetes object in "), "{}", ran.stderr);
        assert_eq!(run(folder.path(), &["check", path, "--allow-empty"]).code, 0);
    }
    assert_eq!(run(folder.path(), &["check"]).code, 2);
    assert!(run(folder.path(), &["check", "empt"]).stderr.contains("empt: cannot be read: No such file"));
}

#[test]
fn a_broken_file_does_not_stop_the_others() {
    let broken = format!("{FINE}---\na: [1\nb: 2\n---\n{DENIED}");
    let twice = "apiVersion: v1\nkind: Service\nkind: Service\nmetadata: {name: web}\n";
    let folder =
        folder(&[("a.yaml", &broken), ("b.yaml", DENIED), ("twice.yaml", twice), ("data.yaml", "a: 1\na: 2\n")]);
    let ran = run(folder.path(), &["check", "."]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.starts_with("podgate: a.yaml:6:"), "{}", ran.stderr);
    assert!(
        ran.stderr.contains("podgate: twice.yaml:3:1: kind is given twice, before in line 2; kubectl takes the last\n"),
        "{}",
        ran.stderr
    );
    assert!(!ran.stderr.contains("data.yaml"), "{}", ran.stderr);
    assert!(ran.stdout.contains("a.yaml:11:8: deny[invalid-restart-policy]"), "{}", ran.stdout);
    assert!(ran.stdout.contains("b.yaml:4:8: deny[invalid-restart-policy]"), "{}", ran.stdout);
}

/// Two errors, the first at a key that has dots.
const DOTTED: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  annotations:
    a: b
  labels:
    app.kubernetes.io/version: 1.10
spec:
  replicas: '3'
";

#[test]
fn what_cannot_be_read_is_said() {
    let zero = DENIED.replace("containers: []", "containers: {}");
    let folder = folder(&[
        ("kind.yaml", &zero),
        ("bool.yaml", &DENIED.replace("name: web", "name: on")),
        ("dotted.yaml", DOTTED),
        ("tsconfig.json", "{// comment\n\"a\": 1}"),
    ]);
    fs::write(folder.path().join("utf16.yaml"), [0xff, 0xfe, b'a', 0]).unwrap();
    let ran = run(folder.path(), &["check", "."]);
    assert_eq!(ran.code, 2);
    for expected in [
        "bool.yaml:3:12: Pod: metadata.name: is true; a string is expected (YAML takes y, yes, on, n, no and off for",
        "dotted.yaml:8:5: Deployment web: metadata.labels[app.kubernetes.io/version]: is 1.1; a string is expected\n",
        "dotted.yaml:10:3: Deployment web: spec.replicas: is the string \"3\"; a whole number is expected\n",
        "kind.yaml:4:31: Pod web: spec.containers: is an object; a list is expected",
        "utf16.yaml: cannot be read: it is not UTF-8 but UTF-16 (byte 0)",
    ] {
        assert!(ran.stderr.contains(expected), "{expected}:\n{}", ran.stderr);
    }
    assert!(!ran.stderr.contains("tsconfig"), "{}", ran.stderr);
}

#[test]
fn standard_input() {
    let folder = folder(&[]);
    for args in [&["check"][..], &["check", "-"]] {
        let ran = pipe(folder.path(), args, DENIED.as_bytes());
        assert_eq!(ran.code, 1);
        assert!(ran.stdout.contains("<stdin>:4:8: deny[invalid-restart-policy] restartPolicy \"always\" is none of"));
    }
    assert_eq!(pipe(folder.path(), &["check"], b"").code, 2);
}

#[test]
fn folders_are_searched() {
    let folder = folder(&[
        (".gitignore", "/ignored/\n"),
        ("ignored/a.yaml", DENIED),
        (".git/a.yaml", DENIED),
        ("notes.txt", DENIED),
        ("b/a.yml", DENIED),
        ("b/a.YAML", DENIED),
        ("a.json", r#"{"apiVersion": "v1", "kind": "Pod", "spec": {"restartPolicy": "always"}}"#),
        (".hidden/a.yaml", DENIED),
        ("charts/x/a.yaml", DENIED),
    ]);
    let files = |args: &[&str]| -> Vec<String> {
        let ran = run(folder.path(), &[&["check", "--fail-on", "deny", "-q"], args].concat());
        let lines = ran
            .stdout
            .lines()
            .filter(|line| line.contains("deny["))
            .map(|line| line.split(':').next().unwrap().to_owned());
        lines.collect()
    };
    assert_eq!(files(&["."]), [".hidden/a.yaml", "a.json", "b/a.YAML", "b/a.yml", "charts/x/a.yaml"]);
    assert_eq!(files(&[".", "b", "./b/a.yml"]).len(), 5);
    assert_eq!(files(&[".", "--ignore", "charts/**", "--ignore", "*.yml"]), [".hidden/a.yaml", "a.json", "b/a.YAML"]);
    // What is named is meant, unless it is left out by name.
    assert_eq!(files(&["ignored/a.yaml", "notes.txt"]), ["ignored/a.yaml", "notes.txt"]);
    assert_eq!(files(&["charts/x/a.yaml", "b/a.yml", "--ignore", "charts/**"]), ["b/a.yml"]);
    assert_eq!(run(folder.path(), &["check", ".", "--ignore", "a{"]).code, 2);
}

#[cfg(unix)]
#[test]
fn links_and_loops() {
    use std::os::unix::fs::symlink;
    let folder = folder(&[("a/web.yaml", DENIED)]);
    symlink(folder.path(), folder.path().join("a/loop")).unwrap();
    symlink("web.yaml", folder.path().join("a/again.yaml")).unwrap();
    symlink("nowhere", folder.path().join("a/dangling.yaml")).unwrap();
    let ran = run(folder.path(), &["check", "a"]);
    assert!(ran.stdout.contains("1 file, 1 object: 1 deny"), "{}{}", ran.stdout, ran.stderr);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("dangling.yaml"), "{}", ran.stderr);
}

#[test]
fn other_objects_of_the_run_are_known() {
    let budget = |name: &str| {
        format!(
            "---\napiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {{name: {name}}}\nspec: {{maxUnavailable: 1, selector: {{matchLabels: {{app: web}}}}}}\n"
        )
    };
    let web = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  template:\n    metadata:\n      labels: {app: web}\n    spec: {containers: []}\n";
    let folder = folder(&[
        ("a/web.yaml", web),
        ("b/one.yaml", &budget("one")),
        ("c/two.yaml", &budget("two")),
        ("d/again.yaml", &budget("one")),
    ]);
    let overlap = |args: &[&str]| run(folder.path(), args).stdout.matches("overlapping-disruption-budgets]").count();
    assert_eq!(overlap(&["check", "a", "b", "c"]), 1);
    assert_eq!(overlap(&["check", "a", "c"]), 0);
    // The same budget twice is one budget.
    assert_eq!(overlap(&["check", "a", "b", "d"]), 0);
}

#[test]
fn updates_are_judged_against_what_was() {
    let gate = DENIED.replace("restartPolicy: always", "schedulingGates: [{name: example.com/a}]");
    let folder =
        folder(&[("old/web.yaml", DENIED), ("new/web.yaml", &DENIED.replace("web", "web ")), ("gate/web.yaml", &gate)]);
    assert_eq!(run(folder.path(), &["check", "new"]).code, 1);
    // It was there before.
    assert_eq!(run(folder.path(), &["check", "new", "--old", "old"]).code, 0);
    let ran = run(folder.path(), &["check", "gate", "--old", "old"]);
    assert!(ran.stdout.contains("web.yaml:4:26: deny[scheduling-gate-added]"), "{}", ran.stdout);
    assert_eq!(run(folder.path(), &["check", "new", "--old", "no-such"]).code, 2);
}

#[test]
fn quiet_and_namespace() {
    let folder = folder(&[("a.yaml", DENIED)]);
    let ran = run(folder.path(), &["check", "-q", "a.yaml"]);
    assert_eq!(ran.stdout.matches("deny[").count(), 1, "{}", ran.stdout);
    assert!(!ran.stdout.contains("warn["), "{}", ran.stdout);
    assert!(ran.stdout.contains("= Pod default/web, spec.restartPolicy"));
    assert!(run(folder.path(), &["check", "-n", "shop", "a.yaml"]).stdout.contains("= Pod shop/web"));
    // The webhook exempts it by default, lest a cluster locks itself out. A file can do no such thing.
    assert_eq!(run(folder.path(), &["check", "-n", "kube-system", "a.yaml"]).code, 1);
    assert_eq!(run(folder.path(), &["check", "-q", "--fail-on", "never", "a.yaml"]).stdout, "");
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let many: String =
        (0..3000).map(|number| format!("---\n{}", DENIED.replace("web", &format!("web-{number}")))).collect();
    let folder = folder(&[("a.yaml", &many)]);
    let mut child =
        podgate(folder.path()).args(["check", "a.yaml"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr), (Some(1), Vec::new()));
}

#[test]
fn bombs_and_giants_are_bounded() {
    let mut bomb = "apiVersion: v1\na0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
        bomb.push_str(&format!("a{level}: &a{level} [{aliases}]\n"));
    }
    let long = format!("apiVersion: v1\na: &a {}\nb: [{}]\n", "x".repeat(1 << 20), vec!["*a"; 2000].join(","));
    let copies = "- {<<: *a}\n".repeat(20_000);
    let merges = format!("apiVersion: v1\na: &a\n  b: [{}]\nc:\n{copies}", vec!["x"; 20_000].join(","));
    let deep = format!("apiVersion: v1\na: {}{}\n", "[".repeat(100_000), "]".repeat(100_000));
    let block: String = (0..2000).map(|depth| format!("{}apiVersion:\n", " ".repeat(depth))).collect();
    let folder = folder(&[
        ("bomb.yaml", &bomb),
        ("long.yaml", &long),
        ("merges.yaml", &merges),
        ("deep.yaml", &deep),
        ("block.yaml", &block),
    ]);
    let giant = fs::File::create(folder.path().join("giant.yaml")).unwrap();
    giant.set_len(100 * 1024 * 1024).unwrap();
    let ran = run(folder.path(), &["check", "."]);
    assert_eq!(ran.code, 2);
    let lines: Vec<&str> = ran.stderr.lines().collect();
    assert_eq!(lines.len(), 6, "{}", ran.stderr);
    assert!(lines[1].starts_with("podgate: bomb.yaml:") && lines[1].ends_with("aliases blow the document up too far"));
    assert_eq!(
        lines[3],
        "podgate: giant.yaml: cannot be read: it is larger than 64 MiB; split it up, or leave it out by --ignore"
    );
    assert!(lines[4].starts_with("podgate: long.yaml:") && lines[4].ends_with("aliases blow the document up too far"));
    assert!(
        lines[5].starts_with("podgate: merges.yaml:") && lines[5].ends_with("aliases blow the document up too far")
    );
}

#[test]
fn output_is_the_same_every_time() {
    let denied = DENIED.replace("containers", "nodeName: node-1, containers");
    let many: String =
        (0..200).map(|number| format!("---\n{}", denied.replace("web", &format!("web-{number}")))).collect();
    let folder = folder(&[("b.yaml", &many), ("a.yaml", &many), ("c/a.yaml", &many)]);
    let first = run(folder.path(), &["check", "."]);
    assert!((0..3).all(|_| run(folder.path(), &["check", "."]).stdout == first.stdout));
    // Of so many what is refused comes first; each by file and line.
    let places = |level: &str| -> Vec<(String, usize)> {
        let lines = first.stdout.lines().filter(|line| line.contains(&format!(": {level}[")));
        let parts = lines.map(|line| line.split(':').collect::<Vec<_>>());
        parts.map(|parts| (parts[0].to_owned(), parts[1].parse().unwrap())).collect()
    };
    assert!(["deny", "warn"].iter().all(|level| places(level).len() == 600 && places(level).is_sorted()));
    assert!(first.stdout.rfind(": deny[") < first.stdout.find(": warn["));
    assert!(first.stdout.starts_with("1200 findings of 2 rules:\n   600 deny  invalid-restart-policy\n"));
}

/// A budget and a workload that leaves no room in it are one fault, told of once: at the budget, or at what has changed.
#[test]
fn a_budget_without_room_is_told_of_once() {
    let objects = |replicas: u32| {
        format!(
            "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {{name: web}}\n\
             spec: {{minAvailable: 3, selector: {{matchLabels: {{app: web}}}}}}\n---\n\
             apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec:\n  replicas: {replicas}\n  \
             template:\n    metadata: {{labels: {{app: web}}}}\n    spec: {{containers: [{{name: app, image: a}}]}}\n"
        )
    };
    let folder = folder(&[("new/web.yaml", &objects(3)), ("old/web.yaml", &objects(5))]);
    let told = |args: &[&str]| {
        let ran = run(folder.path(), &[&["check", "new"], args].concat());
        let rules = ["blocking-disruption-budget", "budget-blocks-workload"];
        rules.map(|rule| ran.stdout.matches(&format!("[{rule}]")).count())
    };
    assert_eq!(told(&[]), [1, 0]);
    assert_eq!(told(&["--old", "old"]), [0, 1]);
}

/// The lines of a concise report that are findings, each as `level[rule]`.
fn found(ran: &super::Ran) -> Vec<String> {
    let lines = ran.stdout.lines().filter_map(|line| line.split(": ").nth(1)?.split_whitespace().next());
    lines.filter(|word| word.ends_with(']')).map(str::to_owned).collect()
}

#[test]
fn rules_are_selected_and_skipped() {
    let folder = folder(&[("a.yaml", DENIED)]);
    let of = |args: &[&str]| found(&run(folder.path(), &[&["check", "a.yaml", "--concise", "--all"], args].concat()));
    let both = ["audit[naked-pod]", "deny[invalid-restart-policy]"];
    assert_eq!(of(&[]), both);
    assert_eq!(of(&["--select", "naked-pod"]), both[..1]);
    assert_eq!(of(&["--skip", "naked-pod"]), both[1..]);
    assert_eq!(of(&["--select", "naked-pod,invalid-restart-policy", "--skip", "naked-pod"]), both[1..]);
    let ran = run(folder.path(), &["check", "a.yaml", "--skip", "naked-pood"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("did you mean \"naked-pod\"?"), "{}", ran.stderr);
}

#[test]
fn a_version_of_kubernetes_is_named() {
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  initContainers: [{name: proxy, image: a, restartPolicy: Always}]\n  containers: [{name: app, image: a}]\n";
    let policy = "apiVersion: podgate.dev/v1alpha1\nkind: LifecyclePolicy\nspec: {kubernetesVersion: \"1.28\"}\n";
    let folder = folder(&[("a.yaml", pod), ("policy.yaml", policy)]);
    let of = |args: &[&str]| found(&run(folder.path(), &[&["check", "a.yaml", "--concise"], args].concat()));
    let (without, with) = ("warn[sidecar-without-probe]", "warn[field-not-in-version]");
    assert_eq!(of(&[]), [without]);
    assert_eq!(of(&["--kubernetes-version", "v1.28.4"]), [with]);
    assert_eq!(of(&["--kubernetes-version", "1.29"]), [without]);
    assert_eq!(of(&["--policy", "policy.yaml"]), [with]);
    assert_eq!(of(&["--policy", "policy.yaml", "--kubernetes-version", "1.37"]), [without]);
    let ran = run(folder.path(), &["check", "a.yaml", "--kubernetes-version", "1.19"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("\"1.19\" is no version of Kubernetes from 1.25 on, such as 1.34"), "{}", ran.stderr);
}

#[test]
fn audit_is_counted_unless_it_is_asked_for() {
    let web = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  template:\n    spec: {containers: [{name: app, image: a}]}\n";
    let folder = folder(&[("a.yaml", web)]);
    let of = |args: &[&str]| run(folder.path(), &[&["check", "a.yaml"], args].concat()).stdout;
    let shown = of(&[]);
    assert!(!shown.contains("audit[") && shown.contains(" audit (--all shows them)"), "{shown}");
    for args in [&["--all"][..], &["--fail-on", "audit"]] {
        let shown = of(args);
        assert!(shown.contains("audit[") && !shown.contains("--all"), "{shown}");
    }
    assert!(of(&["--all", "--concise"]).lines().all(|line| !line.starts_with(' ')));
}

#[test]
fn a_rule_is_explained_once_and_every_finding_is_shown() {
    let folder = folder(&[("a.yaml", &format!("{DENIED}---\n{}", DENIED.replace("web", "other")))]);
    let shown = run(folder.path(), &["check", "a.yaml"]).stdout;
    assert_eq!(shown.matches("help: podgate rules invalid-restart-policy").count(), 1, "{shown}");
    assert_eq!(shown.matches("  |        ^^^^^^^^^^^^^\n").count(), 2, "{shown}");
    let colours = |args: &[&str]| run(folder.path(), &[&["check", "a.yaml"], args].concat()).stdout.contains('\u{1b}');
    assert!(colours(&["--color", "always"]) && !colours(&["--color", "auto"]) && !colours(&["--color", "never"]));
}

#[test]
fn a_baseline_hides_what_it_knows_and_nothing_else() {
    let folder = folder(&[("a.yaml", DENIED)]);
    let check = |args: &[&str]| run(folder.path(), &[&["check", "a.yaml"], args].concat());
    let ran = check(&["--write-baseline", "known.json"]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert!(
        ran.stdout.contains("0 deny, 0 warn, 0 audit, ") && ran.stdout.contains(" in the baseline"),
        "{}",
        ran.stdout
    );
    let known = fs::read_to_string(folder.path().join("known.json")).unwrap();
    let lines: Vec<&str> = known.lines().filter(|line| line.starts_with("  {")).collect();
    assert!(lines.len() > 1 && lines.is_sorted(), "{known}");
    assert_eq!(check(&["--baseline", "known.json"]).code, 0);
    // A line more above changes nothing; another field does.
    fs::write(folder.path().join("a.yaml"), format!("# A comment.\n{DENIED}")).unwrap();
    assert_eq!(check(&["--baseline", "known.json"]).code, 0);
    fs::write(folder.path().join("a.yaml"), DENIED.replace("web", "other")).unwrap();
    let ran = check(&["--baseline", "known.json"]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("findings of the baseline are there no more"), "{}", ran.stderr);
    fs::write(folder.path().join("known.json"), "{\"version\": 7, \"findings\": []}").unwrap();
    assert!(check(&["--baseline", "known.json"]).stderr.contains("has version 7; 1 is known here"));
    assert_eq!(check(&["--baseline", "no-such.json"]).code, 2);
}

#[test]
fn the_policy_of_the_folder_is_in_force_and_said() {
    let policy =
        "apiVersion: podgate.dev/v1alpha1\nkind: LifecyclePolicy\nspec: {rules: {invalid-restart-policy: off}}\n";
    let folder = folder(&[("podgate.yaml", policy), ("a.yaml", DENIED), (".git/HEAD", ""), ("b/a.yaml", DENIED)]);
    for at in ["", "b"] {
        let ran = run(&folder.path().join(at), &["check", "a.yaml"]);
        assert_eq!(ran.code, 0, "{}", ran.stdout);
        assert!(ran.stderr.starts_with("podgate: policy ") && ran.stderr.contains("podgate.yaml"), "{}", ran.stderr);
    }
    assert_eq!(run(folder.path(), &["check", "-q", "a.yaml"]).stderr, "");
    fs::write(folder.path().join("podgate.yaml"), policy.replace("off", "of")).unwrap();
    assert_eq!(run(folder.path(), &["check", "a.yaml"]).code, 2);
}

#[test]
fn what_the_page_of_a_rule_says_ignores_it() {
    let page = run(Path::new("."), &["rules", "naked-pod", "--format", "markdown"]).stdout;
    let line =
        |start: &str| page.lines().find(|line| line.trim_start().starts_with(start)).unwrap().trim_start().to_owned();
    let annotated = format!(
        "apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\n  annotations:\n    {}\nspec: {{containers: []}}\n",
        line("ignore.podgate.dev/")
    );
    let commented = WARNED.replace("metadata:", &format!("{}\nmetadata:", line("# podgate: ignore[")));
    for text in [annotated, commented] {
        let ran = pipe(Path::new("."), &["check", "-"], text.replace("<reason>", "run by hand").as_bytes());
        assert!(
            !ran.stdout.contains("naked-pod") && ran.stdout.contains(" 1 ignored by "),
            "{}{}",
            ran.stdout,
            ran.stderr
        );
    }
}

#[test]
fn comments_ignore_what_the_policy_lets_be_ignored() {
    let pod = DENIED.replace("metadata: {name: web}", "metadata: {name: web} # podgate: ignore[naked-pod] run by hand");
    let strict = "apiVersion: podgate.dev/v1alpha1\nkind: LifecyclePolicy\nspec: {exemptions: {annotations: none}}\n";
    let folder = folder(&[("a.yaml", &pod), ("strict.yml", strict)]);
    let ran = run(folder.path(), &["check", "a.yaml", "--concise"]);
    assert_eq!(found(&ran), ["deny[invalid-restart-policy]"]);
    assert!(ran.stdout.contains(" 1 ignored by annotation or comment"), "{}", ran.stdout);
    let ran = run(folder.path(), &["check", "a.yaml", "--all", "--policy", "strict.yml"]);
    assert!(ran.stdout.contains("audit[naked-pod]"), "{}", ran.stdout);
    assert!(ran.stdout.contains("note the policy does not let naked-pod be ignored"), "{}", ran.stdout);
}

const WAITING: &str = "apiVersion: podgate.dev/v1alpha1
kind: LifecyclePolicy
spec:
  mutations:
    waitFor: {}
    schedulingGates: [{name: example.com/db, openWhen: [{service: db}]}]
";

#[test]
fn gates_that_podgate_opens_are_added_where_it_is_said_that_it_does() {
    let pod = r#"{"metadata": {"name": "web", "annotations": {"podgate.dev/wait-for": "job/migrate"}}, "spec": {"containers": []}}"#;
    let review = format!(
        r#"{{"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": {{"uid": "1", "operation": "CREATE",
            "kind": {{"group": "", "version": "v1", "kind": "Pod"}}, "namespace": "shop", "object": {pod}}}}}"#
    );
    let folder = folder(&[("policy.yaml", WAITING), ("review.json", &review)]);
    let answer = |more: &[&str]| {
        let ran = run(folder.path(), &[&["review", "--policy", "policy.yaml", "review.json"], more].concat());
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        let answer: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
        let warnings = answer["response"]["warnings"].as_array().map_or(0, Vec::len);
        (answer["response"]["patch"].is_string(), warnings)
    };
    assert_eq!(answer(&["--mutate", "--open-gates"]), (true, 0));
    assert_eq!(answer(&["--mutate"]), (false, 2));
    let ran = run(folder.path(), &["review", "--open-gates", "review.json"]);
    assert!(ran.code == 2 && ran.stderr.contains("--mutate"), "{}", ran.stderr);
}

/// A workload whose Pods wait.
fn waiting(kind: &str, name: &str, waits_for: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: {kind}\nmetadata: {{name: {name}}}\nspec:\n  selector: {{matchLabels: {{app: {name}}}}}\n  \
         template:\n    metadata:\n      labels: {{app: {name}}}\n      annotations: {{podgate.dev/wait-for: {waits_for}}}\n    \
         spec: {{containers: [{{name: app, image: example.com/app:1}}]}}\n---\n"
    )
}

#[test]
fn a_circle_of_a_run_is_told_once() {
    let service =
        "apiVersion: v1\nkind: Service\nmetadata: {name: db}\nspec: {selector: {app: db}, ports: [{port: 1}]}\n---\n";
    let all = [
        waiting("StatefulSet", "db", "deployment/web").as_str(),
        service,
        &waiting("Deployment", "web", "daemonset/agent"),
        &waiting("DaemonSet", "agent", "service/db"),
        &waiting("Deployment", "api", "service/db"),
    ]
    .concat();
    let folder = folder(&[("all.yaml", &all)]);
    let ran = run(folder.path(), &["check", "all.yaml", "--concise", "--select", "wait-for-circle"]);
    let found: Vec<&str> = ran.stdout.lines().filter(|line| line.contains("[wait-for-circle]")).collect();
    let expected = "deny[wait-for-circle] DaemonSet \"agent\" waits for service/db, whose Pods (StatefulSet \"db\") wait for \
                    deployment/web, which waits for daemonset/agent: none of them starts";
    assert!(matches!(found.as_slice(), [one] if one.ends_with(expected)), "{}", ran.stdout);
}
