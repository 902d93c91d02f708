//! Policies in files: which one a folder has, and reading one.

use std::{
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
};

use podgate_engine::policy::{LifecyclePolicy, PolicyError, parse_bytes};
use thiserror::Error;

/// Names that such a policy may have; the first that is there counts.
const NAMES: [&str; 2] = [".podgate.yaml", "podgate.yaml"];

/// Text that every policy has.
const KIND: &[u8] = b"LifecyclePolicy";

/// A policy's file may be that large. As an object it fits into etcd up to 1.5 MiB; a file also has comments and indentation.
const MAX_BYTES: u64 = 4 * 1024 * 1024;

/// A file that gives no policy.
#[derive(Debug, Error)]
pub enum PolicyFileError {
    /// It cannot be read.
    #[error("cannot read policy {}: {cause}", file.display())]
    Read {
        /// Tells which file.
        file: PathBuf,
        /// Tells why.
        cause: io::Error,
    },
    /// Its text is no policy.
    #[error(transparent)]
    Invalid(#[from] PolicyError),
}

/// Reads a policy file (YAML or JSON).
pub fn load_policy(file: &Path) -> Result<LifecyclePolicy, PolicyFileError> {
    let text = read(file).map_err(|cause| PolicyFileError::Read { file: file.to_owned(), cause })?;
    Ok(parse_bytes(&text, &file.display().to_string())?)
}

/// Reads no more than [`MAX_BYTES`], of a regular file as of a pipe.
fn read(file: &Path) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    File::open(file)?.take(MAX_BYTES + 1).read_to_end(&mut text)?;
    if text.len() as u64 > MAX_BYTES {
        let limit = MAX_BYTES / 1024 / 1024;
        let cause =
            format!("it is larger than {limit} MiB, and no cluster takes a policy of 1.5 MiB; is this the right file?");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, cause));
    }
    Ok(text)
}

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
    fn a_file_that_is_not_there_is_no_policy() {
        assert!(matches!(load_policy(Path::new("/no/such/file")), Err(PolicyFileError::Read { .. })));
    }

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
