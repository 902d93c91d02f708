//! `File`: a manifest on disk or on standard input.

use std::{
    io::{self, Read},
    path::PathBuf,
    sync::Arc,
};

use podgate_manifests::Input;

/// Name of standard input in output.
pub const STDIN: &str = "<stdin>";
/// The largest file that is read, in bytes. The API server takes objects of a few MiB.
const MAX_BYTES: u64 = 64 * 1024 * 1024;

/// Something to read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct File {
    /// Its name in output: the path as it was given, with `/`.
    pub name: String,
    /// Its path; `None` for standard input.
    pub path: Option<PathBuf>,
    /// Tells whether it was named, not found in a folder.
    pub is_named: bool,
    /// Its text, where it is none on disk but what a tool has made.
    pub made: Option<Arc<str>>,
}

impl File {
    /// Returns a file that was found in a folder.
    pub(super) fn found(path: PathBuf) -> Self {
        let name = path.to_string_lossy().replace('\\', "/");
        let name = name.strip_prefix("./").map_or(&*name, |rest| rest.trim_start_matches('/')).to_owned();
        Self { name, path: Some(path), is_named: false, made: None }
    }

    /// Returns a file that was named.
    pub(super) fn named(path: PathBuf) -> Self {
        Self { is_named: true, ..Self::found(path) }
    }

    /// Returns a text that a tool has made of what `name` stands for.
    pub fn rendered(name: &str, text: String) -> Self {
        Self { name: name.to_owned(), path: None, is_named: true, made: Some(text.into()) }
    }

    /// Returns standard input.
    pub fn stdin() -> Self {
        Self { name: STDIN.to_owned(), path: None, is_named: true, made: None }
    }
}

impl Input for File {
    fn name(&self) -> &str {
        &self.name
    }

    fn read(&self) -> io::Result<String> {
        if let Some(text) = &self.made {
            return Ok(text.to_string());
        }
        let mut bytes = Vec::new();
        match &self.path {
            Some(path) => {
                let file = std::fs::File::open(path)?;
                let size = file.metadata().map_or(0, |metadata| metadata.len().min(MAX_BYTES));
                bytes.reserve_exact(usize::try_from(size).unwrap_or_default() + 1);
                file.take(MAX_BYTES + 1).read_to_end(&mut bytes)?
            }
            None => io::stdin().lock().take(MAX_BYTES + 1).read_to_end(&mut bytes)?,
        };
        if bytes.len() as u64 > MAX_BYTES {
            let limit = MAX_BYTES / 1024 / 1024;
            return Err(io::Error::other(format!(
                "it is larger than {limit} MiB; split it up, or leave it out by --ignore"
            )));
        }
        String::from_utf8(bytes).map_err(|error| {
            let utf16 = matches!(error.as_bytes(), [0xff, 0xfe, ..] | [0xfe, 0xff, ..]);
            let hint = if utf16 { " but UTF-16" } else { "" };
            io::Error::other(format!("it is not UTF-8{hint} (byte {})", error.utf8_error().valid_up_to()))
        })
    }

    fn is_named(&self) -> bool {
        self.is_named
    }

    fn is_rendered(&self) -> bool {
        self.made.is_some()
    }

    fn is_readable_again(&self) -> bool {
        self.path.is_some() || self.made.is_some()
    }
}
