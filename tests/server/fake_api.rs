//! As much of an API server as a client of a few kinds can tell: list, watch, get, create, replace, patch, and being gone.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// A collection's path without its namespace, such as `/api/v1/services`.
type Collection = String;
/// Namespace and name.
type Key = (String, String);

#[derive(Default)]
struct Objects {
    by_collection: BTreeMap<Collection, BTreeMap<Key, Value>>,
    /// Everything that ever happened; the version of an object is the number of events at its time.
    events: Vec<(Collection, Key, &'static str, Value)>,
    is_down: bool,
    /// Method and path of each request that changed something.
    writes: Vec<String>,
    forbidden: Vec<Collection>,
}

impl Objects {
    fn set(&mut self, collection: &str, key: Key, mut object: Value, kind: &'static str) -> Value {
        object["metadata"]["resourceVersion"] = json!((self.events.len() + 1).to_string());
        if object["metadata"]["uid"].is_null() {
            object["metadata"]["uid"] = json!(format!("uid-{}", self.events.len()));
        }
        if !key.0.is_empty() {
            object["metadata"]["namespace"] = json!(key.0);
        }
        self.events.push((collection.to_owned(), key.clone(), kind, object.clone()));
        self.by_collection.entry(collection.to_owned()).or_default().insert(key, object.clone());
        object
    }
}

pub struct FakeApi {
    address: SocketAddr,
    shared: Shared,
    task: JoinHandle<()>,
}

#[derive(Clone)]
struct Shared {
    objects: Arc<Mutex<Objects>>,
    /// Changes with every event.
    changed: watch::Sender<usize>,
}

impl FakeApi {
    pub async fn start() -> Self {
        let shared = Shared { objects: Arc::default(), changed: watch::channel(0).0 };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().fallback(answer).with_state(shared.clone());
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, shared, task }
    }

    pub fn client(&self) -> kube::Client {
        let mut config = kube::Config::new(format!("http://{}", self.address).parse().unwrap());
        "podgate".clone_into(&mut config.default_namespace);
        config.default_retry = false;
        kube::Client::try_from(config).unwrap()
    }

    /// A kubeconfig for the real program.
    pub fn kubeconfig(&self) -> String {
        json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "fake",
            "contexts": [{"name": "fake", "context": {"cluster": "fake", "user": "fake", "namespace": "podgate"}}],
            "clusters": [{"name": "fake", "cluster": {"server": format!("http://{}", self.address)}}],
            "users": [{"name": "fake", "user": {}}],
        })
        .to_string()
    }

    pub fn set(&self, collection: &str, namespace: &str, object: Value) {
        let name = object["metadata"]["name"].as_str().unwrap().to_owned();
        self.shared.objects.lock().unwrap().set(collection, (namespace.to_owned(), name), object, "MODIFIED");
        self.tell();
    }

    pub fn remove(&self, collection: &str, namespace: &str, name: &str) {
        let mut objects = self.shared.objects.lock().unwrap();
        let key = (namespace.to_owned(), name.to_owned());
        let object = objects.by_collection.get_mut(collection).unwrap().remove(&key).unwrap();
        objects.events.push((collection.to_owned(), key, "DELETED", object));
        drop(objects);
        self.tell();
    }

    pub fn get(&self, collection: &str, namespace: &str, name: &str) -> Option<Value> {
        let key = (namespace.to_owned(), name.to_owned());
        self.shared.objects.lock().unwrap().by_collection.get(collection)?.get(&key).cloned()
    }

    /// From now on nothing is answered but errors, and watches end.
    pub fn set_down(&self, is_down: bool) {
        self.shared.objects.lock().unwrap().is_down = is_down;
        self.tell();
    }

    pub fn forbid(&self, collection: &str) {
        self.shared.objects.lock().unwrap().forbidden.push(collection.to_owned());
    }

    pub fn writes(&self) -> Vec<String> {
        self.shared.objects.lock().unwrap().writes.clone()
    }

    fn tell(&self) {
        self.shared.changed.send_modify(|count| *count += 1);
    }
}

impl Drop for FakeApi {
    fn drop(&mut self) {
        self.set_down(true);
        self.task.abort();
    }
}

/// Collection, namespace and name of a path.
fn parse(path: &str) -> (Collection, String, String) {
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    let (group, rest) = parts.split_at(if parts[0] == "api" { 2 } else { 3 });
    let (namespace, rest) = match rest {
        ["namespaces", namespace, rest @ ..] if !rest.is_empty() => (*namespace, rest),
        rest => ("", rest),
    };
    let name = rest.get(1).copied().unwrap_or_default();
    (format!("/{}/{}", group.join("/"), rest[0]), namespace.to_owned(), name.to_owned())
}

fn text(value: &Value) -> Response {
    ([("content-type", "application/json")], value.to_string()).into_response()
}

fn failure(status: StatusCode, reason: &str) -> Response {
    let body = json!({
        "kind": "Status", "apiVersion": "v1", "status": "Failure", "message": reason, "reason": reason,
        "code": status.as_u16(),
    });
    (status, text(&body)).into_response()
}

