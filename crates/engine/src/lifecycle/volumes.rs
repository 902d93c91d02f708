//! How the containers of a Pod use its volumes.

use std::collections::HashSet;

use crate::model::{
    Container, Metadata, PodSpec,
    inventory::Namespace,
    inventory_object::ClaimAccess,
    pod::{Present, Volume},
};

/// How a container names a volume.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// By one of `volumeMounts`.
    Mount,
    /// By one of `volumeDevices`.
    Device,
    /// By `valueFrom.fileKeyRef` of one of `env`: the kubelet reads the file. This container needs no mount, but the kubelet sets up
    /// only volumes that some container mounts (`GetPodVolumeNames`).
    EnvFile,
}

/// One use of a volume by a container.
#[derive(Debug, Clone, Copy)]
pub struct VolumeUse<'c> {
    /// The volume's name.
    pub volume: &'c str,
    /// Holds how it is used.
    pub how: Use,
    /// Its index in the list that `how` tells.
    pub index: usize,
}

/// Returns the uses of volumes by a container, in the order of the lists: mounts, devices, environment.
pub fn uses<'c>(container: &'c Container<'_>) -> impl Iterator<Item = VolumeUse<'c>> {
    let mounts = container.volume_mounts.iter().enumerate();
    let mounts = mounts.map(|(index, mount)| VolumeUse { volume: &mount.name, how: Use::Mount, index });
    let devices = container.volume_devices.iter().flat_map(|devices| devices.iter()).enumerate();
    let devices = devices.map(|(index, device)| VolumeUse { volume: &device.name, how: Use::Device, index });
    let files = container.env_files.iter().flat_map(|files| files.iter());
    let files = files.map(|(index, file)| VolumeUse { volume: &file.volume_name, how: Use::EnvFile, index: *index });
    mounts.chain(devices).chain(files)
}

/// Returns the kind of a volume that is no emptyDir, as its field is called. A volume without any kind is an emptyDir
/// (`SetDefaults_Volume`); of kinds that the model does not read nothing is said.
pub fn other_kind(volume: &Volume<'_>) -> Option<&'static str> {
    let kinds = [
        ("configMap", volume.config_map),
        ("secret", volume.secret),
        ("projected", volume.projected),
        ("downwardAPI", volume.downward_api),
        ("persistentVolumeClaim", volume.persistent_volume_claim.as_ref().map(|_| Present {})),
        ("ephemeral", volume.ephemeral),
        ("csi", volume.csi),
        ("hostPath", volume.host_path),
        ("nfs", volume.nfs),
        ("iscsi", volume.iscsi),
        ("fc", volume.fc),
        ("image", volume.image),
    ];
    kinds.into_iter().filter(|_| volume.empty_dir.is_none()).find_map(|(kind, present)| present.map(|_| kind))
}

/// A volume of a claim that only one node may have at a time.
#[derive(Debug, Clone, Copy)]
pub struct OneNodeVolume<'p> {
    /// Its index among the Pod's volumes.
    pub index: usize,
    /// The claim's name.
    pub claim: &'p str,
    /// Says how many may use it.
    pub access: ClaimAccess,
}

/// Returns the volumes of a Pod whose claims are known to let only one node have them at a time.
pub fn one_node_volumes<'p>(known: &Namespace, spec: &'p PodSpec<'_>) -> impl Iterator<Item = OneNodeVolume<'p>> {
    spec.volumes.iter().enumerate().filter_map(|(index, volume)| {
        let claim = &*volume.persistent_volume_claim.as_ref()?.claim_name;
        Some(OneNodeVolume { index, claim, access: known.one_node_claim(claim)? })
    })
}

/// Places for files that neither last nor are looked for by others, by the Filesystem Hierarchy Standard.
const SCRATCH: &[&str] = &["/tmp", "/var/tmp", "/var/cache", "/run", "/var/run", "/var/lock", "/dev/shm"];

/// Places that programs write to by habit. A volume there is what a read-only root file system asks for.
const HABITUAL: &[&str] = &["/home", "/root", "/var/log"];

/// Returns whether what a container writes below this path is scratch: nobody misses it.
pub fn is_scratch(container: &Container<'_>, mount_path: &str) -> bool {
    let read_only_root = container.security_context.read_only_root_filesystem == Some(true);
    is_below(mount_path, SCRATCH) || read_only_root && is_below(mount_path, HABITUAL)
}

/// Returns whether a path is one of these places or below one of them.
pub fn is_below(path: &str, places: &[&str]) -> bool {
    places.iter().any(|place| path.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
}

/// Volumes that a sidecar uses which is injected only when the Pod is created: those of GKE's Cloud Storage FUSE driver ("Configure
/// the Cloud Storage FUSE CSI driver sidecar container"), and those that Istio's proxy takes certificates from (its injection template).
const OF_INJECTED: &[&str] = &[
    "gke-gcsfuse-buffer",
    "gke-gcsfuse-cache",
    "gke-gcsfuse-tmp",
    "credential-socket",
    "workload-certs",
    "workload-socket",
];

/// Returns the volumes that a sidecar may use which is injected later: those of known names, and those that an annotation about
/// volumes names, such as `dapr.io/volume-mounts` and `sidecar.istio.io/userVolumeMount`.
pub fn of_injected<'m>(pod_metadata: &'m Metadata<'_>) -> HashSet<&'m str> {
    let about = pod_metadata.annotations.iter().filter(|(key, _)| key.to_ascii_lowercase().contains("volume"));
    let words = about.flat_map(|(_, value)| value.split(|c: char| !c.is_ascii_alphanumeric() && c != '-'));
    words.chain(OF_INJECTED.iter().copied()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::json::from_object;

    #[test]
    fn scratch_places() {
        let scratch = |text: &str, path: &str| is_scratch(&from_object(text).unwrap(), path);
        for path in ["/tmp", "/tmp/", "/tmp/work", "/run", "/var/run/app", "/var/cache/nginx", "/dev/shm"] {
            assert!(scratch("{}", path), "{path}");
        }
        for path in ["/", "/data", "/runtime", "/var/lib/app", "/home/app", "/var/log"] {
            assert!(!scratch("{}", path), "{path}");
        }
        let read_only = r#"{"securityContext": {"readOnlyRootFilesystem": true}}"#;
        assert!(scratch(read_only, "/home/app/.cache") && scratch(read_only, "/var/log"));
        assert!(!scratch(read_only, "/data") && !scratch(r#"{"securityContext": {}}"#, "/home/app"));
    }

    #[test]
    fn volumes_of_injected_sidecars() {
        let injected = |text: &str, volume: &str| of_injected(&from_object(text).unwrap()).contains(volume);
        let dapr = r#"{"annotations": {"dapr.io/volume-mounts": "certs:/certs,more:/x", "note": "data"}}"#;
        assert!(injected("{}", "gke-gcsfuse-cache") && injected(dapr, "certs") && injected(dapr, "more"));
        assert!(!injected("{}", "cache") && !injected(dapr, "data") && !injected(dapr, "cert"));
    }
}
