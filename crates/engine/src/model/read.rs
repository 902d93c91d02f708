//! Reads objects: knows what stands where in each layout, whatever an object is read from.
//!
//! An object is JSON text, or stands in a request that is being read, or has been read as far as its outline. Each of the three
//! is a [`Source`], which gives the members of the object's root. All but the kinds with places of their own is read in one pass: their
//! places are looked for in text, by the patterns of their row of the table.

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::{
    Container, Metadata, Object, PodSpec, PodStatus, Template, Workload,
    autoscaler::AutoscalerSpec,
    object::{BudgetSpec, ControllerSpec, JobSpec, Pod, TemplateNode, VolumeClaimTemplate},
    outline::Outline,
    pod::Present,
    service::{Service, ServiceSpec},
    workload::{Holds, Layout, Place},
};
use crate::syntax::{
    List, Path, ReadErrors,
    json::{Strict, from_object, object, object_or_default},
    pattern,
};

/// Gives what stands at the root of one object.
pub(super) trait Source<'a> {
    /// Says what is wrong with the object.
    type Error;

    /// Reads a Pod.
    fn pod(self) -> Result<Pod<'a>, Self::Error>;

    /// Reads what is no Pod.
    fn root<C, S>(self) -> Result<Root<'a, C, S>, Self::Error>
    where
        C: Default + Deserialize<'a>,
        S: Default + Deserialize<'a>;
}

/// The members at the root of an object: `spec` is a `C`, and the specs of Pods in `template` are `S`.
#[derive(Default, Deserialize)]
#[serde(default)]
#[serde(bound(deserialize = "C: Default + Deserialize<'de>, S: Default + Deserialize<'de>, 'de: 'a"))]
pub(super) struct Root<'a, C, S> {
    #[serde(borrow, deserialize_with = "object_or_default")]
    pub(super) metadata: Metadata<'a>,
    #[serde(deserialize_with = "object_or_default")]
    pub(super) spec: C,
    #[serde(borrow, deserialize_with = "object")]
    pub(super) template: Option<Box<TemplateNode<'a, S>>>,
}

/// An object's text.
impl<'a> Source<'a> for &'a str {
    type Error = ReadErrors;

    fn pod(self) -> Result<Pod<'a>, ReadErrors> {
        from_object(self)
    }

    fn root<C, S>(self) -> Result<Root<'a, C, S>, ReadErrors>
    where
        C: Default + Deserialize<'a>,
        S: Default + Deserialize<'a>,
    {
        from_object(self)
    }
}

/// An object of which the outline is read, and the rest is text.
impl<'a> Source<'a> for Outline<'a> {
    type Error = ReadErrors;

    fn pod(self) -> Result<Pod<'a>, ReadErrors> {
        let (spec, status) = both(member("spec", self.spec), member("status", self.status))?;
        Ok(Pod { metadata: self.metadata, spec, status: status.unwrap_or_default() })
    }

    fn root<C, S>(self) -> Result<Root<'a, C, S>, ReadErrors>
    where
        C: Default + Deserialize<'a>,
        S: Default + Deserialize<'a>,
    {
        let template = member::<Box<TemplateNode<'a, S>>>("template", self.template);
        let (spec, template) = both(member::<C>("spec", self.spec), template)?;
        Ok(Root { metadata: self.metadata, spec: spec.unwrap_or_default(), template })
    }
}

/// Returns what two readings give, or the errors of both.
fn both<T, U>(one: Result<T, ReadErrors>, other: Result<U, ReadErrors>) -> Result<(T, U), ReadErrors> {
    match (one, other) {
        (Ok(one), Ok(other)) => Ok((one, other)),
        (Err(errors), Err(others)) => Err(errors.and(others)),
        (Err(errors), _) | (_, Err(errors)) => Err(errors),
    }
}

/// Reads a member that was left as text.
fn member<'a, T: Deserialize<'a>>(key: &'static str, text: Option<&'a RawValue>) -> Result<Option<T>, ReadErrors> {
    text.map(|text| from_object(text.get()).map_err(|errors| errors.within(&Path::of(&[key])))).transpose()
}

/// An object that stands where this deserializer is.
struct InPlace<D>(D);

impl<'de, D: Deserializer<'de>> Source<'de> for InPlace<D> {
    type Error = D::Error;

    fn pod(self) -> Result<Pod<'de>, D::Error> {
        Strict::deserialize(self.0).map(|Strict(pod)| pod)
    }

    fn root<C, S>(self) -> Result<Root<'de, C, S>, D::Error>
    where
        C: Default + Deserialize<'de>,
        S: Default + Deserialize<'de>,
    {
        Strict::deserialize(self.0).map(|Strict(root)| root)
    }
}

