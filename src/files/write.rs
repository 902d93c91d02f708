//! Files replaced by their fixed text.

use std::{fs, io, path::Path};

use podgate_manifests::fix::Fixed;
use thiserror::Error;

use super::file::File;

/// A file that was not written.
#[derive(Debug, Error)]
pub enum WriteError {
    /// It cannot be read or written.
    #[error("{name}: cannot be written: {cause}")]
    Io {
        /// The file.
        name: String,
        /// The system's error.
        cause: io::Error,
    },
    /// It is another than the one that was read.
    #[error("{name}: has changed in the meantime and was left alone")]
    Changed {
        /// The file.
        name: String,
    },
}

/// Replaces the file by its new text: wholly or not at all, with the permissions that it has. A file that a symbolic link
/// names is replaced where it is.
pub fn write(file: &File, fixed: &Fixed) -> Result<(), WriteError> {
    let Some(path) = &file.path else { return Ok(()) };
    let name = || file.name.clone();
    let failed = |cause| WriteError::Io { name: name(), cause };
    let path = fs::canonicalize(path).map_err(failed)?;
    let there = fs::read_to_string(&path).map_err(failed)?;
    let mark = if there.starts_with('\u{feff}') { "\u{feff}" } else { "" };
    if there.strip_prefix(mark) != Some(&fixed.before) {
        return Err(WriteError::Changed { name: name() });
    }
    replace(&path, &format!("{mark}{}", fixed.after)).map_err(failed)
}

fn replace(path: &Path, text: &str) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let permissions = fs::metadata(path)?.permissions();
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    io::Write::write_all(&mut file, text.as_bytes())?;
    file.as_file().set_permissions(permissions)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}
