//! podgate that answers API servers alone: those that show a client certificate, by the files that are shipped for that.

use libtest_mimic::Trial;

use crate::harness::{Cluster, Program, Reach, Register, Rights};
use crate::harness::{conflicting_containers, deployment, eventually, pod, with};
use crate::test;

pub fn tests() -> Vec<Trial> {
    vec![test("client_certificates::others_are_not_answered", others_are_not_answered)]
}

async fn others_are_not_answered(cluster: &'static Cluster) {
    let authority = cluster.processes().dir().join("ca.crt").display().to_string();
    let program = Program::start(cluster, None, &["--client-ca", &authority, "--client-name", "podgate-client"]).await;
    let ca = program.ca();
    cluster.install(Rights::Usual).await;
    let change = Register { failure_policy: Some("Fail"), ..Register::default() };
    cluster.register(Reach::Service { port: program.port, ca: &ca }, "client-certificates", &change).await;
    let judged = cluster.namespace(Some("client-certificates")).await;
    let bad = with(deployment(&judged, "bad"), "/spec/template/spec/containers", conflicting_containers());

    // Of the same authority, under no name that podgate knows.
    let refused = cluster.client.create(&pod(&judged, "good")).await;
    assert_eq!(refused.status, 500, "{}", refused.body);
    assert!(refused.message().contains("failed calling webhook"), "{}", refused.body);

    let server = cluster.api_server_with_client_certificate(program.port).await;
    let client = server.client();
    eventually("podgate decides", async || {
        let answer = client.create(&bad).await;
        (answer.status == 422)
            .then(|| assert!(answer.message().contains("(podgate: port-conflict)"), "{}", answer.body))
    })
    .await;
    client.create(&pod(&judged, "good")).await.accepted();
}
