//! Label selectors, exactly as the API evaluates them (`metav1.LabelSelector`).

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::syntax::{List, Map, Str};

/// Says whether a selector picks something. In this order, so that the lesser of two is what both together say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Applies {
    /// It does not.
    No,
    /// It may; what would tell is not known.
    Unknown,
    /// It does.
    Yes,
}

/// Of a label it is not known whether it is there, and what it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LabelUnknown;

impl From<bool> for Applies {
    fn from(applies: bool) -> Self {
        if applies { Self::Yes } else { Self::No }
    }
}

/// A label selector: every requirement has to hold; no requirement at all selects everything.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct LabelSelector {
    /// Labels that have to be there with exactly this value.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub match_labels: BTreeMap<String, String>,
    /// Requirements with an operator.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub match_expressions: Vec<Requirement>,
}

/// One of `matchExpressions`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Requirement {
    /// The label's key.
    pub key: String,
    /// How the label's value relates to `values`.
    pub operator: Operator,
    /// The values: at least one for `In` and `NotIn`, none for `Exists` and `DoesNotExist`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
}

/// Operator of a [`Requirement`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Operator {
    /// The label is there with one of the values.
    In,
    /// The label is absent, or has none of the values.
    NotIn,
    /// The label is there.
    Exists,
    /// The label is absent.
    DoesNotExist,
}

/// A label selector as it stands in an object: unknown fields pass, as in every object.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SelectorView<'a> {
    #[serde(borrow)]
    match_labels: Map<'a>,
    #[serde(borrow)]
    match_expressions: List<RequirementView<'a>>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct RequirementView<'a> {
    #[serde(borrow)]
    key: Str<'a>,
    #[serde(borrow)]
    operator: Str<'a>,
    #[serde(borrow)]
    values: List<Str<'a>>,
}

impl SelectorView<'_> {
    /// Returns the selector; `None` if it holds an operator that the API does not know.
    pub fn to_selector(&self) -> Option<LabelSelector> {
        let requirement = |view: &RequirementView<'_>| {
            let operator = match &*view.operator {
                "In" => Operator::In,
                "NotIn" => Operator::NotIn,
                "Exists" => Operator::Exists,
                "DoesNotExist" => Operator::DoesNotExist,
                _ => return None,
            };
            let values = view.values.iter().map(ToString::to_string).collect();
            Some(Requirement { key: view.key.to_string(), operator, values })
        };
        Some(LabelSelector {
            match_labels: self.match_labels.iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect(),
            match_expressions: self.match_expressions.iter().map(requirement).collect::<Option<_>>()?,
        })
    }
}

impl LabelSelector {
    /// Returns whether it selects something with these labels.
    pub fn matches(&self, labels: &Map<'_>) -> bool {
        self.matches_by(|key| labels.get(key))
    }

