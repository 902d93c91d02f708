//! The manifests of the tour.
