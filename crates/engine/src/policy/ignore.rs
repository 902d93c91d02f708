//! Exemptions by annotation: `ignore.podgate.dev/<rule>: "<reason>"` on an object or on its Pod template.
//!
//! On the object it covers all findings; on a template those in that template and its Job and, where it is the only one, all
//! others too. What is ignored is not lost: it goes on in [`Ignored`], with its reason. An annotation that does not do what
//! its author thinks is pointed out in a [`Notice`].

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
    fmt,
    sync::Arc,
};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, SeqAccess, Visitor},
};

use super::suggest::did_you_mean;
use crate::{
    model::{Object, Review, Template, inventory_object::IGNORE_PREFIX},
    rules::{self, Finding, Level, RULES, Rule, budget::MAX_KEPT, rule::MAX_MESSAGE_BYTES},
    syntax::{Map, Path, text::beginning},
};

const PREFIX: &str = IGNORE_PREFIX;

/// Names what is seen of running objects, by an audit of a cluster: no rule finds it, and it is ignored in the same way.
pub const OBSERVATIONS: [&str; 7] = [
    "gated",
    "init-container-restarted",
    "killed-by-liveness",
    "no-disruption-allowed",
    "out-of-memory",
    "startup-window-passed",
    "terminating-past-grace",
];

/// Which rules may be ignored by annotation: `all`, `none`, or a list of rule ids.
#[derive(Debug, Clone, Default)]
pub enum Annotations {
    /// Every rule.
    #[default]
    All,
    /// No rule.
    None,
    /// These rules.
    Rules(Vec<&'static Rule>),
    /// Nothing is said: every rule, under profile `strict` none.
    ByProfile,
}

/// Where no profile is strict, nothing said is the same as all.
impl PartialEq for Annotations {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Rules(one), Self::Rules(other)) => one == other,
            (Self::None, Self::None) => true,
            (one, other) => {
                let all = |it: &Self| matches!(it, Self::All | Self::ByProfile);
                all(one) && all(other)
            }
        }
    }
}

impl Eq for Annotations {}

/// A finding that an annotation exempts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ignored {
    /// Holds what was found.
    pub finding: Finding,
    /// The reason that the annotation gives, on one line of at most [`MAX_MESSAGE_BYTES`]. Shared by all that it exempts.
    pub reason: Arc<str>,
}

/// An annotation that does not do what it seems to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The annotation.
    pub at: Path,
    /// Says what is wrong with it: one line, no final stop.
    pub message: String,
}

/// One annotation `ignore.podgate.dev/…`.
struct Exemption<'o> {
    id: &'o str,
    /// Without white space around it; blank does not count.
    reason: &'o str,
    place: Path,
    /// The template that has it; `None` for the object's own.
    template: Option<&'o Template<'o>>,
    /// Tells whether it covers the whole object.
    all: bool,
}

impl Exemption<'_> {
    fn at(&self) -> Path {
        self.place.clone().key(format!("{PREFIX}{}", self.id))
    }

    /// All that is written there.
    fn text(&self) -> (&Path, &str, &str) {
        (&self.place, self.id, self.reason)
    }
}

