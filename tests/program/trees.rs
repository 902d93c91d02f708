//! Folders as people have them: charts, kustomizations, wrappers, placeholders and environments. What is no manifest is said to
//! be that, and is no error; what is one is judged, however much it looks like something else.

use std::fs;

use serde_json::Value;

use super::{folder, run};

/// A Deployment that mounts a volume which it does not declare.
const DENIED: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: shop}\nspec:\n  selector: {matchLabels: {app: web}}\n  \
    template:\n    metadata: {labels: {app: web}}\n    spec:\n      containers:\n      - {name: app, image: 'web:1', volumeMounts: [{name: data, mountPath: /a}]}\n";
/// A patch that would be denied if it were judged.
const PATCH: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: shop}\nspec:\n  template:\n    spec:\n      \
    containers:\n      - {name: app, volumeMounts: [{name: data, mountPath: /b}]}\n";

struct Checked {
    code: i32,
    stderr: String,
    report: Value,
}

impl Checked {
    /// How many things are not judged for this reason, and the names that they are counted under.
    fn reason(&self, reason: &str) -> (u64, Vec<&str>) {
        let sets = self.report["notJudged"].as_array().unwrap().iter().filter(|set| set["reason"] == reason);
        let (counts, names): (Vec<u64>, Vec<&str>) =
            sets.map(|set| (set["count"].as_u64().unwrap(), set["name"].as_str().unwrap_or_default())).unzip();
        (counts.iter().sum(), names.into_iter().filter(|name| !name.is_empty()).collect())
    }

    fn summary(&self, key: &str) -> u64 {
        self.report["summary"][key].as_u64().unwrap()
    }

    fn files_with(&self, rule: &str) -> Vec<&str> {
        let findings = self.report["findings"].as_array().unwrap().iter();
        findings.filter(|finding| finding["rule"] == rule).map(|finding| finding["file"].as_str().unwrap()).collect()
    }
}

fn check_in(folder: &std::path::Path, args: &[&str]) -> Checked {
    let ran = run(folder, &[&["check", "--format", "json"], args].concat());
    Checked { code: ran.code, stderr: ran.stderr, report: serde_json::from_str(&ran.stdout).unwrap() }
}

fn check(files: &[(&str, &str)], args: &[&str]) -> Checked {
    check_in(folder(files).path(), args)
}

#[test]
fn sources_of_charts_are_told_from_manifests() {
    let files = [
        ("charts/web/Chart.yaml", "apiVersion: v2\nname: web\n"),
        ("charts/web/values.yaml", "replicas: {{ no YAML\n"),
        ("charts/web/templates/web.yaml", "replicas: {{ .Values.replicas }}\n{{- end }}\n"),
        ("charts/web/templates/plain.yaml", DENIED),
        ("charts/web/charts/db/Chart.yaml", "apiVersion: v2\nname: db\n"),
        ("charts/web/charts/db/templates/db.yaml", DENIED),
        ("deploy/web.yaml", DENIED),
        ("deploy/templates/web.yaml", &DENIED.replace("web", "api")),
    ];
    let checked = check(&files, &["."]);
    assert_eq!((checked.code, checked.stderr.as_str()), (1, ""), "{}", checked.report);
    assert_eq!(checked.reason("helm-chart"), (1, vec![]));
    // Folders called `templates` are no charts by that.
    assert_eq!(checked.files_with("undeclared-volume"), ["deploy/templates/web.yaml", "deploy/web.yaml"]);
    let text = run(folder(&files).path(), &["check", "."]).stdout;
    let line = "   = not judged: Helm chart charts/web: helm template charts/web | podgate check, or --render\n";
    assert_eq!(text.matches(line).count(), 1, "{text}");
    // A chart alone is nothing judged, which is never passed.
    let checked = check(&files, &["charts"]);
    assert_eq!(checked.code, 2);
    assert!(
        checked.stderr.starts_with("podgate: nothing was judged: Helm chart charts/web: helm template"),
        "{}",
        checked.stderr
    );
    // It is known by what stands above, wherever one begins.
    assert_eq!(check(&files, &["charts/web/templates/plain.yaml"]).reason("helm-chart"), (1, vec![]));
    let folder = folder(&files);
    assert_eq!(check_in(&folder.path().join("charts/web/templates"), &["."]).reason("helm-chart"), (1, vec![]));
    assert_eq!(check(&files, &["charts", "--allow-empty"]).code, 0);
}

