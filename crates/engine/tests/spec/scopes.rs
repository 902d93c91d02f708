//! Scopes: which one an object falls under, and what it changes. Held against a reference that reads the policy as it is
//! written, and knows nothing of compiling.

use std::collections::BTreeMap;

use podgate_engine::{
    model::Inventory,
    policy::{Engine, LifecyclePolicy, Verdict},
    rules::{self, Level, Rule},
};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::judging::{Circumstances, judge, judge_among, policy};

/// Rules that the Pods here break: one that warns, one that refuses, and one that is silent.
const BROKEN: [&str; 3] = ["naked-pod", "port-conflict", "missing-requests"];

fn broken() -> Vec<&'static Rule> {
    BROKEN.iter().map(|id| rules::find(id).unwrap()).collect()
}

fn pod_spec() -> Value {
    let port = json!([{"containerPort": 80}]);
    json!({"containers": [{"name": "a", "ports": port}, {"name": "b", "ports": port}]})
}

/// A Pod, or a Deployment with a template of these labels.
fn object(kind: &str, namespace: &str, labels: &Value) -> Value {
    match kind {
        "Pod" => json!({"apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": "web", "namespace": namespace, "labels": labels}, "spec": pod_spec()}),
        _ => json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": namespace},
            "spec": {"template": {"metadata": {"labels": labels}, "spec": pod_spec()}}}),
    }
}

/// The level that each rule's findings have, by its id.
fn levels(verdict: &Verdict) -> BTreeMap<&'static str, Level> {
    verdict.findings.iter().map(|finding| (finding.rule.id, finding.level)).collect()
}

fn with_namespace(name: &str, labels: &Value) -> Inventory {
    let mut inventory = Inventory::default();
    let namespace = json!({"metadata": {"name": name, "labels": labels}});
    inventory.add("", "Namespace", "", &namespace.to_string()).unwrap();
    inventory
}

// The reference.

fn glob(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern, text) {
        ([], []) => true,
        ([b'*', rest @ ..], _) => (0..=text.len()).any(|skip| glob(rest, &text[skip..])),
        ([b'?', pattern @ ..], [_, text @ ..]) => glob(pattern, text),
        ([one, pattern @ ..], [other, text @ ..]) => one == other && glob(pattern, text),
        _ => false,
    }
}

fn selects(selector: &Value, labels: &Value) -> bool {
    let equal =
        selector["matchLabels"].as_object().into_iter().flatten().all(|(key, value)| labels.get(key) == Some(value));
    equal
        && selector["matchExpressions"].as_array().into_iter().flatten().all(|requirement| {
            let found = labels.get(requirement["key"].as_str().unwrap());
            let listed = found.is_some_and(|found| requirement["values"].as_array().unwrap().contains(found));
            match requirement["operator"].as_str().unwrap() {
                "In" => listed,
                "NotIn" => !listed,
                "Exists" => found.is_some(),
                _ => found.is_none(),
            }
        })
}

struct Situation<'s> {
    kind: &'s str,
    operation: &'s str,
    namespace: &'s str,
    labels: &'s Value,
    namespace_labels: &'s Value,
}

fn in_scope(scope: &Value, situation: &Situation<'_>) -> bool {
    let given = |field: &str| scope.get(field).filter(|value| !value.is_null());
    let lists =
        |field: &str, word: &str| given(field).is_none_or(|list| list.as_array().unwrap().contains(&word.into()));
    let namespace = given("namespaces").is_none_or(|globs| {
        let globs = globs.as_array().unwrap();
        globs.iter().any(|pattern| glob(pattern.as_str().unwrap().as_bytes(), situation.namespace.as_bytes()))
    });
    namespace
        && lists("operations", situation.operation)
        && lists("kinds", situation.kind)
        && given("podSelector").is_none_or(|selector| selects(selector, situation.labels))
        && given("namespaceSelector").is_none_or(|selector| selects(selector, situation.namespace_labels))
}

/// The level of a rule whose findings have its own level.
fn expected(spec: &Value, situation: &Situation<'_>, rule: &Rule) -> Level {
    let nothing = json!({});
    let scopes = spec["scopes"].as_array().unwrap();
    let scope = scopes.iter().find(|scope| in_scope(scope, situation)).unwrap_or(&nothing);
    let named = |part: &Value| part["rules"].get(rule.id).cloned();
    let level = |value: Value| serde_json::from_value::<Level>(value).unwrap();
    if let Some(named) = named(scope).or_else(|| named(spec)) {
        return level(named);
    }
    let profile = scope.get("profile").or_else(|| spec.get("profile")).and_then(Value::as_str).unwrap_or("standard");
    match (profile, rule.level) {
        ("strict", Level::Warn | Level::Deny) | ("standard", Level::Deny) => Level::Deny,
        ("strict", Level::Audit) | ("advisory", Level::Deny) => Level::Warn,
        (_, own) => own,
    }
}

