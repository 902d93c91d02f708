//! The table of the fields that a Pod has, taken from k8s-openapi: its readers say which fields they take. `UPDATE=1 cargo test` writes it.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
};

use k8s_openapi::api::core::v1::PodSpec;
use serde::{
    Deserialize, Deserializer,
    de::{
        DeserializeSeed, IntoDeserializer, MapAccess, SeqAccess, Visitor,
        value::{Error, StrDeserializer},
    },
    forward_to_deserialize_any,
};

use super::tree::hold;

/// The fields of each type, each with its own type where that has fields.
type Types = BTreeMap<&'static str, BTreeMap<&'static str, Option<&'static str>>>;

/// Answers whatever is read with one value of it, and notes the fields that are asked for. Each type is gone through once.
#[derive(Clone, Copy)]
struct Asked<'t> {
    types: &'t RefCell<Types>,
    /// The type that was asked for here, or for the items of a list here.
    this: &'t Cell<Option<&'static str>>,
}

impl<'de> Deserializer<'de> for Asked<'_> {
    type Error = Error;

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.this.set(Some(name));
        let is_known = self.types.borrow().contains_key(name);
        self.types.borrow_mut().entry(name).or_default();
        visitor.visit_map(Members { types: self.types, of: name, left: if is_known { &[] } else { fields } })
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_seq(One(Some(self)))
    }

    // The keys of a map are nobody's fields.
    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_map(Members { types: self.types, of: "a map", left: &[] })
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_bool(false)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        // A time, which any other string may be as well.
        visitor.visit_str("2000-01-01T00:00:00Z")
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_i64(0)
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char bytes byte_buf unit unit_struct tuple tuple_struct enum
        identifier ignored_any
    }
}

/// Gives each field of a type, and notes what it is.
struct Members<'t> {
    types: &'t RefCell<Types>,
    of: &'static str,
    left: &'static [&'static str],
}

impl<'de> MapAccess<'de> for Members<'_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        let Some(field) = self.left.first() else { return Ok(None) };
        let field: StrDeserializer<'_, Error> = field.into_deserializer();
        seed.deserialize(field).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        let (field, left) = self.left.split_first().unwrap();
        self.left = left;
        let this = Cell::new(None);
        let value = seed.deserialize(Asked { types: self.types, this: &this })?;
        self.types.borrow_mut().get_mut(self.of).unwrap().insert(field, this.get());
        Ok(value)
    }
}

/// Gives one item.
struct One<'t>(Option<Asked<'t>>);

impl<'de> SeqAccess<'de> for One<'_> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        self.0.take().map(|asked| seed.deserialize(asked)).transpose()
    }
}

/// `HTTPGetAction` as the name of a static: `HTTP_GET_ACTION`.
fn static_name(name: &str) -> String {
    let chars: Vec<char> = name.chars().collect();
    let mut text = String::new();
    for (place, char) in chars.iter().enumerate() {
        let begins = char.is_uppercase()
            && place > 0
            && (chars[place - 1].is_lowercase() || chars.get(place + 1).is_some_and(|next| next.is_lowercase()));
        text += if begins { "_" } else { "" };
        text.extend(char.to_uppercase());
    }
    text
}

#[test]
fn the_table_is_that_of_the_api() {
    let (types, this) = (RefCell::new(Types::new()), Cell::new(None));
    PodSpec::deserialize(Asked { types: &types, this: &this }).unwrap();
    assert_eq!(this.get(), Some("PodSpec"));
    let mut text = String::from(
        "//! The fields of a Pod's spec, and of all that it holds.\n//!\n\
         //! Generated from k8s-openapi, which is generated from the OpenAPI description of Kubernetes: `UPDATE=1 cargo test --workspace` writes it.\n\n\
         use super::fields::Fields;\n",
    );
    for (name, fields) in types.borrow().iter() {
        text += &format!(
            "\n/// `{name}`.\npub static {}: Fields = Fields {{\n    name: \"{name}\",\n    known: &[\n",
            static_name(name)
        );
        for (field, of) in fields {
            let of = of.map_or("None".to_owned(), |of| format!("Some(&{})", static_name(of)));
            text += &format!("        (\"{field}\", {of}),\n");
        }
        text += "    ],\n};\n";
    }
    hold("crates/engine/src/model/pod_fields.rs", &text);
}