#[test]
fn patches_of_kustomizations_are_no_objects() {
    let kustomization =
        |text: &str| format!("apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n{text}");
    let fine = DENIED.replace(", volumeMounts: [{name: data, mountPath: /a}]", "");
    for patches in [
        "patches: [{path: p.yaml}]",
        "patchesStrategicMerge: [./p.yaml]",
        "patchesJson6902: [{target: {kind: Deployment}, path: p.yaml}]",
        "replacements: [{path: p.yaml}]",
        "components: [../component]",
        "configMapGenerator: [{name: a, files: [web.yaml=p.yaml]}]",
        "transformers: [p.yaml]",
    ] {
        let patches = kustomization(&format!("resources: [../base]\n{patches}\n"));
        let component = kustomization("patches: [{path: ../overlay/p.yaml}]").replace("Kustomization", "Component");
        let files = [
            ("base/kustomization.yaml", kustomization("resources: [web.yaml]\n")),
            ("base/web.yaml", fine.clone()),
            ("overlay/kustomization.yml", patches.clone()),
            // One that says all that an object says.
            ("overlay/p.yaml", DENIED.to_owned()),
            ("component/kustomization.yaml", if patches.contains("component") { component } else { kustomization("") }),
        ];
        let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
        let checked = check(&files, &["."]);
        assert_eq!((checked.code, checked.summary("judged"), checked.summary("objects")), (0, 1, 1), "{patches}");
        assert_eq!(checked.reason("kustomize-patch").0 + checked.reason("kustomize-data").0, 1, "{patches}");
        assert_eq!(check(&files, &["overlay/p.yaml", "base", "component"]).code, 0, "{patches}");
    }
    // A kustomization without an ending, in a folder with nothing else.
    let files = [("overlay/Kustomization", "patches: [{path: ../p.yaml}]\n"), ("p.yaml", DENIED), ("web.yaml", &fine)];
    assert_eq!(check(&files, &["."]).reason("kustomize-patch").0, 1);
    // The same file where a kustomization takes it as a resource, or none takes it.
    for text in ["resources: [p.yaml]\npatches: [{path: p.yaml}]\n", "resources: []\n"] {
        let checked = check(&[("kustomization.yaml", &kustomization(text)), ("p.yaml", DENIED)], &["."]);
        assert_eq!(checked.code, 1, "{text}");
    }
    let checked = check(&[("kustomization.yaml", "patches: [\n"), ("p.yaml", DENIED)], &["."]);
    assert_eq!(checked.code, 2);
    assert!(checked.stderr.starts_with("podgate: kustomization.yaml:"), "{}", checked.stderr);
}

#[test]
fn fragments_are_told_from_manifests_by_what_they_say() {
    let checked = check(
        &[
            ("a.yaml", PATCH),
            ("b.yaml", "$patch: delete\napiVersion: v1\nkind: Service\nmetadata: {name: web}\n"),
            ("c.yaml", &DENIED.replace("name: app,", "name: app, $patch: replace,")),
            ("d.yaml", DENIED),
            // No good manifests, but no patches either.
            (
                "e.yaml",
                &PATCH
                    .replace("spec:\n  template", "spec:\n  selector: {matchLabels: {app: x}}\n  template")
                    .replace("web", "e"),
            ),
            ("f.yaml", &PATCH.replace("name: app,", "name: app, image: a,").replace("web", "f")),
        ],
        &["."],
    );
    assert_eq!(checked.reason("fragment"), (3, vec!["Deployment", "Service"]));
    assert_eq!(checked.files_with("undeclared-volume"), ["d.yaml", "e.yaml", "f.yaml"]);
    assert_eq!((checked.summary("objects"), checked.summary("judged"), checked.code), (3, 3, 1));
}

#[test]
fn releases_are_counted_by_name() {
    let release = "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: web}\nspec: {values: {image: a}}\n---\n\
                   apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: web}\n---\n\
                   apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: web}\n";
    let checked = check(&[("release.yaml", release)], &["."]);
    assert_eq!(checked.reason("release"), (3, vec!["Application", "HelmRelease", "Kustomization"]));
    assert_eq!((checked.code, checked.summary("objects"), checked.summary("judged")), (2, 3, 0));
    assert_eq!(check(&[("release.yaml", release), ("web.yaml", DENIED)], &["."]).code, 1);
}

