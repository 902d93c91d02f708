//! Pods that wait for others, and podgate that opens their gates: with the real API server, scheduler, controllers and kubelet.
//! `tests/gates/run` runs these tests; see `README.md` beside it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    missing_docs,
    unreachable_pub
)]

mod disturbances;
mod figures;
#[allow(dead_code, unused_imports)]
#[path = "../cluster/harness/mod.rs"]
mod harness;
mod limits;
mod listed;
mod log;
mod objects;
mod others;
mod replicas;
mod rights;
mod scene;
mod stage;
mod waits;

#[path = "../../crates/engine/tests/spec/tree.rs"]
#[allow(dead_code)]
mod tree;

use std::process::ExitCode;
use std::sync::OnceLock;

use libtest_mimic::{Arguments, Trial};
use tokio::runtime::Runtime;

use stage::Stage;

/// Says that these tests are meant to run. They need programs that `cargo test` alone must not ask for.
const SELECTED: &str = "PODGATE_GATES_TESTS";

static STAGE: OnceLock<Stage> = OnceLock::new();
static RUNTIME: OnceLock<Runtime> = OnceLock::new();

fn main() -> ExitCode {
    if std::env::var_os(SELECTED).is_none() {
        println!("tests of gates not selected; tests/gates/run runs them on a real API server and kubelet");
        return ExitCode::SUCCESS;
    }
    let mut arguments = Arguments::from_args();
    let tests = tests();
    // They mostly wait. Those that disturb podgate let no other run meanwhile.
    arguments.test_threads.get_or_insert(tests.len());
    let is_wanted = |test: &&Trial| {
        let runs = arguments.ignored || arguments.include_ignored || !test.has_ignored_flag();
        runs && !arguments.is_filtered_out(test)
    };
    if arguments.list || !tests.iter().any(|test| is_wanted(&test)) {
        return libtest_mimic::run(&arguments, tests).exit_code();
    }
    let runtime = RUNTIME.get_or_init(|| Runtime::new().unwrap());
    let stage = STAGE.get_or_init(|| runtime.block_on(Stage::start()));
    let conclusion = libtest_mimic::run(&arguments, tests);
    runtime.block_on(stage.stop());
    conclusion.exit_code()
}

/// Those that disturb nobody come first, so that they run side by side.
fn tests() -> Vec<Trial> {
    let groups = [
        waits::tests(),
        limits::tests(),
        listed::tests(),
        others::tests(),
        rights::tests(),
        disturbances::tests(),
        figures::tests(),
    ];
    groups.into_iter().flatten().collect()
}

/// A test that gets the stage.
fn test<F: Future<Output = ()>>(name: &str, body: impl FnOnce(&'static Stage) -> F + Send + 'static) -> Trial {
    Trial::test(name, move || {
        let (stage, runtime) = STAGE.get().zip(RUNTIME.get()).ok_or("there is no cluster")?;
        runtime.block_on(body(stage));
        Ok(())
    })
}
