//! What ties scenarios and rules together. Needs no kubelet.

use libtest_mimic::Trial;

use crate::scenario;

pub fn tests() -> Vec<Trial> {
    vec![Trial::test("links::scenarios_can_be_read", || {
        assert!(!scenario::all().is_empty());
        Ok(())
    })]
}