// What is generated.

fn word(words: &'static [&'static str]) -> impl Strategy<Value = &'static str> {
    prop::sample::select(words)
}

fn some_of(words: &'static [&'static str]) -> impl Strategy<Value = Value> {
    prop::sample::subsequence(words, 1..=2).prop_map(|words| json!(words))
}

fn labels() -> impl Strategy<Value = Value> {
    prop::collection::btree_map(word(&["tier", "team"]), word(&["gold", "red", ""]), 0..=2)
        .prop_map(|labels| json!(labels))
}

fn selector() -> impl Strategy<Value = Value> {
    let requirement =
        (word(&["tier", "team"]), word(&["In", "NotIn", "Exists", "DoesNotExist"]), some_of(&["gold", "red", ""]))
            .prop_map(|(key, operator, values)| {
                let values = if operator.ends_with("In") { values } else { json!([]) };
                json!({"key": key, "operator": operator, "values": values})
            });
    (labels(), prop::collection::vec(requirement, 0..=2))
        .prop_map(|(labels, requirements)| json!({"matchLabels": labels, "matchExpressions": requirements}))
}

fn rule_levels() -> impl Strategy<Value = Value> {
    prop::collection::btree_map(word(&BROKEN), word(&["off", "audit", "warn", "deny"]), 0..=2)
        .prop_map(|rules| json!(rules))
}

fn maybe(strategy: impl Strategy<Value = Value>) -> impl Strategy<Value = Option<Value>> {
    prop::option::weighted(0.4, strategy)
}

fn profile() -> impl Strategy<Value = Value> {
    word(&["advisory", "standard", "strict"]).prop_map(Value::from)
}

prop_compose! {
    fn scope()(
        namespaces in maybe(some_of(&["shop", "shop-*", "*-eu", "s?op", "*", "*o*-*", "*-e*u", "?*", "*op?e*", "**p*p"])),
        namespace_selector in maybe(selector()),
        pod_selector in maybe(selector()),
        operations in maybe(some_of(&["CREATE", "UPDATE"])),
        kinds in maybe(some_of(&["Pod", "Deployment"])),
        profile in maybe(profile()),
        rules in rule_levels(),
    ) -> Value {
        let fields = [
            ("name", Some("x".into())), ("namespaces", namespaces), ("namespaceSelector", namespace_selector),
            ("podSelector", pod_selector), ("operations", operations), ("kinds", kinds), ("profile", profile),
            ("rules", Some(rules)),
        ];
        fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
    }
}

prop_compose! {
    fn spec()(profile in profile(), rules in rule_levels(), scopes in prop::collection::vec(scope(), 0..6)) -> Value {
        json!({"profile": profile, "rules": rules, "scopes": scopes})
    }
}

