//! L1: what a pod *does*. Pure derivations over the model, with the API's defaults applied; no opinions.

pub mod names;
pub mod ports;
pub mod probes;
pub mod restart;
pub mod stages;
