//! Rules about autoscalers, and who decides on the number of replicas.

pub(super) mod autoscaler_without_effect;
pub(super) mod replicas_reset_autoscaler;
