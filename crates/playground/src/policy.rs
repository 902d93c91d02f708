//! The policy of a request.

use podgate_engine::policy::{Engine, LifecyclePolicy, Mistake, config::Profile, parse};

use crate::{answer::POLICY, clock};

/// Says why there is no policy.
pub(crate) enum NoPolicy {
    /// Its text has mistakes.
    Mistakes(Vec<Mistake>),
    /// The request is wrong.
    Request(String),
}

impl NoPolicy {
    /// Returns it as one line.
    pub(crate) fn line(&self) -> String {
        match self {
            Self::Mistakes(mistakes) => {
                let first = mistakes.first().map(|mistake| format!(", the first in line {mistake}"));
                format!("the policy has mistakes{}", first.unwrap_or_default())
            }
            Self::Request(error) => error.clone(),
        }
    }
}

/// A policy that says nothing.
const NOTHING_SAID: &str = "apiVersion: podgate.dev/v1alpha1\nkind: LifecyclePolicy\n";

/// Reads a policy, which may be blank, and sets its profile to the one that is given.
pub(crate) fn read(text: Option<&str>, profile: Option<&str>) -> Result<LifecyclePolicy, NoPolicy> {
    // Whoever chooses a profile means what a policy with this profile does.
    let text = text.filter(|text| !text.trim().is_empty()).or_else(|| profile.map(|_| NOTHING_SAID));
    let mut policy = match text.map(|text| parse(text, POLICY)) {
        None => LifecyclePolicy::default(),
        Some(Ok(policy)) => policy,
        Some(Err(error)) => return Err(NoPolicy::Mistakes(error.mistakes)),
    };
    if let Some(profile) = profile {
        let known = Profile::named(profile);
        policy.spec.profile = known.ok_or_else(|| NoPolicy::Request(format!("there is no profile \"{profile}\"")))?;
    }
    Ok(policy)
}

/// Compiles a policy.
pub(crate) fn compile(policy: LifecyclePolicy) -> Engine {
    Engine::new(&policy.for_files()).with_clock(clock::today)
}
