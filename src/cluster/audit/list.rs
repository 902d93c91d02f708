//! Lists objects page by page, in the order of their namespaces.

use std::cmp::Ordering;
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use axum::http::Request;
use kube::Client;
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::time::sleep;

use super::resources::Found;
use crate::cluster::list_watch::chain;

/// Objects of a page: some megabytes of text.
const PAGE: usize = 250;
/// A page is asked for so often where the API server is busy.
const ATTEMPTS: u32 = 6;
/// The pause after the first time, doubled each time; the API server may ask for longer.
const PAUSE: Duration = Duration::from_millis(500);
const MAX_PAUSE: Duration = Duration::from_secs(30);

/// Why a list was broken off.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    /// There is no right to list it.
    #[error("cannot list {kind}: {message}")]
    Forbidden {
        /// The kind.
        kind: String,
        /// What the API server says.
        message: String,
    },
    /// Anything else.
    #[error("cannot list {kind}: {message}")]
    Failed {
        /// The kind.
        kind: String,
        /// The cause.
        message: String,
    },
}

/// How the API server was asked.
#[derive(Debug, Clone, Default)]
pub struct Calls {
    /// Pages, by kind.
    pub pages: BTreeMap<String, usize>,
    /// Requests that the API server asked to be made again later (429), and those that failed and were made again.
    pub repeated: usize,
}

impl Calls {
    /// Returns how many requests there were.
    pub fn total(&self) -> usize {
        self.pages.values().sum::<usize>() + self.repeated
    }
}

/// An object of a list.
#[derive(Debug)]
pub(super) struct Item {
    /// Its namespace; empty where it has none.
    pub(super) namespace: String,
    /// Its JSON text, with `apiVersion` and `kind`.
    pub(super) text: String,
}

/// The objects of one kind, in the order of their keys in etcd: by namespace, then by name. No more of them is in memory than a page.
pub(super) struct Objects<'c> {
    client: &'c Client,
    found: &'c Found,
    path: String,
    items: VecDeque<Item>,
    /// The token of the next page; `None` where there is none.
    next: Option<String>,
    has_begun: bool,
    /// The namespace and name that came last: a list that is begun anew goes on behind it.
    last: Option<(String, String)>,
}

/// A page.
#[derive(Deserialize)]
struct Page<'a> {
    #[serde(default)]
    metadata: PageMetadata,
    #[serde(borrow, default)]
    items: Option<Vec<&'a RawValue>>,
}

#[derive(Default, Deserialize)]
struct PageMetadata {
    #[serde(default, rename = "continue")]
    next: Option<String>,
}

/// What is read of an object to know which it is.
#[derive(Deserialize)]
struct Head {
    #[serde(default)]
    kind: Option<String>,
    #[serde(default)]
    metadata: HeadMetadata,
}

#[derive(Default, Deserialize)]
struct HeadMetadata {
    #[serde(default)]
    namespace: Option<String>,
    #[serde(default)]
    name: String,
}

/// Compares keys of etcd: a namespace ends with a slash there, so that `a-b` comes before `a`.
pub(super) fn by_key(one: &str, other: &str) -> Ordering {
    one.bytes().chain([b'/']).cmp(other.bytes().chain([b'/']))
}

impl<'c> Objects<'c> {
    /// Begins a list, of one namespace or of all. A namespace that is audited alone is listed itself, too.
    pub(super) fn new(client: &'c Client, found: &'c Found, namespace: Option<&str>) -> Self {
        let mut path = format!("{}?limit={PAGE}", found.path(namespace));
        if let Some(namespace) = namespace.filter(|_| found.kind == "Namespace") {
            path.push_str("&fieldSelector=metadata.name%3D");
            path.push_str(namespace);
        }
        Self { client, found, path, items: VecDeque::new(), next: None, has_begun: false, last: None }
    }

    /// Returns the next object, and asks for the next page where there is none at hand; `None` at the end.
    pub(super) async fn peek(&mut self, calls: &mut Calls) -> Result<Option<&Item>, ListError> {
        while self.items.is_empty() && (!self.has_begun || self.next.is_some()) {
            self.read_page(calls).await?;
        }
        Ok(self.items.front())
    }

    /// Takes the next object, if it is of this namespace.
    pub(super) async fn take(&mut self, namespace: &str, calls: &mut Calls) -> Result<Option<Item>, ListError> {
        let is_here = self.peek(calls).await?.is_some_and(|item| item.namespace == namespace);
        Ok(if is_here { self.items.pop_front() } else { None })
    }

