//! `Given`: an object of a request, read as far as it was worth while when it was met.
//!
//! An AdmissionReview says the kind before the object. A Pod, which most requests are about, is therefore read where it
//! stands; to take its text first, and to read that, would be to go through it twice. Everything else is left as text until
//! it is known whether anybody wants it.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{self, DeserializeSeed, Visitor},
};
use serde_json::value::RawValue;

use super::{
    Aspect, Metadata, Operation, Workload,
    workload::{Object, Pod},
};
use crate::syntax::json::{Strict, from_object, object_or_default};

/// An object of a request.
#[derive(Debug, Default)]
pub enum Given<'a> {
    /// There is none.
    #[default]
    Nothing,
    /// Its JSON text.
    Text(&'a str),
    /// A new Pod, read.
    Pod(Box<Pod<'a>>),
    /// A changed Pod, of which first is asked whether its spec has changed at all.
    Outline(Box<Outline<'a>>),
}

impl<'a> From<Option<&'a str>> for Given<'a> {
    fn from(text: Option<&'a str>) -> Self {
        text.map_or(Self::Nothing, Self::Text)
    }
}

/// The parts of an object that tell whether there is anything to judge.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Outline<'a> {
    #[serde(borrow, deserialize_with = "object_or_default")]
    pub(super) metadata: Metadata<'a>,
    #[serde(borrow)]
    pub(super) spec: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) template: Option<&'a RawValue>,
    #[serde(borrow)]
    status: Option<&'a RawValue>,
}

impl<'a> Outline<'a> {
    /// Reads the rest of a Pod. The error names the field.
    pub(super) fn pod(self) -> Result<Object<'a>, String> {
        fn part<'a, T: Deserialize<'a>>(field: &str, text: Option<&'a RawValue>) -> Result<Option<T>, String> {
            let read = |text: &'a RawValue| from_object(text.get()).map_err(|cause| format!("{field}: {cause}"));
            text.map(read).transpose()
        }
        let (spec, status) = (part("spec", self.spec)?, part("status", self.status)?.unwrap_or_default());
        Ok(Pod { metadata: self.metadata, spec, status }.into())
    }

    /// The text of `spec`.
    pub(super) fn spec_text(&self) -> Option<&'a str> {
        self.spec.map(RawValue::get)
    }
}

/// How an object is to be read where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// Not at all.
    Text,
    /// As a Pod.
    Pod,
    /// As an outline of a Pod.
    Outline,
}

impl Reading {
    /// What is best for an object of this kind, of which this is asked.
    pub fn of(operation: &str, group: &str, kind: &str, sub_resource: &str) -> Self {
        let Some(workload) = Workload::find(group, kind).filter(|workload| workload.is_pod()) else {
            return Self::Text;
        };
        let Some(operation) = Operation::parse(operation) else { return Self::Text };
        match (operation, Aspect::of(operation, workload, sub_resource)) {
            (Operation::Create, Some(Aspect::Spec)) => Self::Pod,
            (Operation::Update, Some(Aspect::Spec)) => Self::Outline,
            _ => Self::Text,
        }
    }
}

impl<'de> DeserializeSeed<'de> for Reading {
    type Value = Given<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Given<'de>, D::Error> {
        deserializer.deserialize_option(self)
    }
}

impl<'de> Visitor<'de> for Reading {
    type Value = Given<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_none<E: de::Error>(self) -> Result<Given<'de>, E> {
        Ok(Given::Nothing)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Given<'de>, D::Error> {
        match self {
            Self::Text => <&RawValue>::deserialize(deserializer).map(|raw| Given::Text(raw.get())),
            Self::Pod => Strict::deserialize(deserializer).map(|Strict(pod)| Given::Pod(Box::new(pod))),
            Self::Outline => Strict::deserialize(deserializer).map(|Strict(outline)| Given::Outline(Box::new(outline))),
        }
    }
}
