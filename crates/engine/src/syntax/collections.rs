//! `List` and `Map`: JSON lists and objects of strings, in which `null` is empty.

use std::{
    fmt,
    marker::PhantomData,
    ops::{Deref, DerefMut},
};

use serde::{
    Deserialize, Deserializer, de,
    de::{MapAccess, Visitor},
};

use super::{Str, object::Strict, room::make_room};

/// A JSON list; `null` is the empty list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List<T>(Vec<T>);

impl<T> List<T> {
    /// Returns the items, owned.
    pub fn into_vec(self) -> Vec<T> {
        self.0
    }

    /// Reads a list of which few items matter: keeps what `keep` makes of an item, with the item's index, and nothing of the others.
    /// `null` is the empty list.
    pub fn read_some<'de, D, I>(deserializer: D, keep: fn(I) -> Option<T>) -> Result<List<(usize, T)>, D::Error>
    where
        D: Deserializer<'de>,
        I: Deserialize<'de>,
    {
        struct Kept<I, T>(fn(I) -> Option<T>);

        impl<'de, I: Deserialize<'de>, T> Visitor<'de> for Kept<I, T> {
            type Value = List<(usize, T)>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(List::default())
            }

            fn visit_seq<A: de::SeqAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
                let mut items = Vec::new();
                let mut index = 0;
                while let Some(Strict(item)) = access.next_element()? {
                    if let Some(kept) = self.0(item) {
                        make_room(&mut items)?;
                        items.push((index, kept));
                    }
                    index += 1;
                }
                Ok(List(items))
            }
        }

        deserializer.deserialize_any(Kept(keep))
    }
}

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Deref for List<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T> DerefMut for List<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.0
    }
}

impl<T> FromIterator<T> for List<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        Self(items.into_iter().collect())
    }
}

impl<'a, T> IntoIterator for &'a List<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Items<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Items<T> {
            type Value = List<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_unit<E>(self) -> Result<List<T>, E> {
                Ok(List::default())
            }

            fn visit_seq<A: de::SeqAccess<'de>>(self, mut access: A) -> Result<List<T>, A::Error> {
                let mut items = Vec::new();
                while let Some(Strict(item)) = access.next_element()? {
                    make_room(&mut items)?;
                    items.push(item);
                }
                Ok(List(items))
            }
        }

        deserializer.deserialize_any(Items(PhantomData))
    }
}

/// A JSON object of strings (labels, annotations), in the order received; `null` is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Map<'a> {
    pairs: Vec<(Str<'a>, Str<'a>)>,
    /// The places of `pairs` in the order of their keys, where there are many: selectors ask for each of theirs.
    sorted: Box<[u32]>,
}

/// Up to so many pairs are looked through one after the other.
const FEW_PAIRS: usize = 16;

impl<'a> Map<'a> {
    /// Returns the value of `key`.
    pub fn get(&self, key: &str) -> Option<&str> {
        if self.pairs.len() <= FEW_PAIRS {
            return self.pairs.iter().find(|(name, _)| *name == key).map(|(_, value)| &**value);
        }
        // Of equal keys the first counts, and stands first.
        let first = self.sorted.partition_point(|place| self.pair(*place).is_some_and(|(name, _)| **name < *key));
        let (name, value) = self.pair(*self.sorted.get(first)?)?;
        (*name == key).then_some(&**value)
    }

    fn pair(&self, place: u32) -> Option<&(Str<'a>, Str<'a>)> {
        self.pairs.get(usize::try_from(place).ok()?)
    }

    fn new(pairs: Vec<(Str<'a>, Str<'a>)>) -> Self {
        let mut map = Self { pairs, sorted: Box::default() };
        if map.pairs.len() > FEW_PAIRS {
            let mut sorted: Vec<u32> = (0..u32::try_from(map.pairs.len()).unwrap_or(u32::MAX)).collect();
            // Stable, so that of equal keys the first stays the first.
            sorted.sort_by(|one, other| map.pair(*one).map(|pair| &pair.0).cmp(&map.pair(*other).map(|pair| &pair.0)));
            map.sorted = sorted.into();
        }
        map
    }

    /// Returns all pairs, in the order received.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> + use<'_, 'a> {
        self.pairs.iter().map(|(name, value)| (&**name, &**value))
    }
}

impl<'a> FromIterator<(&'a str, &'a str)> for Map<'a> {
    fn from_iter<I: IntoIterator<Item = (&'a str, &'a str)>>(pairs: I) -> Self {
        Self::new(pairs.into_iter().map(|(key, value)| (key.into(), value.into())).collect())
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Map<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;

        impl<'de> Visitor<'de> for Pairs {
            type Value = Map<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of strings")
            }

            fn visit_unit<E>(self) -> Result<Map<'de>, E> {
                Ok(Map::default())
            }

            fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Map<'de>, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = access.next_entry()? {
                    make_room(&mut pairs)?;
                    pairs.push(pair);
                }
                Ok(Map::new(pairs))
            }
        }

        deserializer.deserialize_any(Pairs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_keep_order_and_find_keys() {
        let map: Map = serde_json::from_str(r#"{"b": "1", "a": null}"#).unwrap();
        assert_eq!(map.iter().collect::<Vec<_>>(), [("b", "1"), ("a", "")]);
        assert_eq!((map.get("b"), map.get("c")), (Some("1"), None));
    }
}