async fn answer(State(shared): State<Shared>, method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let (collection, namespace, name) = parse(uri.path());
    let query = uri.query().unwrap_or_default();
    let parameter = |wanted: &str| {
        query.split('&').find_map(|pair| pair.strip_prefix(wanted)?.strip_prefix('=')).map(str::to_owned)
    };
    let mut objects = shared.objects.lock().unwrap();
    if objects.is_down {
        return failure(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable");
    }
    if objects.forbidden.contains(&collection) {
        return failure(StatusCode::FORBIDDEN, "Forbidden");
    }
    let only = parameter("fieldSelector").and_then(|field| field.rsplit("%3D").next().map(str::to_owned));
    let only = only.map(|only| only.rsplit('=').next().unwrap_or_default().to_owned());
    let accept = headers.get("accept").and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    let seen = Seen { collection, namespace, only, metadata: accept.contains("PartialObjectMetadata") };
    if method != Method::GET {
        objects.writes.push(format!("{method} {}", uri.path()));
    }
    let key = (seen.namespace.clone(), name.clone());
    let found = objects.by_collection.get(&seen.collection).and_then(|known| known.get(&key)).cloned();
    let written = match (method.as_str(), found) {
        ("GET", _) if parameter("watch").as_deref() == Some("true") => {
            let from = parameter("resourceVersion").and_then(|version| version.parse().ok()).unwrap_or(0);
            drop(objects);
            return watch_from(shared, seen, from);
        }
        ("GET", _) if name.is_empty() => {
            let known = objects.by_collection.get(&seen.collection);
            let items = known.into_iter().flatten().filter(|(key, _)| seen.wants(key));
            let number = |name: &str| parameter(name).and_then(|text| text.parse::<usize>().ok());
            let (begin, limit) = (number("continue").unwrap_or(0), number("limit").unwrap_or(usize::MAX));
            let items: Vec<Value> = items.skip(begin).take(limit).map(|(_, object)| seen.shape(object)).collect();
            let mut metadata = json!({"resourceVersion": objects.events.len().to_string()});
            if items.len() == limit {
                metadata["continue"] = json!((begin + limit).to_string());
            }
            return text(&json!({"kind": "List", "apiVersion": "v1", "metadata": metadata, "items": items}));
        }
        ("GET", Some(object)) => return text(&object),
        ("POST", _) => {
            let object: Value = serde_json::from_slice(&body).unwrap();
            let name = object["metadata"]["name"].as_str().unwrap().to_owned();
            let key = (seen.namespace.clone(), name);
            if objects.by_collection.get(&seen.collection).is_some_and(|known| known.contains_key(&key)) {
                return failure(StatusCode::CONFLICT, "AlreadyExists");
            }
            objects.set(&seen.collection, key, object, "ADDED")
        }
        ("PUT", Some(old)) => {
            let object: Value = serde_json::from_slice(&body).unwrap();
            if object["metadata"]["resourceVersion"] != old["metadata"]["resourceVersion"] {
                return failure(StatusCode::CONFLICT, "Conflict");
            }
            objects.set(&seen.collection, key, object, "MODIFIED")
        }
        ("PATCH", Some(mut object)) => {
            assert_eq!(headers["content-type"], "application/strategic-merge-patch+json");
            let patch: Value = serde_json::from_slice(&body).unwrap();
            for change in patch["webhooks"].as_array().unwrap() {
                let webhooks = object["webhooks"].as_array_mut().unwrap();
                let webhook = webhooks.iter_mut().find(|webhook| webhook["name"] == change["name"]).unwrap();
                webhook["clientConfig"]["caBundle"] = change["clientConfig"]["caBundle"].clone();
            }
            objects.set(&seen.collection, key, object, "MODIFIED")
        }
        _ => return failure(StatusCode::NOT_FOUND, "NotFound"),
    };
    drop(objects);
    shared.changed.send_modify(|count| *count += 1);
    text(&written)
}

/// Which objects a request is about, and how it wants them.
struct Seen {
    collection: Collection,
    namespace: String,
    only: Option<String>,
    metadata: bool,
}

impl Seen {
    fn wants(&self, (namespace, name): &Key) -> bool {
        (self.namespace.is_empty() || self.namespace == *namespace)
            && self.only.as_ref().is_none_or(|only| only == name)
    }

    fn shape(&self, object: &Value) -> Value {
        if self.metadata {
            json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": object["metadata"]})
        } else {
            object.clone()
        }
    }
}

fn watch_from(shared: Shared, seen: Seen, from: usize) -> Response {
    let changed = shared.changed.subscribe();
    let stream =
        futures_util::stream::unfold((shared, seen, changed, from), async |(shared, seen, mut changed, mut at)| {
            loop {
                let next = {
                    let objects = shared.objects.lock().unwrap();
                    if objects.is_down {
                        return None;
                    }
                    objects.events.get(at).cloned()
                };
                let Some((collection, key, kind, object)) = next else {
                    changed.changed().await.ok()?;
                    continue;
                };
                at += 1;
                if collection == seen.collection && seen.wants(&key) {
                    let line = format!("{}\n", json!({"type": kind, "object": seen.shape(&object)}));
                    return Some((Ok::<_, std::io::Error>(line), (shared, seen, changed, at)));
                }
            }
        });
    Body::from_stream(stream).into_response()
}
