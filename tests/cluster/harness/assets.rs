//! The programs, from the folder `KUBEBUILDER_ASSETS`.

use std::path::PathBuf;
use std::process::Command;

/// Where they are.
pub struct Assets(PathBuf);

impl Assets {
    const HOW: &str = "KUBEBUILDER_ASSETS=$(tests/cluster/assets/build) builds what it takes, and so does tests/cluster/run \
        where KUBEBUILDER_ASSETS is not set";

    pub fn find() -> Self {
        let folder = std::env::var_os("KUBEBUILDER_ASSETS").filter(|folder| !folder.is_empty());
        let folder = folder.unwrap_or_else(|| {
            panic!("KUBEBUILDER_ASSETS does not say where etcd and kube-apiserver are: {}", Self::HOW)
        });
        Self(PathBuf::from(folder))
    }

    pub fn command(&self, name: &str) -> Command {
        let path = self.0.join(name);
        assert!(path.is_file(), "there is no {}: {}", path.display(), Self::HOW);
        let mut command = Command::new(&path);
        // Flags and kubeconfigs say everything; a proxy of the surroundings must not.
        command.env_clear().env("HOME", "/nonexistent");
        command
    }
}
