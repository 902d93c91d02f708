//! What tells of any object which one it is, and whose.

use podgate_engine::{
    model::{Metadata, OwnerReference},
    syntax::{
        List, ReadErrors, Str,
        json::{from_object, object_or_default},
    },
};
use serde::Deserialize;

/// Holds the fields that every object has, as the model reads them.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Head<'a> {
    #[serde(borrow)]
    pub(super) api_version: Str<'a>,
    #[serde(borrow)]
    pub(super) kind: Str<'a>,
    #[serde(borrow, deserialize_with = "object_or_default")]
    pub(super) metadata: Metadata<'a>,
}

impl<'a> Head<'a> {
    /// Reads them from the text of an object.
    pub(super) fn read(text: &'a str) -> Result<Self, ReadErrors> {
        from_object(text)
    }

    /// Returns the API group, empty for core.
    pub(super) fn group(&self) -> &str {
        group(&self.api_version)
    }

    /// Returns the object as `namespace/kind/name`.
    pub(super) fn example(&self) -> String {
        example(&self.metadata.namespace, &self.kind, &self.metadata.name)
    }
}

/// Returns an object as `namespace/kind/name`; of one of the cluster, as `kind/name`.
pub(super) fn example(namespace: &str, kind: &str, name: &str) -> String {
    if namespace.is_empty() { format!("{kind}/{name}") } else { format!("{namespace}/{kind}/{name}") }
}

/// Returns the group of an `apiVersion`, empty for core.
pub(super) fn group(api_version: &str) -> &str {
    api_version.rsplit_once('/').map_or("", |(group, _)| group)
}

/// Holds the fields that nobody needs of an object that is folded into another.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Birth<'a> {
    #[serde(borrow)]
    pub(super) uid: Str<'a>,
    #[serde(borrow)]
    pub(super) creation_timestamp: Str<'a>,
    #[serde(borrow)]
    owner_references: List<OwnerUid<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct OwnerUid<'a> {
    #[serde(borrow)]
    uid: Str<'a>,
    controller: Option<bool>,
}

impl<'a> Birth<'a> {
    /// Reads them from the text of an object; where they cannot be read they are not known.
    pub(super) fn read(text: &'a str) -> Self {
        #[derive(Default, Deserialize)]
        #[serde(default)]
        struct Root<'a> {
            #[serde(borrow, deserialize_with = "object_or_default")]
            metadata: Birth<'a>,
        }
        from_object::<Root<'a>>(text).map(|root| root.metadata).unwrap_or_default()
    }

    /// Returns the uid of the controller that owns the object; empty where it is not known.
    pub(super) fn owner_uid(&self) -> &str {
        self.owner_references.iter().find(|owner| owner.controller == Some(true)).map_or("", |owner| &owner.uid)
    }
}

/// Returns `spec.replicas` of a ReplicaSet, 1 where it is absent (`SetDefaults_ReplicaSet`).
pub(super) fn replicas(text: &str) -> i64 {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Root {
        #[serde(deserialize_with = "object_or_default")]
        spec: Spec,
    }
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Spec {
        replicas: Option<i64>,
    }
    // What cannot be read is told of where the whole object is.
    from_object::<Root>(text).ok().and_then(|root| root.spec.replicas).unwrap_or(1)
}

/// Names an object among all: no part of it may hold a slash.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Key(Box<str>);

impl Key {
    /// Returns the key of an object.
    pub(super) fn new(namespace: &str, group: &str, kind: &str, name: &str) -> Self {
        Self(format!("{namespace}/{group}/{kind}/{name}").into())
    }

    /// Returns the key of the owner that a reference in an object of this namespace names.
    pub(super) fn of_owner(namespace: &str, owner: &OwnerReference<'_>) -> Self {
        Self::new(namespace, group(&owner.api_version), &owner.kind, &owner.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_read_of_any_object() {
        let text = r#"{"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": {"name": "web-1", "namespace": "shop", "uid": "u",
            "creationTimestamp": "2026-03-01T10:00:00Z", "managedFields": [{}], "ownerReferences": [
            {"apiVersion": "v1", "kind": "Node", "name": "n", "uid": "x"},
            {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "uid": "d", "controller": true}]},
            "spec": {"replicas": 0}, "status": {"replicas": 0}}"#;
        let head = Head::read(text).unwrap();
        assert_eq!((head.group(), head.example().as_str()), ("apps", "shop/ReplicaSet/web-1"));
        let owner = Key::of_owner("shop", head.metadata.controller().unwrap());
        assert_eq!(owner, Key::new("shop", "apps", "Deployment", "web"));
        let birth = Birth::read(text);
        assert_eq!((&*birth.uid, birth.owner_uid()), ("u", "d"));
        assert_eq!((replicas(text), replicas("{}"), replicas(r#"{"spec": null}"#)), (0, 1, 1));
        assert_eq!(example("", "Node", "n"), "Node/n");
    }
}
