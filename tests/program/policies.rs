//! The policy's language: its mistakes, its schemas, its documents.

use std::{fs, path::PathBuf, process::Command};

use podgate_engine::{
    policy::{LifecyclePolicy, parse, schema, settings::InForce},
    rules::RULES,
    syntax::yaml,
};
use serde_json::Value;

use super::{
    judging::policy,
    tree::{hold, root},
};

/// Runs podgate in the root of the tree: exit code, what it prints, and what it complains about.
fn podgate(arguments: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_podgate"))
        .args(arguments)
        .current_dir(root())
        .env_remove("PODGATE_POLICY")
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// Every file has a kind of mistake; beside it stands what `podgate policy check` says of it.
#[test]
fn every_mistake_is_told_at_its_place() {
    let mut files: Vec<PathBuf> =
        fs::read_dir(root().join("tests/policies")).unwrap().map(|file| file.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "yaml"));
    files.sort();
    assert!(files.len() >= 12);
    for file in files {
        let name = format!("tests/policies/{}", file.file_name().unwrap().to_str().unwrap());
        let (code, stdout, stderr) = podgate(&["policy", "check", &name]);
        assert_eq!((code, stdout.as_str()), (2, ""), "{name}");
        assert!(stderr.starts_with(&format!("{name}:")), "{stderr}");
        hold(&name.replace(".yaml", ".txt"), &stderr);
        // The server says the same as it refuses to start, without a word before the file's name.
        let (code, _, said) = podgate(&["review", "--policy", &name, "samples/accepted.json"]);
        assert_eq!((code, said), (2, stderr));
    }
}

#[test]
fn good_policies_are_said_to_be_good() {
    let (code, stdout, stderr) = podgate(&["policy", "check", "samples/policy.yaml"]);
    assert_eq!((code, stderr.as_str()), (0, ""));
    assert_eq!(stdout, "samples/policy.yaml: policy \"samples\": profile standard, 1 rule set, 0 scopes\n");
    let (code, stdout, stderr) = podgate(&["policy", "check", "no-such-file", "samples/policy.yaml"]);
    assert_eq!((code, stdout.lines().count()), (2, 1));
    assert!(stderr.starts_with("podgate: cannot read policy no-such-file: "), "{stderr}");
}

/// A policy that adds a gate has to say who removes it.
#[test]
fn gates_that_nobody_is_known_to_remove_are_told_of() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("policy.yaml");
    let text = "apiVersion: podgate.dev/v1alpha1\nkind: LifecyclePolicy\nspec:\n  \
                rules: {unknown-scheduling-gate: {known: [example.com/known]}}\n  mutations:\n    schedulingGates:\n    \
                - {name: example.com/licence}\n    - {name: example.com/licence, namespaces: [shop]}\n    \
                - {name: example.com/known}\n    - {name: kueue.x-k8s.io/admission}\n    \
                - {name: example.com/db, openWhen: [{service: db}]}\n    - {name: example.com/other}\n";
    fs::write(&file, text).unwrap();
    let name = file.to_str().unwrap();
    let (code, stdout, stderr) = podgate(&["policy", "check", name]);
    assert_eq!((code, stderr.as_str()), (0, ""));
    let advice = |gate: &str| {
        format!(
            "{name}: gate \"{gate}\" of mutations.schedulingGates: nobody is known to remove it, and its Pods stay Pending; \
             name it in rules.unknown-scheduling-gate.known if somebody does, or give it openWhen"
        )
    };
    let said: Vec<&str> = stdout.lines().skip(1).collect();
    assert_eq!(said, [advice("example.com/licence"), advice("example.com/other")]);
}

/// What a cluster gives back is a policy too: its metadata has more than a file's.
#[test]
fn a_policy_from_a_cluster_is_a_policy() {
    let metadata = "{name: a, uid: 0-1, generation: 2, creationTimestamp: \"2026-01-01T00:00:00Z\", managedFields: [{manager: kubectl}]}";
    let text = format!(
        "apiVersion: podgate.dev/v1alpha1\nkind: LifecyclePolicy\nmetadata: {metadata}\nspec: {{profile: strict}}\n"
    );
    assert_eq!(parse(&text, "cluster").unwrap().metadata.name, "a");
}