/// Finds the places of one object that a pattern names, each with its text.
type FindPlaces<'f, 'a> = &'f dyn Fn(&str) -> Result<Vec<(Path, &'a str)>, ReadErrors>;

impl Workload {
    /// Reads an object of this kind from JSON text.
    pub fn read<'a>(&'static self, text: &'a str) -> Result<Object<'a>, ReadErrors> {
        let mut object = self.read_from(text)?;
        if let Layout::Places { places, claims } = self.layout {
            object.read_places(places, claims, &|pattern| pattern::places(text, pattern))?;
        }
        Ok(Object { text: Some(text), ..object })
    }

    /// Reads an object that makes Pods, whose specs are read as `S`: nothing is read of them as [`Present`]. Containers that
    /// are in no Pod's spec are not read.
    pub(super) fn read_workload<'a, S>(&'static self, text: &'a str) -> Result<Object<'a, S>, ReadErrors>
    where
        S: Default + Deserialize<'a>,
    {
        let mut object = self.read_root(text)?;
        if let Layout::Places { places, claims } = self.layout {
            object.read_templates(places, claims, &|pattern| pattern::places(text, pattern))?;
        }
        Ok(object)
    }

    /// Returns whether an object of this kind can be read where it stands: places of a kind's own are found in text only.
    pub(super) fn reads_in_place(&self) -> bool {
        !matches!(self.layout, Layout::Places { .. })
    }

    /// Reads an object of this kind where it stands. Of a kind that has places of its own nothing is read but the metadata.
    pub(super) fn read_in_place<'de, D: Deserializer<'de>>(
        &'static self,
        deserializer: D,
    ) -> Result<Object<'de>, D::Error> {
        self.read_from(InPlace(deserializer))
    }

    /// Reads an object of this kind of which the outline is known: of one that stands in a request, what the outline has left as text.
    pub(super) fn read_outline<'a>(&'static self, outline: Outline<'a>) -> Result<Object<'a>, ReadErrors> {
        let spec_text = outline.spec_text();
        if let Some(text) = outline.text() {
            return Ok(Object { spec_text, ..self.read(text)? });
        }
        let mut object = self.read_from(outline)?;
        if let (Layout::Places { places, claims }, Some(spec)) = (self.layout, spec_text) {
            object.read_places(places, claims, &|pattern| places_in_spec(spec, pattern))?;
        }
        Ok(Object { spec_text, ..object })
    }

    /// Reads all but what stands at places of the kind's own.
    fn read_from<'a, R: Source<'a>>(&'static self, source: R) -> Result<Object<'a>, R::Error> {
        match self.layout {
            Layout::Pod => source.pod().map(Object::from),
            _ => self.read_root(source),
        }
    }

    /// Reads all but what stands at places of the kind's own; of a Pod its metadata only.
    fn read_root<'a, S, R>(&'static self, source: R) -> Result<Object<'a, S>, R::Error>
    where
        S: Default + Deserialize<'a>,
        R: Source<'a>,
    {
        match self.layout {
            Layout::Pod | Layout::Places { .. } => {
                let Root { metadata, .. } = source.root::<Present, Present>()?;
                Ok(Object { metadata, ..Object::default() })
            }
            Layout::Budget => {
                let Root { metadata, spec, .. } = source.root::<BudgetSpec<'a>, Present>()?;
                Ok(Object { metadata, budget: Some(spec), ..Object::default() })
            }
            Layout::Service => {
                let Root { metadata, spec, .. } = source.root::<ServiceSpec<'a>, Present>()?;
                let service = Some(Box::new(Service::of(&metadata.name, &spec)));
                Ok(Object { metadata, service, ..Object::default() })
            }
            Layout::Autoscaler => {
                let Root { metadata, spec, .. } = source.root::<Box<AutoscalerSpec<'a>>, Present>()?;
                Ok(Object { metadata, autoscaler: Some(spec), ..Object::default() })
            }
            Layout::Job => {
                let Root { metadata, mut spec, .. } = source.root::<JobSpec<'a, S>, Present>()?;
                let controller = ControllerSpec { selector: spec.selector.take(), ..ControllerSpec::default() };
                let templates = spec.at(Path::of(&[SPEC])).into_iter().collect();
                Ok(Object { metadata, templates, controller, ..Object::default() })
            }
            Layout::Template | Layout::Workload | Layout::CronJob => {
                Ok(self.controller(source.root::<ControllerSpec<'a, S>, S>()?))
            }
        }
    }

    /// Returns the object of a kind whose spec is a [`ControllerSpec`].
    fn controller<'a, S>(&'static self, root: Root<'a, ControllerSpec<'a, S>, S>) -> Object<'a, S>
    where
        S: Default,
    {
        let Root { metadata, mut spec, template } = root;
        let below_spec = spec.template.take().map(|node| node.at(Path::of(&[SPEC, "template"])));
        let job = spec.job_template.take().and_then(|node| node.spec);
        let template = match self.layout {
            Layout::Template => template.map(|node| node.at(Path::of(&["template"]))),
            Layout::CronJob => job.and_then(|job| job.at(Path::of(&[SPEC, "jobTemplate", SPEC]))),
            _ => below_spec,
        };
        let mut claims = Vec::new();
        if self.has_claim_templates {
            claims.extend(spec.volume_claim_templates.iter().map(|claim| claim.metadata.name.clone()));
        } else {
            spec.volume_claim_templates = List::default();
        }
        // Each member by its name: a default of the whole would make another large spec, to drop it.
        Object {
            text: None,
            spec_text: None,
            metadata,
            templates: template.into_iter().collect(),
            status: PodStatus::default(),
            controller: spec,
            claims,
            budget: None,
            service: None,
            autoscaler: None,
        }
    }
}

