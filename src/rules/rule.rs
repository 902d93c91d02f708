//! What every rule file imports: `Rule`, `Check`, `Report`, `Finding`, `Level`.

use std::{fmt, sync::Arc};

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};
use thiserror::Error;

use crate::model::{Aspect, Path, Review};

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// The rule is not run.
    Off,
    /// Allowed and silent: audit annotation and metric only.
    Audit,
    /// Allowed with a warning.
    Warn,
    /// Refused.
    Deny,
}

impl Level {
    /// The word for it in policies, metrics and output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Audit => "audit",
            Self::Warn => "warn",
            Self::Deny => "deny",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A rule: what it is called, what it says, and the code behind it.
#[derive(Debug)]
pub struct Rule {
    /// The public id: it names the defect and never changes meaning.
    pub id: &'static str,
    /// One line that says what is found.
    pub summary: &'static str,
    /// The level under `profile: standard`.
    pub level: Level,
    /// The version that brought it.
    pub since: &'static str,
    /// The rule's own source text; its leading `//!` block is the rule's page.
    pub source: &'static str,
    /// Options and check.
    pub code: Code,
}

/// Two rules are the same rule if they have the same id.
impl PartialEq for Rule {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Rule {}

/// A rule's check. `Self` holds the rule's options; its `Default` is what applies without a policy.
///
/// A check is pure: no clock, environment, I/O or logging. It says where and what; the policy says how bad.
pub trait Check: Default + DeserializeOwned + JsonSchema + Send + Sync + 'static {
    /// What of an object the rule judges; it is not run for anything else.
    const ASPECT: Aspect = Aspect::Spec;

    /// Whether the rule also judges a `scale` subresource, of which nothing is known but names, labels and `replicas`.
    const SCALE: bool = false;

    /// Reports every place in `review.new` that breaks the rule.
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>);
}

/// A check with its options set, ready to run; shared by all parts of a policy that set the same.
pub type Compiled = Arc<dyn Fn(&Review<'_>, &mut Report<'_>) + Send + Sync>;

/// An option that a rule does not have, or not with this value.
#[derive(Debug, Error)]
#[error("{at}: {cause}")]
pub struct OptionError {
    /// The option, from the rule's setting.
    pub at: Path,
    /// What is wrong with it, in serde's words.
    pub cause: String,
}

/// A [`Check`] whose type is erased, so that rules of all kinds fit into one list.
#[derive(Debug, Clone, Copy)]
pub struct Code {
    aspect: Aspect,
    scale: bool,
    compile: fn(Map<String, Value>) -> Result<Compiled, OptionError>,
    schema: fn(&mut SchemaGenerator) -> Schema,
}

impl Code {
    /// The code of `C`.
    pub const fn of<C: Check>() -> Self {
        Self {
            aspect: C::ASPECT,
            scale: C::SCALE,
            compile: |options| {
                let check: C = serde_path_to_error::deserialize(Value::Object(options))
                    .map_err(|error| OptionError { at: error.path().into(), cause: error.inner().to_string() })?;
                Ok(Arc::new(move |review, out| check.check(review, out)))
            },
            schema: SchemaGenerator::subschema_for::<C>,
        }
    }

    /// The check with these options; options that are not given keep their default. Fails on an unknown option or a wrong
    /// type.
    pub fn compile(&self, options: Map<String, Value>) -> Result<Compiled, OptionError> {
        (self.compile)(options)
    }

    /// What of an object the rule judges.
    pub fn aspect(&self) -> Aspect {
        self.aspect
    }

    /// Whether the rule judges this.
    pub fn judges(&self, aspect: Aspect) -> bool {
        aspect == self.aspect || aspect == Aspect::Scale && self.scale
    }

    /// The JSON Schema of the options.
    pub fn schema(&self, generator: &mut SchemaGenerator) -> Schema {
        (self.schema)(generator)
    }
}

/// Where a finding is, and what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The rule that found it.
    pub rule: &'static Rule,
    /// How bad it is under the policy, for whoever asks.
    pub level: Level,
    /// How bad it is under the policy, whoever asks: what a controller creates gets a lower level.
    pub policy_level: Level,
    /// How bad the rule itself finds it.
    pub own_level: Level,
    /// The field that one would edit to mend it.
    pub at: Path,
    /// One line: container, value found, limit; no final stop.
    pub message: String,
}

/// Which level a rule's findings get under a policy.
#[derive(Debug, Clone, Copy)]
pub enum Levels {
    /// The policy names a level for the rule: all its findings have it.
    Named(Level),
    /// The rule's own levels, moved by the policy's profile.
    Moved(fn(Level) -> Level),
}

impl Levels {
    /// The level of a finding for which the rule itself has `own`.
    pub fn of(self, own: Level) -> Level {
        match self {
            Self::Named(level) => level,
            Self::Moved(by) => by(own),
        }
    }
}

/// Takes the findings of one rule.
#[derive(Debug)]
pub struct Report<'r> {
    rule: &'static Rule,
    levels: Levels,
    findings: &'r mut Vec<Finding>,
}

impl<'r> Report<'r> {
    /// A report that adds the findings of `rule`, at `levels`, to `findings`.
    pub fn new(rule: &'static Rule, levels: Levels, findings: &'r mut Vec<Finding>) -> Self {
        Self { rule, levels, findings }
    }

    /// Adds a finding at the rule's own level.
    pub fn at(&mut self, at: Path, message: impl Into<String>) {
        self.at_level(self.rule.level, at, message);
    }

    /// Adds a finding of a case for which the rule has another level than its own.
    pub fn at_level(&mut self, own: Level, at: Path, message: impl Into<String>) {
        let level = self.levels.of(own);
        let message = message.into();
        self.findings.push(Finding { rule: self.rule, level, policy_level: level, own_level: own, at, message });
    }
}
