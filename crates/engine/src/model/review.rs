//! `Review`: what one judgement is about, whether it came as an AdmissionReview or from a file.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;
use thiserror::Error;

use super::{
    Aspect, Given, Inventory, Metadata, Object, Operation, Template, Workload, entry::KnownWorkload, given::Outline,
    inventory::Namespace,
};
use crate::syntax::{Str, json::from_object};

/// Who asks.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct User<'a> {
    /// `userInfo.username`.
    #[serde(borrow)]
    pub username: Str<'a>,
    /// `userInfo.groups`.
    #[serde(borrow)]
    pub groups: crate::syntax::List<Str<'a>>,
}

impl User<'_> {
    /// Whether it is a kubelet.
    pub fn is_node(&self) -> bool {
        self.groups.iter().any(|group| *group == "system:nodes")
    }
}

/// The outer facts of a request, before its objects are read.
#[derive(Debug)]
pub struct Request<'a> {
    /// What is asked for.
    pub operation: Operation,
    /// API group of the object, empty for core.
    pub group: Str<'a>,
    /// Kind of the object.
    pub kind: Str<'a>,
    /// Subresource, empty for the object itself.
    pub sub_resource: Str<'a>,
    /// Namespace, empty for cluster-scoped objects.
    pub namespace: Str<'a>,
    /// Who asks.
    pub user: User<'a>,
    /// The object as it shall be.
    pub object: Given<'a>,
    /// The object as it is.
    pub old_object: Given<'a>,
    /// The other objects that are known, if any are.
    pub inventory: Option<&'a Inventory>,
}

/// One judgement: the request's facts and its objects.
#[derive(Debug)]
pub struct Review<'a> {
    /// What is asked for: CREATE, UPDATE or DELETE.
    pub operation: Operation,
    /// What of the object it is about.
    pub aspect: Aspect,
    /// The kind's row in the table.
    pub workload: &'static Workload,
    /// Subresource: empty, or `ephemeralcontainers`, `resize` or `status` of a Pod, or `scale` of a workload.
    pub sub_resource: Str<'a>,
    /// Namespace; for objects that name none it is empty.
    pub namespace: Str<'a>,
    /// Who asks.
    pub user: User<'a>,
    /// The object as it shall be; on DELETE as it is.
    pub new: Object<'a>,
    /// The object as it is; on UPDATE only.
    pub old: Option<Object<'a>>,
    /// The other objects that are known, if any are.
    pub inventory: Option<&'a Inventory>,
}

/// An object that is not what its kind says.
#[derive(Debug, Error)]
#[error("cannot read {field} as {kind}: {cause}")]
pub struct ReviewError {
    /// `object` or `oldObject`.
    pub field: &'static str,
    /// The kind that it should be.
    pub kind: &'static str,
    /// Where and what, from the parser.
    pub cause: String,
}

impl Request<'_> {
    /// What there is to judge, if anything. Deletions and scales are judged only by what else is known.
    fn aspect(&self, workload: &Workload) -> Option<Aspect> {
        let aspect = Aspect::of(self.operation, workload, &self.sub_resource);
        aspect.filter(|aspect| !matches!(aspect, Aspect::Deletion | Aspect::Scale) || self.inventory.is_some())
    }
}

/// Reads an object as a whole.
fn whole<'a>(workload: &'static Workload, given: Given<'a>) -> Result<Object<'a>, String> {
    match given {
        Given::Nothing => Err("it is missing".to_owned()),
        Given::Text(text) => workload.read(text),
        Given::Pod(pod) => Ok((*pod).into()),
        Given::Outline(outline) => outline.pod(),
    }
}

/// A Scale, with what is known of the workload that it scales: the labels of its Pods, and what it ignores.
fn scaled<'a>(scale: Object<'a>, known: &'a KnownWorkload) -> Object<'a> {
    let borrowed =
        |map: &'a BTreeMap<String, String>| map.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    let template = Metadata { labels: borrowed(&known.labels), ..Metadata::default() };
    let template = Template { metadata: Some(template), ..Template::default() };
    let metadata = Metadata { annotations: borrowed(&known.ignores), ..scale.metadata };
    // In a Scale 0 is left out.
    let mut controller = scale.controller;
    controller.replicas.get_or_insert(0);
    Object { metadata, templates: vec![template], controller, ..scale }
}

