//! Exemptions that the policy makes: containers that somebody injects, and named objects that belong to others and cannot be
//! annotated. (Annotations, which an object's own author makes, are in [`super::ignore`].)

use std::{borrow::Cow, cell::OnceCell, collections::HashMap, fmt, sync::Arc};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, de};
use serde_json::Value;

use super::{
    controllers::{self, Owner},
    day::Day,
    ignore::Rules,
    kinds::KindName,
};
use crate::{
    model::{Container, Glob, Review, Template},
    rules::Finding,
    syntax::{Path, path::Segment, value::unexpected},
};

/// How many days before its end an exemption is told of.
pub const NOTICE_DAYS: i64 = 14;
/// Where images of no named registry come from.
const DEFAULT_REGISTRY: &str = "docker.io";

/// Containers that are not judged and get no default probes: a name, or an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum ContainerExemption {
    /// The container's name, exact or with `*` and `?`.
    Name(String),
    /// The container's image, exact or with `*` and `?`: as it is written or with its registry, with its tag or without.
    Image {
        /// The pattern.
        image: String,
    },
}

impl ContainerExemption {
    /// The pattern.
    pub(super) fn pattern(&self) -> &str {
        let (Self::Name(pattern) | Self::Image { image: pattern }) = self;
        pattern
    }
}

/// An object of others that cannot be annotated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ObjectExemption {
    /// Its kind: `Deployment`, or with the group where several have one of that name, `StatefulSet.apps.kruise.io`.
    pub kind: KindName,
    /// Its namespace, exact or with `*` and `?`.
    pub namespace: String,
    /// Its name, exact or with `*` and `?`.
    pub name: String,
    /// The rules whose findings in it, and in what controllers create for it, do not count.
    pub rules: Rules,
    /// Why, and until when: it stands beside each finding in the audit log.
    pub reason: String,
    /// The last day, in UTC, on which it counts; absent: for ever.
    #[serde(default, deserialize_with = "crate::syntax::json::given", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Day")]
    pub expires: Option<Day>,
}

/// An exemption that ends soon, or has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ending {
    /// Its place in `spec.exemptions.objects`.
    pub index: usize,
    /// Tells whether it counts no more.
    pub has_expired: bool,
    /// One line that says which, when and why.
    pub text: String,
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "spec.exemptions.objects[{}]: {}", self.index, self.text)
    }
}

/// The exemptions that have expired by `today`, or will in [`NOTICE_DAYS`].
pub(super) fn endings(objects: &[ObjectExemption], today: Day) -> Vec<Ending> {
    let ending = |(index, object): (usize, &ObjectExemption)| {
        let day = object.expires?;
        let ObjectExemption { kind, namespace, name, reason, .. } = object;
        let left = day.since(today);
        let when = match left {
            ..0 => format!("has expired on {day} and counts no more"),
            0 => format!("expires today, {day}"),
            1 => format!("expires tomorrow, {day}"),
            2..=NOTICE_DAYS => format!("expires in {left} days, on {day}"),
            _ => return None,
        };
        let text = format!("the exemption of {} {namespace}/{name} {when} ({})", kind.as_str(), reason.trim());
        Some(Ending { index, has_expired: left < 0, text })
    };
    objects.iter().enumerate().filter_map(ending).collect()
}

/// The exemptions of a policy, compiled.
pub(super) struct Compiled {
    containers: Vec<Pattern>,
    objects: Vec<(Glob, Glob, ObjectExemption)>,
    /// The clock; asked only about a finding that an exemption with an end would cover.
    today: fn() -> Day,
}

enum Pattern {
    Name(Glob),
    Image(Glob),
}

impl Compiled {
    pub(super) fn new(containers: &[ContainerExemption], objects: &[ObjectExemption]) -> Self {
        let pattern = |exemption: &ContainerExemption| match exemption {
            ContainerExemption::Name(name) => Pattern::Name(Glob::new(name)),
            ContainerExemption::Image { image } => Pattern::Image(Glob::new(image)),
        };
        let object = |object: &ObjectExemption| (Glob::new(&object.namespace), Glob::new(&object.name), object.clone());
        Self {
            containers: containers.iter().map(pattern).collect(),
            objects: objects.iter().map(object).collect(),
            today: Day::today,
        }
    }

