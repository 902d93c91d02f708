//! podgate down, or without an answer: the failurePolicy decides. And podgate behind a Service.

use libtest_mimic::Trial;

use crate::harness::{Answer, Cluster, Podgate, Program, Reach, Register, Rights};
use crate::harness::{conflicting_containers, deployment, pod, with, workload};
use crate::test;

pub fn tests() -> Vec<Trial> {
    vec![
        test("failures::ignore_admits_and_fail_refuses", ignore_admits_and_fail_refuses),
        test("failures::podgate_is_reached_by_its_services_name", podgate_is_reached_by_its_services_name),
    ]
}

async fn ignore_admits_and_fail_refuses(cluster: &'static Cluster) {
    for (policy, admits) in [("Ignore", true), ("Fail", false)] {
        let name = policy.to_lowercase();
        let podgate = Podgate::start(cluster.processes(), Podgate::policy("{}")).await;
        let change = Register { failure_policy: Some(policy), mutating: true, ..Register::default() };
        cluster.register(podgate.reach(), &name, &change).await;
        let namespace = cluster.namespace(Some(&name)).await;
        let client = &cluster.client;
        let expect = async |what: &str, answer: Answer| {
            let text = answer.body.to_string();
            assert_eq!(answer.is_accepted(), admits, "{policy}, {what}: {text}");
            if admits {
                let annotations = cluster.audit_annotations(&answer.audit_id).await;
                let opened = annotations.as_object().unwrap().keys().any(|key| key.starts_with("failed-open."));
                assert!(opened, "{policy}, {what}: {annotations}");
            } else {
                assert_eq!(answer.status, 500, "{policy}, {what}: {text}");
                assert!(text.contains("failed calling webhook"), "{policy}, {what}: {text}");
            }
        };

        client.create(&pod(&namespace, "good")).await.accepted();
        let bad = with(deployment(&namespace, "bad"), "/spec/template/spec/containers", conflicting_containers());
        assert_eq!(client.create(&bad).await.status, 422, "{policy} does not touch what podgate decides");

        // podgate answers 500: the template is none.
        let unreadable = workload("argoproj.io", "Rollout", &namespace, "unreadable");
        let unreadable = with(unreadable, "/spec/template/spec/containers", "none");
        expect("podgate answers 500", client.create(&unreadable).await).await;

        podgate.stop().await;
        expect("podgate is down", client.create(&bad).await).await;
        expect("podgate is down and cannot mutate", client.create(&pod(&namespace, "late")).await).await;
    }
}

/// The real program with the certificates that it makes itself; `clientConfig.service` as in the manifests but for its
/// port: a Service of type ExternalName has none of its own to translate to.
async fn podgate_is_reached_by_its_services_name(cluster: &'static Cluster) {
    let program = Program::start(cluster, None, &[]).await;
    let ca = program.ca();
    cluster.install(Rights::Usual).await;

    let change = Register { failure_policy: Some("Fail"), ..Register::default() };
    cluster.register(Reach::Service { port: program.port, ca: &ca }, "service", &change).await;
    let judged = cluster.namespace(Some("service")).await;

    cluster.client.create(&pod(&judged, "good")).await.accepted();
    let bad = with(deployment(&judged, "bad"), "/spec/template/spec/containers", conflicting_containers());
    let refused = cluster.client.create(&bad).await;
    assert_eq!(refused.status, 422, "{}", refused.body);
    assert!(refused.message().contains("(podgate: port-conflict)"), "{}", refused.body);
}