fn engine(spec: &Value) -> Engine {
    // Read without the checks of the loader: what is generated here is often pointless.
    let policy = json!({"apiVersion": "podgate.dev/v1alpha1", "kind": "LifecyclePolicy", "spec": spec});
    Engine::with_rules(&serde_json::from_value::<LifecyclePolicy>(policy).unwrap(), &broken())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn the_engine_says_what_the_policy_says(
        spec in spec(),
        kind in word(&["Pod", "Deployment"]),
        operation in word(&["CREATE", "UPDATE"]),
        namespace in word(&["shop", "shop-eu", "stop", "x", "op-op-eu", "-e-u"]),
        labels in labels(),
        namespace_labels in labels(),
    ) {
        let engine = engine(&spec);
        let object = object(kind, namespace, &labels).to_string();
        // Without anything of what is found in the new one.
        let old = object.replacen("\"ports\":[{\"containerPort\":80}]", "\"ports\":[]", 1).replace("\"name\":\"b\"", "\"name\":\"c\"");
        let old = (operation == "UPDATE").then_some(old.as_str());
        let known = with_namespace(namespace, &namespace_labels);
        let verdict = judge_among(&engine, &object, old, &Circumstances::default(), Some(&known));
        let verdict = levels(&verdict);
        let situation = Situation { kind, operation, namespace, labels: &labels, namespace_labels: &namespace_labels };
        let mut some = false;
        for rule in broken() {
            let expected = expected(&spec, &situation, rule);
            if let Some(found) = verdict.get(rule.id) {
                some = true;
                prop_assert_eq!(*found, expected, "{}", rule.id);
            } else if operation == "CREATE" && (kind == "Pod" || rule.id != "naked-pod") {
                prop_assert_eq!(expected, Level::Off, "{}", rule.id);
            }
        }
        prop_assert!(some || broken().iter().any(|rule| expected(&spec, &situation, rule) == Level::Off) || operation == "UPDATE");

        // Whatever labels the namespace has: where they are not known nothing is taken less seriously than with them. Neither
        // is it where the namespace itself is not known.
        if operation == "CREATE" {
            let nobody = Circumstances::default();
            let nowhere = Circumstances { namespace: Some(String::new()), ..Circumstances::default() };
            let unknown = levels(&judge(&engine, &object, None, &nobody));
            let unnamed = levels(&judge(&engine, &object, None, &nowhere));
            for (rule, level) in verdict {
                prop_assert!(unknown.get(rule) >= Some(&level), "{} without labels", rule);
                prop_assert!(unnamed.get(rule) >= Some(&level), "{} without a namespace", rule);
            }
        }
    }
}

fn found(engine: &Engine, object: &Value, circumstances: &Circumstances) -> BTreeMap<&'static str, Level> {
    levels(&judge(engine, &object.to_string(), None, circumstances))
}

#[test]
fn a_level_that_is_named_wins_over_the_profile_of_a_scope() {
    let spec = "rules: {naked-pod: off}\nscopes:\n- {name: a, namespaces: [a], profile: strict}\n- {name: b, namespaces: [b], profile: strict, rules: {naked-pod: audit}}\n";
    let engine = Engine::with_rules(&policy(spec), &broken());
    let naked = |namespace| found(&engine, &object("Pod", namespace, &json!({})), &Circumstances::default());
    assert_eq!(naked("a").get("naked-pod"), None);
    assert_eq!(naked("b")["naked-pod"], Level::Audit);
    assert_eq!((naked("a")["missing-requests"], naked("c")["missing-requests"]), (Level::Warn, Level::Audit));
}

#[test]
fn options_are_overridden_one_by_one() {
    let spec = "rules: {prestop-exceeds-grace: {level: warn, marginSeconds: 10}}\nscopes:\n- {name: a, namespaces: [a], rules: {prestop-exceeds-grace: {marginSeconds: 0}}}\n";
    let engine = Engine::with_rules(&policy(spec), &[rules::find("prestop-exceeds-grace").unwrap()]);
    let object = |namespace: &str| {
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "namespace": namespace}, "spec": {"containers": [
            {"name": "a", "lifecycle": {"preStop": {"sleep": {"seconds": 25}}}}]}})
    };
    let at = |namespace| found(&engine, &object(namespace), &Circumstances::default());
    assert_eq!(at("b").get("prestop-exceeds-grace"), Some(&Level::Warn), "25 s and a margin of 10 s of 30 s");
    assert_eq!(at("a").get("prestop-exceeds-grace"), None);
}

#[test]
fn exemptions_of_a_scope_are_its_own() {
    let spec = "exemptions: {users: [root], groups: [], annotations: all}\nscopes:\n- {name: a, namespaces: [a], exemptions: {users: [], annotations: none}}\n";
    let engine = Engine::with_rules(&policy(spec), &broken());
    let root = Circumstances { user: "root".to_owned(), ..Circumstances::default() };
    assert!(found(&engine, &object("Pod", "b", &json!({})), &root).is_empty());
    assert!(!found(&engine, &object("Pod", "a", &json!({})), &root).is_empty());
    let annotated = |namespace: &str| {
        let mut pod = object("Pod", namespace, &json!({}));
        pod["metadata"]["annotations"] = json!({"ignore.podgate.dev/port-conflict": "we know"});
        found(&engine, &pod, &Circumstances::default()).contains_key("port-conflict")
    };
    assert_eq!((annotated("a"), annotated("b")), (true, false));
}