/// An object of an UPDATE whose spec is still text.
struct Outlined<'a> {
    outline: Outline<'a>,
    /// The whole text, where the outline was read from it.
    text: Option<&'a str>,
}

impl<'a> Outlined<'a> {
    fn read(given: Given<'a>) -> Result<Self, String> {
        match given {
            Given::Nothing => Err("it is missing".to_owned()),
            Given::Text(text) => Ok(Self { outline: from_object(text)?, text: Some(text) }),
            Given::Outline(outline) => Ok(Self { outline: *outline, text: None }),
            Given::Pod(_) => Err("it was read too early".to_owned()),
        }
    }

    /// Whether what both say of their Pods is the same text.
    fn is_like(&self, other: &Self) -> bool {
        let same =
            |one: Option<&RawValue>, other: Option<&RawValue>| one.map(RawValue::get) == other.map(RawValue::get);
        same(self.outline.spec, other.outline.spec) && same(self.outline.template, other.outline.template)
    }

    fn object(self, workload: &'static Workload) -> Result<Object<'a>, String> {
        let spec_text = self.outline.spec_text();
        let object = self.text.map_or_else(|| self.outline.pod(), |text| workload.read(text))?;
        Ok(Object { spec_text, ..object })
    }
}

impl<'a> Review<'a> {
    /// Reads what a request asks to judge. `None` where there is nothing to judge: see [`Aspect`]; also objects that are
    /// already terminating, and an UPDATE that leaves the spec as it is.
    pub fn read(request: Request<'a>) -> Result<Option<Self>, ReviewError> {
        let Some(workload) = Workload::find(&request.group, &request.kind) else { return Ok(None) };
        let Some(aspect) = request.aspect(workload) else { return Ok(None) };
        let unreadable = |field| move |cause| ReviewError { field, kind: workload.kind, cause };
        let Request { object, old_object, .. } = request;
        let (new, old) = match (request.operation, aspect) {
            (Operation::Update, Aspect::Spec) => {
                let new = Outlined::read(object).map_err(unreadable("object"))?;
                let old = Outlined::read(old_object).map_err(unreadable("oldObject"))?;
                if new.is_like(&old) || new.outline.metadata.deletion_timestamp.is_some() {
                    return Ok(None);
                }
                let new = new.object(workload).map_err(unreadable("object"))?;
                (new, Some(old.object(workload).map_err(unreadable("oldObject"))?))
            }
            (Operation::Update, _) => {
                let new = whole(workload, object).map_err(unreadable("object"))?;
                (new, Some(whole(workload, old_object).map_err(unreadable("oldObject"))?))
            }
            (_, Aspect::Deletion) => (whole(workload, old_object).map_err(unreadable("oldObject"))?, None),
            _ => (whole(workload, object).map_err(unreadable("object"))?, None),
        };
        // On CREATE it means nothing: whoever writes it into a manifest has the API server wipe it, after the webhooks that
        // mutate have seen it.
        if request.operation != Operation::Create && new.metadata.deletion_timestamp.is_some() {
            return Ok(None);
        }
        let (new, old) = match (aspect, old) {
            (Aspect::Scale, Some(old)) => {
                let known = request.inventory.and_then(|known| known.namespace(&request.namespace));
                let known = known.and_then(|known| known.workload(workload.kind, &new.metadata.name));
                // Of a Scale nothing tells which Pods it is about.
                let Some(known) = known else { return Ok(None) };
                (scaled(new, known), Some(scaled(old, known)))
            }
            both => (new, both.1),
        };
        Ok(Some(Self {
            operation: request.operation,
            aspect,
            workload,
            sub_resource: request.sub_resource,
            namespace: request.namespace,
            user: request.user,
            new,
            old,
            inventory: request.inventory,
        }))
    }

    /// Whether the object is the API server's mirror of a static Pod. Anybody may write the annotation into a new Pod; a
    /// kubelet makes it of one that it already runs.
    pub fn is_mirror_pod(&self) -> bool {
        let by_somebody_else =
            self.operation == Operation::Create && !self.user.username.is_empty() && !self.user.is_node();
        self.new.metadata.has_mirror_annotation() && !by_somebody_else
    }

    /// What is known of the namespace that the object lives in.
    pub fn known(&self) -> Option<&'a Namespace> {
        self.inventory?.namespace(&self.namespace)
    }
}
