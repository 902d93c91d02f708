//! Rules about init containers.

pub(super) mod init_container_field_change;
pub(super) mod init_container_lifecycle_hook;
pub(super) mod init_container_probe;
pub(super) mod init_image_change_without_effect;
pub(super) mod init_only_rollout;
pub(super) mod sidecar_without_probe;