    /// Returns whether it selects something whose label `key` has the value `label(key)`.
    pub fn matches_by<'l>(&self, label: impl Fn(&str) -> Option<&'l str>) -> bool {
        self.applies_by(|key| Ok(label(key))) == Applies::Yes
    }

    /// Returns the same where of some labels nothing is known.
    pub fn applies_by<'l>(&self, label: impl Fn(&str) -> Result<Option<&'l str>, LabelUnknown>) -> Applies {
        let labels = self.match_labels.iter().map(|(key, value)| label(key).map(|found| found == Some(value)));
        let expressions = &self.match_expressions;
        let expressions =
            expressions.iter().map(|requirement| label(&requirement.key).map(|found| requirement.holds(found)));
        let mut applies = Applies::Yes;
        for holds in labels.chain(expressions) {
            match holds {
                Ok(true) => {}
                Ok(false) => return Applies::No,
                Err(LabelUnknown) => applies = Applies::Unknown,
            }
        }
        applies
    }

    /// Returns the first of its requirements that these labels do not meet, in words, such as `label "app" is "web"`.
    pub fn unmet(&self, labels: &Map<'_>) -> Option<String> {
        self.unmet_by(|key| Ok(labels.get(key)))
    }

    /// Returns the same where of some labels nothing is known: what they may meet is not told of.
    pub fn unmet_by<'l>(&self, label: impl Fn(&str) -> Result<Option<&'l str>, LabelUnknown>) -> Option<String> {
        let unmet = self.match_labels.iter().find(|(key, value)| label(key).is_ok_and(|found| found != Some(value)));
        if let Some((key, value)) = unmet {
            return Some(format!("label \"{key}\" is \"{value}\""));
        }
        let is_unmet =
            |requirement: &&Requirement| label(&requirement.key).is_ok_and(|found| !requirement.holds(found));
        let Requirement { key, operator, values } = self.match_expressions.iter().find(is_unmet)?;
        Some(match operator {
            Operator::In => format!("label \"{key}\" is one of {}", values.join(", ")),
            Operator::NotIn => format!("label \"{key}\" is none of {}", values.join(", ")),
            Operator::Exists => format!("there is a label \"{key}\""),
            Operator::DoesNotExist => format!("there is no label \"{key}\""),
        })
    }

    /// Returns what is wrong with it, if anything: `In` and `NotIn` take values, `Exists` and `DoesNotExist` take none.
    pub fn problem(&self) -> Option<String> {
        self.match_expressions.iter().find_map(|requirement| {
            let takes_values = matches!(requirement.operator, Operator::In | Operator::NotIn);
            let Requirement { key, operator, values } = requirement;
            match (takes_values, values.is_empty()) {
                (true, true) => Some(format!("operator {operator:?} for key \"{key}\" takes at least one value")),
                (false, false) => Some(format!("operator {operator:?} for key \"{key}\" takes no values")),
                _ => None,
            }
        })
    }
}

impl Requirement {
    fn holds(&self, found: Option<&str>) -> bool {
        let listed = || found.is_some_and(|found| self.values.iter().any(|value| value == found));
        match self.operator {
            Operator::In => listed(),
            Operator::NotIn => !listed(),
            Operator::Exists => found.is_some(),
            Operator::DoesNotExist => found.is_none(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(selector: &str, labels: &str) -> bool {
        let selector: LabelSelector = serde_json::from_str(selector).unwrap();
        assert_eq!(selector.problem(), None);
        selector.matches(&serde_json::from_str(labels).unwrap())
    }

    #[test]
    fn operators() {
        let labels = r#"{"app": "web", "tier": "gold"}"#;
        let one = |operator: &str, key: &str, values: &str| {
            let selector = format!(
                r#"{{"matchExpressions": [{{"key": "{key}", "operator": "{operator}", "values": {values}}}]}}"#
            );
            matches(&selector, labels)
        };
        assert!(
            one("In", "app", r#"["api", "web"]"#) && !one("In", "app", r#"["api"]"#) && !one("In", "x", r#"["a"]"#)
        );
        assert!(
            one("NotIn", "app", r#"["api"]"#) && !one("NotIn", "app", r#"["web"]"#) && one("NotIn", "x", r#"["a"]"#)
        );
        assert!(one("Exists", "app", "[]") && !one("Exists", "x", "[]"));
        assert!(one("DoesNotExist", "x", "[]") && !one("DoesNotExist", "app", "[]"));
        assert!(matches("{}", labels) && matches("{}", "{}"));
        assert!(matches(r#"{"matchLabels": {"app": "web"}}"#, labels));
        assert!(!matches(r#"{"matchLabels": {"app": "web", "tier": "silver"}}"#, labels));
    }

    #[test]
    fn problems() {
        for (operator, values) in [("In", "[]"), ("NotIn", "[]"), ("Exists", r#"["a"]"#), ("DoesNotExist", r#"["a"]"#)]
        {
            let text =
                format!(r#"{{"matchExpressions": [{{"key": "k", "operator": "{operator}", "values": {values}}}]}}"#);
            let selector: LabelSelector = serde_json::from_str(&text).unwrap();
            assert!(selector.problem().unwrap().starts_with(&format!("operator {operator} for key \"k\"")), "{text}");
        }
    }
}
