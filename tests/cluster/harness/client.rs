//! The API server's client, through kube-rs: any object as JSON, and the whole answer with its warnings.

use http::{HeaderMap, Method, Request};
use http_body_util::BodyExt;
use kube::api::{DynamicObject, GroupVersionKind};
use kube::core::{ApiResource, Resource};
use serde_json::Value;

/// A client of one cluster, as one user.
#[derive(Clone)]
pub struct Client {
    kube: kube::Client,
    user: Option<(String, Vec<String>)>,
}

/// What the API server says.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub body: Value,
    /// The texts of the `Warning` headers.
    pub warnings: Vec<String>,
    /// The key of this request in the audit log.
    pub audit_id: String,
}

/// One of a refusal's `details.causes`.
#[derive(Debug)]
pub struct Cause {
    pub field: String,
    pub message: String,
}

impl Cause {
    /// The rule of podgate's that it comes from; empty for somebody else's.
    pub fn rule(&self) -> &str {
        self.message.strip_suffix(')').and_then(|text| text.rsplit_once("(podgate: ")).unwrap_or_default().1
    }
}

impl Client {
    pub fn new(kube: kube::Client) -> Self {
        Self { kube, user: None }
    }

    /// The same, as another user.
    pub fn impersonate(&self, user: &str, groups: &[&str]) -> Self {
        let groups = groups.iter().map(|group| (*group).to_owned()).collect();
        Self { kube: self.kube.clone(), user: Some((user.to_owned(), groups)) }
    }

    /// Sends a request. `query` is the whole query string, or empty.
    pub async fn send(&self, method: Method, path: &str, query: &str, content: Content<'_>) -> Answer {
        let uri = if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") };
        let mut request = Request::builder().method(method).uri(uri).header("accept", "application/json");
        if let Some((user, groups)) = &self.user {
            request = request.header("impersonate-user", user);
            for group in groups {
                request = request.header("impersonate-group", group);
            }
        }
        let (content_type, body) = content.into_parts();
        if let Some(content_type) = content_type {
            request = request.header("content-type", content_type);
        }
        let answer = self.kube.send(request.body(body.into()).unwrap()).await.unwrap();
        let (head, body) = answer.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let text = || Value::String(String::from_utf8_lossy(&body).into_owned());
        Answer {
            status: head.status.as_u16(),
            body: serde_json::from_slice(&body).unwrap_or_else(|_| text()),
            warnings: head.headers.get_all("warning").iter().map(|value| warning(value.to_str().unwrap())).collect(),
            audit_id: audit_id(&head.headers),
        }
    }

    pub async fn create(&self, object: &Value) -> Answer {
        self.create_with(object, "").await
    }

    /// Everything but keeping it.
    pub async fn dry_run(&self, object: &Value) -> Answer {
        self.create_with(object, "dryRun=All").await
    }

    pub async fn create_with(&self, object: &Value, query: &str) -> Answer {
        self.send(Method::POST, &collection(object), query, Content::Json(object)).await
    }

    pub async fn get(&self, object: &Value) -> Answer {
        self.send(Method::GET, &path(object, ""), "", Content::None).await
    }

    /// All objects of the kind and namespace of `like`.
    pub async fn list(&self, like: &Value) -> Vec<Value> {
        let answer = self.send(Method::GET, &collection(like), "", Content::None).await.accepted();
        answer.body["items"].as_array().unwrap().clone()
    }

    /// `PUT` of a whole object.
    pub async fn replace(&self, object: &Value, subresource: &str, query: &str) -> Answer {
        self.send(Method::PUT, &path(object, subresource), query, Content::Json(object)).await
    }

    /// Changes the object at the path of `object` by a merge patch.
    pub async fn merge(&self, object: &Value, subresource: &str, patch: &Value) -> Answer {
        self.send(Method::PATCH, &path(object, subresource), "", Content::MergePatch(patch)).await
    }

    pub async fn delete(&self, object: &Value, query: &str) -> Answer {
        self.send(Method::DELETE, &path(object, ""), query, Content::None).await
    }
}

/// What a request carries.
#[derive(Debug, Clone, Copy)]
pub enum Content<'c> {
    None,
    Json(&'c Value),
    /// RFC 7386
    MergePatch(&'c Value),
    /// A merge patch that knows lists by the names of their items.
    StrategicPatch(&'c Value),
    /// RFC 6902
    JsonPatch(&'c Value),
    /// Server-side apply.
    Apply(&'c Value),
}

impl Content<'_> {
    fn into_parts(self) -> (Option<&'static str>, Vec<u8>) {
        let (content_type, value) = match self {
            Self::None => return (None, Vec::new()),
            Self::Json(value) => ("application/json", value),
            Self::MergePatch(value) => ("application/merge-patch+json", value),
            Self::StrategicPatch(value) => ("application/strategic-merge-patch+json", value),
            Self::JsonPatch(value) => ("application/json-patch+json", value),
            Self::Apply(value) => ("application/apply-patch+yaml", value),
        };
        (Some(content_type), value.to_string().into_bytes())
    }
}

impl Answer {
    pub fn is_accepted(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The same answer, which has to be a success.
    #[track_caller]
    pub fn accepted(self) -> Self {
        assert!(self.is_accepted(), "refused: {} {}", self.status, self.body);
        self
    }

    pub fn message(&self) -> &str {
        self.body["message"].as_str().unwrap_or_default()
    }

    /// The fields of all causes.
    pub fn fields(&self) -> Vec<String> {
        self.causes().into_iter().map(|cause| cause.field).collect()
    }

    pub fn causes(&self) -> Vec<Cause> {
        let causes = self.body["details"]["causes"].as_array().map_or(&[][..], Vec::as_slice);
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        causes.iter().map(|cause| Cause { field: text(&cause["field"]), message: text(&cause["message"]) }).collect()
    }

    /// Whether podgate had any part in the answer.
    pub fn is_from_podgate(&self) -> bool {
        self.body.to_string().contains("podgate.dev") || self.warnings.iter().any(|text| text.contains("podgate"))
    }
}

/// The path of the objects of this kind, in the object's namespace.
pub fn collection(object: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let api_version = text(&object["apiVersion"]);
    let (group, version) = api_version.split_once('/').unwrap_or(("", &api_version));
    let kind = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, &text(&object["kind"])));
    DynamicObject::url_path(&kind, object["metadata"]["namespace"].as_str())
}

/// The path of the object itself, or of one of its subresources.
pub fn path(object: &Value, subresource: &str) -> String {
    let name = object["metadata"]["name"].as_str().unwrap();
    let separator = if subresource.is_empty() { "" } else { "/" };
    format!("{}/{name}{separator}{subresource}", collection(object))
}

/// The text of `299 - "text"`.
fn warning(header: &str) -> String {
    let text = header.split_once('"').map_or(header, |(_, text)| text.strip_suffix('"').unwrap_or(text));
    text.replace("\\\"", "\"").replace("\\\\", "\\")
}

fn audit_id(headers: &HeaderMap) -> String {
    headers.get("audit-id").and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
}
