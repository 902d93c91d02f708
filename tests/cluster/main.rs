//! podgate against a real etcd and kube-apiserver. `tests/cluster/run` runs these tests; see `README.md` beside it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    missing_docs,
    unreachable_pub
)]

mod answers;
mod attacks;
mod audit;
mod budgets;
mod case;
mod cases;
mod client_certificates;
mod controllers;
mod differential;
mod failures;
#[allow(dead_code, unused_imports)] // tests/kubelet and tests/gates use more of it.
mod harness;
mod leftovers;
mod legacy;
mod managed;
mod mutation;
mod pod_updates;
mod policy;
mod ratchet;
mod requests;
mod rights;
mod rollout;
mod watch;

#[path = "../../crates/engine/tests/spec/tree.rs"]
#[allow(dead_code)]
mod tree;

use std::process::ExitCode;
use std::sync::OnceLock;

use libtest_mimic::{Arguments, Trial};
use tokio::runtime::Runtime;

use harness::Cluster;

/// Says that these tests are meant to run. They need programs that `cargo test` alone must not ask for.
const SELECTED: &str = "PODGATE_CLUSTER_TESTS";

/// Tests mostly wait for the API server, so that more of them than there are processors get on at a time.
const THREADS: usize = 8;

static CLUSTER: OnceLock<Cluster> = OnceLock::new();
static RUNTIME: OnceLock<Runtime> = OnceLock::new();

fn main() -> ExitCode {
    if std::env::var_os(SELECTED).is_none() {
        println!("cluster tests not selected; tests/cluster/run runs them against a real API server");
        return ExitCode::SUCCESS;
    }
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(THREADS);
    let tests = tests();
    if arguments.list || tests.iter().all(|test| arguments.is_filtered_out(test)) {
        return libtest_mimic::run(&arguments, tests).exit_code();
    }
    let runtime = RUNTIME.get_or_init(|| Runtime::new().unwrap());
    let cluster = CLUSTER.get_or_init(|| runtime.block_on(Cluster::start()));
    let conclusion = libtest_mimic::run(&arguments, tests);
    cluster.stop();
    conclusion.exit_code()
}

fn tests() -> Vec<Trial> {
    let groups = [
        // These take longest, and begin first.
        managed::tests(),
        legacy::tests(),
        rollout::tests(),
        watch::tests(),
        rights::tests(),
        policy::tests(),
        answers::tests(),
        attacks::tests(),
        budgets::tests(),
        cases::tests(),
        client_certificates::tests(),
        controllers::tests(),
        audit::tests(),
        differential::tests(),
        failures::tests(),
        leftovers::tests(),
        mutation::tests(),
        pod_updates::tests(),
        ratchet::tests(),
        requests::tests(),
    ];
    groups.into_iter().flatten().collect()
}

/// A test that gets the cluster.
fn test<F: Future<Output = ()>>(
    name: impl Into<String>,
    body: impl FnOnce(&'static Cluster) -> F + Send + 'static,
) -> Trial {
    Trial::test(name, move || {
        let (cluster, runtime) = CLUSTER.get().zip(RUNTIME.get()).ok_or("there is no cluster")?;
        runtime.block_on(body(cluster));
        Ok(())
    })
}
