//! Text, and what is written in it: JSON and YAML read with the place of every field.

pub mod collections;
mod diagnose;
pub mod duration;
pub mod json;
pub mod object;
pub mod path;
pub mod pattern;
pub mod read_error;
pub mod room;
pub mod same;
pub mod scalar;
pub mod small;
pub mod suggest;
pub mod text;
pub mod value;
pub mod yaml;

pub use collections::{List, Map};
pub use path::Path;
pub use read_error::{JsonValue, ReadCause, ReadError, ReadErrors};
pub use small::SmallMap;
pub use text::Str;