/// The policy that docs/start.md shows is the sample that its commands name.
#[test]
fn the_first_policy_is_a_policy() {
    let sample = "samples/start/podgate.yaml";
    let text = fs::read_to_string(root().join(sample)).unwrap();
    let policy = parse(&text, sample).unwrap();
    assert_eq!(policy.spec.rules.len(), 3);
    let page = fs::read_to_string(root().join("docs/start.md")).unwrap();
    assert!(page.contains(&format!("```yaml\n{text}```\n")), "docs/start.md does not show {sample}");
}

#[test]
fn a_text_that_is_not_utf_8_has_a_place_too() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("policy.yaml");
    fs::write(&file, b"apiVersion: podgate.dev/v1alpha1\nkind: \xff\n").unwrap();
    let error = podgate::files::load_policy(&file).unwrap_err().to_string();
    assert_eq!(error, format!("{}:2:7: this is not UTF-8", file.display()));
}

const FULL: &str = r#"
profile: strict
rules:
  naked-pod: off
  prestop-exceeds-grace: {marginSeconds: 5}
  unused-volume: {level: warn}
exemptions: {namespaces: [kube-system], users: ["admin-*"], annotations: [port-conflict]}
scopes:
- name: payments
  namespaces: ["payments-*"]
  namespaceSelector: {matchLabels: {stage: live}}
  podSelector: {matchExpressions: [{key: tier, operator: In, values: [gold]}]}
  operations: [CREATE]
  kinds: [Deployment, StatefulSet.apps.kruise.io]
  profile: advisory
  rules: {single-replica: deny, prestop-exceeds-grace: {level: audit}}
  exemptions: {users: [], annotations: none}
- {name: rest, namespaces: ["*"]}
mutations:
  defaultProbes: {readiness: {periodSeconds: 5}, namespaces: [shop]}
  schedulingGates: [{name: example.com/quota, podSelector: {matchLabels: {queue: a}}}]
"#;

/// What is shown of a policy can be used as a policy, and is the same.
#[test]
fn a_policy_in_full_says_the_same() {
    for policy in [LifecyclePolicy::default(), policy(FULL), policy("profile: advisory\n")] {
        let full = policy.in_full();
        let read = parse(&full, "full").unwrap_or_else(|error| panic!("{error}\n{full}"));
        let same = |part: fn(&LifecyclePolicy) -> Value| assert_eq!(part(&read), part(&policy), "{full}");
        same(|policy| serde_json::to_value(&policy.spec).unwrap());
        same(|policy| serde_json::to_value(&policy.metadata).unwrap());
        for rule in RULES {
            assert!(full.contains(&format!(" {}: ", rule.id)), "{} is not shown", rule.id);
            let levels = |policy: &LifecyclePolicy| InForce::of(&policy.spec, None, rule).levels.of(rule.level);
            assert_eq!(levels(&read), levels(&policy), "{}", rule.id);
        }
    }
    let full = policy(FULL).in_full();
    for line in [
        "    naked-pod: \"off\" # a Pod without a controller: nothing replaces it when its node fails [rules]",
        "    # single-replica: warn # one replica: nothing serves while its Pod is replaced [profile strict]",
        "    # port-conflict: deny # two containers that run at the same time declare the same port",
        "      single-replica: \"deny\" # deny, warn outside",
        "      # port-conflict: warn # deny outside [the scope's profile advisory]",
    ] {
        assert!(full.lines().any(|there| there == line), "no {line} in\n{full}");
    }
}

#[test]
fn the_default_policy_is_the_policy_in_force_without_one() {
    let (_, full, _) = podgate(&["policy", "default"]);
    assert_eq!(parse(&full, "default").unwrap(), LifecyclePolicy::default());
}

#[test]
fn the_schema_is_in_the_tree_and_the_samples_name_it() {
    let (code, printed, _) = podgate(&["policy", "schema"]);
    assert_eq!(code, 0);
    hold("docs/policy.schema.json", &printed);
    let sample = fs::read_to_string(root().join("samples/policy.yaml")).unwrap();
    let line = sample.lines().next().unwrap();
    let file = line.strip_prefix("# yaml-language-server: $schema=").expect("the first line names the schema");
    assert!(root().join("samples").join(file).exists(), "{file}");
}

/// So that helm refuses a policy which podgate would refuse.
#[test]
fn the_chart_knows_the_policy_language() {
    let file = "charts/podgate/values.schema.json";
    let mut values: Value = serde_json::from_str(&fs::read_to_string(root().join(file)).unwrap()).unwrap();
    let policy: Value = serde_json::from_str(&podgate(&["policy", "schema"]).1).unwrap();
    let spec = &values["properties"]["policy"]["properties"]["spec"];
    assert_eq!(spec["$ref"], policy["properties"]["spec"]["$ref"]);
    values["$defs"] = policy["$defs"].clone();
    hold(file, &(serde_json::to_string_pretty(&values).unwrap() + "\n"));
}

