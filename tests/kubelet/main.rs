//! What podgate claims about the life of Pods, seen on a real kubelet. `tests/kubelet/run` plays the scenarios in
//! `scenarios/`; see `README.md` beside it. Without it only what needs no kubelet is tested.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    missing_docs,
    unreachable_pub
)]

mod courses;
mod derivations;
mod generated;
#[allow(dead_code, unused_imports)]
#[path = "../cluster/harness/mod.rs"]
mod harness;
mod links;
mod lives;
mod node;
mod play;
mod scenario;
mod script;
mod timeline;

#[path = "../../crates/engine/tests/spec/tree.rs"]
#[allow(dead_code)]
mod tree;

use std::process::ExitCode;
use std::sync::OnceLock;
use std::time::Duration;

use libtest_mimic::{Arguments, Trial};
use tokio::runtime::Runtime;

use node::Node;
use scenario::Scenario;

/// Says that the scenarios are meant to be played. They need programs that `cargo test` alone must not ask for.
const SELECTED: &str = "PODGATE_KUBELET_TESTS";

/// Scenarios begin one after another, so that not all containers start at once and their statuses do not queue.
const BETWEEN: Duration = Duration::from_millis(250);

static NODE: OnceLock<Node> = OnceLock::new();
static RUNTIME: OnceLock<Runtime> = OnceLock::new();

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    let mut tests = links::tests();
    tests.extend(courses::tests());
    tests.extend(derivations::tests());
    if std::env::var_os(SELECTED).is_none() {
        println!("scenarios not selected; tests/kubelet/run plays them on a real kubelet");
        return libtest_mimic::run(&arguments, tests).exit_code();
    }
    let mut scenarios = scenario::all();
    scenarios.sort_by_key(|scenario| std::cmp::Reverse(scenario.least_seconds()));
    // They only wait: all are played side by side.
    let scenarios = scenarios.into_iter().map(trial);
    let wanted: Vec<Trial> =
        scenarios.chain(generated::tests()).filter(|test| !arguments.is_filtered_out(test)).collect();
    arguments.test_threads.get_or_insert(wanted.len().max(1));
    let nothing = wanted.is_empty();
    tests.extend(wanted);
    if arguments.list || nothing {
        return libtest_mimic::run(&arguments, tests).exit_code();
    }
    let runtime = RUNTIME.get_or_init(|| Runtime::new().unwrap());
    let node = NODE.get_or_init(|| runtime.block_on(Node::start()));
    let conclusion = libtest_mimic::run(&arguments, tests);
    node.stop();
    conclusion.exit_code()
}

fn trial(scenario: Scenario) -> Trial {
    Trial::test(scenario.name.clone(), move || Ok(on_node(async |node| play::play(node, &scenario).await)?))
}

/// Does something on the node, once it is its turn.
fn on_node(does: impl AsyncFnOnce(&'static Node) -> Result<(), String>) -> Result<(), String> {
    let (node, runtime) = NODE.get().zip(RUNTIME.get()).ok_or("there is no node")?;
    std::thread::sleep(node.turn() * BETWEEN);
    runtime.block_on(does(node))
}
