//! The deserializer that stands between serde_json and a struct, and what it carries back.

use std::{
    borrow::Cow,
    cell::{Cell, RefCell},
    fmt,
};

use serde::{
    Deserialize, Deserializer,
    de::{
        self, DeserializeSeed, EnumAccess, Expected, MapAccess, SeqAccess, Unexpected, Visitor,
        value::{BorrowedStrDeserializer, StringDeserializer},
    },
    forward_to_deserialize_any,
};
use serde_json::value::RawValue;

use crate::syntax::{
    Str,
    path::Segment,
    read_error::{JsonValue, WHOLE_NUMBER},
};

/// The number of the outermost value.
pub(super) const ROOT: usize = 0;

/// Carries what a struct, or serde_json, complains of.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) cause: FaultCause,
    /// The number of the value that it is about.
    pub(super) value: usize,
    /// The steps that lead there, the last first.
    pub(super) steps: Vec<Segment>,
    /// Says whether it is told yet which value it is about.
    is_placed: bool,
}

/// Says what is wrong with a value.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum FaultCause {
    /// Something else is expected.
    Unexpected(Cow<'static, str>),
    /// A member of the object is given twice.
    GivenTwice(&'static str),
    /// A member of the object is missing.
    Missing(&'static str),
    /// Something that a visitor of podgate's own says.
    Refused(String),
    /// The text cannot be taken apart.
    Json,
}

impl From<FaultCause> for Fault {
    fn from(cause: FaultCause) -> Self {
        Self { cause, value: ROOT, steps: Vec::new(), is_placed: false }
    }
}

impl std::error::Error for Fault {}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.cause)
    }
}

impl de::Error for Fault {
    fn custom<T: fmt::Display>(why: T) -> Self {
        FaultCause::Refused(why.to_string()).into()
    }

    fn invalid_type(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        FaultCause::Unexpected(expected.to_string().into()).into()
    }

    fn invalid_value(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        FaultCause::Unexpected(expected.to_string().into()).into()
    }

    fn missing_field(name: &'static str) -> Self {
        FaultCause::Missing(name).into()
    }

    fn duplicate_field(name: &'static str) -> Self {
        FaultCause::GivenTwice(name).into()
    }
}

/// One pass over the text.
pub(super) struct Pass {
    /// The numbers of the values that were wrong in the passes before, which this one skips.
    wrong: Vec<usize>,
    /// Holds what they are, as far as they were met.
    found: RefCell<Vec<Option<JsonValue>>>,
    /// Says how many values have begun.
    values: Cell<usize>,
    /// The fault that is on its way up, through serde_json's own errors, which hold only text.
    fault: RefCell<Option<Fault>>,
}

impl Pass {
    /// Returns a pass that skips the values of these numbers, in ascending order.
    pub(super) fn new(wrong: Vec<usize>) -> Self {
        let found = RefCell::new(vec![None; wrong.len()]);
        Self { wrong, found, values: Cell::new(ROOT), fault: RefCell::new(None) }
    }

    /// Reads the text until the first fault.
    pub(super) fn read<'a, T: Deserialize<'a>>(&self, text: &'a str) -> Result<(), Fault> {
        let mut deserializer = serde_json::Deserializer::from_str(text);
        T::deserialize(Traced { pass: self, value: ROOT, inner: &mut deserializer })?;
        deserializer.end().map_err(|_| FaultCause::Json.into())
    }

    /// Returns what the skipped values are, in their order.
    pub(super) fn into_found(self) -> Vec<Option<JsonValue>> {
        self.found.into_inner()
    }

    /// Returns the number of the next value.
    fn begin(&self) -> usize {
        let value = self.values.get() + 1;
        self.values.set(value);
        value
    }

    /// Returns the place in `wrong` of a value that is to be skipped.
    fn skips(&self, value: usize) -> Option<usize> {
        self.wrong.binary_search(&value).ok()
    }

