//! What `fix` adds to any manifest, and that it touches nothing else.

use podgate_engine::{
    policy::{Engine, parse},
    syntax::yaml,
};
use podgate_manifests::{Text, fix};
use proptest::{collection::vec, prelude::*};
use serde_json::Value;

use super::properties::{Emitter, object};

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

/// Whether all of `part` is in `whole`: lists may have grown, and members been added.
fn holds(whole: &Value, part: &Value) -> bool {
    match (whole, part) {
        (_, Value::Null) => true,
        (Value::Object(whole), Value::Object(part)) => {
            part.iter().all(|(key, part)| holds(whole.get(key).unwrap_or(&Value::Null), part))
        }
        (Value::Array(whole), Value::Array(part)) => {
            whole.len() >= part.len() && whole.iter().zip(part).all(|(whole, part)| holds(whole, part))
        }
        _ => whole == part,
    }
}

fn data(text: &str) -> Vec<Value> {
    let documents = yaml::documents(text).unwrap();
    documents.iter().map(|document| serde_json::from_str(&document.to_json().unwrap()).unwrap()).collect()
}

fn fixed(engine: &Engine, text: &str, namespace: &str) -> fix::Fixed {
    let inputs = [Text { name: "a.yaml".to_owned(), text: text.to_owned() }];
    fix::fix(engine, &inputs, namespace).remove(0)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn fixing_only_adds(object in object(), choices in vec(any::<u8>(), 400)) {
        let engine = Engine::new(&parse(POLICY, "policy").unwrap());
        let yaml = Emitter { choices: choices.into_iter() }.node(&object, 0, false);
        let once = fixed(&engine, yaml.trim_start(), "batch");
        prop_assert!(holds(&data(&once.after)[0], &data(&once.before)[0]), "{}\n{}", once.before, once.after);
        prop_assert_eq!(once.changes.is_empty(), once.before == once.after);
        // Bytes are only added; nulls alone give way.
        let mut after = once.after.chars();
        let kept = once.before.chars().filter(|c| *c != '~').all(|c| after.any(|other| other == c));
        prop_assert!(kept, "{}\n{}", once.before, once.after);
        // No style of this emitter is too odd to be added to.
        let unsafe_places: Vec<_> = once.problems.iter().filter(|problem| problem.message.contains("add it by hand")).collect();
        prop_assert!(unsafe_places.is_empty(), "{:?}\n{}", unsafe_places, once.before);
        let twice = fixed(&engine, &once.after, "batch");
        prop_assert_eq!(&twice.before, &twice.after);
    }
}
