//! `SmallMap`: a map that takes no memory of its own while it is small, as nearly all maps of a Pod's parts are.

use std::{collections::HashMap, hash::Hash};

use smallvec::SmallVec;

const FEW: usize = 8;

/// A map of a handful of entries, or of any number.
#[derive(Debug)]
pub enum SmallMap<K, V> {
    /// Up to eight, looked through one after the other.
    Few(SmallVec<[(K, V); FEW]>),
    /// Holds more entries, looked up by hash.
    Many(HashMap<K, V>),
}

impl<K, V> Default for SmallMap<K, V> {
    fn default() -> Self {
        Self::Few(SmallVec::new())
    }
}

impl<K: Eq + Hash, V> SmallMap<K, V> {
    /// Returns the value of `key`.
    pub fn get(&self, key: &K) -> Option<&V> {
        match self {
            Self::Few(few) => few.iter().find(|(known, _)| known == key).map(|(_, value)| value),
            Self::Many(many) => many.get(key),
        }
    }

    /// Returns whether there is a value of `key`.
    pub fn contains(&self, key: &K) -> bool {
        self.get(key).is_some()
    }

    /// Adds `value` where there is none of `key` yet. Returns whether there was none.
    pub fn add(&mut self, key: K, value: V) -> bool {
        if self.contains(&key) {
            return false;
        }
        match self {
            Self::Few(few) if few.len() < FEW => few.push((key, value)),
            Self::Few(few) => *self = Self::Many(few.drain(..).chain([(key, value)]).collect()),
            Self::Many(many) => drop(many.insert(key, value)),
        }
        true
    }
}

impl<K: Eq + Hash> FromIterator<K> for SmallMap<K, ()> {
    fn from_iter<I: IntoIterator<Item = K>>(keys: I) -> Self {
        let mut set = Self::default();
        for key in keys {
            set.add(key, ());
        }
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_and_large_maps_are_alike() {
        let mut map = SmallMap::default();
        for key in 0..100 {
            assert!(!map.contains(&key) && map.add(key, key * 2) && !map.add(key, 0));
            assert!((0..=key).all(|known| map.get(&known) == Some(&(known * 2))));
            assert_eq!(matches!(map, SmallMap::Many(_)), key >= 8);
        }
        let set: SmallMap<&str, ()> = ["a", "b", "a"].into_iter().collect();
        assert!(set.contains(&"a") && set.contains(&"b") && !set.contains(&"c"));
    }
}
