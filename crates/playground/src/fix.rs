//! The policy's additions, made to the text.

use std::slice;

use serde::{Deserialize, Serialize};

use podgate_engine::policy::Engine;
use podgate_manifests::{Text, fix};

use crate::{
    answer::{MANIFEST, NAMESPACE, answered},
    clock,
    judge::Problem,
    policy,
};

#[derive(Deserialize)]
struct Request {
    manifest: String,
    policy: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Fixed {
    text: String,
    changes: Vec<Change>,
    problems: Vec<Problem>,
    adds_nothing: bool,
}

#[derive(Serialize)]
struct Change {
    object: String,
    path: String,
    mutation: &'static str,
}

/// Makes the policy's additions to a manifest, as `podgate fix` does.
pub fn fix(request: &str) -> String {
    answered(request, fixed)
}

fn fixed(request: Request) -> Result<Fixed, String> {
    let policy = policy::read(request.policy.as_deref(), None).map_err(|error| error.line())?;
    let adds_nothing = policy.spec.mutations.is_empty();
    // As in a cluster: what it does not judge it does not change.
    let engine = Engine::new(&policy).with_clock(clock::today);
    let text = Text { name: MANIFEST.to_owned(), text: request.manifest };
    let fixed = fix::fix(&engine, slice::from_ref(&text), NAMESPACE).into_iter().next();
    let fixed = fixed.ok_or_else(|| "there is nothing to fix".to_owned())?;
    let changes = fixed.changes.into_iter().map(|change| Change {
        object: change.object,
        path: change.path.to_string(),
        mutation: change.mutation,
    });
    Ok(Fixed {
        text: fixed.after,
        changes: changes.collect(),
        problems: Problem::all(&fixed.problems, &text.text, ""),
        adds_nothing,
    })
}
