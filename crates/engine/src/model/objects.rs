//! `Objects`: the objects of a request, read as far as was worth while when they were met.
//!
//! An AdmissionReview says what it is about before it gives the objects (the API server writes its fields in the order of the
//! [Go struct](https://github.com/kubernetes/api/blob/master/admission/v1/types.go)). A new Pod, which most requests are about, is
//! therefore read where it stands; to take its text first, and to read that, would be to go through it twice. Of a changed Pod
//! only the metadata is read, and the rest is left as text: most changes leave the spec as it is. Everything else is left as
//! text until it is known whether anybody wants it. Which of the three it is follows from the [`Target`], and cannot change
//! between the first object and the second.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{self, DeserializeSeed, IgnoredAny, Visitor},
};
use serde_json::value::RawValue;

use super::{
    Concern, Metadata, Operation, Target,
    object::{Object, Pod},
};
use crate::syntax::{
    Path, ReadErrors,
    json::{Strict, from_object, object_or_default},
};

/// The objects of a request, by how far they are read.
#[derive(Debug)]
pub enum Objects<'a> {
    /// Their JSON text.
    Text {
        /// `object`: as it shall be.
        new: Option<&'a str>,
        /// `oldObject`: as it is.
        old: Option<&'a str>,
    },
    /// A new Pod, read as a whole.
    NewPod(Option<Box<Pod<'a>>>),
    /// A Pod before and after its change, of which first is asked whether its spec has changed at all.
    ChangedPod {
        /// `object`: as it shall be.
        new: Option<Box<Outline<'a>>>,
        /// `oldObject`: as it is.
        old: Option<Box<Outline<'a>>>,
    },
}

impl Default for Objects<'_> {
    fn default() -> Self {
        Self::Text { new: None, old: None }
    }
}

impl<'a> Objects<'a> {
    /// Returns an object that is created, as text.
    pub fn created(text: &'a str) -> Self {
        Self::Text { new: Some(text), old: None }
    }

    /// Returns no objects yet, to be read by [`Self::new_object`] and [`Self::old_object`] in the way that is best for `target`.
    pub fn in_place(target: Option<Target>) -> Self {
        match target.filter(|target| target.workload().is_pod() && target.concern() == Concern::Spec) {
            Some(target) if target.operation() == Operation::Create => Self::NewPod(None),
            Some(target) if target.operation() == Operation::Update => Self::ChangedPod { new: None, old: None },
            _ => Self::default(),
        }
    }

    /// Returns the reader of `object`.
    pub fn new_object(&mut self) -> ObjectReader<'_, 'a> {
        match self {
            Self::Text { new, .. } => ObjectReader::Text(new),
            Self::NewPod(pod) => ObjectReader::Pod(pod),
            Self::ChangedPod { new, .. } => ObjectReader::Outline(new),
        }
    }

    /// Returns the reader of `oldObject`, which the creation of an object does not have.
    pub fn old_object(&mut self) -> ObjectReader<'_, 'a> {
        match self {
            Self::Text { old, .. } => ObjectReader::Text(old),
            Self::NewPod(_) => ObjectReader::Nothing,
            Self::ChangedPod { old, .. } => ObjectReader::Outline(old),
        }
    }

    /// Returns the text of `object`, where it is left as text.
    pub fn new_text(&self) -> Option<&'a str> {
        match self {
            Self::Text { new, .. } => *new,
            Self::NewPod(_) | Self::ChangedPod { .. } => None,
        }
    }
}

/// The parts of an object that tell whether there is anything to judge.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Outline<'a> {
    #[serde(borrow, deserialize_with = "object_or_default")]
    metadata: Metadata<'a>,
    #[serde(borrow)]
    spec: Option<&'a RawValue>,
    #[serde(borrow)]
    template: Option<&'a RawValue>,
    #[serde(borrow)]
    status: Option<&'a RawValue>,
}

impl<'a> Outline<'a> {
    /// Returns whether the change from `old` says nothing new of Pods, or comes too late because the object is terminating.
    pub(super) fn is_settled(&self, old: &Self) -> bool {
        let same =
            |one: Option<&RawValue>, other: Option<&RawValue>| one.map(RawValue::get) == other.map(RawValue::get);
        same(self.spec, old.spec) && same(self.template, old.template) || self.metadata.deletion_timestamp.is_some()
    }

    /// Reads the rest of a Pod.
    pub(super) fn pod(self) -> Result<Object<'a>, ReadErrors> {
        fn part<'a, T: Deserialize<'a>>(
            key: &'static str,
            text: Option<&'a RawValue>,
        ) -> Result<Option<T>, ReadErrors> {
            text.map(|text| from_object(text.get()).map_err(|errors| errors.within(&Path::of(&[key])))).transpose()
        }
        let spec_text = self.spec_text();
        let (spec, status) = match (part("spec", self.spec), part("status", self.status)) {
            (Ok(spec), Ok(status)) => (spec, status.unwrap_or_default()),
            (Err(errors), Err(others)) => return Err(errors.and(others)),
            (Err(errors), _) | (_, Err(errors)) => return Err(errors),
        };
        Ok(Object { spec_text, ..Pod { metadata: self.metadata, spec, status }.into() })
    }

    /// Returns the text of `spec`.
    pub(super) fn spec_text(&self) -> Option<&'a str> {
        self.spec.map(RawValue::get)
    }
}

/// Reads one object into its place in [`Objects`].
#[derive(Debug)]
pub enum ObjectReader<'o, 'a> {
    /// As text.
    Text(&'o mut Option<&'a str>),
    /// As a Pod.
    Pod(&'o mut Option<Box<Pod<'a>>>),
    /// As the outline of a Pod.
    Outline(&'o mut Option<Box<Outline<'a>>>),
    /// Not at all.
    Nothing,
}

impl<'de> DeserializeSeed<'de> for ObjectReader<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_option(self)
    }
}

impl<'de> Visitor<'de> for ObjectReader<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_none<E: de::Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        match self {
            Self::Text(text) => *text = Some(<&RawValue>::deserialize(deserializer)?.get()),
            Self::Pod(pod) => *pod = Some(Box::new(Strict::deserialize(deserializer)?.0)),
            Self::Outline(outline) => *outline = Some(Box::new(Strict::deserialize(deserializer)?.0)),
            Self::Nothing => drop(IgnoredAny::deserialize(deserializer)?),
        }
        Ok(())
    }
}
