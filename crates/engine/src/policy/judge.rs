//! The judgement of one object by the settings that are in force for it.
//!
//! Every rule runs once and keeps its first findings. What counts of them is decided then: of a change, a finding that the old
//! object has excuses one new one ([`Excuses`]); annotations and the policy set others aside ([`Exempting`], [`Aside`]). Both have
//! to see every finding, so that a rule which found more than is kept runs once more and hands on each.

use super::{
    exempt::Aside,
    ignore::{Exempting, Ignored},
    ratchet::Excuses,
    settings::{Active, Settings},
    verdict::{Exhausted, Verdict},
};
use crate::{
    model::{Concern, Operation, Review},
    rules::{
        Finding, Level, Report,
        budget::Budget,
        rule::{Findings, PerLevel},
    },
};

/// Limits a judgement: what one rule takes away from the budget of a judgement, for each container and once.
pub(super) const STEPS_OF_A_RULE: u64 = 64;

impl Settings {
    /// Judges, and gives up where `budget` is used up.
    pub(super) fn judge(
        &self,
        review: &Review<'_>,
        aside: &Aside<'_>,
        budget: &Budget<'_>,
    ) -> Result<Verdict, Exhausted> {
        if self.exempt(review) {
            return Ok(Verdict::default());
        }
        let containers = review.new.templates.iter().map(|template| template.spec.containers.len());
        let steps = STEPS_OF_A_RULE * (1 + containers.sum::<usize>() as u64);
        let mut found: Vec<(&Active, Findings)> = Vec::new();
        let mut findings = Findings::default();
        for active in self.rules.iter().filter(|active| active.rule.code.judges(review.concern)) {
            (active.check)(review, &mut Report::keep(active.rule, active.levels, budget, &mut findings));
            if !budget.spend(steps) {
                return Err(Exhausted { at: active.rule.id });
            }
            if !findings.is_empty() {
                found.push((active, std::mem::take(&mut findings)));
            }
        }
        let (mut excuses, mut before) = (None, 0);
        if let Some(old) = review.old.as_ref().filter(|_| !found.is_empty()) {
            let (left, taken_out) = Excuses::of(&mut found, review, old, budget);
            (excuses, before) = (Some(left), taken_out);
        }
        let exempting = self.annotations.exempting(&review.new);
        let verdict = Verdict { before, ..Verdict::default() };
        let mut counting = Counting { excuses, aside, exempting, budget, verdict };
        for (active, all) in found {
            counting.add(active, all, review);
            if budget.is_spent() {
                return Err(Exhausted { at: active.rule.id });
            }
        }
        let mut verdict = counting.verdict;
        // In a file nobody says who creates it; its template, where it is judged, carries the warnings.
        let nobody = review.user.username.is_empty();
        let owned = review.new.metadata.controller().is_some();
        let made_from_template = review.operation == Operation::Create && owned && nobody;
        if review.concern == Concern::Spec && review.workload.is_pod() && made_from_template {
            verdict.findings.retain(|finding| finding.level != Level::Warn);
            verdict.more.retain(|more| more.level != Level::Warn);
        }
        verdict.findings.sort_by(|one, other| one.at.cmp(&other.at));
        verdict.ignored.sort_by(|one, other| one.finding.at.cmp(&other.finding.at));
        if review.concern == Concern::Spec && (!owned || review.operation == Operation::Create && !nobody) {
            verdict.notices = self.annotations.notices(review, &verdict.ignored);
        }
        Ok(verdict)
    }
}

/// Decides what becomes of findings: an old one excuses some, the policy or an annotation sets others aside, and the rest count.
struct Counting<'c, 'r> {
    excuses: Option<Excuses<'c>>,
    aside: &'c Aside<'r>,
    exempting: Exempting,
    budget: &'c Budget<'c>,
    verdict: Verdict,
}

impl Counting<'_, '_> {
    /// Adds what a rule has found.
    fn add(&mut self, active: &Active, found: Findings, review: &Review<'_>) {
        if found.more.is_empty() {
            let mut new = found.kept;
            if let Some(excuses) = &mut self.excuses {
                // First of all those that read the same: an old finding excuses one new one.
                let all = new.len();
                new.retain(|finding| !excuses.take_same(finding));
                new.retain(|finding| !excuses.take_any(finding));
                self.verdict.before += all - new.len();
            }
            for finding in new.into_iter().filter(|finding| !self.aside.drops(finding)) {
                match self.exempting.covering(&finding).or_else(|| self.aside.covering(&finding)) {
                    Some(reason) => self.verdict.ignored.push(Ignored { finding, reason }),
                    None => self.verdict.findings.push(finding),
                }
            }
        } else if self.excuses.is_none() && self.exempting.is_empty() && self.aside.is_empty() {
            self.verdict.findings.extend(found.kept);
            self.verdict.more.extend(found.more);
        } else {
            self.add_all(active, review);
        }
    }

    /// The same where there is more than is kept: what counts is decided as it is found once more.
    fn add_all(&mut self, active: &Active, review: &Review<'_>) {
        let Self { excuses, aside, exempting, budget, verdict } = self;
        let (mut findings, mut ignored) = (Findings::default(), Findings::default());
        let (mut of_findings, mut of_ignored) = (PerLevel::default(), PerLevel::default());
        let max_kept = budget.max_kept();
        let mut before = 0;
        let mut take = |finding: Finding| {
            let is_old = excuses.as_mut().is_some_and(|old| old.take_same(&finding) || old.take_any(&finding));
            before += usize::from(is_old);
            if is_old || aside.drops(&finding) {
                return;
            }
            match exempting.covering(&finding).or_else(|| aside.covering(&finding)) {
                Some(_) => ignored.add(finding, &mut of_ignored, max_kept),
                None => findings.add(finding, &mut of_findings, max_kept),
            }
        };
        (active.check)(review, &mut Report::each(active.rule, active.levels, budget, &mut take));
        verdict.before += before;
        verdict.findings.extend(findings.kept);
        verdict.more.extend(findings.more);
        let reasoned = ignored.kept.into_iter().filter_map(|finding| {
            let reason = exempting.covering(&finding).or_else(|| aside.covering(&finding))?;
            Some(Ignored { finding, reason })
        });
        verdict.ignored.extend(reasoned);
        verdict.more_ignored.extend(ignored.more);
    }
}
