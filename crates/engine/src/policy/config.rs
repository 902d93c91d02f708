//! `LifecyclePolicy`: the policy file's shape. Everything in it has a default; everything unknown in it is an error.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    added::PodKind,
    controllers::Controllers,
    day::Day,
    exempt::{self, ContainerExemption, Ending, ObjectExemption},
    ignore::Annotations,
    kinds::Kinds,
    rule_settings::RuleSettings,
};
use crate::{
    model::{KubernetesVersion, LabelSelector, Operation, WorkloadTable},
    mutate::{DefaultProbes, Mutate, Probes, SchedulingGate, SchedulingGates, WaitFor},
    rules::Level,
    syntax::json::{given, object_only},
};

/// A policy file: which rules apply how, to whom, and what is added to Pods.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LifecyclePolicy {
    /// `podgate.dev/v1alpha1`.
    pub api_version: ApiVersion,
    /// `LifecyclePolicy`.
    pub kind: Kind,
    /// The policy's name.
    #[serde(default, deserialize_with = "object_only")]
    pub metadata: PolicyMetadata,
    /// Says which rules apply how, to whom, and what is added to Pods.
    #[serde(default = "PolicySpec::unsaid", deserialize_with = "object_only")]
    pub spec: PolicySpec,
}

/// The version of the policy's language.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ApiVersion {
    /// `podgate.dev/v1alpha1`
    #[default]
    #[serde(rename = "podgate.dev/v1alpha1")]
    V1Alpha1,
}

/// The kind of the object.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Kind {
    /// `LifecyclePolicy`
    #[default]
    LifecyclePolicy,
}

/// `metadata` of a policy. Labels and annotations are for others; what else a cluster has here is its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct PolicyMetadata {
    /// Name.
    pub name: String,
    /// Labels.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Annotations.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

impl Default for PolicyMetadata {
    fn default() -> Self {
        Self { name: "default".to_owned(), labels: BTreeMap::new(), annotations: BTreeMap::new() }
    }
}

/// `spec` of a policy.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct PolicySpec {
    /// The version of Kubernetes that the objects are meant for, such as `"1.34"`: fields that it does not have are found, and rules about
    /// what it does not have are silent. Without it all that podgate knows is taken to be there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kubernetes_version: Option<KubernetesVersion>,
    /// Moves the levels of all rules at once.
    pub profile: Profile,
    /// Levels and options of single rules; they win over the profile.
    pub rules: RuleSettings,
    /// Tells who creates what a template already says. What they create is never refused for what its owner's template carries.
    #[serde(deserialize_with = "object_only")]
    pub controllers: Controllers,
    /// Names what is neither judged nor mutated.
    #[serde(default = "Exemptions::unsaid", deserialize_with = "object_only")]
    pub exemptions: Exemptions,
    /// Kinds of others that hold Pod templates, beside those that podgate knows.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<PodKind>,
    /// Lets a namespace's label `podgate.dev/profile` (`strict`, `standard`, `advisory`, `audit`, `off`) say what profile holds in
    /// it, where no scope selects the object. Of use only with `podgate serve --watch`.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub namespace_labels: bool,
    /// Changes the policy for some: the first that selects an object overrides profile, rules and exemptions, field by field.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<Scope>,
    /// Adds to Pods when they are created.
    #[serde(deserialize_with = "object_only")]
    pub mutations: Mutations,
}

impl PolicySpec {
    /// Returns the kinds that are judged under this policy.
    pub fn workloads(&self) -> WorkloadTable {
        WorkloadTable::with(self.kinds.iter().map(PodKind::row))
    }

    /// That of a policy that says nothing.
    fn unsaid() -> Self {
        Self { exemptions: Exemptions::unsaid(), ..Self::default() }
    }
}

/// Moves the levels of all rules at once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// Nothing is refused and nobody is warned: audit annotations, metrics and log say what would be.
    Audit,
    /// Allows with a warning what would be refused.
    Advisory,
    /// Every rule at its own level.
    #[default]
    Standard,
    /// Refuses what would be warned about, and warns about what would be silent.
    Strict,
}

impl Profile {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::Audit, Self::Advisory, Self::Standard, Self::Strict];

    /// Returns the one that is called so.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|profile| profile.as_str() == word)
    }

    /// The word for it in policies.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Audit => "audit",
            Self::Advisory => "advisory",
            Self::Standard => "standard",
            Self::Strict => "strict",
        }
    }

    /// The level that a finding has under this profile, by the level that the rule has for it.
    pub fn shift(self) -> fn(Level) -> Level {
        match self {
            Self::Audit => |level| level.min(Level::Audit),
            Self::Advisory => |level| if level == Level::Deny { Level::Warn } else { level },
            Self::Standard => |level| level,
            Self::Strict => |level| match level {
                Level::Audit => Level::Warn,
                Level::Warn => Level::Deny,
                other => other,
            },
        }
    }
}

