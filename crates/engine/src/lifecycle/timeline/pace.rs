//! The two ways in which what is not known goes.

use std::time::Duration;

/// Tells how quick all is that is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pace {
    /// As quick as can be.
    Early,
    /// As slow as can be.
    Late,
}

impl Pace {
    /// How long the kubelet takes to see that something has changed: it looks at its containers once a second (`genericPlegRelistPeriod`).
    pub(super) fn notice(self) -> Duration {
        match self {
            Self::Early => Duration::ZERO,
            Self::Late => Duration::from_secs(1),
        }
    }
}
