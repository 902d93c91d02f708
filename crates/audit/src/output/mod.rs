//! What an audit has found, for people and for programs.

pub mod html;
pub mod json;
pub mod report;
pub mod sarif;
pub mod text;