    fn skipped(&self, index: usize, text: &RawValue) {
        if let Some(found) = self.found.borrow_mut().get_mut(index) {
            *found = Some(JsonValue::of(text.get()));
        }
    }

    /// Sends a fault up through errors of another type.
    fn send<E: de::Error>(&self, fault: Fault) -> E {
        self.fault.replace(Some(fault));
        E::custom("")
    }

    /// Takes the fault that was sent; an error that is none comes from the text.
    fn receive(&self) -> Fault {
        self.fault.take().unwrap_or_else(|| FaultCause::Json.into())
    }
}

/// Stands between serde_json and the struct, or its visitor: `inner` is asked, or asks, in its name.
struct Traced<'r, D> {
    pass: &'r Pass,
    /// The number of the value.
    value: usize,
    inner: D,
}

impl<'r, D> Traced<'r, D> {
    /// Reads a value by `ask`. `expected` names it in better words than the visitor has.
    fn ask<T, V, E>(
        self,
        visitor: V,
        expected: Option<&'static str>,
        ask: impl FnOnce(D, Traced<'r, V>) -> Result<T, E>,
    ) -> Result<T, Fault> {
        let Self { pass, value, inner } = self;
        ask(inner, Traced { pass, value, inner: visitor }).map_err(|_| {
            // Asked for one type, serde_json says itself that there is another.
            let untold =
                || expected.map_or(FaultCause::Json, |expected| FaultCause::Unexpected(expected.into())).into();
            let mut fault = pass.fault.take().unwrap_or_else(untold);
            if !fault.is_placed {
                (fault.value, fault.is_placed) = (value, true);
                if let (FaultCause::Unexpected(words), Some(expected)) = (&mut fault.cause, expected) {
                    *words = expected.into();
                }
            }
            fault
        })
    }
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Traced<'_, D> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.ask(visitor, None, D::deserialize_any)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.ask(visitor, Some("true or false"), D::deserialize_bool)
    }

    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.ask(visitor, Some(WHOLE_NUMBER), D::deserialize_i64)
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.ask(visitor, Some("a whole number that is not negative"), D::deserialize_u64)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.ask(visitor, Some("a number"), D::deserialize_f64)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.ask(visitor, Some("an object"), D::deserialize_map)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.ask(visitor, Some("an object"), |inner, visitor| inner.deserialize_struct(name, fields, visitor))
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.ask(visitor, Some("a list"), D::deserialize_seq)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.ask(visitor, None, D::deserialize_option)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, Fault> {
        self.ask(visitor, None, |inner, visitor| inner.deserialize_newtype_struct(name, visitor))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.ask(visitor, None, |inner, visitor| inner.deserialize_enum(name, variants, visitor))
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.ask(visitor, None, D::deserialize_ignored_any)
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i128 u8 u16 u32 u128 f32 char str string bytes byte_buf unit unit_struct tuple tuple_struct identifier
    }
}

