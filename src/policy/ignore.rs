//! Exemptions by annotation: `ignore.podgate.dev/<rule>: "<reason>"` on an object or on its Pod template.
//!
//! On the object it covers all findings; on a template those in that template and its Job and, where it is the only one, all
//! others too. What is ignored is not lost: it goes on in [`Ignored`], with its reason. An annotation that does not do what
//! its author thinks is pointed out in a [`Notice`].

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
    fmt,
};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, SeqAccess, Visitor},
};

use super::suggest::did_you_mean;
use crate::{
    model::{Map, Object, Path, Review, Template, entry::IGNORE_PREFIX},
    rules::{self, Finding, Level, RULES, Rule},
};

const PREFIX: &str = IGNORE_PREFIX;

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
    /// What was found.
    pub finding: Finding,
    /// The reason that the annotation gives, on one line.
    pub reason: String,
}

/// An annotation that does not do what it seems to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The annotation.
    pub at: Path,
    /// What is wrong with it: one line, no final stop.
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
    /// Whether it covers the whole object.
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

    fn covers(&self, finding: &Finding) -> bool {
        finding.rule.id == self.id && (self.all || self.template.is_some_and(|template| is_in(template, &finding.at)))
    }
}

/// Whether a place is in a template, or in the Job that holds it.
fn is_in(template: &Template<'_>, at: &Path) -> bool {
    let base = template.job.as_ref().map_or(&template.path, |job| &job.path);
    at.segments().starts_with(base.segments())
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

    /// Whether nothing is said.
    pub(super) fn is_by_profile(&self) -> bool {
        matches!(self, Self::ByProfile)
    }

    /// What it comes to under profile `strict`, or under another.
    pub(super) fn under(&self, strict: bool) -> Self {
        match self {
            Self::ByProfile if strict => Self::None,
            Self::ByProfile => Self::All,
            said => said.clone(),
        }
    }

    fn allow(&self, rule: &'static Rule) -> bool {
        match self {
            Self::All | Self::ByProfile => true,
            Self::None => false,
            Self::Rules(rules) => rules.contains(&rule),
        }
    }

    /// Takes those out of `findings` that an annotation of `object` exempts.
    pub(super) fn take(&self, object: &Object<'_>, findings: &mut Vec<Finding>) -> Vec<Ignored> {
        let exemptions = exemptions(object);
        if exemptions.is_empty() {
            return Vec::new();
        }
        let mut by_rule: HashMap<&str, Vec<&Exemption<'_>>> = HashMap::new();
        for exemption in exemptions.iter().filter(|exemption| !exemption.reason.is_empty()) {
            by_rule.entry(exemption.id).or_default().push(exemption);
        }
        let mut ignored = Vec::new();
        findings.retain(|finding| {
            let valid = by_rule.get(finding.rule.id).filter(|_| self.allow(finding.rule)).into_iter().flatten();
            let exemption = valid.copied().find(|exemption| exemption.covers(finding));
            ignored.extend(
                exemption.map(|exemption| Ignored { finding: finding.clone(), reason: folded(exemption.reason) }),
            );
            exemption.is_none()
        });
        ignored
    }

    /// What is wrong with the annotations of the object under review. What the old object had too is not said again.
    pub(super) fn notices(&self, review: &Review<'_>, ignored: &[Ignored]) -> Vec<Notice> {
        let all = exemptions(&review.new);
        let old = review.old.as_ref().map(exemptions).unwrap_or_default();
        let old: HashSet<_> = old.iter().map(Exemption::text).collect();
        let mut notices = Vec::new();
        for exemption in all.iter().filter(|exemption| !old.contains(&exemption.text())) {
            let problem = self.problem(exemption).or_else(|| not_in_pods(exemption, &all, &review.new, ignored));
            notices.extend(problem.map(|message| Notice { at: exemption.at(), message }));
        }
        notices
    }

    fn problem(&self, exemption: &Exemption<'_>) -> Option<String> {
        let id = exemption.id;
        let Some(rule) = rules::find(id) else {
            return Some(format!("unknown rule \"{id}\"{}", did_you_mean(id, RULES.iter().map(|rule| rule.id))));
        };
        if !self.allow(rule) {
            return Some(format!("has no effect: the policy does not let \"{id}\" be ignored by annotation"));
        }
        exemption.reason.is_empty().then(|| format!("has no effect: say why \"{id}\" is to be ignored"))
    }
}

/// A workload's own annotation lets the workload pass, but its Pods do not get it: what would be refused in them still is.
fn not_in_pods(
    exemption: &Exemption<'_>,
    all: &[Exemption<'_>],
    object: &Object<'_>,
    ignored: &[Ignored],
) -> Option<String> {
    if exemption.template.is_some() {
        return None;
    }
    let refused = |finding: &Finding| finding.level == Level::Deny && exemption.covers(finding);
    let mut refused = ignored.iter().map(|ignored| &ignored.finding).filter(|finding| refused(finding));
    let only_here = |finding: &&Finding| {
        let template = object.templates.iter().find(|template| {
            let spec = template.path.clone().key("spec");
            template.metadata.is_some() && finding.at.segments().starts_with(spec.segments())
        });
        let has_it = |template: &Template<'_>| {
            all.iter().any(|other| {
                let same_place = other.template.is_some_and(|with| with.path == template.path);
                same_place && other.id == exemption.id && !other.reason.is_empty()
            })
        };
        template.is_some_and(|template| !has_it(template))
    };
    refused.any(|finding| only_here(&finding)).then(|| {
        format!("does not reach the Pods, where \"{}\" is judged again; set it in the Pod template", exemption.id)
    })
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
    /// Whether none is named.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether this one is among them.
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

/// `text` with one space for every run of whitespace: reasons are written as YAML blocks of several lines, too.
fn folded(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
