//! What the selectors of a policy pick. Compiled once; a review only looks up.
//!
//! Not everything is always known: a manifest names no namespace, the labels of a namespace have not been seen. Whether
//! something is selected is then [`Applies::Unknown`], and whoever asks has to take the careful side.

use std::collections::BTreeMap;

use wildmatch::WildMatch;

use super::{Applies, LabelSelector, Object, Review, selector::LabelUnknown};
use crate::syntax::Map;

/// The label that the API server gives every namespace: its name.
const NAMESPACE_NAME_LABEL: &str = "kubernetes.io/metadata.name";

/// A text with `*` (any characters) and `?` (one character).
#[derive(Debug, Clone)]
pub enum Glob {
    /// Without either.
    Exact(String),
    /// With one `*`, at its end; this is what stands before it.
    Prefix(String),
    /// Any other.
    Pattern(WildMatch),
}

impl Glob {
    /// Compiles a pattern.
    pub fn new(pattern: &str) -> Self {
        let wild = |text: &str| text.contains(['*', '?']);
        match pattern.strip_suffix('*') {
            Some(prefix) if !wild(prefix) => Self::Prefix(prefix.to_owned()),
            None if !wild(pattern) => Self::Exact(pattern.to_owned()),
            _ => Self::Pattern(WildMatch::new(pattern)),
        }
    }

    /// Compiles several.
    pub fn all(patterns: &[String]) -> Vec<Self> {
        patterns.iter().map(|pattern| Self::new(pattern)).collect()
    }

    /// Returns whether it describes `text`, as a whole.
    pub fn matches(&self, text: &str) -> bool {
        match self {
            Self::Exact(exact) => exact == text,
            Self::Prefix(prefix) => text.starts_with(prefix.as_str()),
            Self::Pattern(pattern) => pattern.matches(text),
        }
    }

    /// Returns whether it describes the namespace, of which the name may not be known: empty.
    pub fn applies_to_namespace(&self, name: &str) -> Applies {
        match self {
            Self::Prefix(prefix) if prefix.is_empty() => Applies::Yes,
            _ if name.is_empty() => Applies::Unknown,
            _ => self.matches(name).into(),
        }
    }
}

/// Holds what a selector is asked about.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'s> {
    /// The namespace; empty where it is not known.
    pub namespace: &'s str,
    /// The namespace's labels, where they are known.
    pub namespace_labels: Option<&'s BTreeMap<String, String>>,
    /// Tells whose Pods it is about.
    pub pods: Pods<'s>,
}

/// The Pods that a subject is or makes.
#[derive(Debug, Clone, Copy)]
pub enum Pods<'s> {
    /// Those of an object: a Pod itself, or those that its templates make.
    Of(&'s Object<'s>),
    /// Pods with these labels.
    Labelled(&'s Map<'s>),
}

impl Pods<'_> {
    /// Hands on every label that any of them has.
    pub fn each_label(&self, mut to: impl FnMut(&str, &str)) {
        match self {
            Self::Labelled(labels) => labels.iter().for_each(|(key, value)| to(key, value)),
            Self::Of(object) => {
                for template in &object.templates {
                    object.pod_metadata(template).labels.iter().for_each(|(key, value)| to(key, value));
                }
            }
        }
    }
}

impl<'s> Subject<'s> {
    /// Returns the object under review.
    pub fn of(review: &'s Review<'_>) -> Self {
        let namespace_labels = review.known().and_then(|namespace| namespace.labels.as_ref());
        Self { namespace: &review.namespace, namespace_labels, pods: Pods::Of(&review.new) }
    }

    fn namespace_label(&self, key: &str) -> Result<Option<&'s str>, LabelUnknown> {
        match self.namespace_labels {
            _ if key == NAMESPACE_NAME_LABEL && !self.namespace.is_empty() => Ok(Some(self.namespace)),
            Some(labels) => Ok(labels.get(key).map(String::as_str)),
            None => Err(LabelUnknown),
        }
    }

    /// Of an object whose templates differ no one answer is right. An object without Pods is selected by what selects all.
    fn selected_by(&self, selector: &LabelSelector) -> Applies {
        let one = |labels: &Map<'_>| Applies::from(selector.matches(labels));
        match self.pods {
            Pods::Labelled(labels) => one(labels),
            Pods::Of(object) => {
                let mut answers = object.templates.iter().map(|template| one(&object.pod_metadata(template).labels));
                let Some(first) = answers.next() else { return (*selector == LabelSelector::default()).into() };
                if answers.all(|answer| answer == first) { first } else { Applies::Unknown }
            }
        }
    }
}

