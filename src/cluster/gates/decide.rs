//! Decides on a gate: whether it opens, and what is said of it as long as it does not.

use std::time::Duration;

use podgate_engine::lifecycle::waiting::{Progress, Wait};
use podgate_engine::policy::gates::Opening;

/// Says why a Pod waits, in a word for metrics. Of several the greatest counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reason {
    /// All is there; the gate is about to be removed.
    Ready,
    /// Something exists and is not as far.
    Waiting,
    /// Something is not known: not seen yet, or it cannot be looked at.
    Unknown,
    /// Something does not exist.
    Missing,
    /// Something will not come by itself.
    Failed,
}

impl Reason {
    /// The value of the label `reason`.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Waiting => "waiting",
            Self::Unknown => "unknown",
            Self::Missing => "missing",
            Self::Failed => "failed",
        }
    }
}

/// What is known of a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Known {
    /// How far it is.
    Progress(Progress),
    /// Nothing yet.
    NotYet,
    /// Nothing, and why.
    Problem(String),
}

/// What opens a gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    /// All that its Pod waits for is there.
    Met,
    /// Its Pod has waited for long enough.
    Time,
}

impl Cause {
    /// The value of the label `cause`.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::Time => "time",
        }
    }
}

/// What becomes of a gate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Decision {
    pub(super) reason: Reason,
    /// What opens it; `None` leaves it.
    pub(super) opens: Option<Cause>,
    /// What is waited for, each with how far it is. Empty where that is not known yet.
    pub(super) waits_for: Vec<String>,
    /// False where a watch has not begun: what is said then would name some of the targets only.
    pub(super) is_known: bool,
    /// True where somebody has to do something: a target cannot be looked at, or will not come by itself.
    pub(super) needs_help: bool,
}

/// Decides on a gate of a Pod of `namespace` that has waited for `waited`.
pub(super) fn decide(opening: &Opening, namespace: &str, waited: Duration, known: impl Fn(&Wait) -> Known) -> Decision {
    let stays =
        |reason, text| Decision { reason, opens: None, waits_for: vec![text], is_known: true, needs_help: true };
    let (waits, at_most) = match opening {
        Opening::When { waits, at_most } => (waits, at_most),
        Opening::Unreadable(why) => return stays(Reason::Failed, format!("something unknown: {why}")),
        Opening::Unknown => {
            let why = format!("its turn: the labels of namespace {namespace} are not known (podgate serve --watch)");
            return stays(Reason::Unknown, why);
        }
    };
    let mut reason = Reason::Ready;
    let (mut needs_help, mut is_known) = (false, true);
    let mut waits_for = Vec::new();
    for wait in waits {
        let (of_target, text) = match known(wait) {
            Known::Progress(Progress::Met) => continue,
            Known::Progress(Progress::Waiting(why)) => (Reason::Waiting, Some(why)),
            Known::Progress(Progress::Missing(why)) => (Reason::Missing, Some(why)),
            Known::Progress(Progress::Failed(why)) => (Reason::Failed, Some(why)),
            Known::Problem(why) => (Reason::Unknown, Some(format!("cannot be looked at: {why}"))),
            Known::NotYet => (Reason::Unknown, None),
        };
        reason = reason.max(of_target);
        is_known &= text.is_some();
        needs_help |= of_target == Reason::Failed || of_target == Reason::Unknown && text.is_some();
        waits_for.extend(text.map(|text| format!("{}: {text}", wait.target.beside(namespace))));
    }
    let opens = match (reason, at_most) {
        (Reason::Ready, _) => Some(Cause::Met),
        (_, Some(at_most)) if waited >= *at_most => Some(Cause::Time),
        _ => None,
    };
    Decision { reason, opens, waits_for, is_known, needs_help }
}

#[cfg(test)]
mod tests {
    use super::*;
    use podgate_engine::lifecycle::waiting::{Word, read_wait_for};

    fn opening(text: &str, at_most: Option<u64>) -> Opening {
        let waits = read_wait_for(text).unwrap().into_iter().map(|wait| wait.in_namespace("shop")).collect();
        Opening::When { waits, at_most: at_most.map(Duration::from_secs) }
    }

    fn decided(opening: &Opening, waited: u64, known: &[Known]) -> Decision {
        let words = ["service", "job", "secret"];
        let by_kind = |wait: &Wait| {
            let word = Word::of_kind(&wait.target.kind).unwrap().word;
            known[words.iter().position(|known| *known == word).unwrap()].clone()
        };
        decide(opening, "shop", Duration::from_secs(waited), by_kind)
    }

    fn met() -> Known {
        Known::Progress(Progress::Met)
    }

    #[test]
    fn all_has_to_be_there() {
        let all = opening("service/db, job/migrate", None);
        let waiting = Known::Progress(Progress::Waiting("0 of 1 endpoints ready".to_owned()));
        let expected = Decision {
            reason: Reason::Ready,
            opens: Some(Cause::Met),
            waits_for: Vec::new(),
            is_known: true,
            needs_help: false,
        };
        assert_eq!(decided(&all, 0, &[met(), met()]), expected);
        let decision = decided(&all, 1_000_000, &[waiting.clone(), met()]);
        assert_eq!((decision.reason, decision.opens), (Reason::Waiting, None));
        assert_eq!(decision.waits_for, ["service/db: 0 of 1 endpoints ready"]);
        let failed = Known::Progress(Progress::Failed("has failed".to_owned()));
        let decision = decided(&all, 0, &[waiting, failed]);
        assert_eq!(decision.reason, Reason::Failed);
        assert_eq!(decision.waits_for, ["service/db: 0 of 1 endpoints ready", "job/migrate: has failed"]);
    }

    #[test]
    fn what_is_not_known_keeps_it() {
        let all = opening("service/db, job/migrate", None);
        let decision = decided(&all, 0, &[met(), Known::NotYet]);
        let expected = Decision {
            reason: Reason::Unknown,
            opens: None,
            waits_for: Vec::new(),
            is_known: false,
            needs_help: false,
        };
        assert_eq!(decision, expected);
        let decision = decided(&all, 0, &[Known::Problem("forbidden".to_owned()), met()]);
        assert_eq!(decision.waits_for, ["service/db: cannot be looked at: forbidden"]);
        assert!(decision.needs_help);
        assert_eq!(decide(&Opening::Unknown, "shop", Duration::MAX, |_| met()).opens, None);
        let unreadable =
            decide(&Opening::Unreadable("\"x\" is no target".to_owned()), "shop", Duration::MAX, |_| met());
        assert_eq!((unreadable.reason, unreadable.opens), (Reason::Failed, None));
    }

    #[test]
    fn time_opens_it_at_the_latest() {
        let bounded = opening("service/db, other/secret/x", Some(60));
        let missing = Known::Progress(Progress::Missing("does not exist".to_owned()));
        let known = [Known::NotYet, met(), missing];
        assert_eq!(decided(&bounded, 59, &known).opens, None);
        let decision = decided(&bounded, 60, &known);
        assert_eq!((decision.opens, decision.reason), (Some(Cause::Time), Reason::Missing));
        assert_eq!(decision.waits_for, ["other/secret/x: does not exist"]);
        // Nothing to wait for any more: the annotation is gone.
        assert_eq!(decided(&opening("", None), 0, &[]).opens, Some(Cause::Met));
    }
}