/// The name of the member in which nearly all kinds have their Pods.
const SPEC: &str = "spec";

/// Finds the places of an object of which only the text of its spec is known. There all kinds that podgate knows have theirs.
fn places_in_spec<'a>(text: &'a str, pattern: &str) -> Result<Vec<(Path, &'a str)>, ReadErrors> {
    let below = pattern.strip_prefix(SPEC).and_then(|rest| rest.strip_prefix('.'));
    let Some(below) = below else { return Ok(Vec::new()) };
    let at = Path::of(&[SPEC]);
    let found = pattern::places(text, below).map_err(|errors| errors.within(&at))?;
    Ok(found.into_iter().map(|(path, text)| (at.clone().join(&path), text)).collect())
}

/// Reads what stands at a place of an object.
fn read_at<'a, T: Deserialize<'a>>(at: &Path, text: &'a str) -> Result<T, ReadErrors> {
    from_object(text).map_err(|errors| errors.within(at))
}

impl<'a, S: Default + Deserialize<'a>> Object<'a, S> {
    /// Reads the Pod templates, the Jobs and the names of the claim templates at the places that a kind has them at.
    fn read_templates(
        &mut self,
        places: &[Place],
        claims: &[&str],
        find: FindPlaces<'_, 'a>,
    ) -> Result<(), ReadErrors> {
        for place in places.iter().filter(|place| place.holds != Holds::Container) {
            for (at, text) in find(place.at)? {
                match place.holds {
                    Holds::JobSpec => self.templates.extend(read_at::<JobSpec<'a, S>>(&at, text)?.at(at)),
                    _ => self.templates.push(read_at::<TemplateNode<'a, S>>(&at, text)?.at(at)),
                }
            }
        }
        for place in claims {
            for (at, text) in find(place)? {
                self.claims.push(read_at::<VolumeClaimTemplate<'a>>(&at, text)?.metadata.name);
            }
        }
        Ok(())
    }
}

impl<'a> Object<'a> {
    /// Reads the same, and the containers that are in no Pod's spec, each as the only one of a Pod that is never restarted. What is
    /// mounted there is declared somewhere else, and is not read.
    fn read_places(&mut self, places: &[Place], claims: &[&str], find: FindPlaces<'_, 'a>) -> Result<(), ReadErrors> {
        self.read_templates(places, claims, find)?;
        for place in places.iter().filter(|place| place.holds == Holds::Container) {
            for (path, text) in find(place.at)? {
                let mut container: Container<'a> = read_at(&path, text)?;
                (container.volume_mounts, container.volume_devices) = Default::default();
                if container.name.is_empty() {
                    let field = place.at.trim_end_matches("[*]").rsplit('.').next();
                    container.name = field.unwrap_or_default().into();
                }
                let spec = PodSpec { containers: [container].into_iter().collect(), ..PodSpec::default() };
                self.templates.push(Template { path, is_container: true, metadata: None, spec, job: None });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::workload::WORKLOADS;

    #[test]
    fn every_kind_finds_its_templates() {
        let pod = r#"{"spec": {"containers": [{"name": "c"}]}}"#;
        let job = format!(r#"{{"spec": {{"template": {pod}}}}}"#);
        let cases = [
            ("", "Pod", pod.to_owned(), vec![""]),
            ("", "PodTemplate", format!(r#"{{"template": {pod}}}"#), vec!["template"]),
            ("apps", "Deployment", format!(r#"{{"spec": {{"template": {pod}}}}}"#), vec!["spec.template"]),
            ("serving.knative.dev", "Service", format!(r#"{{"spec": {{"template": {pod}}}}}"#), vec!["spec.template"]),
            (
                "batch",
                "CronJob",
                format!(r#"{{"spec": {{"jobTemplate": {job}}}}}"#),
                vec!["spec.jobTemplate.spec.template"],
            ),
            (
                "apps.kruise.io",
                "AdvancedCronJob",
                format!(r#"{{"spec": {{"template": {{"broadcastJobTemplate": {job}}}}}}}"#),
                vec!["spec.template.broadcastJobTemplate.spec.template"],
            ),
            (
                "jobset.x-k8s.io",
                "JobSet",
                format!(r#"{{"spec": {{"replicatedJobs": [{{"template": {job}}}, {{"template": {job}}}]}}}}"#),
                vec!["spec.replicatedJobs[0].template.spec.template", "spec.replicatedJobs[1].template.spec.template"],
            ),
            (
                "leaderworkerset.x-k8s.io",
                "LeaderWorkerSet",
                format!(
                    r#"{{"spec": {{"leaderWorkerTemplate": {{"leaderTemplate": {pod}, "workerTemplate": {pod}}}}}}}"#
                ),
                vec!["spec.leaderWorkerTemplate.leaderTemplate", "spec.leaderWorkerTemplate.workerTemplate"],
            ),
        ];
        for (group, kind, text, paths) in cases {
            let object = Workload::find(group, kind).unwrap().read(&text).unwrap();
            let found: Vec<String> = object.templates.iter().map(|template| template.path.to_string()).collect();
            assert_eq!(found, paths, "{kind}");
            assert!(object.templates.iter().all(|template| template.spec.containers[0].name == "c"), "{kind}");
        }
    }

    #[test]
    fn claim_templates_give_volumes() {
        let claim = r#"{"metadata": {"name": "data"}}"#;
        let of_set = format!(r#"{{"spec": {{"volumeClaimTemplates": [{claim}]}}}}"#);
        for (group, kind, text, claims) in [
            ("apps", "StatefulSet", of_set.clone(), vec!["data"]),
            ("apps.kruise.io", "CloneSet", of_set.clone(), vec!["data"]),
            ("apps", "Deployment", of_set, vec![]),
            (
                "leaderworkerset.x-k8s.io",
                "LeaderWorkerSet",
                format!(r#"{{"spec": {{"leaderWorkerTemplate": {{"volumeClaimTemplates": [{claim}]}}}}}}"#),
                vec!["data"],
            ),
            (
                "jobset.x-k8s.io",
                "JobSet",
                format!(r#"{{"spec": {{"volumeClaimPolicies": [{{"templates": [{claim}]}}]}}}}"#),
                vec!["data"],
            ),
        ] {
            assert_eq!(Workload::find(group, kind).unwrap().read(&text).unwrap().claims, claims, "{kind}");
        }
    }

    #[test]
    fn objects_without_templates_have_none() {
        for row in WORKLOADS.iter().filter(|row| !row.is_pod()) {
            for text in ["{}", r#"{"spec": null}"#, r#"{"spec": {"template": null}, "template": null}"#] {
                assert!(row.read(text).unwrap().templates.is_empty(), "{} {text}", row.kind);
            }
        }
    }

    #[test]
    fn containers_without_a_pod_stand_alone() {
        let text = r#"{"spec": {"steps": [
            {"name": "build", "image": "a", "volumeMounts": [{"name": "source", "mountPath": "/s"}]}, {"image": "b"}
        ]}}"#;
        let object = Workload::find("tekton.dev", "Task").unwrap().read(text).unwrap();
        let [build, other] = object.templates.as_slice() else { panic!("{object:?}") };
        assert_eq!((build.spec_at().to_string(), build.is_container), ("spec.steps[0]".to_owned(), true));
        let container = &build.spec.containers[0];
        assert!(container.name == "build" && container.volume_mounts.is_empty(), "{container:?}");
        assert_eq!(other.spec.containers[0].name, "steps");
        let wrong = Workload::find("tekton.dev", "Task").unwrap().read(r#"{"spec": {"steps": [{"ports": 1}]}}"#);
        assert_eq!(wrong.unwrap_err().to_string(), "spec.steps[0].ports: is 1; a list is expected");
    }
}
