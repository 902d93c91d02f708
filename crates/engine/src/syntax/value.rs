//! A JSON [`Value`] read into a typed struct, with errors as data.
//!
//! serde_json's own reader of values has one error type, which says everything in a sentence. Whoever tells an author what is
//! wrong in other words needs the parts: the name that is not known and those that are, the value that was found and what was
//! expected. serde hands these to the error type ([`de::Error`]), so that a reader with an error type of its own keeps them.

use std::fmt;

use serde::{
    Deserializer,
    de::{
        self, DeserializeOwned, DeserializeSeed, EnumAccess, Expected, IntoDeserializer, Unexpected, VariantAccess,
        Visitor,
        value::{MapDeserializer, SeqDeserializer},
    },
    forward_to_deserialize_any,
};
use serde_json::Value;
use thiserror::Error;

use super::Path;

/// Why a value cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ValueError {
    /// A name that the struct does not have.
    #[error("unknown field \"{field}\"")]
    UnknownField {
        /// The name.
        field: String,
        /// The names that it has.
        known: &'static [&'static str],
    },
    /// A word that is none of an enum's.
    #[error("unknown value \"{word}\"")]
    UnknownWord {
        /// The word.
        word: String,
        /// The words that there are.
        known: &'static [&'static str],
    },
    /// A field that has to be there.
    #[error("field \"{0}\" is missing")]
    MissingField(&'static str),
    /// A value of another type, or beyond what its field takes.
    #[error("expected {expected}, found {found}")]
    Unexpected {
        /// The value that is there.
        found: String,
        /// The value that is wanted.
        expected: String,
    },
    /// Holds what the type itself says.
    #[error("{0}")]
    Refused(String),
}

impl de::Error for ValueError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::Refused(message.to_string())
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::Unexpected { found: shown(found), expected: plain(&expected.to_string()).to_owned() }
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::invalid_type(found, expected)
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        Self::UnknownWord { word: variant.to_owned(), known: expected }
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        Self::UnknownField { field: field.to_owned(), known: expected }
    }

    fn missing_field(field: &'static str) -> Self {
        Self::MissingField(field)
    }
}

/// Reads a value. The error comes with the field that it is about.
pub fn from_value<T: DeserializeOwned>(value: Value) -> Result<T, (Path, ValueError)> {
    serde_path_to_error::deserialize(Reader(value)).map_err(|error| (error.path().into(), error.into_inner()))
}

/// Returns a value as serde's errors have it.
pub fn unexpected(value: &Value) -> Unexpected<'_> {
    match value {
        Value::Null => Unexpected::Unit,
        Value::Bool(value) => Unexpected::Bool(*value),
        Value::Number(number) => match (number.as_u64(), number.as_i64()) {
            (Some(number), _) => Unexpected::Unsigned(number),
            (None, Some(number)) => Unexpected::Signed(number),
            (None, None) => Unexpected::Float(number.as_f64().unwrap_or(f64::NAN)),
        },
        Value::String(text) => Unexpected::Str(text),
        Value::Array(_) => Unexpected::Seq,
        Value::Object(_) => Unexpected::Map,
    }
}

/// Returns what was found, as YAML has it.
fn shown(found: Unexpected<'_>) -> String {
    match found {
        Unexpected::Bool(value) => format!("boolean {value}"),
        Unexpected::Unsigned(value) => format!("integer {value}"),
        Unexpected::Signed(value) => format!("integer {value}"),
        Unexpected::Float(value) => format!("floating point {value:?}"),
        Unexpected::Unit | Unexpected::Option => "nothing".to_owned(),
        Unexpected::Seq => "a list".to_owned(),
        Unexpected::Map => "an object".to_owned(),
        // A string, in quotes; JSON has nothing else.
        other => other.to_string(),
    }
}

/// Returns a visitor's name for what it takes, as YAML has it.
fn plain(expected: &str) -> &str {
    match expected {
        "a sequence" => "a list",
        "a map" | "map" => "an object",
        "a boolean" => "true or false",
        "f32" | "f64" => "a number",
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number",
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number that is not negative",
        text if text.starts_with("struct ") => "an object",
        text if text.starts_with("enum ") => "one of its values",
        text => text,
    }
}

/// A value whose reading fails with a [`ValueError`].
struct Reader(Value);

impl IntoDeserializer<'_, ValueError> for Reader {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Reader {
    type Error = ValueError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        match self.0 {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(value),
            Value::Number(number) => match (number.as_u64(), number.as_i64(), number.as_f64()) {
                (Some(number), ..) => visitor.visit_u64(number),
                (None, Some(number), _) => visitor.visit_i64(number),
                (None, None, Some(number)) => visitor.visit_f64(number),
                (None, None, None) => Err(ValueError::Refused(format!("{number} is no number"))),
            },
            Value::String(text) => visitor.visit_string(text),
            Value::Array(items) => {
                let mut items = SeqDeserializer::new(items.into_iter().map(Reader));
                let read = visitor.visit_seq(&mut items)?;
                items.end()?;
                Ok(read)
            }
            Value::Object(members) => {
                let mut members = MapDeserializer::new(members.into_iter().map(|(key, value)| (key, Reader(value))));
                let read = visitor.visit_map(&mut members)?;
                members.end()?;
                Ok(read)
            }
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        match self.0 {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    /// Takes an object only, where a struct may also be a list of its fields.
    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        match self.0 {
            Value::Object(_) => self.deserialize_any(visitor),
            other => Err(de::Error::invalid_type(unexpected(&other), &visitor)),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, ValueError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ValueError> {
        match self.0 {
            Value::String(word) => visitor.visit_enum(Word(word)),
            other => Err(de::Error::invalid_type(unexpected(&other), &"a word")),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct struct identifier ignored_any
    }
}

/// A word of an enum; none that is read here has more to it.
struct Word(String);

impl<'de> EnumAccess<'de> for Word {
    type Error = ValueError;
    type Variant = NoContent;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, NoContent), ValueError> {
        Ok((seed.deserialize(self.0.into_deserializer())?, NoContent))
    }
}

struct NoContent;

impl<'de> VariantAccess<'de> for NoContent {
    type Error = ValueError;

    fn unit_variant(self) -> Result<(), ValueError> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, _: T) -> Result<T::Value, ValueError> {
        Err(de::Error::invalid_type(Unexpected::UnitVariant, &"an object"))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, ValueError> {
        Err(de::Error::invalid_type(Unexpected::UnitVariant, &visitor))
    }

    fn struct_variant<V: Visitor<'de>>(self, _: &'static [&'static str], visitor: V) -> Result<V::Value, ValueError> {
        Err(de::Error::invalid_type(Unexpected::UnitVariant, &visitor))
    }
}