/// A chart is packed by itself: what it shares with the manifests lies in it once more.
#[test]
fn the_chart_has_the_alerts_and_the_dashboard() {
    for file in ["alerts.yaml", "dashboard.json"] {
        let there = fs::read_to_string(root().join("manifests/monitoring").join(file)).unwrap();
        hold(&format!("charts/podgate/files/{file}"), &there);
    }
}

fn as_json(text: &str) -> Value {
    let documents = yaml::documents(text).unwrap();
    assert_eq!(documents.len(), 1);
    serde_json::from_str(&documents[0].to_json().unwrap()).unwrap()
}

/// An editor accepts what podgate accepts, and knows every rule and its options.
#[test]
fn the_schema_knows_what_the_loader_knows() {
    let schema = schema::json_schema();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let whole = |spec: &str| {
        let spec = as_json(spec);
        serde_json::json!({"apiVersion": "podgate.dev/v1alpha1", "kind": "LifecyclePolicy", "spec": spec})
    };
    for spec in [FULL, "{}", "rules: {naked-pod: off}", "rules: {naked-pod: \"off\"}"] {
        let policy = whole(spec);
        let errors: Vec<_> = validator.iter_errors(&policy).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{spec}: {errors:?}");
    }
    let sample = fs::read_to_string(root().join("samples/policy.yaml")).unwrap();
    assert!(validator.is_valid(&as_json(&sample)));
    for spec in [
        "profil: strict",
        "rules: {naked-pood: off}",
        "rules: {naked-pod: refuse}",
        "rules: {prestop-exceeds-grace: {marginSecond: 3}}",
        "rules: {prestop-exceeds-grace: {marginSeconds: x}}",
        "scopes: [{namespaces: [a]}]",
        "scopes: [{name: a, kinds: [Podd]}]",
        "exemptions: {annotations: [naked-pood]}",
        "mutations: {defaultProbes: {readiness: {period: 3}}}",
    ] {
        assert!(!validator.is_valid(&whole(spec)), "{spec}");
    }
    let rules = schema["$defs"]["RuleSettings"]["properties"].as_object().unwrap();
    assert!(RULES.iter().all(|rule| rules.contains_key(rule.id)));
}

/// The rules of a structural schema, as the API server checks them.
fn check_structural(at: &str, schema: &Value) {
    let schema = schema.as_object().unwrap_or_else(|| panic!("{at}: no schema"));
    let preserves = schema.get("x-kubernetes-preserve-unknown-fields") == Some(&Value::Bool(true));
    let known = [
        "description",
        "type",
        "enum",
        "nullable",
        "minimum",
        "maximum",
        "required",
        "items",
        "properties",
        "additionalProperties",
        "x-kubernetes-preserve-unknown-fields",
    ];
    for field in schema.keys() {
        assert!(known.contains(&field.as_str()), "{at}: {field} may not stand here");
    }
    let kind = schema.get("type").and_then(Value::as_str);
    assert!(kind.is_some() || preserves, "{at}: neither a type nor anything goes");
    assert!(
        kind.is_none_or(|kind| ["object", "array", "string", "integer", "boolean", "number"].contains(&kind)),
        "{at}: {kind:?}"
    );
    assert!(schema.get("x-kubernetes-preserve-unknown-fields").is_none_or(Value::is_boolean), "{at}");
    assert!(!(schema.contains_key("properties") && schema.contains_key("additionalProperties")), "{at}: both");
    assert_eq!(schema.contains_key("items"), kind == Some("array"), "{at}: items");
    for required in schema.get("required").and_then(Value::as_array).into_iter().flatten() {
        assert!(schema["properties"].get(required.as_str().unwrap()).is_some(), "{at}: {required} is required");
    }
    for (name, property) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
        check_structural(&format!("{at}.{name}"), property);
    }
    for (name, below) in [("[]", schema.get("items")), ("{}", schema.get("additionalProperties"))] {
        if let Some(below) = below {
            check_structural(&format!("{at}{name}"), below);
        }
    }
    // Nothing that is misspelt may get lost on its way to podgate, except in maps of strings, where every name is right.
    let is_object = kind == Some("object") && !schema.contains_key("additionalProperties");
    assert!(!is_object || preserves || matches!(at, "" | ".metadata"), "{at} is pruned");
}

