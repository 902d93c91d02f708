//! podgate asked in this process: about requests that the API server refuses before a webhook sees them, and with an
//! inventory of other objects.

use podgate::model::{Inventory, Operation, Request, Review, ReviewError, User};
use podgate::policy::Engine;
use podgate::rules::Finding;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};

/// A request as the API server would send it.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    pub operation: Operation,
    /// The object as it shall be; on DELETE as it is.
    pub object: &'a Value,
    /// On UPDATE the object as it is.
    pub old: Option<&'a Value>,
    pub subresource: &'a str,
    pub user: &'a str,
    pub groups: &'a [String],
    /// The other objects that podgate knows.
    pub known: &'a [Value],
}

impl<'a> Asked<'a> {
    /// Somebody creates an object, and no other is known.
    pub fn create(object: &'a Value) -> Self {
        let operation = Operation::Create;
        Self { operation, object, old: None, subresource: "", user: "admin", groups: &[], known: &[] }
    }
}

/// What podgate finds, at every level. The error says what of the object cannot be read.
pub fn judge(engine: &Engine, asked: &Asked<'_>) -> Result<Vec<Finding>, ReviewError> {
    let raw = |object: &Value| -> Box<RawValue> { to_raw_value(object).unwrap() };
    let (object, old) = match asked.operation {
        Operation::Delete => (None, Some(raw(asked.object))),
        _ => (Some(raw(asked.object)), asked.old.map(raw)),
    };
    let (group, kind, namespace) = identity(asked.object);
    let user = json!({"username": asked.user, "groups": asked.groups}).to_string();
    let user: User<'_> = serde_json::from_str(&user).unwrap();
    let inventory = inventory(asked.known);
    let review = Review::read(Request {
        operation: asked.operation,
        group: group.into(),
        kind: kind.into(),
        sub_resource: asked.subresource.into(),
        namespace: namespace.into(),
        user,
        object: object.as_deref(),
        old_object: old.as_deref(),
        inventory: (!asked.known.is_empty()).then_some(&inventory),
    })?;
    Ok(review.map(|review| engine.review(&review).findings).unwrap_or_default())
}

fn inventory(objects: &[Value]) -> Inventory {
    let mut inventory = Inventory::default();
    for object in objects {
        let (group, kind, namespace) = identity(object);
        inventory.add(group, kind, namespace, &object.to_string()).unwrap();
    }
    inventory
}

/// API group, kind and namespace of an object.
fn identity(object: &Value) -> (&str, &str, &str) {
    let [api_version, kind, namespace] = ["/apiVersion", "/kind", "/metadata/namespace"]
        .map(|pointer| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default());
    (api_version.split_once('/').map_or("", |(group, _)| group), kind, namespace)
}