/// Names what is neither judged nor mutated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Exemptions {
    /// Namespaces, exact or with `*` and `?`.
    pub namespaces: Vec<String>,
    /// Users, exact or with `*` and `?`.
    pub users: Vec<String>,
    /// Groups of users, exact or with `*` and `?`.
    pub groups: Vec<String>,
    /// Containers that are not judged and get no default probes, such as sidecars that somebody injects: by name, exact or
    /// with `*` and `?`, or by image (`{image: "docker.io/istio/*"}`).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub containers: Vec<ContainerExemption>,
    /// Objects of others that cannot be annotated, each with the rules that do not count for it, a reason, and an end.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub objects: Vec<ObjectExemption>,
    /// Which rules an object may ignore by the annotation `ignore.podgate.dev/<rule>: "<reason>"`, its own or its Pod
    /// template's: `all`, `none` or a list of rule ids. Where nothing is said: all, and none under profile `strict`.
    #[serde(default = "Annotations::by_profile", skip_serializing_if = "Annotations::is_by_profile")]
    pub annotations: Annotations,
}

impl LifecyclePolicy {
    /// Returns the policy for manifests in files: without its namespaces that are exempt by default. That they are is to keep a cluster
    /// from locking itself out, which no manifest in a repository can do.
    #[must_use]
    pub fn for_files(mut self) -> Self {
        if self.spec.exemptions.namespaces == Exemptions::default().namespaces {
            self.spec.exemptions.namespaces.clear();
        }
        self
    }

    /// Returns whether both say the same. Equal policies may differ in what is not said.
    pub fn says_the_same_as(&self, other: &Self) -> bool {
        let unsaid = |policy: &Self| policy.spec.exemptions.annotations.is_by_profile();
        self == other && unsaid(self) == unsaid(other)
    }
}

impl Exemptions {
    /// The exemptions that have expired by `today`, or soon will.
    pub fn endings(&self, today: Day) -> Vec<Ending> {
        exempt::endings(&self.objects, today)
    }

    /// Those of a policy that says nothing of them.
    fn unsaid() -> Self {
        Self { annotations: Annotations::ByProfile, ..Self::default() }
    }
}

impl Default for Exemptions {
    fn default() -> Self {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Self {
            namespaces: owned(&["kube-system", "kube-node-lease", "podgate"]),
            users: Vec::new(),
            groups: owned(&["system:nodes"]),
            containers: Vec::new(),
            objects: Vec::new(),
            annotations: Annotations::All,
        }
    }
}

/// Changes the policy for some objects: those for which all holds that is given of `namespaces`, `namespaceSelector`,
/// `podSelector`, `operations` and `kinds`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Scope {
    /// Its name, for people.
    pub name: String,
    /// Namespaces, exact or with `*` and `?`.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Vec<String>")]
    pub namespaces: Option<Vec<String>>,
    /// The labels of the namespaces.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "LabelSelector")]
    pub namespace_selector: Option<LabelSelector>,
    /// The labels of the Pods: a Pod's own, or those in the template of what makes Pods.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "LabelSelector")]
    pub pod_selector: Option<LabelSelector>,
    /// Names what is done to the object.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Vec<Judged>")]
    pub operations: Option<Vec<Judged>>,
    /// Kinds: `Deployment`, or with the group where several have one of that name, `StatefulSet.apps.kruise.io`, and where
    /// `spec.kinds` adds it.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Kinds")]
    pub kinds: Option<Kinds>,
    /// Instead of the policy's profile.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Profile")]
    pub profile: Option<Profile>,
    /// Instead of what the policy says of these rules; of each, level and options that are not given stay.
    #[serde(default)]
    pub rules: RuleSettings,
    /// Instead of the policy's exemptions; what is not given stays.
    #[serde(default, deserialize_with = "object_only")]
    pub exemptions: ScopeExemptions,
}

/// An operation that podgate judges.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Judged {
    /// A new object.
    Create,
    /// A changed object.
    Update,
    /// An object's end.
    Delete,
}

impl Judged {
    /// Returns whether it is this one.
    pub fn is(self, operation: Operation) -> bool {
        let own = match self {
            Self::Create => Operation::Create,
            Self::Update => Operation::Update,
            Self::Delete => Operation::Delete,
        };
        own == operation
    }
}

/// Tells who is exempt in a scope. Namespaces are exempt before any scope is looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ScopeExemptions {
    /// Users, exact or with `*` and `?`.
    #[serde(deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Vec<String>")]
    pub users: Option<Vec<String>>,
    /// Groups of users, exact or with `*` and `?`.
    #[serde(deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Vec<String>")]
    pub groups: Option<Vec<String>>,
    /// Which rules an object may ignore by annotation: `all`, `none` or a list of rule ids.
    #[serde(deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Annotations")]
    pub annotations: Option<Annotations>,
}

/// Adds to Pods when they are created. Nothing is added unless it is said here.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Mutations {
    /// Probes for containers that lack them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_probes: Option<DefaultProbes>,
    /// Scheduling gates.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub scheduling_gates: Vec<SchedulingGate>,
    /// A gate for Pods that say themselves what they wait for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wait_for: Option<WaitFor>,
}

impl Mutations {
    /// Returns whether nothing is added to any Pod.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Returns those that are set, compiled, in the order in which they are applied.
    pub(super) fn compile(&self) -> Vec<Box<dyn Mutate>> {
        let mut compiled: Vec<Box<dyn Mutate>> = Vec::new();
        if let Some(probes) = &self.default_probes {
            compiled.push(Box::new(Probes::new(probes.clone())));
        }
        if !self.scheduling_gates.is_empty() {
            compiled.push(Box::new(SchedulingGates::new(&self.scheduling_gates)));
        }
        if let Some(settings) = &self.wait_for {
            compiled.push(Box::new(settings.compile()));
        }
        compiled
    }
}
