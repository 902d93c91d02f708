//! `podgate fix`: what it adds, and that it touches nothing else.

use std::fs;

use super::{folder, pipe, run};

const POLICY: &str = "apiVersion: podgate.dev/v1alpha1
kind: LifecyclePolicy
spec:
  mutations:
    defaultProbes:
      readiness: {periodSeconds: 5, httpPath: /healthz}
      startup: {failureThreshold: 60}
    schedulingGates:
    - name: example.com/quota
      namespaces: [batch]
";

const WEB: &str = "# The shop.
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}   # ours
spec:
  template:
    spec:
      containers:
      - name: app   # main
        image: 'x'
        ports:
        - {name: http, containerPort: 8080}

      # the second
      - {name: admin, image: \"y\", ports: [{containerPort: 90}]}
      volumes: []
---
{\"apiVersion\": \"v1\", \"kind\": \"Pod\", \"metadata\": {\"name\": \"web\"}, \"spec\": {\"containers\": [
  {
    \"name\": \"app\",
    \"ports\": [{\"containerPort\": 80}]
  }
]}}
---
kind: Job
apiVersion: batch/v1
metadata:
  name: work
  namespace: batch
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
        - name: app
          ports:
            - containerPort: 80
";

#[test]
fn a_diff_adds_and_nothing_else() {
    let folder = folder(&[("web.yaml", WEB), ("policy.yml", POLICY)]);
    let ran = run(folder.path(), &["fix", "--policy", "policy.yml", "--diff", "web.yaml"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stdout.starts_with("--- a/web.yaml\n+++ b/web.yaml\n@@ "), "{}", ran.stdout);
    let changed: Vec<&str> = ran.stdout.lines().skip(3).filter(|line| line.starts_with(['+', '-'])).collect();
    let removed: Vec<&&str> = changed.iter().filter(|line| line.starts_with('-')).collect();
    // Flow style grows within its line.
    assert_eq!(removed.len(), 2, "{}", ran.stdout);
    for line in [
        "+        readinessProbe:",
        "+          httpGet:",
        "+            path: /healthz",
        "+        - name: example.com/quota",
    ] {
        assert!(changed.contains(&line), "{line}\n{}", ran.stdout);
    }
    assert!(ran.stdout.contains("\n         - {name: http, containerPort: 8080}\n+        readinessProbe:\n"));
    assert!(ran.stdout.contains("+    \"readinessProbe\": {\n"), "{}", ran.stdout);
    assert!(
        ran.stderr.contains(
            "web.yaml: Deployment shop/web: spec.template.spec.containers[0].readinessProbe (default-probes)\n"
        )
    );
    assert!(ran.stderr.ends_with("1 of 1 file to change\n"), "{}", ran.stderr);
    assert_eq!(fs::read_to_string(folder.path().join("web.yaml")).unwrap(), WEB);
}

#[test]
fn writing_is_idempotent_and_keeps_what_the_file_is() {
    let windows = WEB.replace('\n', "\r\n");
    let folder = folder(&[("policy.yml", POLICY), ("a/web.yaml", WEB), ("a/crlf.yaml", &windows)]);
    fs::write(folder.path().join("a/bom.yaml"), format!("\u{feff}{WEB}")).unwrap();
    let path = folder.path().join("a/web.yaml");
    #[cfg(unix)]
    {
        use std::os::unix::fs::{PermissionsExt, symlink};
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        symlink("a/web.yaml", folder.path().join("link.yaml")).unwrap();
    }
    let args = ["fix", "--policy", "policy.yml", "--write", "a", "link.yaml"];
    let ran = run(folder.path(), &args);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, ""), "{}", ran.stderr);
    let once = fs::read_to_string(&path).unwrap();
    assert!(once.contains("readinessProbe:\n") && !once.contains('\r'));
    assert_eq!(fs::read_to_string(folder.path().join("a/bom.yaml")).unwrap(), format!("\u{feff}{once}"));
    assert_eq!(fs::read_to_string(folder.path().join("a/crlf.yaml")).unwrap(), once.replace('\n', "\r\n"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
        assert!(fs::symlink_metadata(folder.path().join("link.yaml")).unwrap().is_symlink());
    }
    let again = run(folder.path(), &args);
    assert_eq!(again.code, 0);
    assert!(again.stderr.starts_with("0 of "), "{}", again.stderr);
    assert_eq!(fs::read_to_string(&path).unwrap(), once);
    // What is added is what the webhook would be content with.
    assert_eq!(run(folder.path(), &["check", "--policy", "policy.yml", "a/web.yaml", "-q"]).stdout, "");
}

#[test]
fn the_result_is_printed() {
    let folder = folder(&[("policy.yml", POLICY), ("a.yaml", "a: 1\n"), ("b.yaml", "b: 2")]);
    let ran = pipe(folder.path(), &["fix", "--policy", "policy.yml"], WEB.as_bytes());
    assert!(ran.code == 0 && ran.stdout.contains("httpGet: {path: /healthz") || ran.stdout.contains("path: /healthz"));
    assert_eq!(run(folder.path(), &["fix", "a.yaml"]).stdout, "a: 1\n");
    let both = run(folder.path(), &["fix", "a.yaml", "b.yaml"]).stdout;
    assert_eq!(both, "---\n# Source: a.yaml\na: 1\n---\n# Source: b.yaml\nb: 2\n");
    assert_eq!(pipe(folder.path(), &["fix", "--write"], WEB.as_bytes()).code, 2);
}

#[test]
fn what_is_not_safe_is_left_alone_and_said() {
    let shared = "apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  containers:
  - &app
    name: app
    ports: [{containerPort: 80}]
  - *app
";
    let folder = folder(&[("policy.yml", POLICY), ("shared.yaml", shared), ("broken.yaml", "apiVersion: [\n")]);
    let ran = run(folder.path(), &["fix", "--policy", "policy.yml", "--write", "."]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("podgate: shared.yaml:1:1: "), "{}", ran.stderr);
    assert!(ran.stderr.contains("spec.containers[0].readinessProbe of Pod default/web"), "{}", ran.stderr);
    assert!(ran.stderr.contains("podgate: broken.yaml:1:14: "), "{}", ran.stderr);
    assert_eq!(fs::read_to_string(folder.path().join("shared.yaml")).unwrap(), shared);
}

/// A gate that podgate opens is put into Pods as they are created, and only where it is opened; in a manifest nobody would see to that.
#[test]
fn gates_that_podgate_opens_are_left_to_the_webhook() {
    let policy = "apiVersion: podgate.dev/v1alpha1\nkind: LifecyclePolicy\nspec:\n  mutations:\n    waitFor: {}\n    \
                  schedulingGates: [{name: example.com/db, openWhen: [{service: db}]}]\n";
    let web = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  template:\n    \
               metadata: {annotations: {podgate.dev/wait-for: job/migrate}}\n    spec: {containers: [{name: app}]}\n";
    let folder = folder(&[("web.yaml", web), ("policy.yml", policy)]);
    let ran = run(folder.path(), &["fix", "--policy", "policy.yml", "--write", "web.yaml"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(fs::read_to_string(folder.path().join("web.yaml")).unwrap(), web);
    assert_eq!(ran.stderr, "0 of 1 file changed\n");
}
