//! `Verdict`: what is found in one object, and `Mutated`: what is added to it.

use std::collections::HashMap;

use json_patch::Patch;

use super::{
    controllers::Owner,
    ignore::{Ignored, Notice},
};
use crate::{
    mutate::{LeftOut, Mutation, PatchError},
    rules::{Finding, Level, rule::More},
};

/// Holds what the rules say of one review.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Holds what was found, by place and rule: of each rule and level the first, as many as the budget says.
    pub findings: Vec<Finding>,
    /// Tells how many more there are.
    pub more: Vec<More>,
    /// Holds what was found too, but is exempt by annotation.
    pub ignored: Vec<Ignored>,
    /// Tells how many more of these there are.
    pub more_ignored: Vec<More>,
    /// Tells how many findings of a change the old object had already.
    pub before: usize,
    /// Annotations that do not do what they seem to.
    pub notices: Vec<Notice>,
    /// Tells where a controller creates the object: the owner whose template is to be mended, if anything was found.
    pub owner: Option<Owner>,
}

impl Verdict {
    /// The findings of one level.
    pub fn at_level(&self, level: Level) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(move |finding| finding.level == level)
    }

    /// Returns whether anything is to be refused.
    pub fn is_denied(&self) -> bool {
        self.at_level(Level::Deny).next().is_some()
    }

    /// Returns how many findings there are besides those in [`Self::findings`].
    pub fn more(&self, level: Level) -> usize {
        self.more.iter().filter(|more| more.level == level).map(|more| more.count).sum()
    }

    /// Returns what is found in any of several, at the highest level; set aside is what counts in none.
    pub(super) fn strictest(verdicts: impl Iterator<Item = Self>) -> Self {
        let key = |finding: &Finding| (finding.at.clone(), finding.rule.id, finding.message.clone());
        let mut all = Self::default();
        // By place in `all.findings`: an object from outside may have thousands.
        let mut known = HashMap::new();
        let mut set_aside = Vec::new();
        for verdict in verdicts {
            for finding in verdict.findings {
                let there = known.get(&key(&finding)).and_then(|index: &usize| all.findings.get_mut(*index));
                if let Some(there) = there {
                    there.level = there.level.max(finding.level);
                    there.policy_level = there.policy_level.max(finding.policy_level);
                    there.own_level = there.own_level.max(finding.own_level);
                } else {
                    known.insert(key(&finding), all.findings.len());
                    all.findings.push(finding);
                }
            }
            set_aside.extend(verdict.ignored);
            // Of a rule that finds so much the numbers of one of them are enough.
            let new = |known: &[More], more: &More| known.iter().all(|known| known.rule != more.rule);
            let more: Vec<More> = verdict.more.into_iter().filter(|more| new(&all.more, more)).collect();
            all.more.extend(more);
            let more: Vec<More> =
                verdict.more_ignored.into_iter().filter(|more| new(&all.more_ignored, more)).collect();
            all.more_ignored.extend(more);
            all.notices.extend(verdict.notices);
            // They are of the same two objects.
            all.before = all.before.max(verdict.before);
        }
        for ignored in set_aside {
            if known.insert(key(&ignored.finding), usize::MAX).is_none() {
                all.ignored.push(ignored);
            }
        }
        all.findings.sort_by(|one, other| one.at.cmp(&other.at));
        all.notices.sort_by(|one, other| (&one.at, &one.message).cmp(&(&other.at, &other.message)));
        all.notices.dedup();
        all
    }
}

/// A judgement that was not finished: its time or its steps were used up. There is no verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the judgement took too long, and was given up at {at}")]
pub struct Exhausted {
    /// The id of the rule or the mutation that had its turn.
    pub at: &'static str,
}

/// Tells why it is not known what the mutations add.
#[derive(Debug, thiserror::Error)]
pub enum MutateError {
    /// A patch that cannot be built.
    #[error(transparent)]
    Patch(#[from] PatchError),
    /// It took too long.
    #[error(transparent)]
    Exhausted(#[from] Exhausted),
}

/// Holds what the mutations add to one object.
#[derive(Debug, Default)]
pub struct Mutated {
    /// The patch; `None` where there is nothing to add.
    pub patch: Option<Patch>,
    /// The mutation that made each operation of the patch, in its order.
    pub by: Vec<&'static Mutation>,
    /// What the policy asks for and is not added.
    pub left_out: Vec<LeftOut>,
}

impl Mutated {
    /// Returns the ids of the mutations that added something.
    pub fn mutations(&self) -> Vec<&'static str> {
        let mut ids: Vec<&str> = self.by.iter().map(|mutation| mutation.id).collect();
        ids.dedup();
        ids
    }
}
