//! The AdmissionReview as it goes over the wire, `admission.k8s.io/v1` and `v1beta1`: borrowed on the way in, owned on the
//! way out.

use std::{collections::BTreeMap, fmt};

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{self, IgnoredAny, MapAccess, Visitor},
};
use thiserror::Error;

use crate::{
    model::{Objects, Operation, Target, User, Workload, WorkloadTable},
    syntax::{
        ReadErrors, Str,
        json::{object, object_or_default},
    },
};

/// The versions of AdmissionReview that are understood; an answer comes in the version of its request.
pub(super) const API_VERSIONS: [&str; 2] = ["admission.k8s.io/v1", "admission.k8s.io/v1beta1"];

/// Says why a body is no AdmissionReview that can be answered.
#[derive(Debug, Error)]
pub(super) enum EnvelopeError {
    #[error("the body is not UTF-8 at byte {0}")]
    NotUtf8(usize),
    #[error("the body is empty; an AdmissionReview is needed")]
    Empty,
    #[error("the body is no AdmissionReview: {0}")]
    Unreadable(#[from] ReadErrors),
    #[error("kind is \"{0}\", not AdmissionReview")]
    OtherKind(String),
    #[error("apiVersion is \"{0}\", not {versions}", versions = API_VERSIONS.join(" or "))]
    OtherVersion(String),
    #[error("request is missing")]
    NoRequest,
    #[error("request.uid is missing")]
    NoUid,
    #[error("request.operation is \"{0}\", not CREATE, UPDATE, DELETE or CONNECT")]
    OtherOperation(String),
}

/// An AdmissionReview with a request, whose objects are read where they stand or left as text.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AdmissionReview<'a, const IN_PLACE: bool> {
    #[serde(borrow, default)]
    api_version: Str<'a>,
    #[serde(borrow, default)]
    kind: Str<'a>,
    #[serde(borrow, default = "Option::default", deserialize_with = "object")]
    request: Option<ReadRequest<'a, IN_PLACE>>,
}

impl<'a, const IN_PLACE: bool> AdmissionReview<'a, IN_PLACE> {
    /// Returns `kind`, `apiVersion` and `request`, however its objects were read.
    pub(super) fn into_parts(self) -> (Str<'a>, Str<'a>, Option<AdmissionRequest<'a>>) {
        (self.kind, self.api_version, self.request.map(|ReadRequest(request)| request))
    }
}

/// An [`AdmissionRequest`], by how its objects are read. One that is read in place has no room for the words and places of
/// what is wrong; whatever fails there is read once more as text.
#[derive(Debug)]
struct ReadRequest<'a, const IN_PLACE: bool>(AdmissionRequest<'a>);

/// `request`.
#[derive(Debug, Default)]
pub(super) struct AdmissionRequest<'a> {
    pub(super) uid: Str<'a>,
    pub(super) kind: GroupVersionKind<'a>,
    pub(super) resource: GroupResource<'a>,
    pub(super) sub_resource: Str<'a>,
    pub(super) name: Str<'a>,
    pub(super) namespace: Str<'a>,
    pub(super) operation: Str<'a>,
    pub(super) user_info: User<'a>,
    pub(super) objects: Objects<'a>,
    pub(super) meaning: Meaning,
}

/// Says what the words of a request mean; worked out once, before the first object is read.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Meaning {
    /// `None` where there is no such operation.
    pub(super) operation: Option<Operation>,
    /// The kind's row in the table; of a Scale that of the object that it scales.
    pub(super) workload: Option<&'static Workload>,
    /// Says what there is to judge, if anything.
    pub(super) target: Option<Target>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(field_identifier, rename_all = "camelCase")]
enum Field {
    Uid,
    Kind,
    Resource,
    SubResource,
    Name,
    Namespace,
    Operation,
    UserInfo,
    Object,
    OldObject,
    #[serde(other)]
    Unread,
}

impl Field {
    fn as_str(self) -> &'static str {
        match self {
            Self::Uid => "uid",
            Self::Kind => "kind",
            Self::Resource => "resource",
            Self::SubResource => "subResource",
            Self::Name => "name",
            Self::Namespace => "namespace",
            Self::Operation => "operation",
            Self::UserInfo => "userInfo",
            Self::Object => "object",
            Self::OldObject => "oldObject",
            Self::Unread => "",
        }
    }

    /// Returns whether it says what the objects are.
    fn has_meaning(self) -> bool {
        matches!(self, Self::Kind | Self::Resource | Self::SubResource | Self::Operation)
    }
}

impl<'de: 'a, 'a, const IN_PLACE: bool> Deserialize<'de> for ReadRequest<'a, IN_PLACE> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Members::<IN_PLACE>).map(Self)
    }
}

struct Members<const IN_PLACE: bool>;

