//! The ids of rules on the command line: shells complete them, and one that is misspelt is answered with the one that is meant.

use std::ffi::OsStr;

use clap::builder::{PossibleValue, StringValueParser, TypedValueParser};
use thiserror::Error;

use podgate_engine::{
    policy::suggest::did_you_mean,
    rules::{self, RULES, Rule},
};

/// Takes any text, and tells shells the ids that there are. clap's own parser of possible values would answer a wrong one with
/// all of them.
#[derive(Debug, Clone, Copy)]
pub(super) struct RuleIds;

impl TypedValueParser for RuleIds {
    type Value = String;

    fn parse_ref(
        &self,
        command: &clap::Command,
        arg: Option<&clap::Arg>,
        value: &OsStr,
    ) -> Result<String, clap::Error> {
        StringValueParser::new().parse_ref(command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(RULES.iter().map(|rule| PossibleValue::new(rule.id).help(rule.summary))))
    }
}

/// An id that no rule has.
#[derive(Debug, Error)]
#[error("unknown rule \"{id}\"{}; podgate rules lists them", did_you_mean(.id, RULES.iter().map(|rule| rule.id)))]
pub(super) struct UnknownRule {
    id: String,
}

/// Returns the rule of an id.
pub(super) fn find(id: &str) -> Result<&'static Rule, UnknownRule> {
    rules::find(id).ok_or_else(|| UnknownRule { id: id.to_owned() })
}
