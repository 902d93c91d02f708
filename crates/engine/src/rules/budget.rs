//! `Budget`: the cost that a judgement may have.

use std::{cell::Cell, fmt};

/// Tells how many findings of one rule at one level a webhook's answer is made of; further ones are counted. An object from outside
/// may have hundreds of thousands.
pub const MAX_KEPT: usize = 100;

/// Limits what a judgement may cost. It ends once its time is over or its steps are used up, and gives no verdict then.
pub struct Budget<'b> {
    is_over: &'b dyn Fn() -> bool,
    steps_left: Cell<u64>,
    until_asked: Cell<u64>,
    spent: Cell<bool>,
    max_kept: usize,
}

impl fmt::Debug for Budget<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Budget")
            .field("steps_left", &self.steps_left)
            .field("spent", &self.spent)
            .finish_non_exhaustive()
    }
}

impl<'b> Budget<'b> {
    /// Findings and bytes of commands that are looked at, all rules and both objects of an UPDATE together. What etcd can
    /// hold, which is 1.5 MiB, comes to a tenth of it: every rule is linear in its object.
    pub const MAX_STEPS: u64 = 200_000_000;
    /// Tells how many steps are taken before the clock is asked again: some microseconds.
    const STEPS_BETWEEN: u64 = 1 << 12;

    /// A budget that ends once `is_over` says so, or after [`Self::MAX_STEPS`].
    pub fn until(is_over: &'b dyn Fn() -> bool) -> Self {
        Self {
            is_over,
            steps_left: Cell::new(Self::MAX_STEPS),
            until_asked: Cell::new(Self::STEPS_BETWEEN),
            spent: Cell::new(false),
            max_kept: MAX_KEPT,
        }
    }

    /// A budget without end, for whoever has time and wants every finding.
    pub fn unlimited() -> Budget<'static> {
        Budget { steps_left: Cell::new(u64::MAX), max_kept: usize::MAX, ..Budget::until(&|| false) }
    }

    /// Returns how many findings of one rule at one level are kept.
    pub fn max_kept(&self) -> usize {
        self.max_kept
    }

    /// Takes `steps` away. Returns whether there is still something left.
    pub fn spend(&self, steps: u64) -> bool {
        let left = self.steps_left.get().saturating_sub(steps);
        self.steps_left.set(left);
        let until_asked = self.until_asked.get().saturating_sub(steps);
        self.until_asked.set(until_asked);
        if until_asked == 0 {
            return !self.is_spent();
        }
        !self.spent.get()
    }

    /// Asks the clock. Returns whether nothing is left.
    pub fn is_spent(&self) -> bool {
        self.until_asked.set(Self::STEPS_BETWEEN);
        if !self.spent.get() && (self.steps_left.get() == 0 || (self.is_over)()) {
            self.spent.set(true);
        }
        self.spent.get()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_ends_by_time_and_by_steps() {
        let over = Cell::new(false);
        let is_over = || over.get();
        let budget = Budget::until(&is_over);
        assert!(budget.spend(1) && !budget.is_spent());
        over.set(true);
        assert!(budget.spend(1), "the clock is not asked at every step");
        assert!(!budget.spend(Budget::STEPS_BETWEEN) && budget.is_spent());
        over.set(false);
        assert!(budget.is_spent(), "it stays so");
        let budget = Budget::until(&is_over);
        assert!(!budget.spend(Budget::MAX_STEPS));
    }
}
