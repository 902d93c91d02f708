//! `openWhen` of a scheduling gate: what the Pods wait for, as a policy says it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    lifecycle::{
        names::is_dns_subdomain,
        waiting::{Target, Until, Wait, Word},
    },
    syntax::json::given,
};

/// One condition: an object by its name, and how far it has to be. Exactly one of the fields beside `namespace` and `readyEndpoints` is
/// given.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct OpenCondition {
    /// A Service: its endpoints are ready, by its EndpointSlices.
    #[serde(deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub service: Option<String>,
    /// How many endpoints of the Service have to be ready; 1 where it is absent.
    #[serde(deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "u32", range(min = 1))]
    pub ready_endpoints: Option<u32>,
    /// A Job: it is complete.
    #[serde(deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub job: Option<String>,
    /// A Deployment: it is available.
    #[serde(deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub deployment: Option<String>,
    /// A StatefulSet: all its Pods are available.
    #[serde(deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub stateful_set: Option<String>,
    /// A DaemonSet: its Pods are available on all nodes that it wants.
    #[serde(deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub daemon_set: Option<String>,
    /// A PersistentVolumeClaim: it is bound.
    #[serde(deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub pvc: Option<String>,
    /// An object of any kind: it exists.
    #[serde(deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "AnyObject")]
    pub exists: Option<AnyObject>,
    /// An object of any kind: one of its `status.conditions` is true.
    #[serde(deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "ObjectCondition")]
    pub condition: Option<ObjectCondition>,
    /// The namespace of the object; the Pod's own where it is absent.
    #[serde(deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub namespace: Option<String>,
}

/// An object of any kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AnyObject {
    /// Its `apiVersion`, such as `v1` or `cert-manager.io/v1`.
    pub api_version: String,
    /// Its kind.
    pub kind: String,
    /// Its name.
    pub name: String,
}

/// A condition of an object of any kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ObjectCondition {
    /// Its `apiVersion`, such as `v1` or `cert-manager.io/v1`.
    pub api_version: String,
    /// Its kind.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// The condition's `type`, such as `Ready`.
    #[serde(rename = "type")]
    pub condition: String,
    /// The condition's `status`; `True` where it is absent.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub status: Option<String>,
}

impl OpenCondition {
    /// Returns what the Pods wait for; `None` where nothing is given, which [`Self::problems`] tells of.
    pub fn wait(&self) -> Option<Wait> {
        let namespace = self.namespace.as_deref().unwrap_or_default();
        let named = self.named().into_iter().find_map(|(kind, _, name)| Some((kind, name?)));
        if let Some((kind, name)) = named {
            let mut wait = Word::of_kind(kind)?.wait(namespace, name);
            if let Until::ReadyEndpoints(wanted) = &mut wait.until {
                *wanted = self.ready_endpoints.map_or(1, |wanted| usize::try_from(wanted).unwrap_or(usize::MAX));
            }
            return Some(wait);
        }
        let target = |api_version: &str, kind: &str, name: &str| Target {
            api_version: api_version.to_owned(),
            kind: kind.to_owned(),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        };
        let exists = self.exists.as_ref();
        let exists = exists.map(|it| (target(&it.api_version, &it.kind, &it.name), Until::Exists));
        let condition = self.condition.as_ref().map(|it| {
            let status = it.status.clone().unwrap_or_else(|| "True".to_owned());
            let until = Until::Condition { name: it.condition.clone(), status };
            (target(&it.api_version, &it.kind, &it.name), until)
        });
        let (target, until) = exists.or(condition)?;
        Some(Wait { target, until })
    }

    /// The fields that hold a name: kind, field, name.
    fn named(&self) -> [(&'static str, &'static str, Option<&str>); 6] {
        [
            ("Service", "service", self.service.as_deref()),
            ("Job", "job", self.job.as_deref()),
            ("Deployment", "deployment", self.deployment.as_deref()),
            ("StatefulSet", "statefulSet", self.stateful_set.as_deref()),
            ("DaemonSet", "daemonSet", self.daemon_set.as_deref()),
            ("PersistentVolumeClaim", "pvc", self.pvc.as_deref()),
        ]
    }

    /// Returns what in this condition cannot work: the field, empty for the condition itself, and why.
    pub fn problems(&self) -> Vec<(String, String)> {
        let mut problems = Vec::new();
        let mut say = |field: &str, why: String| problems.push((field.to_owned(), why));
        let named: Vec<_> = self.named().into_iter().filter_map(|(_, field, name)| Some((field, name?))).collect();
        let given = named.len() + usize::from(self.exists.is_some()) + usize::from(self.condition.is_some());
        if given != 1 {
            let why = "gives {}; exactly one of service, job, deployment, statefulSet, daemonSet, pvc, exists and condition is needed";
            say("", why.replace("{}", if given == 0 { "none" } else { "several" }));
        }
        let no_name = |name: &str| (!is_dns_subdomain(name)).then(|| format!("\"{name}\" is no name of an object"));
        for (field, name) in named {
            if let Some(why) = no_name(name) {
                say(field, why);
            }
        }
        if let Some(why) = self.namespace.as_deref().and_then(no_name) {
            say("namespace", why);
        }
        match self.ready_endpoints {
            Some(0) => say("readyEndpoints", "is 0; at least 1 is needed".to_owned()),
            Some(_) if self.service.is_none() => say("readyEndpoints", "is of use beside service only".to_owned()),
            _ => {}
        }
        let exists = self.exists.as_ref().map(|it| ("exists", &it.api_version, &it.kind, &it.name));
        let condition = self.condition.as_ref().map(|it| ("condition", &it.api_version, &it.kind, &it.name));
        for (field, api_version, kind, name) in exists.into_iter().chain(condition) {
            if api_version.is_empty() || api_version.split('/').count() > 2 {
                say(&format!("{field}.apiVersion"), format!("\"{api_version}\" is no version such as v1 or apps/v1"));
            }
            if !kind.starts_with(|first: char| first.is_ascii_uppercase()) {
                say(&format!("{field}.kind"), format!("\"{kind}\" is no kind such as Secret"));
            }
            // Names of custom kinds and of RBAC may hold more than a DNS name.
            if name.is_empty() || name.contains(['/', '%']) {
                say(&format!("{field}.name"), format!("\"{name}\" is no name of an object"));
            }
        }
        if self.condition.as_ref().is_some_and(|it| it.condition.is_empty()) {
            say("condition.type", "is empty; give a condition such as Ready".to_owned());
        }
        problems
    }
}
