//! podgate's own manifests, held against podgate: its rules, its kinds, its policy and its flags.

use std::{collections::BTreeSet, fs, process::Command};

use podgate_engine::{
    model::workload::WORKLOADS,
    policy::{Engine, LifecyclePolicy, parse},
    rules::Level,
    syntax::yaml,
};
use serde_json::Value;

use super::{
    judging::{Circumstances, judge, policy},
    tree::root,
};

/// Every object of a file in manifests/base, as JSON.
fn objects(file: &str) -> Vec<Value> {
    let path = root().join("manifests/base").join(file);
    let text = fs::read_to_string(path).unwrap();
    let documents = yaml::documents(&text).unwrap();
    documents.iter().map(|document| serde_json::from_str(&document.to_json().unwrap()).unwrap()).collect()
}

fn object(file: &str) -> Value {
    let [object] = objects(file).try_into().unwrap();
    object
}

fn strings(value: &Value) -> Vec<&str> {
    value.as_array().into_iter().flatten().map(|item| item.as_str().unwrap()).collect()
}

#[test]
fn podgate_passes_its_own_rules() {
    let folder = root().join("manifests/base");
    // Its own namespace is exempt; here it is judged like any other.
    let elsewhere = Circumstances { namespace: Some("elsewhere".to_owned()), ..Circumstances::default() };
    let mut judged = 0;
    for engine in [Engine::default(), Engine::new(&policy("profile: strict"))] {
        for entry in fs::read_dir(&folder).unwrap() {
            let file = entry.unwrap().file_name().into_string().unwrap();
            for object in objects(&file) {
                let verdict = judge(&engine, &object.to_string(), None, &elsewhere);
                let bad: Vec<_> = verdict.findings.iter().filter(|finding| finding.level >= Level::Warn).collect();
                assert!(bad.is_empty(), "{file}: {bad:#?}");
                judged += usize::from(object["kind"] == "Deployment");
            }
        }
    }
    assert_eq!(judged, 2, "the Deployment is judged once by each engine");
    // The same Deployment is found at fault when it is: what is above does not pass for want of judging.
    let mut deployment = object("deployment.yaml");
    deployment["spec"]["template"]["spec"]["containers"][0]["ports"][1]["name"] = "https".into();
    let verdict = judge(&Engine::default(), &deployment.to_string(), None, &elsewhere);
    assert!(verdict.is_denied(), "{:#?}", verdict.findings);
}

#[test]
fn the_policy_in_the_config_map_is_a_policy() {
    let map = object("config-map.yaml");
    let text = map["data"]["policy.yaml"].as_str().unwrap();
    let given = parse(text, "policy.yaml").unwrap();
    assert_eq!(given, LifecyclePolicy::default(), "the shipped policy decides nothing of its own");
    // What it shows as comments works once the marks are taken away.
    let text: String = text
        .lines()
        .filter(|line| line.trim() != "rules: {}" && !line.trim_start().starts_with("# A rule"))
        .map(|line| line.replacen("# ", "", 1) + "\n")
        .collect();
    let shown = parse(&text, "policy.yaml").unwrap();
    assert!(shown.spec.mutations.default_probes.is_some() && !shown.spec.mutations.scheduling_gates.is_empty());
}

/// A kind's resource: lower case and plural.
fn resource(kind: &str) -> String {
    format!("{}s", kind.to_lowercase())
}

/// Group, resource and operation of everything that a webhook asks for.
fn asked(webhook: &Value) -> BTreeSet<(String, String, String)> {
    let mut asked = BTreeSet::new();
    for rule in webhook["rules"].as_array().unwrap() {
        for group in strings(&rule["apiGroups"]) {
            for resource in strings(&rule["resources"]) {
                for operation in strings(&rule["operations"]) {
                    let new = asked.insert((group.to_owned(), resource.to_owned(), operation.to_owned()));
                    assert!(new, "{group}/{resource} {operation} is asked for twice");
                }
            }
        }
    }
    asked
}

#[test]
fn every_kind_that_is_judged_is_asked_for_and_nothing_else() {
    let triple =
        |group: &str, resource: &str, operation: &str| (group.to_owned(), resource.to_owned(), operation.to_owned());
    // A Service is judged beside the workloads of a run; in the cluster their updates are judged beside it.
    let rows = WORKLOADS
        .iter()
        .filter(|row| !row.is("", "Service"))
        .flat_map(|row| ["CREATE", "UPDATE"].map(|operation| triple(row.group, &resource(row.kind), operation)));
    let subresources = ["pods/ephemeralcontainers", "pods/resize"].map(|name| triple("", name, "UPDATE"));
    let wanted: BTreeSet<_> = rows.chain(subresources).collect();
    assert_eq!(asked(&object("validating-webhook.yaml")["webhooks"][0]), wanted);
    let new_pods = BTreeSet::from([triple("", "pods", "CREATE")]);
    assert_eq!(asked(&object("mutating-webhook.yaml")["webhooks"][0]), new_pods);
}

