//! `--fail-on`: the least level that makes the exit code 1.

use podgate_engine::rules::Level;

/// Names the findings that fail a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum FailOn {
    /// What the webhook would refuse
    Deny,
    /// Warnings, too
    Warn,
    /// Everything
    Audit,
    /// Nothing
    Never,
}

impl FailOn {
    /// Returns the least level that fails.
    pub(super) fn level(self) -> Option<Level> {
        match self {
            Self::Deny => Some(Level::Deny),
            Self::Warn => Some(Level::Warn),
            Self::Audit => Some(Level::Audit),
            Self::Never => None,
        }
    }
}
