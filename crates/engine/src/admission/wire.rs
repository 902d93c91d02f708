//! The AdmissionReview as it goes over the wire, `admission.k8s.io/v1` and `v1beta1`: borrowed on the way in, owned on the
//! way out.

use std::{collections::BTreeMap, fmt};

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{self, DeserializeSeed, IgnoredAny, MapAccess, Visitor},
};

use crate::{
    model::{Given, Reading, User, Workload},
    syntax::{
        Str,
        json::{Strict, object},
    },
};

/// The versions of AdmissionReview that are understood; an answer comes in the version of its request.
pub(super) const API_VERSIONS: [&str; 2] = ["admission.k8s.io/v1", "admission.k8s.io/v1beta1"];

/// An AdmissionReview with a request, read as [`AdmissionRequest`] or [`InPlace`].
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", bound(deserialize = "R: Deserialize<'de>"))]
pub(super) struct AdmissionReview<'a, R> {
    #[serde(borrow, default)]
    pub(super) api_version: Str<'a>,
    #[serde(borrow, default)]
    pub(super) kind: Str<'a>,
    #[serde(default = "Option::default", deserialize_with = "object")]
    pub(super) request: Option<R>,
}

/// `request`, with its objects left as text.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct AdmissionRequest<'a> {
    #[serde(borrow)]
    pub(super) uid: Str<'a>,
    #[serde(borrow, deserialize_with = "crate::syntax::json::object_or_default")]
    pub(super) kind: GroupVersionKind<'a>,
    #[serde(borrow, deserialize_with = "crate::syntax::json::object_or_default")]
    pub(super) resource: GroupResource<'a>,
    #[serde(borrow)]
    pub(super) sub_resource: Str<'a>,
    #[serde(borrow)]
    pub(super) name: Str<'a>,
    #[serde(borrow)]
    pub(super) namespace: Str<'a>,
    #[serde(borrow)]
    pub(super) operation: Str<'a>,
    #[serde(borrow, deserialize_with = "crate::syntax::json::object_or_default")]
    pub(super) user_info: User<'a>,
    #[serde(borrow, deserialize_with = "text")]
    pub(super) object: Given<'a>,
    #[serde(borrow, deserialize_with = "text")]
    pub(super) old_object: Given<'a>,
}

fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Given<'de>, D::Error> {
    Reading::Text.deserialize(deserializer)
}

/// The same, with its objects read where they stand as far as that is possible. What is wrong with one that cannot be read
/// [`AdmissionRequest`] says better.
#[derive(Debug)]
pub(super) struct InPlace<'a>(pub(super) AdmissionRequest<'a>);

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

impl<'de> Deserialize<'de> for InPlace<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Members).map(Self)
    }
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = AdmissionRequest<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<AdmissionRequest<'de>, A::Error> {
        let mut request = AdmissionRequest::default();
        let mut seen = 0_u32;
        while let Some(field) = map.next_key::<Field>()? {
            let once = match field {
                Field::Unread => 0,
                _ => 1 << field as u32,
            };
            if seen & once != 0 {
                return Err(de::Error::custom("duplicate field"));
            }
            seen |= once;
            let reading =
                || Reading::of(&request.operation, &request.kind.group, &request.kind.kind, &request.sub_resource);
            match field {
                Field::Uid => request.uid = map.next_value()?,
                Field::Kind => request.kind = map.next_value::<Strict<_>>()?.0,
                Field::Resource => request.resource = map.next_value::<Strict<_>>()?.0,
                Field::SubResource => request.sub_resource = map.next_value()?,
                Field::Name => request.name = map.next_value()?,
                Field::Namespace => request.namespace = map.next_value()?,
                Field::Operation => request.operation = map.next_value()?,
                Field::UserInfo => request.user_info = map.next_value::<Strict<_>>()?.0,
                Field::Object => request.object = map.next_value_seed(reading())?,
                Field::OldObject => request.old_object = map.next_value_seed(reading())?,
                Field::Unread => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(request)
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

impl AdmissionRequest<'_> {
    /// A Scale is about the object that it scales.
    pub(super) fn of_scaled(mut self) -> Self {
        let scale = self.kind.kind == "Scale" && self.kind.group == "autoscaling" && self.sub_resource == "scale";
        if scale && let Some(workload) = Workload::by_resource(&self.resource.group, &self.resource.resource) {
            self.kind = GroupVersionKind { group: workload.group.into(), kind: workload.kind.into() };
        }
        self
    }
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
