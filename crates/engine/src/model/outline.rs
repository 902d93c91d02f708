//! `Outline`: as much of a changed object as tells whether there is anything to judge, and the rest as text.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::Metadata;
use crate::syntax::{
    ReadErrors,
    json::{from_object, object_or_default},
};

/// The parts of an object that tell whether there is anything to judge.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Outline<'a> {
    /// Its text, where it does not stand in a request.
    #[serde(skip)]
    text: Option<&'a str>,
    #[serde(borrow, deserialize_with = "object_or_default")]
    pub(super) metadata: Metadata<'a>,
    #[serde(borrow)]
    pub(super) spec: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) template: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) status: Option<&'a RawValue>,
}

impl<'a> Outline<'a> {
    /// Reads the outline of an object that is text.
    pub(super) fn of(text: &'a str) -> Result<Self, ReadErrors> {
        Ok(Self { text: Some(text), ..from_object(text)? })
    }

    /// Returns the text of the object, where it does not stand in a request.
    pub(super) fn text(&self) -> Option<&'a str> {
        self.text
    }

    /// Returns whether the change from `old` says nothing new of Pods, or comes too late because the object is terminating.
    pub(super) fn is_settled(&self, old: &Self) -> bool {
        let same =
            |one: Option<&RawValue>, other: Option<&RawValue>| one.map(RawValue::get) == other.map(RawValue::get);
        same(self.spec, old.spec) && same(self.template, old.template) || self.metadata.deletion_timestamp.is_some()
    }

    /// Returns the text of `spec`.
    pub(super) fn spec_text(&self) -> Option<&'a str> {
        self.spec.map(RawValue::get)
    }
}