/// Kinds that an audit lists beside those that it judges: rules look them up.
const LOOKED_UP: [(&str, &str); 4] =
    [("", "namespaces"), ("", "limitranges"), ("", "persistentvolumeclaims"), ("keda.sh", "scaledobjects")];

#[test]
fn an_audit_may_list_every_kind_that_is_judged_and_nothing_else() {
    let mut listed = BTreeSet::new();
    for file in ["cluster-role.yaml", "kinds-cluster-role.yaml"] {
        let role = object(&format!("../components/reports/{file}"));
        for rule in role["rules"].as_array().unwrap() {
            for group in strings(&rule["apiGroups"]) {
                let is_report = ["openreports.io", "wgpolicyk8s.io"].contains(&group);
                let verbs: &[&str] = if is_report { &["list", "create", "patch", "delete"] } else { &["list"] };
                assert_eq!(strings(&rule["verbs"]), verbs, "{rule}");
                for resource in strings(&rule["resources"]).into_iter().filter(|_| !is_report) {
                    assert!(
                        listed.insert((group.to_owned(), resource.to_owned())),
                        "{group}/{resource} is there twice"
                    );
                }
            }
        }
    }
    let judged = WORKLOADS.iter().map(|row| (row.group.to_owned(), resource(row.kind)));
    let looked_up = LOOKED_UP.iter().map(|(group, resource)| ((*group).to_owned(), (*resource).to_owned()));
    assert_eq!(listed, judged.chain(looked_up).collect());
}

#[test]
fn the_webhooks_are_called_as_podgate_expects_it() {
    let exemptions = LifecyclePolicy::default().spec.exemptions;
    let service = object("service.yaml");
    for (file, path, kind) in [
        ("validating-webhook.yaml", "/validate", "ValidatingWebhookConfiguration"),
        ("mutating-webhook.yaml", "/mutate", "MutatingWebhookConfiguration"),
    ] {
        let configuration = object(file);
        assert_eq!(configuration["kind"], kind);
        for webhook in configuration["webhooks"].as_array().unwrap() {
            assert_eq!(strings(&webhook["admissionReviewVersions"]), ["v1", "v1beta1"], "{file}");
            assert_eq!(webhook["sideEffects"], "None", "{file}");
            assert_eq!(webhook["matchPolicy"], "Equivalent", "{file}");
            assert!(webhook["timeoutSeconds"].as_i64().unwrap() <= 10, "{file}");
            let client = &webhook["clientConfig"]["service"];
            assert_eq!(client["path"], path);
            assert_eq!(
                (&client["name"], &client["namespace"]),
                (&service["metadata"]["name"], &service["metadata"]["namespace"])
            );
            assert_eq!(client["port"], service["spec"]["ports"][0]["port"]);
            let selector = &webhook["namespaceSelector"]["matchExpressions"][0];
            assert_eq!(
                (&selector["key"], &selector["operator"]),
                (&"kubernetes.io/metadata.name".into(), &"NotIn".into())
            );
            assert_eq!(strings(&selector["values"]), exemptions.namespaces, "{file}");
            for group in &exemptions.groups {
                let conditions = webhook["matchConditions"].as_array().unwrap();
                let expression = format!("!(\"{group}\" in request.userInfo.groups)");
                assert!(conditions.iter().any(|condition| condition["expression"] == *expression), "{file}");
            }
        }
    }
    // Called again after others have patched: the mutations do nothing the second time.
    assert_eq!(object("mutating-webhook.yaml")["webhooks"][0]["reinvocationPolicy"], "IfNeeded");
}

#[test]
fn the_command_line_is_one_that_podgate_takes() {
    let deployment = object("deployment.yaml");
    let container = &deployment["spec"]["template"]["spec"]["containers"][0];
    let arguments = strings(&container["args"]);
    let help = Command::new(env!("CARGO_BIN_EXE_podgate")).args(["serve", "--help"]).output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let flags: BTreeSet<&str> = help.split([' ', ',', '\n']).filter(|word| word.starts_with("--")).collect();
    assert_eq!(arguments[0], "serve");
    let mut values = std::collections::BTreeMap::new();
    for pair in arguments[1..].chunks(2) {
        let [flag, value] = pair else { panic!("{pair:?} is no flag with a value") };
        assert!(flags.contains(flag), "{flag} is no flag of serve");
        assert!(values.insert(*flag, *value).is_none(), "{flag} is given twice");
    }
    // Beyond the names: everything is understood, up to the policy that is not there.
    let outcome = Command::new(env!("CARGO_BIN_EXE_podgate")).args(&arguments).output().unwrap();
    let said = String::from_utf8(outcome.stderr).unwrap();
    assert_eq!(outcome.status.code(), Some(2), "{said}");
    assert!(said.contains("cannot read policy /etc/podgate/policy/policy.yaml"), "{said}");

    // Ports, probes and mounts fit what the flags say.
    let port = |name: &str| {
        let ports = container["ports"].as_array().unwrap();
        ports.iter().find(|port| port["name"] == name).unwrap()["containerPort"].as_u64().unwrap()
    };
    assert_eq!(values["--listen"], format!("0.0.0.0:{}", port("https")));
    assert_eq!(values["--admin-listen"], format!("0.0.0.0:{}", port("admin")));
    for (probe, path) in [("startupProbe", "/livez"), ("readinessProbe", "/readyz"), ("livenessProbe", "/livez")] {
        let get = &container[probe]["httpGet"];
        assert_eq!((&get["path"], &get["port"]), (&path.into(), &"admin".into()), "{probe}");
    }
    let mounts = container["volumeMounts"].as_array().unwrap();
    let mounted = |folder: &str| mounts.iter().any(|mount| mount["mountPath"] == folder);
    assert!(mounted(values["--cert-dir"]) && mounted(values["--policy"].rsplit_once('/').unwrap().0));
    assert_eq!(object("service.yaml")["spec"]["ports"][0]["targetPort"], "https");
}

