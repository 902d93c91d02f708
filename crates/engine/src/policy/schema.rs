//! The policy's language as JSON Schema, for editors, and as CustomResourceDefinition, for clusters. Both follow from the
//! types and from the rules' own options.
//!
//! kube's derive would make the second too, but only with kube in every build, the small command line included, and it knows
//! no union that a structural schema may hold; the little that is to be rewritten is rewritten here.

use std::fmt::Write;

use schemars::{SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};

use super::LifecyclePolicy;
use crate::syntax::scalar::{self, Scalar};

const GROUP: &str = "podgate.dev";
const PRESERVE: &str = "x-kubernetes-preserve-unknown-fields";

/// The JSON Schema (2020-12) of a policy file.
pub fn json_schema() -> Value {
    let mut schema = SchemaGenerator::default().into_root_schema_for::<LifecyclePolicy>().to_value();
    if let Some(schema) = schema.as_object_mut() {
        schema.insert("title".to_owned(), "LifecyclePolicy of podgate".into());
    }
    schema
}

/// The CustomResourceDefinition, as YAML.
///
/// Every object in it keeps fields that it does not know. An API server would prune them, and a policy with a misspelt rule
/// would come into force without that rule; so they stay, and podgate refuses the policy.
pub fn custom_resource_definition() -> String {
    let settings = SchemaSettings::openapi3().with(|settings| settings.inline_subschemas = true);
    let schema = settings.into_generator().into_root_schema_for::<LifecyclePolicy>().to_value();
    let spec = schema.pointer("/properties/spec").map(structural).unwrap_or_default();
    let definition = json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("lifecyclepolicies.{GROUP}")},
        "spec": {
            "group": GROUP,
            "names": {
                "kind": "LifecyclePolicy", "listKind": "LifecyclePolicyList",
                "plural": "lifecyclepolicies", "singular": "lifecyclepolicy",
            },
            // A policy is about all namespaces: whoever may write it is an administrator.
            "scope": "Cluster",
            "versions": [{
                "name": "v1alpha1", "served": true, "storage": true,
                "additionalPrinterColumns": [
                    {"name": "Profile", "type": "string", "jsonPath": ".spec.profile"},
                    {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
                ],
                "schema": {"openAPIV3Schema": {
                    "type": "object",
                    "description": schema.get("description"),
                    "required": ["spec"],
                    "properties": {
                        "apiVersion": {"type": "string"},
                        "kind": {"type": "string"},
                        "metadata": {"type": "object"},
                        "spec": spec,
                    },
                }},
            }],
        },
    });
    let mut yaml = "# Generated from the code; UPDATE=1 cargo test writes it.\n".to_owned();
    write_block(&definition, 0, &mut yaml);
    yaml
}

/// A schema as a CustomResourceDefinition may have it: a type at every level, no references, no unions, no defaults (what
/// applies without a field is podgate's own and may differ in the next version).
fn structural(schema: &Value) -> Value {
    let mut out = Map::new();
    let field = |name: &str| schema.get(name).cloned();
    if let Some(description) = field("description") {
        out.insert("description".to_owned(), description);
    }
    let branches = field("oneOf").or_else(|| field("anyOf"));
    if let Some(words) = branches.as_ref().and_then(Value::as_array).map(|branches| words(branches)) {
        match words {
            Some(words) => {
                out.insert("type".to_owned(), "string".into());
                out.insert("enum".to_owned(), words.into());
            }
            // A level or an object, a word or a list: podgate itself says what is wrong with it.
            None => drop(out.insert(PRESERVE.to_owned(), true.into())),
        }
        return out.into();
    }
    for name in ["type", "enum", "nullable", "minimum", "maximum", "required"] {
        out.extend(field(name).map(|value| (name.to_owned(), value)));
    }
    if let Some(items) = schema.get("items") {
        out.insert("items".to_owned(), structural(items));
    }
    if out.get("type").is_some_and(|kind| kind == "object") {
        let properties = schema.get("properties").and_then(Value::as_object);
        let values = schema.get("additionalProperties").filter(|values| values.is_object());
        match (properties, values) {
            (None, Some(values)) => drop(out.insert("additionalProperties".to_owned(), structural(values))),
            (properties, _) => {
                let properties = properties.into_iter().flatten();
                let properties: Map<String, Value> =
                    properties.map(|(name, schema)| (name.clone(), structural(schema))).collect();
                out.insert("properties".to_owned(), properties.into());
                out.insert(PRESERVE.to_owned(), true.into());
            }
        }
    }
    out.into()
}

/// The words, where every branch is one or some.
fn words(branches: &[Value]) -> Option<Vec<Value>> {
    let of = |branch: &Value| match (branch.get("const"), branch.get("enum")) {
        (Some(word), _) => Some(vec![word.clone()]),
        (None, Some(Value::Array(words))) => Some(words.clone()),
        _ => None,
    };
    let all = branches.iter().map(of).collect::<Option<Vec<_>>>()?.concat();
    all.iter().all(Value::is_string).then_some(all)
}

/// Writes a value as YAML in block style; what stands on one line as JSON, which YAML takes, and words without quotes.
fn write_block(value: &Value, indent: usize, out: &mut String) {
    // Writing to a String cannot fail.
    match value {
        Value::Object(members) if !members.is_empty() => {
            for (name, value) in members {
                let _ = write!(out, "{:indent$}{name}:", "");
                write_value(value, indent + 2, out);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for item in items {
                let start = out.len();
                write_block(item, indent + 2, out);
                // The item's first line begins with the mark of an item.
                out.replace_range(start + indent..=start + indent, "-");
            }
        }
        Value::String(text) if is_word(text) => drop(writeln!(out, "{:indent$}{text}", "")),
        one_line => drop(writeln!(out, "{:indent$}{one_line}", "")),
    }
}

fn write_value(value: &Value, indent: usize, out: &mut String) {
    let is_block = value.as_object().is_some_and(|members| !members.is_empty())
        || value.as_array().is_some_and(|items| !items.is_empty());
    if is_block {
        out.push('\n');
        write_block(value, indent, out);
    } else {
        out.push(' ');
        write_block(value, 0, out);
    }
}

/// Returns whether a text is the same without quotes.
fn is_word(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.chars().all(|char| char.is_ascii_alphanumeric() || matches!(char, '-' | '.' | '/'))
        && matches!(scalar::resolve(text), Scalar::String(_))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::yaml;

    #[test]
    fn blocks_read_back() {
        let value =
            json!({"a": [{"b": 1, "c": ["x", {"d": {}}]}, "y: z", "yes", []], "e": {"f": null, "g": "# no\ncomment"}});
        let mut text = String::new();
        write_block(&value, 0, &mut text);
        let documents = yaml::documents(&text).unwrap();
        let read: Value = serde_json::from_str(&documents[0].to_json().unwrap()).unwrap();
        assert_eq!(read, value, "{text}");
    }
}
