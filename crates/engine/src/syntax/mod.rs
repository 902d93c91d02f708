//! Text, and what is written in it: JSON and YAML read with the place of every field.

pub mod json;
pub mod path;
pub mod scalar;
pub mod small;
pub mod text;
pub mod yaml;

pub use json::{List, Map};
pub use path::Path;
pub use small::SmallMap;
pub use text::Str;
