//! `Input`: where the text of a manifest comes from.

use std::io;

/// A manifest: its name, and a way to its text. What is not kept in memory is read twice.
pub trait Input: Sync {
    /// Returns what it is called in findings and errors: mostly a path with `/`.
    fn name(&self) -> &str;

    /// Returns the whole text. The error is shown as "NAME: cannot be read: …".
    fn read(&self) -> io::Result<String>;

    /// Returns whether somebody named it. What was found in a folder may be anything.
    fn is_named(&self) -> bool {
        true
    }

    /// Returns whether it is what a tool has made of a chart or a kustomization: all that is deployed together.
    fn is_rendered(&self) -> bool {
        false
    }

    /// Returns whether it can be read a second time.
    fn is_readable_again(&self) -> bool {
        true
    }
}

/// A text that is in memory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Text {
    /// Names it in findings and errors.
    pub name: String,
    /// The text.
    pub text: String,
}

impl Input for Text {
    fn name(&self) -> &str {
        &self.name
    }

    fn read(&self) -> io::Result<String> {
        Ok(self.text.clone())
    }
}
