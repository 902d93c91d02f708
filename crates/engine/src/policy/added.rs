//! `spec.kinds`: kinds of others that hold Pod templates, which podgate does not know.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::{table::AddedKind, workload::RestartPolicies};

/// A kind that holds Pod templates, beside those that podgate knows. Its templates are judged as those of other kinds are; what it has
/// beside them is not looked at. A webhook is asked about it only where its configuration names its resource too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PodKind {
    /// Its API group, without the version.
    pub group: String,
    /// Its kind.
    pub kind: String,
    /// Its resource, as webhooks name it: what the chart's webhook asks for. Absent: the kind in lower case, with an s.
    #[serde(default, deserialize_with = "crate::syntax::json::given", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub resource: Option<String>,
    /// The places of its Pod templates (what holds `metadata` and `spec` of a Pod): names of fields with dots between them, `[*]`
    /// after a list, `*` for every member of an object.
    pub templates: Vec<String>,
    /// Holds what its controller accepts as restartPolicy of the Pods; the first is that of a template that has none. Absent: any, and
    /// `Always`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub restart_policies: Vec<RestartPolicy>,
}

/// A Pod's `restartPolicy`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum RestartPolicy {
    /// `Always`.
    Always,
    /// `OnFailure`.
    OnFailure,
    /// `Never`.
    Never,
}

impl RestartPolicy {
    fn as_str(self) -> &'static str {
        match self {
            Self::Always => "Always",
            Self::OnFailure => "OnFailure",
            Self::Never => "Never",
        }
    }
}

impl PodKind {
    /// Returns it as the table takes it.
    pub(super) fn row(&self) -> AddedKind<'_> {
        let always = |policy: &RestartPolicy| *policy == RestartPolicy::Always;
        let restart_policies = match self.restart_policies.as_slice() {
            [] => RestartPolicies::Any,
            some if some.iter().all(always) => RestartPolicies::Always,
            some if some.iter().any(always) => RestartPolicies::Any,
            _ => RestartPolicies::OnFailureOrNever,
        };
        let default_restart_policy = self.restart_policies.first().map_or("Always", |policy| policy.as_str());
        let Self { group, kind, templates, .. } = self;
        AddedKind { group, kind, templates, restart_policies, default_restart_policy }
    }
}
