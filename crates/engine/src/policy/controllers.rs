//! What controllers create: Pods, ReplicaSets and Jobs made from the template of an owner that podgate judges too.
//!
//! Refusing them would take Pods away from workloads that are older than the policy: a drain, a crash or a scale-up would
//! never bring them back. They are judged, and what is found comes at a level of its own, with the owner that is to be mended.
//!
//! Who is a controller is decided by the request's user: owner references are written by whoever creates an object.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    model::{Glob, Metadata, Operation, OwnerReference, Review, Workload, WorkloadTable},
    rules::{Finding, Level, rule::More},
};

/// Labels by which a Pod names the template that its ReplicaSet was made from; the ReplicaSet's name ends with the value.
const TEMPLATE_HASHES: [(&str, &str); 2] =
    [("pod-template-hash", "Deployment"), ("rollouts-pod-template-hash", "Rollout")];

/// Tells who creates what a template already says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Controllers {
    /// The users that controllers are, exact or with `*` and `?`. Only those whose names nobody else can get: a service
    /// account of a namespace that anybody may create is anybody's.
    pub users: Vec<String>,
    /// The highest level of what is found in objects that they create for an owner of a kind that podgate judges.
    pub level: ControllersLevel,
}

impl Default for Controllers {
    fn default() -> Self {
        let users = ["system:serviceaccount:kube-system:*-controller", "system:kube-controller-manager"];
        Self { users: users.map(str::to_owned).to_vec(), level: ControllersLevel::Audit }
    }
}

/// The highest level of what is found in objects that controllers create.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ControllersLevel {
    /// Audit annotation, metric and log only.
    #[default]
    Audit,
    /// A warning, which controllers do not read.
    Warn,
    /// Refused as anybody else's: workloads that are older than the policy lose Pods that are not replaced.
    Deny,
}

impl ControllersLevel {
    /// The word for it in policies.
    pub fn as_str(self) -> &'static str {
        self.most().as_str()
    }

    fn most(self) -> Level {
        match self {
            Self::Audit => Level::Audit,
            Self::Warn => Level::Warn,
            Self::Deny => Level::Deny,
        }
    }
}

/// The object whose template is to be mended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// Its kind.
    pub kind: String,
    /// Its name.
    pub name: String,
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} \"{}\"", self.kind, self.name)
    }
}

impl Owner {
    /// Returns the owner that a reference in `metadata` names; of a ReplicaSet that a Deployment or Rollout made, that one.
    pub fn of(reference: &OwnerReference<'_>, metadata: &Metadata<'_>) -> Self {
        let made = TEMPLATE_HASHES.iter().filter(|_| reference.kind == "ReplicaSet").find_map(|(label, kind)| {
            let hash = metadata.labels.get(label)?;
            let name = reference.name.strip_suffix(hash)?.strip_suffix('-')?;
            Some(Self { kind: (*kind).to_owned(), name: name.to_owned() })
        });
        made.unwrap_or_else(|| Self { kind: reference.kind.to_string(), name: reference.name.to_string() })
    }
}

/// [`Controllers`], ready to be asked.
#[derive(Debug)]
pub(super) struct Compiled {
    users: Vec<Glob>,
    level: Level,
    kinds: WorkloadTable,
}

impl Compiled {
    pub(super) fn new(controllers: &Controllers, kinds: &WorkloadTable) -> Self {
        Self { users: Glob::all(&controllers.users), level: controllers.level.most(), kinds: kinds.clone() }
    }

    /// The owner that `review` creates or changes an object for, where a controller does and the owner is judged itself.
    pub(super) fn owner(&self, review: &Review<'_>) -> Option<Owner> {
        if review.operation == Operation::Delete {
            return None;
        }
        let metadata = &review.new.metadata;
        let reference = metadata.controller()?;
        let group = reference.api_version.rsplit_once('/').map_or("", |(group, _)| group);
        let judged = self.kinds.find(group, &reference.kind).is_some_and(Workload::makes_pods);
        let user = &review.user.username;
        let known = judged && self.users.iter().any(|glob| glob.matches(user));
        known.then(|| Owner::of(reference, metadata))
    }

    /// Lowers what was found in an object that a controller creates or changes.
    pub(super) fn lower(&self, findings: &mut [Finding], more: &mut [More]) {
        for finding in findings {
            finding.level = finding.level.min(self.level);
        }
        for more in more {
            more.level = more.level.min(self.level);
        }
    }
}
