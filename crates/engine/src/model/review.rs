//! `Review`: what one judgement is about, whether it came as an AdmissionReview or from a file.
//!
//! A [`Request`] becomes a review in one step, which reads no more than the judgement needs: a request without a
//! [`Target`] never comes here; a change that leaves the spec as it is, which the two texts tell, ends before the spec is read;
//! and the old object is read only of a change. What may be in a request, and when, is
//! [the API server's contract](https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#request):
//! `object` is null on DELETE, `oldObject` on CREATE. An object that breaks it, or that is not what its kind says, is a
//! [`ReviewError`], which lists all that is wrong with it.

use std::{collections::BTreeMap, sync::Arc};

use serde::Deserialize;
use thiserror::Error;

use super::{
    Concern, Inventory, Metadata, Object, Objects, Operation, Target, Template, Workload, WorkloadTable,
    inventory::Namespace, inventory_object::InventoryWorkload, outline::Outline,
};
use crate::syntax::{
    ReadErrors, Str,
    json::{from_object, object_or_default},
};

/// Names the user who asks.
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
    /// Returns whether it is a kubelet.
    pub fn is_node(&self) -> bool {
        self.groups.iter().any(|group| *group == "system:nodes")
    }
}

/// Describes what is asked, before it is clear whether there is anything to judge.
#[derive(Debug)]
pub struct Request<'a> {
    /// Says what it is about.
    pub target: Target,
    /// Subresource, empty for the object itself.
    pub sub_resource: Str<'a>,
    /// Namespace, empty for cluster-scoped objects.
    pub namespace: Str<'a>,
    /// Names the user who asks.
    pub user: User<'a>,
    /// The object as it shall be and as it is.
    pub objects: Objects<'a>,
    /// The other objects that are known, if any are.
    pub inventory: Option<&'a Inventory>,
}

/// One judgement: the request's facts and its objects.
#[derive(Debug)]
pub struct Review<'a> {
    /// Names the operation: CREATE, UPDATE or DELETE.
    pub operation: Operation,
    /// Names the part of the object that it is about.
    pub concern: Concern,
    /// The kind's row in the table.
    pub workload: &'static Workload,
    /// Subresource: empty, or `ephemeralcontainers`, `resize` or `status` of a Pod, or `scale` of a workload.
    pub sub_resource: Str<'a>,
    /// Namespace; for objects that name none it is empty.
    pub namespace: Str<'a>,
    /// Names the user who asks.
    pub user: User<'a>,
    /// Tells whether the object was read from a file, and nobody asks for it now. [`Review::read`] leaves it false.
    pub from_file: bool,
    /// Tells whether somebody removes the scheduling gates that wait for other objects. [`Review::read`] leaves it false.
    pub opens_gates: bool,
    /// The object as it shall be; on DELETE as it is. Shared, because the old one is judged in its place too.
    pub new: Arc<Object<'a>>,
    /// The object as it is; on UPDATE only.
    pub old: Option<Arc<Object<'a>>>,
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
    /// Says what is wrong with it.
    pub cause: ObjectError,
}

