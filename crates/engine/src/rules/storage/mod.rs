//! Rules about volumes.

pub(super) mod one_node_volume_rollout;
pub(super) mod stateful_empty_dir;
pub(super) mod unbounded_memory_volume;
pub(super) mod undeclared_volume;
pub(super) mod unmounted_env_file;
pub(super) mod unused_volume;
