//! What a pod *does*. Pure derivations over the model, with the API's defaults applied; no opinions.

pub mod changes;
pub mod commands;
pub mod defaults;
pub mod disruption;
pub mod handlers;
pub mod helpers;
pub mod hosts;
pub mod kept;
pub mod names;
pub mod ports;
pub mod probes;
pub mod resources;
pub mod restart;
pub mod rollout;
pub mod scaling;
pub mod schedule;
pub mod services;
pub mod shell;
pub mod shutdown;
pub mod spread;
pub mod stages;
pub mod taints;
pub mod timeline;
pub mod volumes;
pub mod waiting;