#[test]
fn placeholders_are_said_to_be_that() {
    let with = |value: &str| DENIED.replace("spec:\n  selector", &format!("spec:\n  replicas: {value}\n  selector"));
    for value in ["${REPLICAS:=2}", "<replicas>", "'{{ replicas }}'", "$REPLICAS"] {
        let checked = check(&[("web.yaml", &with(value)), ("api.yaml", &DENIED.replace("web", "api"))], &["."]);
        assert_eq!((checked.code, checked.stderr.as_str(), checked.reason("placeholder").0), (1, "", 1), "{value}");
        let example = checked.report["notJudged"][0]["examples"][0].as_str().unwrap();
        assert!(example.starts_with("web.yaml:5:3: Deployment web: spec.replicas: "), "{example}");
        assert_eq!(check(&[("web.yaml", &with(value))], &["."]).code, 2);
    }
    // What is wrong is wrong still.
    for value in ["many", "'<'", "'2'"] {
        let checked = check(&[("web.yaml", &with(value)), ("api.yaml", &DENIED.replace("web", "api"))], &["."]);
        assert_eq!(checked.code, 2, "{value}");
        assert!(
            checked.stderr.starts_with("podgate: web.yaml:5:3: Deployment web: spec.replicas: "),
            "{}",
            checked.stderr
        );
    }
    // Where a string belongs one knows as little of it.
    let policy =
        |value: &str| DENIED.replace("      containers:", &format!("      restartPolicy: {value}\n      containers:"));
    let checked = check(&[("web.yaml", &policy("${POLICY}"))], &["."]);
    assert_eq!((checked.files_with("invalid-restart-policy").len(), checked.reason("placeholder").0), (0, 1));
    assert_eq!(check(&[("web.yaml", &policy("always"))], &["."]).files_with("invalid-restart-policy").len(), 1);
    // Sources of templates that are no chart's.
    let checked = check(&[("t.yaml", "apiVersion: v1\na: {{ .b }}\n{{- end }}\n"), ("web.yaml", DENIED)], &["."]);
    assert_eq!((checked.code, checked.stderr.as_str(), checked.reason("template").0), (1, "", 1));
}

#[test]
fn what_is_not_judged_is_never_silent() {
    let of = |api_version: &str, kind: &str| DENIED.replace("apps/v1", api_version).replace("Deployment", kind);
    for (api_version, kind, said) in [
        ("v1", "Deployment", "web.yaml:1:1: Deployment web: apiVersion: v1 has no Deployment; did you mean apps/v1?"),
        ("apps/v1", "CronJob", "web.yaml:1:1: CronJob web: apiVersion: apps/v1 has no CronJob; did you mean batch/v1?"),
        (
            "apps/v2",
            "Deployment",
            "web.yaml:1:1: Deployment web: apiVersion: apps has no version v2; did you mean apps/v1?",
        ),
        (
            "apps/v1",
            "deployments",
            "web.yaml:2:1: deployments web: kind: apps/v1 has no deployments; did you mean Deployment?",
        ),
    ] {
        let checked = check(&[("web.yaml", &of(api_version, kind))], &["web.yaml"]);
        assert_eq!((checked.code, checked.summary("judged")), (2, 0));
        assert_eq!(checked.stderr, format!("podgate: {said}\n"));
    }
    let files = [
        ("a.yaml", of("example.com/v1", "Runner")),
        ("b.yaml", of("extensions/v1beta1", "Deployment")),
        ("c.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n".to_owned()),
    ];
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let checked = check(&files, &["."]);
    assert_eq!((checked.code, checked.summary("objects"), checked.summary("judged")), (2, 3, 0));
    assert_eq!(checked.reason("kind"), (1, vec!["Runner.example.com"]));
    assert_eq!(checked.reason("unserved"), (1, vec!["Deployment of extensions/v1beta1"]));
    // What holds no Pods has nothing to be judged.
    assert_eq!(check(&files, &["c.yaml"]).code, 0);
    // The policy exempts, and that is said.
    let policy = "apiVersion: podgate.dev/v1alpha1\nkind: LifecyclePolicy\nspec: {exemptions: {namespaces: [shop]}}\n";
    let checked = check(&[("web.yaml", DENIED), ("p.yml", policy)], &["--policy", "p.yml", "web.yaml"]);
    assert_eq!(checked.reason("exempt-namespace"), (1, vec!["shop"]));
    let policy = "apiVersion: podgate.dev/v1alpha1\nkind: LifecyclePolicy\nspec: {namespaceLabels: true}\n";
    let namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {podgate.dev/profile: off}}\n";
    let files = [("web.yaml", DENIED), ("p.yml", policy), ("n.yaml", &namespace.replace("off", "'off'"))];
    let checked = check(&files, &["--policy", "p.yml", "web.yaml", "n.yaml"]);
    assert_eq!((checked.reason("exempt-namespace"), checked.code), ((1, vec!["shop"]), 2));
}

