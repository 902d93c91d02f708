//! What every mutation's file imports: `Mutation`.

/// A mutation: what it is called and what it does.
#[derive(Debug)]
pub struct Mutation {
    /// The public id.
    pub id: &'static str,
    /// One line that says what is added.
    pub summary: &'static str,
    /// The mutation's own source text; its leading `//!` block is its page.
    pub source: &'static str,
}
