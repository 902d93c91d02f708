//! What is left aside, by reason and count.

use std::collections::BTreeMap;

use podgate_engine::syntax::{ReadErrors, text::one_line};

use crate::audit::NotJudged;

/// Tells how many examples are kept of a reason.
const MAX_EXAMPLES: usize = 3;
/// Limits how many different reasons there are: those that say what cannot be read differ from object to object.
const MAX_REASONS: usize = 100;
/// The longest reason and the longest example, in characters.
const MAX_CHARACTERS: usize = 300;
/// Stands for all reasons beyond the first ones.
const OTHER: &str = "other reasons";

/// Says what keeps objects from being read.
pub(super) fn unreadable(cause: &str) -> String {
    format!("they cannot be read: {cause}")
}

/// Says what keeps the status of objects from being read.
pub(super) fn unreadable_status(errors: &ReadErrors) -> String {
    format!("their status cannot be read: {errors}")
}

/// Counts by reason.
#[derive(Debug, Default)]
pub(super) struct Aside(BTreeMap<String, (usize, Vec<String>)>);

impl Aside {
    /// Counts an object, as `namespace/kind/name`.
    pub(super) fn add(&mut self, why: &str, example: &str) {
        self.add_many(why, 1, example);
    }

    /// Counts several of one object.
    pub(super) fn add_many(&mut self, why: &str, count: usize, example: &str) {
        let (all, examples) = self.reason(why);
        *all += count;
        if examples.len() < MAX_EXAMPLES {
            examples.push(one_line(example, MAX_CHARACTERS).into_owned());
        }
    }

    /// Notes a reason that is of objects which nobody has counted.
    pub(super) fn note(&mut self, why: &str) {
        self.reason(why);
    }

    fn reason(&mut self, why: &str) -> &mut (usize, Vec<String>) {
        let why = one_line(why, MAX_CHARACTERS);
        let is_new = !self.0.contains_key(&*why);
        let why = if is_new && self.0.len() >= MAX_REASONS { OTHER.to_owned() } else { why.into_owned() };
        self.0.entry(why).or_default()
    }

    /// Returns everything that was counted, by reason.
    pub(super) fn finish(self) -> Vec<NotJudged> {
        self.0.into_iter().map(|(why, (count, examples))| NotJudged { why, count, examples }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_and_reasons_are_bounded() {
        let mut aside = Aside::default();
        for number in 0..200 {
            aside.add("the policy exempts their namespace", &format!("kube-system/Pod/p\u{1b}{number}"));
            aside.add(&format!("they cannot be read: spec.x[{number}]"), "shop/Pod/p");
        }
        let all = aside.finish();
        let find = |why: &str| all.iter().find(|set| set.why == why).unwrap();
        let exempt = find("the policy exempts their namespace");
        assert_eq!((exempt.count, exempt.examples[0].as_str()), (200, "kube-system/Pod/p\u{fffd}0"));
        assert_eq!((exempt.examples.len(), all.len()), (3, MAX_REASONS + 1));
        assert_eq!(find(OTHER).count, 101);
    }
}
