//! `Review`: what one judgement is about, whether it came as an AdmissionReview or from a file.

use serde::Deserialize;
use serde_json::value::RawValue;
use thiserror::Error;

use super::{
    Inventory, Metadata, Object, Str, Workload,
    inventory::Namespace,
    json::{from_object, object_or_default},
};

/// What the client asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operation {
    /// A new object.
    Create,
    /// A changed object.
    Update,
    /// An object's end.
    Delete,
    /// A connection to a subresource, such as `pods/exec`.
    Connect,
}

impl Operation {
    /// Reads the AdmissionReview's word for it.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Create, Self::Update, Self::Delete, Self::Connect].into_iter().find(|known| known.as_str() == word)
    }

    /// The AdmissionReview's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "CREATE",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
            Self::Connect => "CONNECT",
        }
    }
}

/// Who asks.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct User<'a> {
    /// `userInfo.username`.
    #[serde(borrow)]
    pub username: Str<'a>,
    /// `userInfo.groups`.
    #[serde(borrow)]
    pub groups: super::List<Str<'a>>,
}

impl User<'_> {
    /// Whether it is a kubelet.
    pub fn is_node(&self) -> bool {
        self.groups.iter().any(|group| *group == "system:nodes")
    }
}

/// What of an object a review is about. A rule judges one aspect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Aspect {
    /// The object as it is created or changed.
    Spec,
    /// A changed `status` of a Pod.
    Status,
    /// A Pod that somebody deletes.
    Deletion,
}

/// The outer facts of a request, before its objects are read.
#[derive(Debug, Clone)]
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
    pub object: Option<&'a RawValue>,
    /// The object as it is.
    pub old_object: Option<&'a RawValue>,
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
    /// Subresource: empty, or `ephemeralcontainers`, `resize` or `status` of a Pod.
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

/// The parts of an object that tell whether there is anything to judge.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Outline<'a> {
    #[serde(borrow, deserialize_with = "object_or_default")]
    metadata: Metadata<'a>,
    #[serde(borrow)]
    spec: Option<&'a RawValue>,
    #[serde(borrow)]
    template: Option<&'a RawValue>,
}

impl Request<'_> {
    /// What there is to judge, if anything: nothing for kinds that podgate does not know, and for subresources that change no
    /// lifecycle (`scale`, `binding`, `eviction`, …). A deletion is judged only by what else is known.
    fn aspect(&self, workload: &Workload) -> Option<Aspect> {
        match (self.operation, &*self.sub_resource) {
            (Operation::Create | Operation::Update, "") => Some(Aspect::Spec),
            (Operation::Update, "ephemeralcontainers" | "resize") if workload.is_pod() => Some(Aspect::Spec),
            (Operation::Update, "status") if workload.is_pod() => Some(Aspect::Status),
            (Operation::Delete, "") if workload.is_pod() && self.inventory.is_some() => Some(Aspect::Deletion),
            _ => None,
        }
    }
}

impl<'a> Review<'a> {
    /// Reads what a request asks to judge. `None` where there is nothing to judge: see [`Aspect`]; also objects that are
    /// terminating, and an UPDATE that leaves the spec as it is.
    pub fn read(request: Request<'a>) -> Result<Option<Self>, ReviewError> {
        let Some(workload) = Workload::find(&request.group, &request.kind) else { return Ok(None) };
        let Some(aspect) = request.aspect(workload) else { return Ok(None) };
        let unreadable = |field| move |cause| ReviewError { field, kind: workload.kind, cause };
        let given = |field, raw: Option<&'a RawValue>| {
            raw.map(RawValue::get).ok_or_else(|| unreadable(field)("it is missing".to_owned()))
        };
        let (field, text) = match aspect {
            Aspect::Spec | Aspect::Status => ("object", given("object", request.object)?),
            Aspect::Deletion => ("oldObject", given("oldObject", request.old_object)?),
        };
        let old_text = match request.operation {
            Operation::Update => Some(given("oldObject", request.old_object)?),
            _ => None,
        };
        if let (Some(old_text), Aspect::Spec) = (old_text, aspect) {
            let new: Outline<'a> = from_object(text).map_err(unreadable("object"))?;
            let old: Outline<'a> = from_object(old_text).map_err(unreadable("oldObject"))?;
            let same =
                |new: Option<&RawValue>, old: Option<&RawValue>| new.map(RawValue::get) == old.map(RawValue::get);
            if same(new.spec, old.spec) && same(new.template, old.template) || new.metadata.deletion_timestamp.is_some()
            {
                return Ok(None);
            }
        }
        let new = workload.read(text).map_err(unreadable(field))?;
        if new.metadata.deletion_timestamp.is_some() {
            return Ok(None);
        }
        let old = old_text.map(|text| workload.read(text).map_err(unreadable("oldObject"))).transpose()?;
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

    /// What is known of the namespace that the object lives in.
    pub fn known(&self) -> Option<&'a Namespace> {
        self.inventory?.namespace(&self.namespace)
    }
}