#[test]
fn every_report_tells_what_was_not_judged() {
    let folder = folder(&[("web.yaml", DENIED), ("runner.yaml", &DENIED.replace("apps/v1", "example.com/v1"))]);
    let line =
        "1 object of unknown kinds that hold containers: 1 Deployment.example.com (runner.yaml: Deployment shop/web)";
    let ran = run(folder.path(), &["check", "."]);
    assert!(ran.stdout.contains("\n2 files, 2 objects, 1 of them judged: 1 deny, "), "{}", ran.stdout);
    for format in ["text", "github", "sarif", "junit"] {
        let ran = run(folder.path(), &["check", "--format", format, "."]);
        assert!(ran.stdout.contains(line), "{format}: {}", ran.stdout);
    }
    let junit = run(folder.path(), &["check", "--format", "junit", "runner.yaml"]);
    let report = quick_junit::Report::deserialize_from_str(&junit.stdout).unwrap();
    assert!(
        report.tests == 2 && report.test_suites.iter().all(|suite| suite.skipped == suite.tests),
        "{}",
        junit.stdout
    );
}

/// A workload with so many replicas, and a budget that wants so many.
fn environment(replicas: u32, budget: Option<u32>) -> String {
    let web = DENIED.replace(", volumeMounts: [{name: data, mountPath: /a}]", "");
    let web = web.replace("spec:\n  selector", &format!("spec:\n  replicas: {replicas}\n  selector"));
    let budget = budget.map(|budget| {
        format!(
            "---\napiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {{name: web, namespace: shop}}\n\
             spec: {{minAvailable: {budget}, selector: {{matchLabels: {{app: web}}}}}}\n"
        )
    });
    web + &budget.unwrap_or_default()
}

#[test]
fn environments_are_judged_each_by_itself() {
    let (dev, staging, prod) = (environment(1, Some(1)), environment(2, None), environment(4, Some(2)));
    let files =
        [("envs/dev/web.yaml", dev.as_str()), ("envs/test/web.yaml", staging.as_str()), ("envs/zoo/web.yaml", &prod)];
    let checked = check(&files, &["."]);
    assert_eq!(checked.files_with("blocking-disruption-budget"), ["envs/dev/web.yaml"]);
    assert!(checked.files_with("missing-disruption-budget").is_empty());
    assert_eq!((checked.summary("environments"), checked.summary("inSeveralEnvironments")), (3, 2));
    let text = run(folder(&files).path(), &["check", "."]).stdout;
    let said = "   = 2 objects stand in several environments, each judged beside what is deployed with it (Deployment shop/web in \
                envs/dev/web.yaml and envs/test/web.yaml; ";
    assert!(text.contains(said), "{text}");
    // The same as each alone.
    for name in ["dev", "test", "zoo"] {
        let alone = check(&files, &[&format!("envs/{name}")]);
        for rule in ["blocking-disruption-budget", "missing-disruption-budget", "single-replica"] {
            let prefix = format!("envs/{name}/");
            let together: Vec<&str> =
                checked.files_with(rule).into_iter().filter(|file| file.starts_with(&prefix)).collect();
            assert_eq!(together, alone.files_with(rule), "{name} {rule}");
        }
    }
    // Files of one folder that hold the same stand for themselves, too.
    let checked = check(&[("dev.yaml", &dev), ("prod.yaml", &prod)], &["."]);
    assert_eq!(checked.files_with("blocking-disruption-budget"), ["dev.yaml"]);
    // Twice in one file is twice in one environment.
    let checked = check(&[("web.yaml", &format!("{staging}---\n{staging}"))], &["web.yaml"]);
    assert_eq!((checked.summary("repeated"), checked.summary("inSeveralEnvironments")), (1, 0));
}

