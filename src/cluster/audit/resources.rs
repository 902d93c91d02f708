//! Finds which of the kinds that are judged a cluster has, and where.

use std::collections::{BTreeSet, HashMap};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::APIResourceList;
use kube::Client;

use crate::cluster::list_watch::unanswered;

/// The kinds that were found, by group and kind.
pub(super) type Resources = HashMap<(String, String), Found>;

/// A kind of a cluster.
#[derive(Debug, Clone)]
pub(super) struct Found {
    /// `apiVersion` of its objects.
    pub(super) api_version: String,
    /// Its kind.
    pub(super) kind: String,
    /// The name in URLs.
    pub(super) plural: String,
    /// Tells whether its objects are in namespaces.
    pub(super) is_namespaced: bool,
}

impl Found {
    /// Returns the path of its objects, in one namespace or in all.
    pub(super) fn path(&self, namespace: Option<&str>) -> String {
        let base = match self.api_version.split_once('/') {
            Some(_) => format!("/apis/{}", self.api_version),
            None => format!("/api/{}", self.api_version),
        };
        match namespace.filter(|_| self.is_namespaced) {
            Some(namespace) => format!("{base}/namespaces/{namespace}/{}", self.plural),
            None => format!("{base}/{}", self.plural),
        }
    }
}

/// Returns the kinds of these groups, each in the version that the API server prefers.
pub(super) async fn resources<'g>(client: &Client, groups: impl Iterator<Item = &'g str>) -> Result<Resources, String> {
    let wanted: BTreeSet<&str> = groups.collect();
    let there = client.list_api_groups().await.map_err(|cause| unanswered(&cause))?;
    let mut found = HashMap::new();
    let core = client.list_core_api_resources("v1").await.map_err(|cause| unanswered(&cause))?;
    add("", "v1", core, &mut found);
    for group in there.groups.iter().filter(|group| wanted.contains(group.name.as_str())) {
        let preferred = group.preferred_version.as_ref().or(group.versions.first());
        let Some(version) = preferred.map(|version| version.group_version.clone()) else { continue };
        // An aggregated API whose server is down must not end the audit of all others.
        if let Ok(resources) = client.list_api_group_resources(&version).await {
            add(&group.name, &version, resources, &mut found);
        }
    }
    Ok(found)
}

fn add(group: &str, api_version: &str, resources: APIResourceList, found: &mut Resources) {
    for resource in resources.resources {
        // Others are subresources.
        if !resource.name.contains('/') && resource.verbs.iter().any(|verb| verb == "list") {
            let one = Found {
                api_version: api_version.to_owned(),
                kind: resource.kind.clone(),
                plural: resource.name,
                is_namespaced: resource.namespaced,
            };
            found.insert((group.to_owned(), resource.kind), one);
        }
    }
}
