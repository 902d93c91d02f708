//! The rights that the manifests grant: all of them are used, and no more are needed.

use libtest_mimic::Trial;

use crate::harness::{Cluster, Rights, SERVICE_ACCOUNT, all_are_used};
use crate::{audit, managed, policy, test};

pub fn tests() -> Vec<Trial> {
    vec![test("rights::all_that_are_granted_are_used_and_no_other_is_asked_for", every_right_is_used)]
}

async fn every_right_is_used(cluster: &'static Cluster) {
    // All that podgate asks the API server for.
    tokio::join!(managed::shown(cluster), policy::shown(cluster), audit::shown(cluster));
    let rights = all_are_used(&cluster.audited(SERVICE_ACCOUNT), Rights::Usual);
    assert!(rights >= 17, "{rights}");
}
