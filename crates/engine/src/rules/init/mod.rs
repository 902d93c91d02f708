//! Rules about init containers.

pub(super) mod init_container_field_change;
pub(super) mod init_container_lifecycle_hook;
pub(super) mod init_container_never_ends;
pub(super) mod init_container_probe;
pub(super) mod init_image_change_without_effect;
pub(super) mod init_only_rollout;
pub(super) mod orphan_init_volume;
pub(super) mod sidecar_without_probe;
pub(super) mod unbounded_init_retry;