impl<V> Traced<'_, V> {
    /// Gives a value to the visitor; its fault goes up through `E`.
    fn give<T, E: de::Error>(self, give: impl FnOnce(V) -> Result<T, Fault>) -> Result<T, E> {
        give(self.inner).map_err(|fault| self.pass.send(fault))
    }
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Traced<'_, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.expecting(f)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<V::Value, E> {
        self.give(|visitor| visitor.visit_bool(value))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<V::Value, E> {
        self.give(|visitor| visitor.visit_i64(value))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<V::Value, E> {
        self.give(|visitor| visitor.visit_u64(value))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<V::Value, E> {
        self.give(|visitor| visitor.visit_f64(value))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<V::Value, E> {
        self.give(|visitor| visitor.visit_str(value))
    }

    fn visit_borrowed_str<E: de::Error>(self, value: &'de str) -> Result<V::Value, E> {
        self.give(|visitor| visitor.visit_borrowed_str(value))
    }

    fn visit_string<E: de::Error>(self, value: String) -> Result<V::Value, E> {
        self.give(|visitor| visitor.visit_string(value))
    }

    fn visit_unit<E: de::Error>(self) -> Result<V::Value, E> {
        self.give(V::visit_unit)
    }

    fn visit_none<E: de::Error>(self) -> Result<V::Value, E> {
        self.give(V::visit_none)
    }

    fn visit_some<D: Deserializer<'de>>(self, inner: D) -> Result<V::Value, D::Error> {
        let Self { pass, value, .. } = self;
        self.give(|visitor| visitor.visit_some(Traced { pass, value, inner }))
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<V::Value, D::Error> {
        let Self { pass, value, .. } = self;
        self.give(|visitor| visitor.visit_newtype_struct(Traced { pass, value, inner }))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, inner: A) -> Result<V::Value, A::Error> {
        let pass = self.pass;
        self.give(|visitor| visitor.visit_seq(Items { pass, index: 0, inner }))
    }

    fn visit_map<A: MapAccess<'de>>(self, inner: A) -> Result<V::Value, A::Error> {
        let pass = self.pass;
        self.give(|visitor| visitor.visit_map(Members { pass, key: None, value: ROOT, inner }))
    }

    fn visit_enum<A: EnumAccess<'de>>(self, inner: A) -> Result<V::Value, A::Error> {
        self.inner.visit_enum(inner)
    }
}

/// Reads the value of this number; its fault goes up through serde_json's error.
impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Traced<'_, S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, inner: D) -> Result<S::Value, D::Error> {
        let Self { pass, value, .. } = self;
        self.give(|seed| seed.deserialize(Traced { pass, value, inner }))
    }
}

/// The items of a list, without those that are skipped.
struct Items<'r, A> {
    pass: &'r Pass,
    index: usize,
    inner: A,
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Items<'_, A> {
    type Error = Fault;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Fault> {
        let pass = self.pass;
        loop {
            let (value, index) = (pass.begin(), self.index);
            self.index += 1;
            let Some(skipped) = pass.skips(value) else {
                let item = self.inner.next_element_seed(Traced { pass, value, inner: seed });
                return item.map_err(|_| pass.receive().at(Segment::Index(index)));
            };
            match self.inner.next_element::<&'de RawValue>() {
                Ok(Some(text)) => pass.skipped(skipped, text),
                Ok(None) => return Ok(None),
                Err(_) => return Err(FaultCause::Json.into()),
            }
        }
    }
}

/// The members of an object, without those that are skipped.
struct Members<'de, 'r, A> {
    pass: &'r Pass,
    /// The key of the member whose value is read next, and the number of that value.
    key: Option<Str<'de>>,
    value: usize,
    inner: A,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Members<'de, '_, A> {
    type Error = Fault;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Fault> {
        loop {
            let key = self.inner.next_key::<Str<'de>>().map_err(|_| Fault::from(FaultCause::Json))?;
            let Some(key) = key else { return Ok(None) };
            self.value = self.pass.begin();
            if let Some(skipped) = self.pass.skips(self.value) {
                let text = self.inner.next_value::<&'de RawValue>().map_err(|_| Fault::from(FaultCause::Json))?;
                self.pass.skipped(skipped, text);
                continue;
            }
            self.key = Some(key.clone());
            return match key.into_cow() {
                Cow::Borrowed(key) => seed.deserialize(BorrowedStrDeserializer::new(key)),
                Cow::Owned(key) => seed.deserialize(StringDeserializer::new(key)),
            }
            .map(Some);
        }
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Fault> {
        let (pass, value) = (self.pass, self.value);
        self.inner.next_value_seed(Traced { pass, value, inner: seed }).map_err(|_| {
            let key = self.key.take().unwrap_or_default();
            pass.receive().at(Segment::Key(key.into_cow().into_owned().into()))
        })
    }
}

impl Fault {
    /// Adds the step that leads to the value from the one that holds it.
    fn at(mut self, step: Segment) -> Self {
        self.steps.push(step);
        self
    }
}