    async fn read_page(&mut self, calls: &mut Calls) -> Result<(), ListError> {
        let url = match &self.next {
            Some(token) => format!("{}&continue={}", self.path, escaped(token)),
            None => self.path.clone(),
        };
        let text = match self.page(&url, calls).await {
            Ok(text) => text,
            // The token is too old (410): the list begins anew, and goes on where it was.
            Err(None) if self.next.is_some() => {
                (self.next, self.has_begun) = (None, false);
                return Ok(());
            }
            Err(None) => return Err(failed(self.found, "the list has expired".to_owned())),
            Err(Some(error)) => return Err(error),
        };
        self.has_begun = true;
        let unreadable = |cause: serde_json::Error| failed(self.found, cause.to_string());
        let page: Page<'_> = serde_json::from_str(&text).map_err(unreadable)?;
        for item in page.items.unwrap_or_default() {
            let head: Head = serde_json::from_str(item.get()).map_err(unreadable)?;
            let (namespace, name) = (head.metadata.namespace.unwrap_or_default(), head.metadata.name);
            let is_behind = |(last, last_name): &(String, String)| {
                by_key(last, &namespace).then_with(|| last_name.cmp(&name)) == Ordering::Less
            };
            if self.last.as_ref().is_some_and(|last| !is_behind(last)) {
                continue;
            }
            // Objects of a list do not say what they are; those of custom kinds do.
            let text = if head.kind.is_some() { item.get().to_owned() } else { typed(item.get(), self.found) };
            self.last = Some((namespace.clone(), name));
            self.items.push_back(Item { namespace, text });
        }
        self.next = page.metadata.next.filter(|token| !token.is_empty());
        Ok(())
    }

    /// Asks for a page, again and again where the API server is busy. `None` is a token that is too old.
    async fn page(&self, url: &str, calls: &mut Calls) -> Result<String, Option<ListError>> {
        let found = self.found;
        let mut pause = PAUSE;
        for attempt in 1..=ATTEMPTS {
            *calls.pages.entry(found.kind.clone()).or_default() += 1;
            let request = Request::get(url).body(Vec::new());
            let request = request.map_err(|cause| Some(failed(found, cause.to_string())))?;
            let (wait, message) = match self.client.request_text(request).await {
                Ok(text) => return Ok(text),
                Err(kube::Error::Api(status)) => match status.code {
                    410 => return Err(None),
                    401 | 403 => {
                        let (kind, message) = (found.kind.clone(), status.message.clone());
                        return Err(Some(ListError::Forbidden { kind, message }));
                    }
                    429 | 500.. => {
                        let asked = status.details.as_ref().map_or(0, |details| details.retry_after_seconds);
                        (Duration::from_secs(asked.into()), status.message.clone())
                    }
                    _ => return Err(Some(failed(found, status.message.clone()))),
                },
                Err(cause) => (Duration::ZERO, chain(&cause)),
            };
            if attempt == ATTEMPTS {
                return Err(Some(failed(found, message)));
            }
            calls.repeated += 1;
            sleep(wait.max(pause.mul_f64(0.5 + fastrand::f64() / 2.0)).min(MAX_PAUSE)).await;
            pause = pause.saturating_mul(2);
        }
        Err(None)
    }
}

fn failed(found: &Found, message: String) -> ListError {
    ListError::Failed { kind: found.kind.clone(), message }
}

/// Returns the text of an object with what it is.
fn typed(text: &str, found: &Found) -> String {
    let rest = text.trim_start().strip_prefix('{').unwrap_or("}").trim_start();
    let comma = if rest.starts_with('}') { "" } else { "," };
    let Found { api_version, kind, .. } = found;
    format!("{{\"apiVersion\":\"{api_version}\",\"kind\":\"{kind}\"{comma}{rest}")
}

/// Returns a text as a query holds it.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn objects_of_a_list_are_told_what_they_are() {
        let found = Found {
            api_version: "apps/v1".to_owned(),
            kind: "Deployment".to_owned(),
            plural: "deployments".to_owned(),
            is_namespaced: true,
        };
        let typed: Value = serde_json::from_str(&typed(r#" {"metadata": {"name": "web"}}"#, &found)).unwrap();
        assert_eq!(typed, json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}}));
        assert_eq!(found.path(None), "/apis/apps/v1/deployments");
        assert_eq!(found.path(Some("shop")), "/apis/apps/v1/namespaces/shop/deployments");
        assert_eq!(super::typed("{}", &found), r#"{"apiVersion":"apps/v1","kind":"Deployment"}"#);
        assert_eq!(escaped("eyJ2+/="), "eyJ2%2B%2F%3D");
    }

    #[test]
    fn namespaces_come_as_etcd_has_them() {
        let mut namespaces = ["shop", "shop-eu", "", "shop0", "a"];
        namespaces.sort_by(|one, other| by_key(one, other));
        assert_eq!(namespaces, ["", "a", "shop-eu", "shop", "shop0"]);
    }
}