#[test]
fn of_templates_that_differ_the_strictest_counts() {
    let spec = "scopes:\n- {name: lax, podSelector: {matchLabels: {tier: lax}}, profile: advisory}\n";
    let engine = Engine::with_rules(&policy(spec), &broken());
    let job = |tier: &str| json!({"name": tier, "template": {"spec": {"template": {"metadata": {"labels": {"tier": tier}}, "spec": pod_spec()}}}});
    let set = |tiers: [&str; 2]| {
        let jobs = tiers.map(job);
        json!({"apiVersion": "jobset.x-k8s.io/v1alpha2", "kind": "JobSet", "metadata": {"name": "x"}, "spec": {"replicatedJobs": jobs}})
    };
    let level = |tiers| found(&engine, &set(tiers), &Circumstances::default())["port-conflict"];
    assert_eq!((level(["lax", "lax"]), level(["lax", "gold"])), (Level::Warn, Level::Deny));
}

#[test]
fn a_gate_that_depends_on_what_is_not_known_is_an_error() {
    let spec = "mutations:\n  schedulingGates:\n  - {name: example.com/quota, namespaces: [\"batch-*\"], namespaceSelector: {matchLabels: {quota: \"yes\"}}}\n";
    let engine = Engine::new(&policy(spec));
    let mutate = |namespace: &str, labels: Option<&Value>| {
        let known = labels.map(|labels| with_namespace(namespace, labels));
        let object = object("Pod", namespace, &json!({})).to_string();
        let mutate = |review: Option<&podgate_engine::model::Review<'_>>| engine.mutate(review.unwrap());
        let mutated = super::judging::with_review(&object, None, &Circumstances::default(), known.as_ref(), mutate);
        mutated.map(|mutated| mutated.mutations().len()).map_err(|error| error.to_string())
    };
    assert_eq!(mutate("batch-eu", Some(&json!({"quota": "yes"}))), Ok(1));
    assert_eq!(mutate("batch-eu", Some(&json!({}))), Ok(0));
    assert_eq!(mutate("shop", None), Ok(0), "the name alone tells");
    let error = "cannot tell whether scheduling-gates applies: the labels of namespace \"batch-eu\" are not known";
    assert_eq!(mutate("batch-eu", None), Err(error.to_owned()));
}

#[test]
fn label_of_the_namespace_chooses_the_profile() {
    let heard = "{namespaceLabels: true}";
    let scoped = "{namespaceLabels: true, scopes: [{name: gold, namespaces: [gold], profile: advisory}]}";
    let labelled = |profile: &str| json!({"podgate.dev/profile": profile});
    // Policy, namespace, its labels; level of a warning, and of a refusal.
    for (spec, namespace, labels, warning, refusal) in [
        (heard, "shop", labelled("strict"), Some(Level::Deny), Some(Level::Deny)),
        (heard, "shop", labelled("standard"), Some(Level::Warn), Some(Level::Deny)),
        (heard, "shop", labelled("advisory"), Some(Level::Warn), Some(Level::Warn)),
        (heard, "shop", labelled("off"), None, None),
        // A word that means nothing, and no word at all.
        (heard, "shop", labelled("Strict"), Some(Level::Warn), Some(Level::Deny)),
        (heard, "shop", json!({}), Some(Level::Warn), Some(Level::Deny)),
        // What the administrator says of an object goes before the label, but for `off`.
        (scoped, "gold", labelled("strict"), Some(Level::Warn), Some(Level::Warn)),
        (scoped, "shop", labelled("strict"), Some(Level::Deny), Some(Level::Deny)),
        // Not asked to listen.
        ("{}", "shop", labelled("strict"), Some(Level::Warn), Some(Level::Deny)),
        ("{}", "shop", labelled("off"), Some(Level::Warn), Some(Level::Deny)),
    ] {
        let engine = Engine::with_rules(&policy(spec), &broken());
        let known = with_namespace(namespace, &labels);
        let pod = object("Pod", namespace, &json!({})).to_string();
        let verdict = judge_among(&engine, &pod, None, &Circumstances::default(), Some(&known));
        let levels = levels(&verdict);
        let found = (levels.get("naked-pod").copied(), levels.get("port-conflict").copied());
        assert_eq!(found, (warning, refusal), "{spec} {labels}");
        // As long as the namespace is not known the policy's own profile holds.
        let unknown = judge(&engine, &pod, None, &Circumstances::default());
        let outside = if namespace == "gold" { Level::Warn } else { Level::Deny };
        assert_eq!(levels_of(&unknown, "port-conflict"), Some(outside));
    }
}

fn levels_of(verdict: &Verdict, rule: &str) -> Option<Level> {
    levels(verdict).get(rule).copied()
}
