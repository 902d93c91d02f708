//! Cost that grows with the input and not faster, and memory that is a bounded multiple of it: `tests/growth/run`.
//!
//! Every list, map and string of many documents is made four times as long; the steps of the whole review may then grow by a
//! factor of five at most. Steps are edges of the control flow, counted by the instrumentation that the script asks the
//! compiler for: they do not depend on the machine. Time would.
//!
//! The documents are those that podgate already has: the examples of every rule's page and every case of `tests/rules/`, and
//! for each kind the union of all of them. A rule comes with examples of each field that it looks at, so that a field that is
//! new in the model is grown as soon as a rule reads it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, clippy::cast_precision_loss, missing_docs)]

mod documents;
mod grow;
mod manifests;
mod policies;
mod reviews;
mod steps;

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    process::ExitCode,
};

use steps::Growth;

/// How much longer the longer of two inputs is.
const FACTOR: usize = 4;
/// Limits what the steps of an input [`FACTOR`] times as long may be a multiple of: linear cost comes to [`FACTOR`], and sorting
/// and the growth of tables to a little more.
const MAX_STEPS_GROWTH: f64 = 5.0;
/// Limits what one byte of a body may become while it is judged, in bytes: reading makes structs of it, and findings and the answer
/// come on top. SECURITY.md and `--max-bytes` are built on it.
const MAX_BYTES_PER_BYTE: f64 = 64.0;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let part: u64 = arguments.next().and_then(|part| part.parse().ok()).expect("which part of the cases");
    let parts: u64 = arguments.next().and_then(|parts| parts.parse().ok()).expect("of how many parts");
    let filter = arguments.next().unwrap_or_default();
    let mut failed = 0;
    let mut measured = 0;
    let mut worst: Vec<(f64, f64, String)> = Vec::new();
    let mut see = |name: &str, growth: Growth| {
        measured += 1;
        // Whoever writes policies may use the memory that they take.
        let policy = name.starts_with("policy") || name.starts_with("under a policy");
        let growth = if policy { Growth { memory: 0.0, ..growth } } else { growth };
        if growth.steps > MAX_STEPS_GROWTH || growth.memory > MAX_BYTES_PER_BYTE {
            failed += 1;
            println!("FAILED {:6.2} x the steps, {:6.2} bytes a byte: {name}", growth.steps, growth.memory);
        }
        worst.push((growth.steps, growth.memory, name.to_owned()));
    };
    let wanted = |name: &str| {
        let mut hasher = DefaultHasher::new();
        name.hash(&mut hasher);
        name.contains(&filter) && hasher.finish() % parts == part
    };
    reviews::run(&wanted, &mut see);
    manifests::run(&wanted, &mut see);
    policies::run(&wanted, &mut see);
    worst.sort_by(|one, other| other.0.total_cmp(&one.0));
    for (steps, _, name) in worst.iter().take(5) {
        println!("{steps:6.2} x the steps: {name}");
    }
    worst.sort_by(|one, other| other.1.total_cmp(&one.1));
    for (_, memory, name) in worst.iter().take(5) {
        println!("{memory:6.2} bytes a byte: {name}");
    }
    println!("{} passed, {failed} failed", measured - failed);
    if failed == 0 && measured > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
