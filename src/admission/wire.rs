//! The AdmissionReview as it goes over the wire, `admission.k8s.io/v1` and `v1beta1`: borrowed on the way in, owned on the
//! way out.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::model::{Str, User, json::object};

/// The versions of AdmissionReview that are understood; an answer comes in the version of its request.
pub(super) const API_VERSIONS: [&str; 2] = ["admission.k8s.io/v1", "admission.k8s.io/v1beta1"];

/// An AdmissionReview with a request.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct AdmissionReview<'a> {
    #[serde(borrow)]
    pub(super) api_version: Str<'a>,
    #[serde(borrow)]
    pub(super) kind: Str<'a>,
    #[serde(borrow, deserialize_with = "object")]
    pub(super) request: Option<AdmissionRequest<'a>>,
}

/// `request`. The objects are left as text until it is known whether anybody wants them.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct AdmissionRequest<'a> {
    #[serde(borrow)]
    pub(super) uid: Str<'a>,
    #[serde(borrow, deserialize_with = "crate::model::json::object_or_default")]
    pub(super) kind: GroupVersionKind<'a>,
    #[serde(borrow)]
    pub(super) sub_resource: Str<'a>,
    #[serde(borrow)]
    pub(super) name: Str<'a>,
    #[serde(borrow)]
    pub(super) namespace: Str<'a>,
    #[serde(borrow)]
    pub(super) operation: Str<'a>,
    #[serde(borrow, deserialize_with = "crate::model::json::object_or_default")]
    pub(super) user_info: User<'a>,
    #[serde(borrow)]
    pub(super) object: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) old_object: Option<&'a RawValue>,
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
