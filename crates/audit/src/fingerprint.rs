//! Fingerprints: what stays of a finding from one audit to the next.

use std::{collections::HashMap, hash::Hasher};

use fnv::FnvHasher;

use crate::{Found, Judged};

/// Returns a fingerprint for each finding of an object, in their order: of rule, object and field, and the count of those that have
/// all in common. Neither level nor message is part of it, so that a finding that gets worse, or names another value, is the same one.
pub fn fingerprints(object: &Judged) -> Vec<String> {
    let mut seen: HashMap<u64, usize> = HashMap::new();
    let number = |found: &Found| {
        let hash = hash(object, found);
        let nth = seen.entry(hash).or_default();
        *nth += 1;
        format!("{hash:016x}:{nth}")
    };
    object.found.iter().map(number).collect()
}

fn hash(object: &Judged, found: &Found) -> u64 {
    let group = object.api_version.split_once('/').map_or("", |(group, _)| group);
    let mut hasher = FnvHasher::default();
    for part in [found.source.id(), group, &object.kind, &object.namespace, &object.name, &found.path] {
        hasher.write(part.as_bytes());
        hasher.write_u8(0);
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use podgate_engine::rules::Level;

    use super::*;
    use crate::sample;

    #[test]
    fn version_level_and_message_may_change() {
        let mut object = sample::object("apps/v1", "Deployment", "shop", "web");
        object.found = vec![sample::found("port-conflict", Level::Deny, "spec.x", "one")];
        let before = fingerprints(&object);
        object.api_version = "apps/v2".to_owned();
        object.found = vec![sample::found("port-conflict", Level::Warn, "spec.x", "other")];
        assert_eq!(fingerprints(&object), before);
        object.name = "api".to_owned();
        assert_ne!(fingerprints(&object), before);
    }

    #[test]
    fn those_with_all_in_common_are_counted() {
        let mut object = sample::object("v1", "Pod", "shop", "web");
        let found = sample::found("port-conflict", Level::Deny, "spec.x", "one");
        object.found = vec![found.clone(), found];
        let [first, second] = fingerprints(&object).try_into().unwrap();
        assert_eq!((first.strip_suffix(":1"), true), (second.strip_suffix(":2"), first.ends_with(":1")));
    }
}
