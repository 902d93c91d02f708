//! What an audit says: by object, with everything that was found in it.

use podgate_engine::rules::{Level, Rule};

/// Something that is seen of running objects only.
#[derive(Debug)]
pub struct Observation {
    /// The public id.
    pub id: &'static str,
    /// One line that says what is seen.
    pub summary: &'static str,
    /// How bad it is; never `Deny`: it is there already.
    pub level: Level,
    /// The field of the status that it comes from, and the function of Kubernetes that writes it.
    pub source: &'static str,
}

/// Names what has found something.
#[derive(Debug, Clone, Copy)]
pub enum Source {
    /// A rule, which would find it in a new object too.
    Rule(&'static Rule),
    /// The status.
    Observation(&'static Observation),
}

impl Source {
    /// Returns the id of the rule or the observation.
    pub fn id(&self) -> &'static str {
        match self {
            Self::Rule(rule) => rule.id,
            Self::Observation(observation) => observation.id,
        }
    }
}

/// Something that was found in an object.
#[derive(Debug, Clone)]
pub struct Found {
    /// Names what found it.
    pub source: Source,
    /// Its level under the policy.
    pub level: Level,
    /// The field, from the object's root; of an observation the field of the Pod.
    pub path: String,
    /// Says what was found: one line, no final stop. Of several Pods, that of the worst.
    pub message: String,
    /// Of how many Pods it was found; 0 where it was found in the object itself.
    pub pods: usize,
}

/// An object that was judged, with what it owns.
#[derive(Debug, Clone)]
pub struct Judged {
    /// Its `apiVersion`.
    pub api_version: String,
    /// Its kind.
    pub kind: String,
    /// Its namespace; empty for one of the cluster.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its uid; empty where it is not known.
    pub uid: String,
    /// When it was created, as the API server writes times (RFC 3339, UTC); empty where it is not known.
    pub created: String,
    /// How many Pods it owns.
    pub pods: usize,
    /// Holds what was found, worst first, then by id, field and message.
    pub found: Vec<Found>,
    /// Its text as JSON without its status, where something at level warn or worse was found and its Pods can be drawn, as far as there
    /// is room; of an owner of an unknown kind, that of its first Pod.
    pub text: Option<String>,
}

impl Judged {
    /// Returns whether it would be refused if it were created now.
    pub fn is_refused(&self) -> bool {
        self.found.iter().any(|found| found.level == Level::Deny)
    }
}

/// Objects that were not judged, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotJudged {
    /// Why, in words: `the policy exempts their namespace`.
    pub why: String,
    /// How many.
    pub count: usize,
    /// The first few, as `namespace/kind/name`.
    pub examples: Vec<String>,
}

/// Holds what an audit has found.
#[derive(Debug, Clone, Default)]
pub struct Audit {
    /// Says what the cluster is called; may be empty.
    pub cluster: String,
    /// The policy that was used, and where it stands.
    pub policy: String,
    /// When the audit was made, as the API server writes times.
    pub at: String,
    /// Objects in which something was found, by namespace, kind and name.
    pub objects: Vec<Judged>,
    /// How many objects were judged, those that own others once.
    pub judged: usize,
    /// How many namespaces these are in.
    pub namespaces: usize,
    /// Counts what was left aside.
    pub not_judged: Vec<NotJudged>,
}

/// Counts of an audit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Summary {
    /// Objects that were judged.
    pub judged: usize,
    /// Objects that would be refused.
    pub refused: usize,
    /// Findings of level deny.
    pub deny: usize,
    /// Findings of level warn.
    pub warn: usize,
    /// Findings of level audit.
    pub audit: usize,
}

impl Audit {
    /// Returns the counts.
    pub fn summary(&self) -> Summary {
        let all = || self.objects.iter().flat_map(|object| &object.found);
        let at = |level| all().filter(|found| found.level == level).count();
        Summary {
            judged: self.judged,
            refused: self.objects.iter().filter(|object| object.is_refused()).count(),
            deny: at(Level::Deny),
            warn: at(Level::Warn),
            audit: at(Level::Audit),
        }
    }
}
