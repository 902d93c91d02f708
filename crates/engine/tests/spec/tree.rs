//! The files of this repository, and those of them that are generated from the code.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The folder that holds Cargo.lock.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().find(|folder| folder.join("Cargo.lock").is_file()).unwrap().to_owned()
}

/// Fails unless the file has this text; with `UPDATE` set writes it.
pub fn hold(file: &str, text: &str) {
    let path = root().join(file);
    if fs::read_to_string(&path).is_ok_and(|there| there == text) {
        return;
    }
    assert!(
        std::env::var_os("UPDATE").is_some(),
        "{file} is not what the code says: run UPDATE=1 cargo test --workspace"
    );
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}
