//! Reads the lists of all kinds side by side, and judges one namespace after the other.

use std::cmp::Ordering;
use std::collections::HashSet;

use k8s_openapi::jiff::Timestamp;
use kube::Client;
use tracing::debug;

use super::list::{Calls, ListError, Objects, by_key};
use super::resources::resources;
use podgate_audit::{Audit, Auditor, Facts};
use podgate_engine::policy::Engine;

/// What is audited.
#[derive(Debug, Clone, Default)]
pub struct AuditScope {
    /// The only namespace; all where it is `None`.
    pub namespace: Option<String>,
    /// What the cluster is called.
    pub cluster: String,
    /// The policy that is used, and where it stands.
    pub policy: String,
}

/// Why there is no audit.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// The API server does not say what kinds it has.
    #[error("cannot ask the API server what kinds it has: {0}")]
    Kinds(String),
    /// A list was broken off.
    #[error(transparent)]
    List(#[from] ListError),
}

/// Kinds that rules look up, beside workloads. Each is watched by `serve --watch`, too.
const LOOKED_UP: [(&str, &str); 7] = [
    ("", "Namespace"),
    ("", "Service"),
    ("", "LimitRange"),
    ("", "PersistentVolumeClaim"),
    ("policy", "PodDisruptionBudget"),
    ("autoscaling", "HorizontalPodAutoscaler"),
    ("keda.sh", "ScaledObject"),
];

/// Judges a cluster under a policy. Returns also how the API server was asked.
pub async fn audit_cluster(client: &Client, engine: &Engine, scope: &AuditScope) -> Result<(Audit, Calls), AuditError> {
    let table = engine.kinds();
    let groups = table.rows().map(|row| row.group).chain(LOOKED_UP.iter().map(|(group, _)| *group));
    let found = resources(client, groups).await.map_err(AuditError::Kinds)?;
    let facts = Facts { cluster: scope.cluster.clone(), policy: scope.policy.clone(), at: now() };
    let mut run = Run { auditor: Auditor::new(engine), calls: Calls::default(), at: facts.at.clone() };
    let kinds = in_order(table.rows().map(|row| (row.group, row.kind)).chain(LOOKED_UP).collect());
    let mut lists = Vec::new();
    for (group, kind) in kinds {
        let Some(resource) = found.get(&(group.to_owned(), kind.to_owned())) else { continue };
        let mut objects = Objects::new(client, resource, scope.namespace.as_deref());
        let is_judged = table.find(group, kind).is_some();
        match objects.peek(&mut run.calls).await {
            Ok(_) if group.is_empty() && kind == "Namespace" => run.note_namespaces(objects).await?,
            Ok(_) => lists.push(List { group, kind, is_judged, objects }),
            Err(ListError::Forbidden { kind, message }) => run.auditor.not_listed(&kind, &message),
            Err(error) => return Err(error.into()),
        }
    }
    run.auditor.noted_all();
    while let Some(namespace) = run.next_namespace(&mut lists).await? {
        run.judge_namespace(&namespace, &mut lists).await?;
    }
    Ok((run.auditor.finish(facts), run.calls))
}

/// The objects of a kind.
struct List<'c> {
    group: &'c str,
    kind: &'c str,
    /// True where they are judged, and not only looked up.
    is_judged: bool,
    objects: Objects<'c>,
}

/// An audit that is made.
struct Run<'e> {
    auditor: Auditor<'e>,
    calls: Calls,
    at: String,
}

impl Run<'_> {
    /// Notes all Namespaces: they are few, and in another order than what is in them.
    async fn note_namespaces(&mut self, mut namespaces: Objects<'_>) -> Result<(), ListError> {
        while let Some(item) = namespaces.take("", &mut self.calls).await? {
            self.note("", "Namespace", "", &item.text);
        }
        Ok(())
    }

    fn note(&mut self, group: &str, kind: &str, namespace: &str, text: &str) {
        if let Err(errors) = self.auditor.note(group, kind, namespace, text) {
            debug!(kind, namespace, cause = %errors, "an object cannot be read and is left out");
        }
    }

    /// Returns the namespace whose objects come next.
    async fn next_namespace(&mut self, lists: &mut [List<'_>]) -> Result<Option<String>, ListError> {
        let mut next: Option<String> = None;
        for list in lists {
            let Some(item) = list.objects.peek(&mut self.calls).await? else { continue };
            if next.as_ref().is_none_or(|next| by_key(&item.namespace, next) == Ordering::Less) {
                next = Some(item.namespace.clone());
            }
        }
        Ok(next)
    }

    /// Judges all that is in a namespace. What rules look up is noted before anything is judged; Pods, which are many, are judged one by
    /// one.
    async fn judge_namespace(&mut self, namespace: &str, lists: &mut [List<'_>]) -> Result<(), ListError> {
        let (pods, lists): (Vec<_>, Vec<_>) = lists.iter_mut().partition(|list| is_pod(list.group, list.kind));
        let mut judged = Vec::new();
        for list in lists {
            while let Some(item) = list.objects.take(namespace, &mut self.calls).await? {
                self.note(list.group, list.kind, namespace, &item.text);
                if list.is_judged {
                    judged.push(item.text);
                }
            }
        }
        for text in judged {
            self.auditor.judge(&text);
        }
        for list in pods {
            while let Some(item) = list.objects.take(namespace, &mut self.calls).await? {
                self.auditor.judge(&item.text);
            }
        }
        self.auditor.end_namespace(namespace, &self.at);
        Ok(())
    }
}

fn is_pod(group: &str, kind: &str) -> bool {
    (group, kind) == ("", "Pod")
}

/// Returns the time as the API server writes it, in whole seconds.
fn now() -> String {
    Timestamp::from_second(Timestamp::now().as_second()).unwrap_or_default().to_string()
}

/// Puts owners before what they own: Pods come last, and before them what workloads make.
fn in_order<'k>(mut kinds: Vec<(&'k str, &'k str)>) -> Vec<(&'k str, &'k str)> {
    let rank = |group: &str, kind: &str| match (group, kind) {
        ("", "Pod") => 3,
        ("apps", "ReplicaSet") | ("batch", "Job") => 2,
        // What makes Jobs, StatefulSets or Deployments in turn comes before these.
        ("apps" | "batch" | "", _) => 1,
        _ => 0,
    };
    kinds.sort_by_key(|(group, kind)| rank(group, kind));
    let mut seen = HashSet::new();
    kinds.retain(|kind| seen.insert(*kind));
    kinds
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owners_come_first() {
        let kinds = vec![("", "Pod"), ("apps", "ReplicaSet"), ("apps", "Deployment"), ("argoproj.io", "Rollout")];
        let expected = [("argoproj.io", "Rollout"), ("apps", "Deployment"), ("apps", "ReplicaSet"), ("", "Pod")];
        assert_eq!(in_order(kinds), expected);
    }
}
