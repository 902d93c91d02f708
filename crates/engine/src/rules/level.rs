//! `Level`: how bad a finding is, and the cases for which a rule has another level than its own.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::Workload;

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
    /// Returns the word for it in policies, metrics and output.
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

/// A case for which a rule has another level than its own: for whoever explains a policy.
#[derive(Debug, Clone, Copy)]
pub struct LevelCase {
    /// The level.
    pub level: Level,
    /// When, after "where"; empty: always, for the kinds that the case is about.
    pub when: &'static str,
    is_about: fn(&Workload) -> bool,
}

impl LevelCase {
    /// Returns the case that `when` describes, of the kinds that `is_about` says.
    pub const fn of(level: Level, when: &'static str, is_about: fn(&Workload) -> bool) -> Self {
        Self { level, when, is_about }
    }

    /// Returns whether the case can come up in objects of a kind.
    pub fn is_about(&self, workload: &Workload) -> bool {
        (self.is_about)(workload)
    }
}
