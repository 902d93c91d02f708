//! `Path`: a place in a Kubernetes object, written the way the API server writes it or as a JSON pointer.

use std::{
    borrow::{Borrow, Cow},
    fmt,
};

/// One step of a [`Path`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Segment {
    /// A member of an object.
    Key(Cow<'static, str>),
    /// An item of a list.
    Index(usize),
}

/// A place in an object, from its root: `spec.containers[0].ports[1]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Path(Vec<Segment>);

impl Path {
    /// Returns the path of object members `keys`, from the root.
    pub fn of(keys: &[&'static str]) -> Self {
        Self(keys.iter().map(|key| Segment::Key(Cow::Borrowed(*key))).collect())
    }

    /// Returns this place's member `key`.
    #[must_use]
    pub fn key(mut self, key: impl Into<Cow<'static, str>>) -> Self {
        self.0.push(Segment::Key(key.into()));
        self
    }

    /// Returns this place's item `index`.
    #[must_use]
    pub fn index(mut self, index: usize) -> Self {
        self.0.push(Segment::Index(index));
        self
    }

    /// Returns this place's descendant along `keys`.
    #[must_use]
    pub fn keys(mut self, keys: &[&'static str]) -> Self {
        self.0.extend(keys.iter().map(|key| Segment::Key(Cow::Borrowed(*key))));
        self
    }

    /// Returns the place `below` this one.
    #[must_use]
    pub fn join(mut self, below: &Self) -> Self {
        self.0.extend_from_slice(&below.0);
        self
    }

    /// Returns the steps from the root.
    pub fn segments(&self) -> &[Segment] {
        &self.0
    }

    /// Returns the place that holds this one; `None` for the root.
    pub fn parent(&self) -> Option<Self> {
        let (_, rest) = self.0.split_last()?;
        Some(Self(rest.to_vec()))
    }

    /// Returns the JSON pointer (RFC 6901): `/spec/containers/0/ports/1`.
    pub fn pointer(&self) -> String {
        let mut pointer = String::new();
        for segment in &self.0 {
            pointer.push('/');
            match segment {
                Segment::Key(key) => pointer.push_str(&key.replace('~', "~0").replace('/', "~1")),
                Segment::Index(index) => pointer.push_str(&index.to_string()),
            }
        }
        pointer
    }
}

/// So that a map by paths can be asked for a part of one.
impl Borrow<[Segment]> for Path {
    fn borrow(&self) -> &[Segment] {
        &self.0
    }
}

/// The place at which serde stopped.
impl From<&serde_path_to_error::Path> for Path {
    fn from(path: &serde_path_to_error::Path) -> Self {
        use serde_path_to_error::Segment as Step;

        path.iter().fold(Self::default(), |path, step| match step {
            Step::Seq { index } => path.index(*index),
            Step::Map { key } => path.key(key.clone()),
            Step::Enum { .. } | Step::Unknown => path,
        })
    }
}

/// As the API server writes field paths: a key that is no plain word stands in brackets.
impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, segment) in self.0.iter().enumerate() {
            match segment {
                Segment::Index(index) => write!(f, "[{index}]")?,
                Segment::Key(key) if key.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_')) => {
                    f.write_str(if position == 0 { "" } else { "." })?;
                    f.write_str(key)?;
                }
                Segment::Key(key) => write!(f, "[{key}]")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_notations() {
        let path = Path::of(&["spec", "containers"]).index(0).key("ports").index(12);
        assert_eq!(path.to_string(), "spec.containers[0].ports[12]");
        assert_eq!(path.pointer(), "/spec/containers/0/ports/12");
        assert_eq!(path.parent().unwrap().pointer(), "/spec/containers/0/ports");
    }

    #[test]
    fn odd_keys_are_escaped() {
        let path = Path::of(&["metadata", "annotations"]).key("a~b/c.d".to_owned());
        assert_eq!(path.to_string(), "metadata.annotations[a~b/c.d]");
        assert_eq!(path.pointer(), "/metadata/annotations/a~0b~1c.d");
        assert_eq!((Path::default().pointer(), Path::default().parent()), (String::new(), None));
    }

    #[test]
    fn items_sort_by_number() {
        let items = Path::of(&["spec"]);
        assert!(items.clone().index(2) < items.index(10));
    }
}