/// The grace period covers what the server may take to stop.
#[test]
fn the_grace_period_covers_the_drain() {
    let deployment = object("deployment.yaml");
    let help = Command::new(env!("CARGO_BIN_EXE_podgate")).args(["serve", "--help"]).output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let seconds = |flag: &str| -> u64 {
        let rest = help.split_once(flag).unwrap_or_else(|| panic!("{flag} is no flag")).1;
        let default = rest.split_once("[default: ").unwrap().1.split_once("s]").unwrap().0;
        default.parse().unwrap()
    };
    let grace = deployment["spec"]["template"]["spec"]["terminationGracePeriodSeconds"].as_u64().unwrap();
    let drain = seconds("--drain-delay <") + seconds("--drain-timeout <");
    assert!(grace > drain, "{grace} s of grace for {drain} s of draining");
}

/// What components and overlays add to the command line is understood, up to the API server that is not there; and what they
/// take away is not missed.
#[test]
fn the_command_lines_of_components_are_taken() {
    let deployment = object("deployment.yaml");
    for (folder, added) in [
        ("components/watch", "--watch"),
        ("components/cluster-policy", "--policy-from-cluster"),
        ("components/gates", "--open-gates"),
        ("components/reports", "--reports"),
        ("overlays/managed-certs", "--manage-certs"),
    ] {
        let deployment = patched(deployment.clone(), folder);
        let pod = &deployment["spec"]["template"]["spec"];
        assert_eq!(pod["automountServiceAccountToken"], true, "{folder} has rights to use");
        let container = &pod["containers"][0];
        let arguments = strings(&container["args"]);
        assert!(arguments.contains(&added), "{arguments:?}");
        let mounts = container["volumeMounts"].as_array().unwrap();
        for volume in pod["volumes"].as_array().unwrap() {
            assert!(mounts.iter().any(|mount| mount["name"] == volume["name"]), "{folder}: {volume}");
        }
        // In place of what is mounted in a cluster.
        let here = tempfile::tempdir().unwrap();
        fs::create_dir(here.path().join("policy")).unwrap();
        let map = object("config-map.yaml");
        fs::write(here.path().join("policy/policy.yaml"), map["data"]["policy.yaml"].as_str().unwrap()).unwrap();
        let at = |argument: &&str| argument.replace("/etc/podgate", here.path().to_str().unwrap());
        let arguments: Vec<String> = arguments.iter().map(at).collect();
        let mut command = Command::new(env!("CARGO_BIN_EXE_podgate"));
        // Not even that of whoever runs this.
        let command = command.args(&arguments).env_clear().env("KUBECONFIG", here.path().join("none"));
        let outcome = command.output().unwrap();
        let said = String::from_utf8(outcome.stderr).unwrap();
        assert_eq!(outcome.status.code(), Some(2), "{said}");
        assert!(said.contains("need the API server"), "{said}");
    }
}

/// An object of the base by the JSON patches that a `kustomization.yaml` has for its kind.
fn patched(mut object: Value, folder: &str) -> Value {
    let file = root().join("manifests").join(folder).join("kustomization.yaml");
    let read = |text: &str| -> Value {
        let documents = yaml::documents(text).unwrap();
        serde_json::from_str(&documents[0].to_json().unwrap()).unwrap()
    };
    let kustomization = read(&fs::read_to_string(file).unwrap());
    let patches = kustomization["patches"].as_array().unwrap();
    let kind = object["kind"].clone();
    for patch in patches.iter().filter(|patch| patch["target"]["kind"] == kind) {
        let operations = read(patch["patch"].as_str().unwrap());
        let operations: json_patch::Patch = serde_json::from_value(operations).unwrap();
        json_patch::patch(&mut object, &operations).unwrap();
    }
    object
}