#[test]
fn kustomizations_are_environments() {
    let (web, budget) = (environment(2, None), environment(2, Some(2)));
    let (_, budget) = budget.split_once("---\n").unwrap();
    let overlay = |more: &str| format!("resources: [../base, pdb.yaml]\n{more}");
    let files = |more: &str| {
        let files = [
            ("base/kustomization.yaml", "resources: [web.yaml]\n".to_owned()),
            ("base/web.yaml", web.clone()),
            ("prod/kustomization.yaml", overlay(more)),
            ("prod/pdb.yaml", budget.to_owned()),
            ("dev/kustomization.yaml", "resources: [../base]\n".to_owned()),
        ];
        let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
        check(&files, &["."]).files_with("blocking-disruption-budget").len()
    };
    // The base is deployed with the overlay, but with how many replicas is known only where nobody changes them.
    assert_eq!(files(""), 1);
    assert_eq!(files("replicas: [{name: web, count: 3}]\n"), 0);
    assert_eq!(
        files("patches:\n- patch: '[{op: replace, path: /spec/replicas, value: 3}]'\n  target: {kind: Deployment}\n"),
        0
    );
}

#[test]
fn updates_are_of_the_same_environment() {
    let (dev, prod) = (environment(1, None), DENIED.to_owned());
    let files = [
        ("new/dev/web.yaml", DENIED),
        ("new/prod/web.yaml", DENIED),
        ("old/dev/web.yaml", &dev),
        ("old/prod/web.yaml", &prod),
    ];
    assert_eq!(check(&files, &["new", "--old", "old"]).files_with("undeclared-volume"), ["new/dev/web.yaml"]);
}

#[cfg(unix)]
#[test]
fn links_that_lead_nowhere_are_errors_only_where_a_manifest_is_lost() {
    use std::os::unix::fs::symlink;
    let of = |link: &str, args: &[&str]| {
        let folder = folder(&[("web.yaml", DENIED), (".gitignore", "/out/\n*.gone.yaml\n")]);
        fs::create_dir(folder.path().join("out")).unwrap();
        symlink("nowhere", folder.path().join(link)).unwrap();
        check_in(folder.path(), &[&["."], args].concat()).code
    };
    assert_eq!(of("result", &[]), 1);
    assert_eq!(of("notes.txt", &[]), 1);
    assert_eq!(of("a.gone.yaml", &[]), 1);
    assert_eq!(of("out/a.yaml", &[]), 1);
    assert_eq!(of("a.yaml", &["--ignore", "/a.yaml"]), 1);
    assert_eq!(of("a.yaml", &[]), 2);
}

#[test]
fn patterns_that_leave_nothing_out_are_said() {
    let said = |globs: &[&str]| {
        let files = [("web.yaml", DENIED), ("charts/a.yaml", DENIED)];
        let args: Vec<&str> = globs.iter().flat_map(|glob| ["--ignore", *glob]).collect();
        check(&files, &[&["."], args.as_slice()].concat()).stderr
    };
    assert_eq!(
        said(&["charts", "*.yaml"]),
        "podgate: nothing was judged: no Kubernetes object in . (0 files, 0 objects); --allow-empty lets that pass\n"
    );
    assert_eq!(said(&["charts/**", "chart/**"]), "podgate: note: --ignore chart/** matches nothing\n");
    assert_eq!(
        said(&["single-replica"]),
        "podgate: note: --ignore single-replica matches nothing; it is a rule: --skip leaves it out\n"
    );
}

#[test]
fn what_cannot_be_read_and_is_no_manifest_is_no_error() {
    let checked = check(&[("mkdocs.yml", "a: !x [\n"), ("web.yaml", DENIED)], &["."]);
    assert_eq!((checked.code, checked.reason("no-manifest").0), (1, 1));
    // Who names it means it.
    assert_eq!(check(&[("mkdocs.yml", "a: !x [\n"), ("web.yaml", DENIED)], &[".", "mkdocs.yml"]).code, 2);
    assert_eq!(check(&[("web.yaml", &format!("{DENIED}---\na: [\n"))], &["."]).code, 2);
}

