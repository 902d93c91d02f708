//! Which requests a policy leaves alone.

use wildmatch::WildMatch;

use super::config::Exemptions;
use crate::model::Review;

/// [`Exemptions`] with their patterns compiled.
#[derive(Debug)]
pub(super) struct Exempt {
    namespaces: Vec<WildMatch>,
    users: Vec<WildMatch>,
    groups: Vec<WildMatch>,
}

impl Exempt {
    pub(super) fn new(exemptions: &Exemptions) -> Self {
        let compile = |patterns: &[String]| patterns.iter().map(|pattern| WildMatch::new(pattern)).collect();
        Self {
            namespaces: compile(&exemptions.namespaces),
            users: compile(&exemptions.users),
            groups: compile(&exemptions.groups),
        }
    }

    pub(super) fn covers(&self, review: &Review<'_>) -> bool {
        let any = |patterns: &[WildMatch], text: &str| patterns.iter().any(|pattern| pattern.matches(text));
        any(&self.namespaces, &review.namespace)
            || any(&self.users, &review.user.username)
            || review.user.groups.iter().any(|group| any(&self.groups, group))
    }
}