#[test]
fn the_custom_resource_definition_is_structural() {
    let yaml = schema::custom_resource_definition();
    hold("manifests/crd/lifecyclepolicies.podgate.dev.yaml", &yaml);
    let definition = as_json(&yaml);
    assert_eq!(definition["metadata"]["name"], "lifecyclepolicies.podgate.dev");
    let schema = &definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
    check_structural("", schema);
    let spec = &schema["properties"]["spec"]["properties"];
    assert_eq!(spec["profile"]["enum"], serde_json::json!(["audit", "advisory", "standard", "strict"]));
    assert!(RULES.iter().all(|rule| spec["rules"]["properties"].get(rule.id).is_some()));
    let kustomization = fs::read_to_string(root().join("manifests/crd/kustomization.yaml")).unwrap();
    assert!(kustomization.contains("- lifecyclepolicies.podgate.dev.yaml\n"));
    let text = definition.to_string();
    assert!(!text.contains("$ref") && !text.contains("\"default\""));
}

/// The guide's examples are cases, and its commands print what it says they print.
#[test]
fn the_guide_holds() {
    let (code, stdout, stderr) = podgate(&["policy", "test", "docs/policy.md"]);
    assert_eq!(code, 0, "{stdout}{stderr}");
    let guide = fs::read_to_string(root().join("docs/policy.md")).unwrap();
    let mut held = String::new();
    let mut lines = guide.lines();
    while let Some(line) = lines.next() {
        held.push_str(line);
        held.push('\n');
        if line != "```console" {
            continue;
        }
        for line in lines.by_ref().take_while(|line| *line != "```") {
            if let Some(command) = line.strip_prefix("$ ") {
                let words: Vec<&str> = command.split(' ').collect();
                assert_eq!(words[0], "podgate", "{command}");
                let (_, stdout, stderr) = podgate(&words[1..]);
                held.push_str(&format!("$ {command}\n{stdout}{stderr}"));
            }
        }
        held.push_str("```\n");
    }
    hold("docs/policy.md", &held);
}

#[test]
fn tests_of_a_policy_fail_readably() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().to_str().unwrap();
    let (code, _, stderr) = podgate(&["policy", "test", folder]);
    assert_eq!(
        (code, stderr.as_str()),
        (
            2,
            "podgate: no case in 0 Markdown files: a case is a block that begins with a line ```yaml and ends with a line ```\n"
        )
    );

    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers:\n  - name: a\n    image: example.com/a:1\n";
    fs::create_dir(dir.path().join("below")).unwrap();
    let file = dir.path().join("below/pods.md");
    fs::write(
        &file,
        format!(
            "# Good\n```yaml\n{}```\n# Bad\n```yaml\n{}```\n",
            pod.replace("kind: Pod\nmetadata: {name: web}", "kind: Pod\nmetadata: {name: web} # finding: naked-pod"),
            pod.replace("kind: Pod\n", "kind: Pod # finding: port-conflict\n")
        ),
    )
    .unwrap();
    let (code, stdout, _) = podgate(&["policy", "test", folder]);
    let expected = format!(
        "FAILED {}:13: Bad\n    14 | kind: Pod # finding: port-conflict\n     - | port-conflict\n    15 | metadata: {{name: web}}\n     + | naked-pod: ",
        file.display()
    );
    assert!(code == 1 && stdout.starts_with(&expected), "{stdout}");
    assert!(stdout.ends_with("2 cases: 1 passed, 1 failed, 0 not judged\n"), "{stdout}");

    for (text, line, why) in [
        ("```yaml\na: [\n```\n", 2, "a value is expected"),
        ("```yaml\napiVersion: v1\nkind: ConfigMap\n```\n", 2, "nothing here is judged"),
        (
            "```yaml policy\nprofil: strict\n```\n```yaml\nkind: Pod\napiVersion: v1\n```\n",
            2,
            "spec.profil: unknown field",
        ),
        ("```yaml\nkind: Pod # finding naked-pod\napiVersion: v1\n```\n", 2, "not understood: # finding naked-pod"),
    ] {
        fs::write(&file, text).unwrap();
        let (code, stdout, _) = podgate(&["policy", "test", folder]);
        assert!(code == 2 && stdout.starts_with(&format!("NOT JUDGED {}:{line}: {why}", file.display())), "{stdout}");
    }
}