/// Namespaces and labels that something holds for; what is not given holds for all.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    namespaces: Option<Vec<Glob>>,
    namespace_selector: Option<LabelSelector>,
    pod_selector: Option<LabelSelector>,
}

impl Selection {
    /// Compiles patterns of namespaces' names, and selectors.
    pub fn new(
        namespaces: Option<&[String]>,
        namespace_selector: Option<&LabelSelector>,
        pod_selector: Option<&LabelSelector>,
    ) -> Self {
        Self {
            namespaces: namespaces.map(Glob::all),
            namespace_selector: namespace_selector.cloned(),
            pod_selector: pod_selector.cloned(),
        }
    }

    /// Returns whether all of it holds for `subject`.
    pub fn applies(&self, subject: &Subject<'_>) -> Applies {
        let mut applies = Applies::Yes;
        if let Some(namespaces) = &self.namespaces {
            let answers = namespaces.iter().map(|glob| glob.applies_to_namespace(subject.namespace));
            applies = answers.max().unwrap_or(Applies::No);
        }
        if let Some(selector) = self.pod_selector.as_ref().filter(|_| applies != Applies::No) {
            applies = applies.min(subject.selected_by(selector));
        }
        if let Some(selector) = self.namespace_selector.as_ref().filter(|_| applies != Applies::No) {
            applies = applies.min(selector.applies_by(|key| subject.namespace_label(key)));
        }
        applies
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(json: &str) -> Map<'_> {
        serde_json::from_str(json).unwrap()
    }

    fn selector(json: &str) -> LabelSelector {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn globs() {
        for (pattern, yes, no) in [
            ("shop", vec!["shop"], vec!["shop-2", "sho", ""]),
            ("shop-*", vec!["shop-", "shop-eu"], vec!["shop", "a-shop-eu"]),
            ("*", vec!["", "x"], vec![]),
            ("*-eu", vec!["shop-eu", "-eu"], vec!["shop-eu-2"]),
            ("a?c*", vec!["abc", "abcd"], vec!["ac", "xabc"]),
        ] {
            let glob = Glob::new(pattern);
            assert!(yes.iter().all(|text| glob.matches(text)), "{pattern}");
            assert!(!no.iter().any(|text| glob.matches(text)), "{pattern}");
        }
        assert_eq!(Glob::new("*").applies_to_namespace(""), Applies::Yes);
        assert_eq!(Glob::new("shop").applies_to_namespace(""), Applies::Unknown);
    }

    #[test]
    fn what_is_not_known_is_said() {
        let none = labels("{}");
        let gold = labels(r#"{"tier": "gold"}"#);
        let known = BTreeMap::from([("team".to_owned(), "a".to_owned())]);
        let subject =
            |namespace, namespace_labels, pods| Subject { namespace, namespace_labels, pods: Pods::Labelled(pods) };
        let by_team = selector(r#"{"matchLabels": {"team": "a"}}"#);
        let by_tier = selector(r#"{"matchLabels": {"tier": "gold"}}"#);
        let by_name = selector(
            r#"{"matchExpressions": [{"key": "kubernetes.io/metadata.name", "operator": "In", "values": ["shop"]}]}"#,
        );
        let both = Selection::new(None, Some(&by_team), Some(&by_tier));
        assert_eq!(both.applies(&subject("shop", Some(&known), &gold)), Applies::Yes);
        assert_eq!(both.applies(&subject("shop", None, &gold)), Applies::Unknown);
        // What is not selected for another reason is not selected, whatever is not known.
        assert_eq!(both.applies(&subject("shop", None, &none)), Applies::No);
        let unlabelled = BTreeMap::new();
        assert_eq!(both.applies(&subject("shop", Some(&unlabelled), &gold)), Applies::No);
        let by_name = Selection::new(None, Some(&by_name), None);
        assert_eq!(by_name.applies(&subject("shop", None, &none)), Applies::Yes);
        assert_eq!(by_name.applies(&subject("other", None, &none)), Applies::No);
        assert_eq!(by_name.applies(&subject("", None, &none)), Applies::Unknown);
        assert_eq!(Selection::default().applies(&subject("", None, &none)), Applies::Yes);
    }
}
