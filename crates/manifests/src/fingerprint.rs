//! Fingerprints: what stays of a finding when lines move.

use std::{collections::HashMap, hash::Hasher};

use fnv::FnvHasher;

use crate::Located;

/// Returns a fingerprint for each finding, in their order: of file, object, field and rule, and the count of those that have
/// all in common.
pub(crate) fn fingerprints(findings: &[Located]) -> Vec<String> {
    let mut seen: HashMap<u64, usize> = HashMap::new();
    let number = |finding: &Located| {
        let hash = hash(finding);
        let nth = seen.entry(hash).or_default();
        *nth += 1;
        format!("{hash:016x}:{nth}")
    };
    findings.iter().map(number).collect()
}

fn hash(finding: &Located) -> u64 {
    let (spot, object) = (&finding.spot, &finding.spot.object);
    let path = spot.path.pointer();
    let mut hasher = FnvHasher::default();
    for part in [finding.rule.id, &spot.file, object.group(), &object.kind, &object.namespace, &object.name, &path] {
        hasher.write(part.as_bytes());
        hasher.write_u8(0);
    }
    hasher.finish()
}