/// The annotations of an object that exempt from a rule.
#[derive(Default)]
pub(super) struct Exempting(HashMap<&'static str, Reasons>);

/// Why findings of one rule are exempt.
#[derive(Default)]
struct Reasons {
    /// Everywhere in the object.
    everywhere: Option<Arc<str>>,
    /// In a template, or in the Job that holds it.
    below: HashMap<Path, Arc<str>>,
}

impl Exempting {
    /// Returns whether nothing is exempt.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Why the finding is exempt, if it is.
    pub(super) fn covering(&self, finding: &Finding) -> Option<Arc<str>> {
        if self.0.is_empty() {
            return None;
        }
        let reasons = self.0.get(finding.rule.id)?;
        let segments = finding.at.segments();
        let below = || (0..=segments.len()).find_map(|length| reasons.below.get(segments.get(..length)?));
        reasons.everywhere.as_ref().or_else(below).cloned()
    }
}

/// All exemptions that an object asks for.
fn exemptions<'o>(object: &'o Object<'o>) -> Vec<Exemption<'o>> {
    let mut found = Vec::new();
    let mut add = |template: Option<&'o Template<'o>>, annotations: &'o Map<'o>| {
        let all = template.is_none() || object.templates.len() == 1;
        let holder = || template.map_or_else(Path::default, |template| template.path.clone());
        found.extend(annotations.iter().filter_map(|(key, reason)| {
            let id = key.strip_prefix(PREFIX)?;
            let place = holder().keys(&["metadata", "annotations"]);
            Some(Exemption { id, reason: reason.trim(), place, template, all })
        }));
    };
    add(None, &object.metadata.annotations);
    for template in &object.templates {
        if let Some(metadata) = &template.metadata {
            add(Some(template), &metadata.annotations);
        }
    }
    found
}

impl Annotations {
    /// Nothing is said.
    pub(super) fn by_profile() -> Self {
        Self::ByProfile
    }

    /// Returns whether nothing is said.
    pub(super) fn is_by_profile(&self) -> bool {
        matches!(self, Self::ByProfile)
    }

    /// Returns what it comes to under profile `strict`, or under another.
    pub(super) fn under(&self, strict: bool) -> Self {
        match self {
            Self::ByProfile if strict => Self::None,
            Self::ByProfile => Self::All,
            said => said.clone(),
        }
    }

    /// Returns whether observations may be ignored: a list names rules only.
    pub(super) fn allow_observations(&self) -> bool {
        matches!(self, Self::All | Self::ByProfile)
    }

    pub(super) fn allow(&self, rule: &'static Rule) -> bool {
        match self {
            Self::All | Self::ByProfile => true,
            Self::None => false,
            Self::Rules(rules) => rules.contains(&rule),
        }
    }

    /// Returns what `object` exempts, as far as this allows it.
    pub(super) fn exempting(&self, object: &Object<'_>) -> Exempting {
        let mut exempting = Exempting::default();
        for exemption in exemptions(object).iter().filter(|exemption| !exemption.reason.is_empty()) {
            let Some(rule) = rules::find(exemption.id).filter(|rule| self.allow(rule)) else { continue };
            let reasons = exempting.0.entry(rule.id).or_default();
            match exemption.template.filter(|_| !exemption.all) {
                None => drop(reasons.everywhere.get_or_insert_with(|| reason(exemption.reason))),
                Some(template) => {
                    let base = template.job.as_ref().map_or(&template.path, |job| &job.path);
                    reasons.below.entry(base.clone()).or_insert_with(|| reason(exemption.reason));
                }
            }
        }
        exempting
    }

    /// Returns what is wrong with the annotations of the object under review. What the old object had too is not said again.
    pub(super) fn notices(&self, review: &Review<'_>, ignored: &[Ignored]) -> Vec<Notice> {
        let all = exemptions(&review.new);
        if all.is_empty() {
            return Vec::new();
        }
        let old = review.old.as_deref().map(exemptions).unwrap_or_default();
        let old: HashSet<_> = old.iter().map(Exemption::text).collect();
        let refused_in_pods = refused_in_pods(&all, &review.new, ignored);
        let mut notices = Vec::new();
        for exemption in all.iter().filter(|exemption| !old.contains(&exemption.text())) {
            let id = exemption.id;
            let only_here = exemption.template.is_none() && refused_in_pods.contains(id);
            let only_here = only_here.then(|| {
                format!("does not reach the Pods, where \"{id}\" is judged again; set it in the Pod template")
            });
            let problem = self.problem(exemption).or(only_here);
            notices.extend(problem.map(|message| Notice { at: exemption.at(), message }));
            // As many as of a rule's findings are kept.
            if notices.len() == MAX_KEPT {
                break;
            }
        }
        notices
    }

    fn problem(&self, exemption: &Exemption<'_>) -> Option<String> {
        let id = exemption.id;
        let is_allowed = match rules::find(id) {
            Some(rule) => self.allow(rule),
            None if OBSERVATIONS.contains(&id) => self.allow_observations(),
            None => {
                let known = RULES.iter().map(|rule| rule.id).chain(OBSERVATIONS);
                return Some(format!("unknown rule \"{id}\"{}", did_you_mean(id, known)));
            }
        };
        if !is_allowed {
            return Some(format!("has no effect: the policy does not let \"{id}\" be ignored by annotation"));
        }
        exemption.reason.is_empty().then(|| format!("has no effect: say why \"{id}\" is to be ignored"))
    }
}

/// The rules of which something that would be refused is exempt in the workload and not in its Pods: a workload's own
/// annotation lets the workload pass, but its Pods do not get it.
fn refused_in_pods(all: &[Exemption<'_>], object: &Object<'_>, ignored: &[Ignored]) -> HashSet<&'static str> {
    let with_reason = all.iter().filter(|exemption| !exemption.reason.is_empty());
    let in_templates: HashSet<(&Path, &str)> =
        with_reason.filter_map(|exemption| Some((&exemption.template?.path, exemption.id))).collect();
    let made = object.templates.iter().filter(|template| template.metadata.is_some());
    let by_spec: HashMap<Path, &Template<'_>> = made.map(|template| (template.spec_at(), template)).collect();
    let is_refused = |finding: &Finding| {
        let segments = finding.at.segments();
        let template = (0..=segments.len()).find_map(|length| by_spec.get(segments.get(..length)?));
        template.is_some_and(|template| !in_templates.contains(&(&template.path, finding.rule.id)))
    };
    let denied = ignored.iter().map(|ignored| &ignored.finding).filter(|finding| finding.level == Level::Deny);
    denied.filter(|finding| is_refused(finding)).map(|finding| finding.rule.id).collect()
}

impl Serialize for Annotations {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::All | Self::ByProfile => serializer.serialize_str("all"),
            Self::None => serializer.serialize_str("none"),
            Self::Rules(rules) => serializer.collect_seq(rules.iter().map(|rule| rule.id)),
        }
    }
}

