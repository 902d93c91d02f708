//! podgate asked in this process: about requests that the API server refuses before a webhook sees them.

use podgate_engine::model::Operation;
use podgate_engine::policy::Engine;
use podgate_engine::policy::cases::{Circumstances, RequestError, with_review};
use podgate_engine::rules::Finding;
use serde_json::Value;

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
}

impl<'a> Asked<'a> {
    /// Somebody creates an object.
    pub fn create(object: &'a Value) -> Self {
        let operation = Operation::Create;
        Self { operation, object, old: None, subresource: "", user: "admin", groups: &[] }
    }
}

/// What podgate finds, at every level. The error says what of the object cannot be read.
pub fn judge(engine: &Engine, asked: &Asked<'_>) -> Result<Vec<Finding>, RequestError> {
    let namespace = asked.object.pointer("/metadata/namespace").and_then(Value::as_str).unwrap_or_default();
    let circumstances = Circumstances {
        operation: Some(asked.operation.as_str().to_owned()),
        sub_resource: asked.subresource.to_owned(),
        user: asked.user.to_owned(),
        groups: asked.groups.to_vec(),
        namespace: Some(namespace.to_owned()),
        file: false,
        ..Circumstances::default()
    };
    let old = asked.old.map(Value::to_string);
    with_review(&asked.object.to_string(), old.as_deref(), &circumstances, None, |review| {
        review.map(|review| engine.review(review).findings).unwrap_or_default()
    })
}