impl<'de, const IN_PLACE: bool> Visitor<'de> for Members<IN_PLACE> {
    type Value = AdmissionRequest<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<AdmissionRequest<'de>, A::Error> {
        let mut request = AdmissionRequest::default();
        let (mut seen, mut is_understood) = (0_u32, false);
        while let Some(field) = map.next_key::<Field>()? {
            let once = match field {
                Field::Unread => 0,
                _ => 1 << field as u32,
            };
            if seen & once != 0 {
                return Err(de::Error::duplicate_field(field.as_str()));
            }
            seen |= once;
            if IN_PLACE && is_understood && field.has_meaning() {
                return Err(de::Error::custom("it comes too late to be read in place"));
            }
            if IN_PLACE && !is_understood && matches!(field, Field::Object | Field::OldObject) {
                request.understand();
                request.objects = Objects::in_place(request.meaning.target);
                is_understood = true;
            }
            match field {
                Field::Uid => request.uid = map.next_value()?,
                Field::Kind => request.kind = map.next_value::<OrDefault<_>>()?.0,
                Field::Resource => request.resource = map.next_value::<OrDefault<_>>()?.0,
                Field::SubResource => request.sub_resource = map.next_value()?,
                Field::Name => request.name = map.next_value()?,
                Field::Namespace => request.namespace = map.next_value()?,
                Field::Operation => request.operation = map.next_value()?,
                Field::UserInfo => request.user_info = map.next_value::<OrDefault<_>>()?.0,
                Field::Object => map.next_value_seed(request.objects.new_object())?,
                Field::OldObject => map.next_value_seed(request.objects.old_object())?,
                Field::Unread => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        if !is_understood {
            request.understand();
        }
        Ok(request)
    }
}

impl AdmissionRequest<'_> {
    /// Works out what the words mean. A Scale is about the object that it scales.
    fn understand(&mut self) {
        let scale = self.kind.kind == "Scale" && self.kind.group == "autoscaling" && self.sub_resource == "scale";
        let scaled = if scale { Workload::by_resource(&self.resource.group, &self.resource.resource) } else { None };
        if let Some(workload) = scaled {
            self.kind = GroupVersionKind { group: workload.group.into(), kind: workload.kind.into() };
        }
        self.mean(scaled.or_else(|| Workload::find(&self.kind.group, &self.kind.kind)));
    }

    /// Takes the words to be about an object of a kind that the policy adds, if they are. Its objects are text: of a kind that is not
    /// known nothing is read in place.
    pub(super) fn understand_added(&mut self, table: &WorkloadTable) {
        if self.meaning.workload.is_none() {
            self.mean(table.added(&self.kind.group, &self.kind.kind));
        }
    }

    fn mean(&mut self, workload: Option<&'static Workload>) {
        let operation = Operation::parse(&self.operation);
        let target = operation.zip(workload);
        let target = target.and_then(|(operation, workload)| Target::of(operation, workload, &self.sub_resource));
        self.meaning = Meaning { operation, workload, target };
    }
}

/// An object; `null` is the default.
struct OrDefault<T>(T);

impl<'de, T: Deserialize<'de> + Default> Deserialize<'de> for OrDefault<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        object_or_default(deserializer).map(Self)
    }
}

/// `request.kind`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct GroupVersionKind<'a> {
    #[serde(borrow)]
    pub(super) group: Str<'a>,
    #[serde(borrow)]
    pub(super) kind: Str<'a>,
}

/// `request.resource`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct GroupResource<'a> {
    #[serde(borrow)]
    pub(super) group: Str<'a>,
    #[serde(borrow)]
    pub(super) resource: Str<'a>,
}

/// An AdmissionReview with a response.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Answer<'a> {
    pub(super) kind: &'static str,
    pub(super) api_version: &'static str,
    pub(super) response: AdmissionResponse<'a>,
}

/// `response`.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AdmissionResponse<'a> {
    pub(super) uid: &'a str,
    pub(super) allowed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) status: Option<Status<'a>>,
    /// A JSON patch, in base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) patch: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) patch_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) warnings: Vec<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) audit_annotations: BTreeMap<&'static str, String>,
}

/// `metav1.Status` of a denial.
#[derive(Debug, Serialize)]
pub(super) struct Status<'a> {
    pub(super) code: u16,
    pub(super) reason: &'static str,
    pub(super) message: String,
    pub(super) details: Details<'a>,
}

/// `metav1.StatusDetails`: without kind and name kubectl prints no causes.
#[derive(Debug, Serialize)]
pub(super) struct Details<'a> {
    pub(super) group: &'a str,
    pub(super) kind: &'a str,
    pub(super) name: &'a str,
    pub(super) causes: Vec<Cause>,
}

/// `metav1.StatusCause`.
#[derive(Debug, Serialize)]
pub(super) struct Cause {
    pub(super) reason: &'static str,
    pub(super) field: String,
    pub(super) message: String,
}