/// Says what is wrong with an object of a request.
#[derive(Debug, Error)]
pub enum ObjectError {
    /// The request does not have it.
    #[error("it is missing")]
    Missing,
    /// It cannot be read.
    #[error(transparent)]
    Unreadable(#[from] ReadErrors),
}

/// Returns an object that has to be there.
fn there<T>(object: Option<T>) -> Result<T, ObjectError> {
    object.ok_or(ObjectError::Missing)
}

/// Reads an object as a whole.
fn whole<'a>(workload: &'static Workload, text: Option<&'a str>) -> Result<Object<'a>, ObjectError> {
    Ok(workload.read(there(text)?)?)
}

/// Reads what tells whether an object has changed. Its errors are those of the whole object.
fn outline<'a>(workload: &'static Workload, text: Option<&'a str>) -> Result<Outline<'a>, ObjectError> {
    let text = there(text)?;
    Ok(Outline::of(text).map_err(|errors| workload.read(text).err().unwrap_or(errors))?)
}

/// Returns a Scale with what is known of the workload that it scales: the labels of its Pods, and what it ignores.
fn scaled<'a>(scale: Object<'a>, workload: &'a InventoryWorkload) -> Object<'a> {
    let borrowed =
        |map: &'a BTreeMap<String, String>| map.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    let template = Metadata { labels: borrowed(&workload.labels), ..Metadata::default() };
    let template = Template { metadata: Some(template), ..Template::default() };
    let metadata = Metadata { annotations: borrowed(&workload.ignores), ..scale.metadata };
    // In a Scale 0 is left out.
    let mut controller = scale.controller;
    controller.replicas.get_or_insert(0);
    Object { metadata, templates: vec![template], controller, ..scale }
}

/// The object to judge, and on UPDATE the one before it.
type NewAndOld<'a> = (Object<'a>, Option<Object<'a>>);

impl<'a> Request<'a> {
    /// Reads the objects as far as they are judged; `None` for an UPDATE that leaves the spec as it is.
    fn read(target: Target, objects: Objects<'a>) -> Result<Option<NewAndOld<'a>>, ReviewError> {
        let workload = target.workload();
        let in_new = |cause| ReviewError { field: "object", kind: workload.kind, cause };
        let in_old = |cause| ReviewError { field: "oldObject", kind: workload.kind, cause };
        let changed = |new: Outline<'a>, old: Outline<'a>| {
            if new.is_settled(&old) {
                return Ok(None);
            }
            let new = workload.read_outline(new).map_err(|errors| in_new(ObjectError::Unreadable(errors)))?;
            let old = workload.read_outline(old).map_err(|errors| in_old(ObjectError::Unreadable(errors)))?;
            Ok(Some((new, Some(old))))
        };
        let objects = match (objects, target.operation(), target.concern()) {
            (Objects::Created { new, .. }, ..) => (*there(new).map_err(in_new)?, None),
            (Objects::Changed { new, old }, ..) => {
                return changed(*there(new).map_err(in_new)?, *there(old).map_err(in_old)?);
            }
            (Objects::Text { new, old }, Operation::Update, Concern::Spec) => {
                let new = outline(workload, new).map_err(in_new)?;
                return changed(new, outline(workload, old).map_err(in_old)?);
            }
            (Objects::Text { new, old }, Operation::Update, _) => {
                (whole(workload, new).map_err(in_new)?, Some(whole(workload, old).map_err(in_old)?))
            }
            (Objects::Text { old, .. }, _, Concern::Deletion) => (whole(workload, old).map_err(in_old)?, None),
            (Objects::Text { new, .. }, ..) => (whole(workload, new).map_err(in_new)?, None),
        };
        Ok(Some(objects))
    }
}

/// The fields that tell what an object is.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Identity<'a> {
    #[serde(borrow)]
    api_version: Str<'a>,
    #[serde(borrow)]
    kind: Str<'a>,
    #[serde(borrow, deserialize_with = "object_or_default")]
    metadata: Names<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Names<'a> {
    #[serde(borrow)]
    namespace: Str<'a>,
}

impl<'a> Review<'a> {
    /// Reads an object, JSON text with `apiVersion` and `kind`, as its creation would be asked for; one that names no namespace
    /// lives in `namespace`. `None` where there is nothing to judge: its kind is not in `kinds`.
    pub fn created(kinds: &WorkloadTable, object: &'a str, namespace: &'a str) -> Result<Option<Self>, ReviewError> {
        let unreadable = |errors| ReviewError {
            field: "object",
            kind: "a Kubernetes object",
            cause: ObjectError::Unreadable(errors),
        };
        let Identity { api_version, kind, metadata } = from_object(object).map_err(unreadable)?;
        let group = api_version.rsplit_once('/').map_or("", |(group, _)| group);
        let target = kinds.find(group, &kind).and_then(|workload| Target::of(Operation::Create, workload, ""));
        let Some(target) = target else { return Ok(None) };
        let namespace = if metadata.namespace.is_empty() { namespace.into() } else { metadata.namespace };
        Self::read(Request {
            target,
            sub_resource: "".into(),
            namespace,
            user: User::default(),
            objects: Objects::created(object),
            inventory: None,
        })
    }

    /// Reads what a request asks to judge. `None` where there is nothing to judge: deletions and scales where no other objects
    /// are known, objects that are already terminating, and an UPDATE that leaves the spec as it is.
    pub fn read(request: Request<'a>) -> Result<Option<Self>, ReviewError> {
        let Request { target, objects, .. } = request;
        let (operation, workload, concern) = (target.operation(), target.workload(), target.concern());
        if matches!(concern, Concern::Deletion | Concern::Scale) && request.inventory.is_none() {
            return Ok(None);
        }
        let Some((new, old)) = Request::read(target, objects)? else { return Ok(None) };
        // On CREATE it means nothing: whoever writes it into a manifest has the API server wipe it, after the webhooks that
        // mutate have seen it.
        if operation != Operation::Create && new.metadata.deletion_timestamp.is_some() {
            return Ok(None);
        }
        let (new, old) = match (concern, old) {
            (Concern::Scale, Some(old)) => {
                let namespace = request.inventory.and_then(|inventory| inventory.namespace(&request.namespace));
                let workload = namespace.and_then(|namespace| namespace.workload(workload.kind, &new.metadata.name));
                // Of a Scale nothing tells which Pods it is about.
                let Some(workload) = workload else { return Ok(None) };
                (scaled(new, workload), Some(scaled(old, workload)))
            }
            (_, old) => (new, old),
        };
        Ok(Some(Self {
            operation,
            concern,
            workload,
            sub_resource: request.sub_resource,
            namespace: request.namespace,
            user: request.user,
            from_file: false,
            opens_gates: false,
            new: Arc::new(new),
            old: old.map(Arc::new),
            inventory: request.inventory,
        }))
    }

    /// Returns whether the object is the API server's mirror of a static Pod. Anybody may write the annotation into a new Pod; a
    /// kubelet makes it of one that it already runs.
    pub fn is_mirror_pod(&self) -> bool {
        let by_somebody_else =
            self.operation == Operation::Create && !self.user.username.is_empty() && !self.user.is_node();
        self.new.metadata.has_mirror_annotation() && !by_somebody_else
    }

    /// Returns what is known of the namespace that the object lives in.
    pub fn known(&self) -> Option<&'a Namespace> {
        self.inventory?.namespace(&self.namespace)
    }
}