impl<'de> Deserialize<'de> for Annotations {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Words;

        impl<'de> Visitor<'de> for Words {
            type Value = Annotations;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("all, none or a list of rule ids")
            }

            fn visit_str<E: de::Error>(self, word: &str) -> Result<Annotations, E> {
                match word {
                    "all" => Ok(Annotations::All),
                    "none" => Ok(Annotations::None),
                    _ => Err(E::invalid_value(de::Unexpected::Str(word), &self)),
                }
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Annotations, A::Error> {
                let mut rules = Vec::new();
                while let Some(Id(rule)) = access.next_element()? {
                    rules.push(rule);
                }
                Ok(Annotations::Rules(rules))
            }
        }

        deserializer.deserialize_any(Words)
    }
}

/// Some rules, by their ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules(Vec<&'static Rule>);

impl Rules {
    /// Returns whether none is named.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns whether this one is among them.
    pub fn contains(&self, rule: &'static Rule) -> bool {
        self.0.contains(&rule)
    }
}

impl Serialize for Rules {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|rule| rule.id))
    }
}

impl<'de> Deserialize<'de> for Rules {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(Vec::<Id>::deserialize(deserializer)?.into_iter().map(|Id(rule)| rule).collect()))
    }
}

impl JsonSchema for Rules {
    fn schema_name() -> Cow<'static, str> {
        "Rules".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let ids: Vec<&str> = RULES.iter().map(|rule| rule.id).collect();
        json_schema!({ "type": "array", "items": { "type": "string", "enum": ids } })
    }
}

/// A rule, read from its id.
struct Id(&'static Rule);

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let id = Cow::<'_, str>::deserialize(deserializer)?;
        let unknown = || format!("unknown rule \"{id}\"{}", did_you_mean(&id, RULES.iter().map(|rule| rule.id)));
        rules::find(&id).map(Self).ok_or_else(|| de::Error::custom(unknown()))
    }
}

impl JsonSchema for Annotations {
    fn schema_name() -> Cow<'static, str> {
        "Annotations".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let ids: Vec<&str> = RULES.iter().map(|rule| rule.id).collect();
        json_schema!({ "oneOf": [
            { "type": "string", "enum": ["all", "none"] },
            { "type": "array", "items": { "type": "string", "enum": ids } },
        ] })
    }
}

/// A reason with one space for every run of whitespace, as reasons are written as YAML blocks of several lines, too; and no
/// longer than a message.
fn reason(text: &str) -> Arc<str> {
    let mut folded = String::new();
    for word in text.split_whitespace() {
        if !folded.is_empty() {
            folded.push(' ');
        }
        folded.push_str(word);
        if folded.len() > MAX_MESSAGE_BYTES {
            folded.truncate(beginning(&folded, MAX_MESSAGE_BYTES).len());
            folded.push('…');
            break;
        }
    }
    folded.into()
}