/// A folder with programs of these names, shell scripts all.
#[cfg(unix)]
fn tools(scripts: &[(&str, &str)]) -> tempfile::TempDir {
    use std::os::unix::fs::PermissionsExt;
    let folder = folder(&[]);
    for (name, script) in scripts {
        let path = folder.path().join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    folder
}

/// Renders with these programs in PATH and no others but the shell's.
#[cfg(unix)]
fn render(folder: &std::path::Path, scripts: &[(&str, &str)], args: &[&str]) -> super::Ran {
    let tools = tools(scripts);
    let mut command = super::podgate(folder);
    let command = command.args([&["check", "--render"], args].concat()).env("PATH", tools.path());
    command.stdin(std::process::Stdio::null()).output().unwrap().into()
}

#[cfg(unix)]
#[test]
fn charts_are_rendered_by_helm() {
    let folder = folder(&[
        ("charts/web/Chart.yaml", "apiVersion: v2\nname: web\n"),
        ("charts/web/templates/web.yaml", "{{ source }}\n"),
        ("web.yaml", &DENIED.replace("web", "plain")),
    ]);
    let helm = format!(
        "[ \"$1 $2 $3\" = 'template web charts/web' ] || exit 3\nwhile read -r line; do echo \"$line\"; done <<'E'\n---\n# Source: web/templates/web.yaml\n{}\nE",
        json(DENIED)
    );
    let ran = render(folder.path(), &[("helm", &helm)], &["."]);
    assert_eq!((ran.code, ran.stderr.as_str()), (1, ""), "{}", ran.stdout);
    assert!(ran.stdout.contains("charts/web/templates/web.yaml:1:1: deny[undeclared-volume]"), "{}", ran.stdout);
    assert!(ran.stdout.contains("\nweb.yaml:") && !ran.stdout.contains("not judged"), "{}", ran.stdout);
    // The tool's own words; and what was not rendered is said as ever.
    let ran = render(folder.path(), &[("helm", "echo 'Error: chart is broken' >&2; exit 1")], &["."]);
    assert_eq!(ran.code, 2);
    let said = "podgate: charts/web/Chart.yaml: helm template web charts/web: exit status: 1: Error: chart is broken\n";
    assert_eq!(ran.stderr, said);
    assert!(ran.stdout.contains("not judged: Helm chart charts/web"), "{}", ran.stdout);
    let ran = render(folder.path(), &[], &["."]);
    assert_eq!((ran.code, ran.stderr.as_str()), (2, "podgate: charts/web/Chart.yaml: --render needs helm in PATH\n"));
}

/// An object on one line, which a shell prints without fail.
fn json(yaml: &str) -> String {
    let documents = podgate_engine::syntax::yaml::documents(yaml).unwrap();
    documents[0].to_json().unwrap()
}

#[cfg(unix)]
#[test]
fn kustomizations_are_rendered_by_what_is_there() {
    let files = [
        ("base/kustomization.yaml", "resources: [web.yaml]\n"),
        ("base/web.yaml", DENIED),
        ("dev/kustomization.yaml", "resources: [../base]\n"),
        ("prod/kustomization.yaml", "resources: [../base]\npatches: [{path: p.yaml}]\n"),
        ("prod/p.yaml", PATCH),
    ];
    let folder = folder(&files);
    let both = DENIED
        .replace("mountPath: /a", "mountPath: /b")
        .replace("spec:\n      containers", "spec:\n      restartPolicy: never\n      containers");
    let script = |command: &str| {
        format!(
            "[ \"$1\" = {command} ] || exit 3\ncase $2 in\n  dev) echo '{}';;\n  prod) echo '{}';;\n  *) exit 4;;\nesac",
            json(DENIED),
            json(&both)
        )
    };
    for (tool, command) in [("kustomize", "build"), ("kubectl", "kustomize")] {
        let ran = render(folder.path(), &[(tool, &script(command))], &[".", "--all"]);
        assert_eq!((ran.code, ran.stderr.as_str()), (1, ""), "{}", ran.stdout);
        // In dev the base says so, in prod the patch.
        for place in ["base/web.yaml:10:53", "prod/p.yaml:8:37"] {
            assert_eq!(ran.stdout.matches(&format!("{place}: deny[undeclared-volume]")).count(), 1, "{}", ran.stdout);
        }
        let junit = render(folder.path(), &[(tool, &script(command))], &[".", "--format", "junit"]);
        let report = quick_junit::Report::deserialize_from_str(&junit.stdout).unwrap();
        assert_eq!(report.failures, 3, "{}", junit.stdout);
        // What both have of the base is said once.
        assert_eq!(ran.stdout.matches("audit[missing-requests]").count(), 1, "{}", ran.stdout);
        assert!(ran.stdout.contains("prod/kustomization.yaml:1:1: deny[invalid-restart-policy]"), "{}", ran.stdout);
        assert!(ran.stdout.contains("= Deployment shop/web, spec.template.spec.restartPolicy"), "{}", ran.stdout);
    }
    let ran = render(folder.path(), &[], &["."]);
    assert_eq!(ran.code, 2);
    assert!(
        ran.stderr.contains("podgate: dev/kustomization.yaml: --render needs kustomize or kubectl in PATH\n"),
        "{}",
        ran.stderr
    );
}
