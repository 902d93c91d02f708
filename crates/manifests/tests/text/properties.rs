//! What has to hold for every manifest.

use podgate_engine::policy::Engine;
use podgate_manifests::{Check, Outcome, Text};
use proptest::{collection::vec, option, prelude::*, sample::select};
use serde_json::{Map, Value, json};

/// Strings that YAML could take for something else, and plain ones.
fn text() -> impl Strategy<Value = String> {
    const ODD: &[&str] = &[
        "",
        " ",
        "yes",
        "on",
        "NO",
        "null",
        "~",
        "0755",
        "1e3",
        ".5",
        "0x1F",
        "1_000",
        "- a",
        "a: b",
        "a #b",
        "#",
        "*a",
        "&a",
        "!x",
        "%",
        "@",
        "`",
        "{}",
        "[",
        "a\nb",
        "a\n\n b\n",
        "\n",
        "\ttab",
        "trail ",
        "\"q\"",
        "it's",
        "\\n",
        "ü 😀",
        "<<",
        "---",
        "...",
        "\u{85}x",
        "\u{2028}",
        "=",
        "?",
        ":",
        "-",
        "a:",
        "2001-01-01",
        "\u{7}",
        "a\r\nb",
    ];
    prop_oneof![select(ODD).prop_map(str::to_owned), "[a-z]{1,8}", "[ -~]{0,12}"]
}

fn probe() -> impl Strategy<Value = Value> {
    (select(&["http", "admin", "8080", ""][..]), 0..4i64, option::of(-1..70i64)).prop_map(|(port, kind, period)| {
        let port = port.parse::<i64>().map_or_else(|_| port.into(), Value::from);
        let mut probe = match kind {
            0 => json!({"httpGet": {"path": "/x", "port": port}}),
            1 => json!({"tcpSocket": {"port": port}}),
            2 => json!({"exec": {"command": ["true"]}}),
            _ => json!({}),
        };
        probe["periodSeconds"] = period.into();
        probe
    })
}

fn container() -> impl Strategy<Value = Value> {
    let port = (select(&[80i64, 8080, 9090][..]), option::of(select(&["http", "admin"][..])))
        .prop_map(|(number, name)| json!({"containerPort": number, "name": name}));
    let policy = option::of(select(&["Always", "Never", "sometimes"][..]));
    (
        (select(&["app", "proxy", "db"][..]), text(), vec(text(), 0..3)),
        (vec(port, 0..3), policy, option::of(probe()), option::of(probe())),
        (option::of(select(&["100m", "2", "0.5"][..])), option::of(select(&["data", "tmp"][..]))),
    )
        .prop_map(|((name, image, args), (ports, policy, readiness, liveness), (cpu, mount))| {
            let mounts: Vec<Value> = mount.iter().map(|name| json!({"name": name, "mountPath": "/x"})).collect();
            json!({
                "name": name, "image": image, "args": args, "ports": ports, "restartPolicy": policy,
                "readinessProbe": readiness, "livenessProbe": liveness, "volumeMounts": mounts,
                "resources": {"requests": {"cpu": cpu}, "limits": {"cpu": "1"}},
            })
        })
}

/// A Kubernetes object that is likely to have findings.
pub fn object() -> impl Strategy<Value = Value> {
    let spec = (
        vec(container(), 0..3),
        vec(container(), 0..2),
        option::of(select(&["Always", "OnFailure", "always"][..])),
        option::of(0..40i64),
    )
        .prop_map(|(containers, init, policy, grace)| {
            json!({
                "containers": containers, "initContainers": init, "restartPolicy": policy,
                "terminationGracePeriodSeconds": grace, "volumes": [{"name": "data", "emptyDir": {"medium": "Memory"}}],
            })
        });
    let labels = vec((text(), text()), 0..3)
        .prop_map(|pairs| pairs.into_iter().map(|(key, value)| (key, value.into())).collect::<Map<_, _>>());
    (spec, labels, 0..5usize, option::of(0..4i64)).prop_map(|(spec, labels, kind, replicas)| {
        let metadata = json!({"name": "web", "labels": labels});
        let pod = json!({"metadata": {"labels": {"app": "web"}}, "spec": spec});
        match kind {
            0 => json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}),
            1 => json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata,
                "spec": {"replicas": replicas, "template": pod}}),
            2 => json!({"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": metadata, "spec": {"template": pod}}),
            3 => json!({"apiVersion": "batch/v1", "kind": "CronJob", "metadata": metadata,
                "spec": {"jobTemplate": {"spec": {"template": pod}}}}),
            _ => json!({"apiVersion": "v1", "kind": "List", "items": [
                {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}]}),
        }
    })
}

/// Writes a value as YAML; every choice that YAML leaves open is taken from `choices`.
pub struct Emitter<C> {
    pub choices: C,
}

impl<C: Iterator<Item = u8>> Emitter<C> {
    fn choose(&mut self, of: u8) -> u8 {
        self.choices.next().unwrap_or_default() % of
    }

