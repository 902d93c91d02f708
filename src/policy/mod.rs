//! What an administrator decided, and the engine that applies it.

/// Placeholder of the compiled policy.
#[derive(Debug, Default)]
pub struct Engine {}

/// Placeholder of the policy file.
#[derive(Debug, Default)]
pub struct LifecyclePolicy {}

/// Placeholder of a policy that cannot be used.
#[derive(Debug)]
pub struct PolicyError {}

impl Engine {
    /// Compiles a policy.
    pub fn new(_policy: &LifecyclePolicy) -> Result<Self, PolicyError> {
        Ok(Self {})
    }
}