/// One slip in a file of cases does not keep the others from being judged.
#[test]
fn what_cannot_be_read_of_cases_is_told_and_the_rest_is_judged() {
    let dir = tempfile::tempdir().unwrap();
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: web} # finding: naked-pod\nspec:\n  containers:\n  - name: a\n    image: example.com/a:1\n";
    let text = format!(
        "# Titled\n```YAML title=\"a Pod\"\n{pod}```\n# Misspelt\n```yaml polcy\n```\n# Short\n```yml\n{pod}```\n# Broken\n```yaml\na: [\n```\n"
    );
    fs::write(dir.path().join("a.md"), text).unwrap();
    fs::write(dir.path().join("b.md"), [0xff, 0xfe]).unwrap();
    fs::write(dir.path().join("c.md"), format!("```yaml\n{pod}")).unwrap();
    let (code, stdout, stderr) = podgate(&["policy", "test", dir.path().to_str().unwrap()]);
    let stdout = stdout.replace(&format!("{}/", dir.path().display()), "");
    let told: Vec<&str> = stdout.lines().filter(|line| !line.is_empty()).collect();
    let expected = [
        "NOT JUDGED a.md:12: a block is yaml, or yaml with old, policy, inventory or request; not yaml polcy (did you mean \"policy\"?)",
        "  under the heading \"Misspelt\"",
        "NOT JUDGED a.md:26: ",
        "  under the heading \"Broken\"",
        "NOT JUDGED b.md: cannot be read: ",
        "NOT JUDGED c.md:1: a block that does not end; a line ``` ends it",
        "6 cases: 2 passed, 0 failed, 4 not judged",
    ];
    assert_eq!(told.len(), expected.len(), "{stdout}{stderr}");
    assert!(told.iter().zip(expected).all(|(line, start)| line.starts_with(start)), "{stdout}{stderr}");
    assert_eq!(code, 2);
}

#[test]
fn an_explanation_says_scope_level_and_why() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("policy.yaml");
    let spec: String = FULL.lines().map(|line| format!("  {line}\n")).collect();
    fs::write(&file, format!("apiVersion: podgate.dev/v1alpha1\nkind: LifecyclePolicy\nspec:\n{spec}")).unwrap();
    let explain = |arguments: &[&str]| {
        let (code, stdout, stderr) = podgate(&[&["policy", "explain", file.to_str().unwrap()], arguments].concat());
        assert_eq!(code, 0, "{stderr}");
        stdout
    };
    let line = |text: &str, rule: &str| {
        let line = text.lines().find(|line| line.split_whitespace().nth(1) == Some(rule)).unwrap();
        line.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let gold = ["--namespace", "payments-eu", "--kind", "Deployment", "--labels", "tier=gold,app=web"];
    let text = explain(&[&gold[..], &["--namespace-labels", "stage=live"]].concat());
    assert!(
        text.starts_with(
            "CREATE of a Deployment in namespace payments-eu\nSelected by scope payments (spec.scopes[0])\n"
        ),
        "{text}"
    );
    assert_eq!(line(&text, "single-replica"), "deny single-replica the scope's rules, its own is audit");
    assert_eq!(line(&text, "port-conflict"), "warn port-conflict the scope's profile advisory, its own is deny");
    assert_eq!(line(&text, "naked-pod"), "off naked-pod rules, its own is warn");
    assert_eq!(
        line(&text, "prestop-exceeds-grace"),
        "audit prestop-exceeds-grace the scope's rules, its own is deny; marginSeconds: 5"
    );
    let text = explain(&[&gold[..], &["--namespace-labels", "stage=test"]].concat());
    assert!(text.contains("Selected by scope rest (spec.scopes[1])\n"), "{text}");
    let text = explain(&gold);
    assert!(
        text.contains("Selected by one of scope payments (spec.scopes[0]), scope rest (spec.scopes[1]): the labels"),
        "{text}"
    );
    assert_eq!(line(&text, "port-conflict"), "deny port-conflict the rule's own level, scope rest (spec.scopes[1])");
    let text = explain(&["--namespace", "payments-eu", "--operation", "update"]);
    assert!(text.starts_with("UPDATE of a Pod") && text.contains("scope rest"), "{text}");
    assert!(explain(&["--namespace", "kube-system"]).contains("The namespace is exempt"));
    let (code, _, stderr) =
        podgate(&["policy", "explain", file.to_str().unwrap(), "--namespace", "a", "--kind", "Deploymnet"]);
    assert_eq!(
        (code, stderr.as_str()),
        (2, "podgate: kind \"Deploymnet\" is not judged (did you mean \"Deployment\"?)\n")
    );
}
