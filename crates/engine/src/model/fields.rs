//! The fields that a type of the API has, and a search for those that it does not have.
//!
//! The API server's decoder drops a field that it does not know, and tells names by case
//! ([`UnmarshalCaseSensitivePreserveInts`](https://pkg.go.dev/sigs.k8s.io/json)). Where a client asks for strict validation, as kubectl
//! does, it refuses the object.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::syntax::{Path, suggest::nearest};

/// A type of the API.
#[derive(Debug)]
pub struct Fields {
    /// Its name.
    pub name: &'static str,
    /// Its fields by name, in order; each with its type, or that of its items, where that has fields too.
    pub known: &'static [(&'static str, Option<&'static Fields>)],
}

impl Fields {
    /// Returns a field's name and type.
    fn get(&self, field: &str) -> Option<(&'static str, Option<&'static Self>)> {
        let place = self.known.binary_search_by_key(&field, |(name, _)| name).ok()?;
        self.known.get(place).copied()
    }

    /// Reports each field of `text`, the JSON text of an object of this type, that the type does not have.
    pub fn unknown(&'static self, text: &str, found: &mut dyn FnMut(&Unknown<'_>)) {
        let seed = Seed { fields: self, at: &At::Root, found };
        // Whoever reads the object says what is wrong with the text.
        let _ = seed.deserialize(&mut serde_json::Deserializer::from_str(text));
    }
}

/// A field that its type does not have.
#[derive(Debug)]
pub struct Unknown<'w> {
    /// Its name.
    pub field: &'w str,
    /// The type that does not have it.
    pub of: &'static Fields,
    at: &'w At<'w>,
}

impl Unknown<'_> {
    /// Returns where it stands, from the object that is searched.
    pub fn path(&self) -> Path {
        self.at.path().key(self.field.to_owned())
    }

    /// Returns the type around it, or of one of the fields beside it, that has a field of this name.
    pub fn belongs_to(&self) -> Option<&'static Fields> {
        let mut at = self.at;
        while let At::Field { above, of, .. } | At::Item { above, of, .. } = at {
            if of.get(self.field).is_some() {
                return Some(of);
            }
            at = above;
        }
        self.of.known.iter().filter_map(|(_, fields)| *fields).find(|fields| fields.get(self.field).is_some())
    }

    /// Returns the name of the field that was meant, where one of the type is near.
    pub fn meant(&self) -> Option<&'static str> {
        nearest(self.field, self.of.known.iter().map(|(name, _)| *name))
    }
}

/// A place in the object that is searched. It becomes a path only where something is found.
#[derive(Debug)]
enum At<'w> {
    Root,
    Field { above: &'w At<'w>, of: &'static Fields, name: &'static str },
    Item { above: &'w At<'w>, of: &'static Fields, index: usize },
}

impl At<'_> {
    fn path(&self) -> Path {
        match self {
            Self::Root => Path::default(),
            Self::Field { above, name, .. } => above.path().key(*name),
            Self::Item { above, index, .. } => above.path().index(*index),
        }
    }
}

/// Searches one value: an object of a type, or a list of such.
struct Seed<'w> {
    fields: &'static Fields,
    at: &'w At<'w>,
    found: &'w mut dyn FnMut(&Unknown<'_>),
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<(), A::Error> {
        let Self { fields, at, found } = self;
        while let Some(key) = access.next_key_seed(Key(fields))? {
            match key {
                Ok((name, Some(inner))) => {
                    let at = &At::Field { above: at, of: fields, name };
                    access.next_value_seed(Seed { fields: inner, at, found: &mut *found })?;
                }
                Ok((_, None)) => drop(access.next_value::<IgnoredAny>()?),
                Err(field) => {
                    found(&Unknown { field: &field, of: fields, at });
                    access.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<(), A::Error> {
        let Self { fields, at, found } = self;
        let mut index = 0;
        while let Some(()) = {
            let at = &At::Item { above: at, of: fields, index };
            access.next_element_seed(Seed { fields, at, found: &mut *found })?
        } {
            index += 1;
        }
        Ok(())
    }

    // What is neither an object nor a list has no fields.
    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }
}

/// Reads the name of a field of a type.
struct Key(&'static Fields);

/// A field and its type; or the name of one that the type does not have.
type KnownOrName = Result<(&'static str, Option<&'static Fields>), String>;

impl<'de> DeserializeSeed<'de> for Key {
    type Value = KnownOrName;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<KnownOrName, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key {
    type Value = KnownOrName;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a field")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<KnownOrName, E> {
        Ok(self.0.get(name).ok_or_else(|| name.to_owned()))
    }
}