    /// The same with another clock.
    pub(super) fn with_clock(&mut self, today: fn() -> Day) {
        self.today = today;
    }

    /// Returns whether a container is left alone.
    pub(super) fn has(&self, container: &Container<'_>) -> bool {
        self.containers.iter().any(|pattern| match pattern {
            Pattern::Name(glob) => glob.matches(&container.name),
            Pattern::Image(glob) => images(&container.image).iter().any(|image| glob.matches(image)),
        })
    }

    fn covering(&self, review: &Review<'_>, owner: Option<&Owner>) -> Vec<(usize, &ObjectExemption)> {
        let covers = |(namespace, name, object): &(Glob, Glob, ObjectExemption)| {
            let itself = || object.kind.is(review.workload) && name.matches(&review.new.metadata.name);
            let made_for =
                || owner.is_some_and(|owner| object.kind.is_called(&owner.kind) && name.matches(&owner.name));
            namespace.matches(&review.namespace) && (itself() || made_for())
        };
        let all = self.objects.iter().enumerate().filter(|(_, one)| covers(one));
        all.map(|(index, (_, _, object))| (index, object)).collect()
    }
}

/// Holds what the policy leaves alone or sets aside in one review. Nothing of it is worked out before somebody asks.
pub(super) struct Aside<'r> {
    exempt: &'r Compiled,
    controllers: &'r controllers::Compiled,
    review: &'r Review<'r>,
    owner: OnceCell<Option<Owner>>,
    /// The exemptions that cover the object and have not expired, each with its reason as it is shown.
    objects: OnceCell<Vec<(&'r Rules, Arc<str>)>>,
    templates: OnceCell<HashMap<&'r [Segment], &'r Template<'r>>>,
}

impl<'r> Aside<'r> {
    pub(super) fn new(exempt: &'r Compiled, controllers: &'r controllers::Compiled, review: &'r Review<'r>) -> Self {
        let (owner, objects, templates) = Default::default();
        Self { exempt, controllers, review, owner, objects, templates }
    }

    /// The owner that a controller creates the object for.
    pub(super) fn owner(&self) -> Option<&Owner> {
        self.owner.get_or_init(|| self.controllers.owner(self.review)).as_ref()
    }

    /// Returns whether it leaves everything as it is.
    pub(super) fn is_empty(&self) -> bool {
        self.exempt.containers.is_empty() && self.objects().is_empty()
    }

    /// Returns whether a finding is in a container that is left alone.
    pub(super) fn drops(&self, finding: &Finding) -> bool {
        !self.exempt.containers.is_empty()
            && self.container(&finding.at).is_some_and(|container| self.exempt.has(container))
    }

    /// Why a finding is set aside, if it is.
    pub(super) fn covering(&self, finding: &Finding) -> Option<Arc<str>> {
        if self.exempt.objects.is_empty() {
            return None;
        }
        let mut objects = self.objects().iter();
        objects.find(|(rules, _)| rules.contains(finding.rule)).map(|(_, reason)| Arc::clone(reason))
    }

