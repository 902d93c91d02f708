//! The policy that a folder has.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Names that such a policy may have; the first that is there counts.
const NAMES: [&str; 2] = [".podgate.yaml", "podgate.yaml"];

/// Text that every policy has.
const KIND: &[u8] = b"LifecyclePolicy";

/// Returns the policy of `folder` or of the nearest folder above it that has one, up to the one that holds `.git`. Outside of a
/// repository only `folder` itself is looked at: what lies above belongs to somebody else.
pub fn policy_above(folder: &Path) -> Option<PathBuf> {
    let root = folder.ancestors().position(|above| above.join(".git").exists()).unwrap_or(0);
    let candidates = folder.ancestors().take(root + 1).flat_map(|above| NAMES.map(|name| above.join(name)));
    candidates.into_iter().find(|file| is_policy(file))
}

/// Another `podgate.yaml`, such as podgate's own Deployment, is no policy; a policy with mistakes is one.
fn is_policy(file: &Path) -> bool {
    fs::read(file).is_ok_and(|text| text.windows(KIND.len()).any(|window| window == KIND))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_policy_of_the_repository_counts() {
        let outside = tempfile::tempdir().unwrap();
        let [root, folder] = ["repository", "repository/a/b"].map(|name| outside.path().join(name));
        fs::create_dir_all(&folder).unwrap();
        fs::write(outside.path().join("podgate.yaml"), KIND).unwrap();
        assert_eq!(policy_above(&folder), None);
        assert_eq!(policy_above(outside.path()), Some(outside.path().join("podgate.yaml")));
        fs::create_dir(root.join(".git")).unwrap();
        fs::write(folder.join("podgate.yaml"), "kind: Deployment").unwrap();
        fs::write(root.join("podgate.yaml"), KIND).unwrap();
        assert_eq!(policy_above(&folder), Some(root.join("podgate.yaml")));
        fs::write(root.join("a/.podgate.yaml"), KIND).unwrap();
        fs::write(root.join("a/podgate.yaml"), KIND).unwrap();
        assert_eq!(policy_above(&folder), Some(root.join("a/.podgate.yaml")));
    }
}