    pub fn node(&mut self, value: &Value, indent: usize, flow: bool) -> String {
        let flow = flow || self.choose(4) == 0;
        match value {
            Value::Object(members) if !members.is_empty() && !flow => {
                let members: Vec<String> = members
                    .iter()
                    .map(|(key, value)| {
                        let comment = if self.choose(6) == 0 { " # a: b" } else { "" };
                        let inner = self.node(value, indent + 2, false);
                        // What begins on a line of its own takes a comment behind the colon.
                        let comment = if inner.starts_with('\n') { comment } else { "" };
                        format!("{}{}:{comment}{inner}", " ".repeat(indent), key_text(key))
                    })
                    .collect();
                format!("\n{}", members.join("\n"))
            }
            Value::Array(items) if !items.is_empty() && !flow => {
                let items: Vec<String> = items
                    .iter()
                    .map(|item| format!("{}-{}", " ".repeat(indent), self.node(item, indent + 2, false)))
                    .collect();
                format!("\n{}", items.join("\n"))
            }
            Value::Object(members) => {
                let members: Vec<String> = members
                    .iter()
                    .map(|(key, value)| format!("{}:{}", key_text(key), self.node(value, indent, true)))
                    .collect();
                format!(" {{{}}}", members.join(", "))
            }
            Value::Array(items) => {
                let items: Vec<String> = items.iter().map(|item| self.node(item, indent, true)).collect();
                format!(" [{}]", items.join(","))
            }
            Value::Null if !flow && self.choose(2) == 0 => String::new(),
            Value::Null => " ~".to_owned(),
            Value::String(text) => format!(" {}", self.string(text, indent, flow)),
            other => format!(" {other}"),
        }
    }

    fn string(&mut self, text: &str, indent: usize, flow: bool) -> String {
        let printable = text.chars().all(|c| (' '..='~').contains(&c) || c.is_alphanumeric());
        let literal = text.lines().all(|line| !line.starts_with([' ', '\t']) && !line.is_empty())
            && text.chars().all(|c| c == '\n' || (' '..='~').contains(&c))
            && !text.is_empty();
        match self.choose(4) {
            0 if text.len() > 3
                && text.chars().all(|c| c.is_ascii_lowercase())
                && !["null", "true", "false"].contains(&text) =>
            {
                text.to_owned()
            }
            1 if printable => format!("'{}'", text.replace('\'', "''")),
            2 if literal && !flow => {
                let mark = if text.ends_with('\n') { "|" } else { "|-" };
                let lines: Vec<String> = text.lines().map(|line| format!("{}{line}", " ".repeat(indent + 1))).collect();
                format!("{mark}\n{}", lines.join("\n"))
            }
            _ => double(text),
        }
    }
}

/// A key, in quotes where it could be something else.
fn key_text(key: &str) -> String {
    let plain =
        !["null", "true", "false"].contains(&key) && key.len() > 3 && key.chars().all(|c| c.is_ascii_lowercase());
    if plain || key.chars().any(char::is_uppercase) && key.chars().all(char::is_alphanumeric) && key.len() > 3 {
        return key.to_owned();
    }
    double(key)
}

/// In double quotes, with every odd character escaped.
fn double(text: &str) -> String {
    let escaped: String = text
        .chars()
        .map(|c| match c {
            '"' => "\\\"".to_owned(),
            '\\' => "\\\\".to_owned(),
            ' '..='~' => c.to_string(),
            _ if c.is_alphanumeric() => c.to_string(),
            _ => format!("\\U{:08x}", u32::from(c)),
        })
        .collect();
    format!("\"{escaped}\"")
}

fn outcome(name: &str, text: &str) -> Outcome {
    let inputs = [Text { name: name.to_owned(), text: text.to_owned() }];
    let engine = Engine::default();
    Check { engine: &engine, namespace: "default", old: &[], folder: "", around: &[] }.run(&inputs, &|_| {})
}

/// What was found and where in the object, in an order of its own: lines differ.
fn found(outcome: &Outcome) -> Vec<String> {
    let findings = outcome.findings.iter();
    let mut found: Vec<String> = findings
        .map(|finding| {
            format!("{} {} {} {}", finding.spot.object.name, finding.spot.path, finding.rule.id, finding.message)
        })
        .collect();
    found.sort();
    found.extend(outcome.problems.iter().map(|problem| problem.message.clone()));
    found
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn yaml_and_json_have_the_same_findings(object in object(), choices in vec(any::<u8>(), 400), pretty in any::<bool>()) {
        let yaml = Emitter { choices: choices.into_iter() }.node(&object, 0, false);
        let yaml = yaml.trim_start();
        let json = if pretty { format!("{object:#}") } else { object.to_string() };
        let (from_yaml, from_json) = (outcome("a.yaml", yaml), outcome("a.json", &json));
        prop_assert_eq!(found(&from_yaml), found(&from_json), "{}\n{}", yaml, json);
        // Every finding stands at a character of the file.
        for (text, outcome) in [(yaml, &from_yaml), (&*json, &from_json)] {
            for finding in &outcome.findings {
                let place = finding.spot.place;
                let line = text.lines().nth(place.line - 1);
                prop_assert!(line.is_some_and(|line| place.column <= line.chars().count()), "{place} in\n{text}");
            }
        }
    }

    #[test]
    fn nothing_makes_it_panic(text in "\\PC*", name in select(&["a.yaml", "a.json"][..])) {
        let outcome = outcome(name, &text);
        prop_assert_eq!(outcome.files.len(), 1);
    }

    #[test]
    fn broken_manifests_are_errors_or_judged(object in object(), choices in vec(any::<u8>(), 400), cut in any::<prop::sample::Index>()) {
        let yaml = Emitter { choices: choices.into_iter() }.node(&object, 0, false);
        let mut end = cut.index(yaml.len() + 1);
        while !yaml.is_char_boundary(end) {
            end -= 1;
        }
        let outcome = outcome("a.yaml", yaml[..end].trim_start());
        for problem in &outcome.problems {
            prop_assert!(problem.place.is_some() && !problem.message.is_empty(), "{problem}");
        }
    }
}
