//! Answers `/validate` and `/mutate`: reads the body, has it judged in the caller's time, and refuses what cannot be.

mod body;
mod deadline;
mod refusal;
pub(crate) mod routes;
