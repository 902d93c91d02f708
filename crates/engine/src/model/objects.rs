//! `Objects`: the objects of a request, read as far as was worth while when they were met.
//!
//! An AdmissionReview says what it is about before it gives the objects (the API server writes its fields in the order of the
//! [Go struct](https://github.com/kubernetes/api/blob/master/admission/v1/types.go)). A new object is therefore read where it
//! stands; to take its text first, and to read that, would be to go through it twice. Of a changed one
//! only the metadata is read, and the rest is left as text: most changes leave the spec as it is. What has its Pods at places of its own is left
//! as text where it is new, and everything else is, until it is known whether anybody wants it. Which of the three it is
//! follows from the [`Target`], and cannot change between the first object and the second.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{self, DeserializeSeed, IgnoredAny, Visitor},
};
use serde_json::value::RawValue;

use super::{Concern, Object, Operation, Target, Workload, outline::Outline};
use crate::syntax::json::Strict;

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
    /// A new object of this kind, read as a whole.
    Created {
        /// Its kind.
        workload: &'static Workload,
        /// `object`.
        new: Option<Box<Object<'a>>>,
    },
    /// An object before and after its change, of which first is asked whether its spec has changed at all.
    Changed {
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
        match target.filter(|target| target.concern() == Concern::Spec) {
            Some(target) if target.operation() == Operation::Update => Self::Changed { new: None, old: None },
            Some(target) if target.workload().reads_in_place() => {
                Self::Created { workload: target.workload(), new: None }
            }
            _ => Self::default(),
        }
    }

    /// Returns the reader of `object`.
    pub fn new_object(&mut self) -> ObjectReader<'_, 'a> {
        match self {
            Self::Text { new, .. } => ObjectReader::Text(new),
            Self::Created { workload, new } => ObjectReader::Object(workload, new),
            Self::Changed { new, .. } => ObjectReader::Outline(new),
        }
    }

    /// Returns the reader of `oldObject`, which the creation of an object does not have.
    pub fn old_object(&mut self) -> ObjectReader<'_, 'a> {
        match self {
            Self::Text { old, .. } => ObjectReader::Text(old),
            Self::Created { .. } => ObjectReader::Nothing,
            Self::Changed { old, .. } => ObjectReader::Outline(old),
        }
    }

    /// Returns the text of `object`, where it is left as text.
    pub fn new_text(&self) -> Option<&'a str> {
        match self {
            Self::Text { new, .. } => *new,
            Self::Created { .. } | Self::Changed { .. } => None,
        }
    }
}

/// Reads one object into its place in [`Objects`].
#[derive(Debug)]
pub enum ObjectReader<'o, 'a> {
    /// As text.
    Text(&'o mut Option<&'a str>),
    /// As a whole, of this kind.
    Object(&'static Workload, &'o mut Option<Box<Object<'a>>>),
    /// As its outline.
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
            Self::Object(workload, object) => *object = Some(Box::new(workload.read_in_place(deserializer)?)),
            Self::Outline(outline) => *outline = Some(Box::new(Strict::deserialize(deserializer)?.0)),
            Self::Nothing => drop(IgnoredAny::deserialize(deserializer)?),
        }
        Ok(())
    }
}