    fn objects(&self) -> &[(&'r Rules, Arc<str>)] {
        self.objects.get_or_init(|| {
            if self.exempt.objects.is_empty() {
                return Vec::new();
            }
            let counts =
                |(_, object): &(usize, &ObjectExemption)| object.expires.is_none_or(|day| (self.exempt.today)() <= day);
            let all = self.exempt.covering(self.review, self.owner()).into_iter().filter(counts);
            let reason = |(index, object): (usize, &'r ObjectExemption)| {
                let until = object.expires.map(|day| format!(", until {day}")).unwrap_or_default();
                (&object.rules, format!("{} [spec.exemptions.objects[{index}]{until}]", object.reason.trim()).into())
            };
            all.map(reason).collect()
        })
    }

    /// The container that a place is in.
    fn container(&self, at: &Path) -> Option<&'r Container<'r>> {
        let templates = self.templates.get_or_init(|| {
            self.review.new.templates.iter().map(|template| (template.path.segments(), template)).collect()
        });
        let segments = at.segments();
        (0..=segments.len()).find_map(|length| {
            let (above, rest) = segments.split_at_checked(length)?;
            let template = templates.get(above)?;
            if template.is_container {
                return template.spec.containers.first();
            }
            let [Segment::Key(spec), Segment::Key(list), Segment::Index(index), ..] = rest else { return None };
            let spec = Some(&template.spec).filter(|_| **spec == *"spec")?;
            let list = match &**list {
                "containers" => &spec.containers,
                "initContainers" => &spec.init_containers,
                "ephemeralContainers" => &spec.ephemeral_containers,
                _ => return None,
            };
            list.get(*index)
        })
    }
}

/// The ways to write an image: as it is and with its registry, each with its tag and without.
fn images(image: &str) -> Vec<Cow<'_, str>> {
    let named = |text: &str| match text.split_once('/') {
        // A registry's name has a dot or a port, or is the machine itself.
        Some((host, _)) if host.contains(['.', ':']) || host == "localhost" => None,
        Some(_) => Some(format!("{DEFAULT_REGISTRY}/{text}")),
        None => Some(format!("{DEFAULT_REGISTRY}/library/{text}")),
    };
    let without_digest = image.split_once('@').map_or(image, |(name, _)| name);
    let (folder, last) =
        without_digest.rsplit_once('/').map_or((0, without_digest), |(folder, last)| (folder.len() + 1, last));
    let end = last.find(':').map_or(without_digest.len(), |colon| folder + colon);
    let bare = without_digest.get(..end).unwrap_or(without_digest);
    let mut all: Vec<Cow<'_, str>> = vec![image.into()];
    all.extend((bare != image).then_some(Cow::from(bare)));
    let registered: Vec<Cow<'_, str>> = all.iter().filter_map(|text| named(text)).map(Cow::from).collect();
    all.extend(registered);
    all
}

impl<'de> Deserialize<'de> for ContainerExemption {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        const FIELDS: &[&str] = &["image"];
        match Value::deserialize(deserializer)? {
            Value::String(name) => Ok(Self::Name(name)),
            Value::Object(members) => {
                if let Some(unknown) = members.keys().find(|key| !FIELDS.contains(&key.as_str())) {
                    return Err(de::Error::unknown_field(unknown, FIELDS));
                }
                match members.get("image") {
                    Some(Value::String(image)) => Ok(Self::Image { image: image.clone() }),
                    Some(other) => Err(de::Error::invalid_type(unexpected(other), &"a string")),
                    None => Err(de::Error::missing_field("image")),
                }
            }
            other => Err(de::Error::custom(format!("a container is named, or {{image: …}}; not {other}"))),
        }
    }
}

impl JsonSchema for ContainerExemption {
    fn schema_name() -> Cow<'static, str> {
        "ContainerExemption".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "oneOf": [
            { "type": "string" },
            { "type": "object", "properties": { "image": { "type": "string" } }, "required": ["image"],
              "additionalProperties": false },
        ] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_found_however_they_are_written() {
        for (image, all) in [
            (
                "istio/proxyv2:1.20",
                vec!["istio/proxyv2:1.20", "istio/proxyv2", "docker.io/istio/proxyv2:1.20", "docker.io/istio/proxyv2"],
            ),
            ("nginx", vec!["nginx", "docker.io/library/nginx"]),
            ("localhost:5000/a/b@sha256:0", vec!["localhost:5000/a/b@sha256:0", "localhost:5000/a/b"]),
            ("ghcr.io/a:1@sha256:0", vec!["ghcr.io/a:1@sha256:0", "ghcr.io/a"]),
            ("", vec!["", "docker.io/library/"]),
        ] {
            assert_eq!(images(image), all, "{image}");
        }
    }
}
