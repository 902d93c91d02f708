//! Effective requests and QoS classes against a table that was worked out by hand from KEP-753 and KEP-2837.

use podgate_engine::{
    lifecycle::resources::{Amounts, QosReason, effective_limits, effective_requests, qos},
    model::PodSpec,
    syntax::json::from_object,
};

use super::judging::json;

/// A Pod spec, what it reserves, its QoS class and why.
struct Case {
    what: &'static str,
    spec: &'static str,
    requests: &'static str,
    qos: &'static str,
}

const fn case(what: &'static str, spec: &'static str, requests: &'static str, qos: &'static str) -> Case {
    Case { what, spec, requests, qos }
}

const CASES: &[Case] = &[
    // Requests and limits of apps.
    case("nothing at all", "containers: [{name: a}]", "", "BestEffort: all containers"),
    case("no containers", "{}", "", "BestEffort: all containers"),
    case(
        "requests only",
        "containers: [{name: a, resources: {requests: {cpu: 100m, memory: 1Gi}}}]",
        "cpu=100m memory=1Gi",
        "Burstable: a has no cpu limit",
    ),
    case(
        "limits only: requests are the limits",
        "containers: [{name: a, resources: {limits: {cpu: 1, memory: 1Gi}}}]",
        "cpu=1 memory=1Gi",
        "Guaranteed: all containers",
    ),
    case(
        "one limit without request, per resource",
        "containers: [{name: a, resources: {requests: {cpu: 500m}, limits: {cpu: 1, memory: 1Gi}}}]",
        "cpu=500m memory=1Gi",
        "Burstable: a requests 500m of a cpu limit of 1",
    ),
    case(
        "equal however written",
        "containers: [{name: a, resources: {requests: {cpu: 0.5, memory: 1024Mi}, limits: {cpu: 500m, memory: 1Gi}}}]",
        "cpu=500m memory=1Gi",
        "Guaranteed: all containers",
    ),
    case(
        "1G is not 1Gi",
        "containers: [{name: a, resources: {requests: {cpu: 1, memory: 1G}, limits: {cpu: 1, memory: 1Gi}}}]",
        "cpu=1 memory=1G",
        "Burstable: a requests 1G of a memory limit of 1Gi",
    ),
    case(
        "no memory limit",
        "containers: [{name: a, resources: {requests: {cpu: 1, memory: 1Gi}, limits: {cpu: 1}}}]",
        "cpu=1 memory=1Gi",
        "Burstable: a has no memory limit",
    ),
    case(
        "cpu only",
        "containers: [{name: a, resources: {limits: {cpu: 1}}}]",
        "cpu=1",
        "Burstable: a has no memory limit",
    ),
    case(
        "two apps add up",
        "containers: [{name: a, resources: {limits: {cpu: 1, memory: 1Gi}}}, {name: b, resources: {limits: {cpu: 250m, memory: 512Mi}}}]",
        "cpu=1250m memory=1536Mi",
        "Guaranteed: all containers",
    ),
    case(
        "a Guaranteed app beside one with nothing",
        "containers: [{name: a, resources: {limits: {cpu: 1, memory: 1Gi}}}, {name: b}]",
        "cpu=1 memory=1Gi",
        "Burstable: b has neither requests nor limits for cpu and memory",
    ),
    case(
        "sums that happen to be equal do not make it Guaranteed",
        "containers: [{name: a, resources: {requests: {cpu: 1, memory: 1Gi}, limits: {cpu: 2, memory: 1Gi}}}, {name: b, resources: {requests: {cpu: 1, memory: 1Gi}, limits: {memory: 1Gi}}}]",
        "cpu=2 memory=2Gi",
        "Burstable: a requests 1 of a cpu limit of 2",
    ),
    // Amounts of zero.
    case(
        "zeros are nothing",
        "containers: [{name: a, resources: {requests: {cpu: 0, memory: 0}, limits: {cpu: 0}}}]",
        "cpu=0 memory=0",
        "BestEffort: all containers",
    ),
    case(
        "a limit of zero is no limit",
        "containers: [{name: a, resources: {requests: {cpu: 0, memory: 1Gi}, limits: {cpu: 0, memory: 1Gi}}}]",
        "cpu=0 memory=1Gi",
        "Burstable: a has no cpu limit",
    ),
    case(
        "a request of zero stays zero",
        "containers: [{name: a, resources: {requests: {cpu: 0, memory: 1Gi}, limits: {cpu: 1, memory: 1Gi}}}]",
        "cpu=0 memory=1Gi",
        "Burstable: a requests 0 of a cpu limit of 1",
    ),
    // Other resources.
    case(
        "ephemeral-storage counts for nothing",
        "containers: [{name: a, resources: {requests: {ephemeral-storage: 1Gi}, limits: {ephemeral-storage: 2Gi}}}]",
        "ephemeral-storage=1Gi",
        "BestEffort: all containers",
    ),
    case(
        "ephemeral-storage does not spoil Guaranteed",
        "containers: [{name: a, resources: {requests: {ephemeral-storage: 1Gi}, limits: {cpu: 1, memory: 1Gi, ephemeral-storage: 2Gi}}}]",
        "cpu=1 ephemeral-storage=1Gi memory=1Gi",
        "Guaranteed: all containers",
    ),
    case(
        "huge pages count for nothing",
        "containers: [{name: a, resources: {limits: {hugepages-2Mi: 64Mi, cpu: 1, memory: 1Gi}}}]",
        "cpu=1 hugepages-2Mi=64Mi memory=1Gi",
        "Guaranteed: all containers",
    ),
    case(
        "extended resources are reserved, but make no class",
        "containers: [{name: a, resources: {limits: {example.com/gpu: 2}}}]",
        "example.com/gpu=2",
        "BestEffort: all containers",
    ),
    // Init containers.
    case(
        "the largest init container, not their sum",
        "{initContainers: [{name: i, resources: {requests: {cpu: 2}}}, {name: j, resources: {requests: {cpu: 3}}}], containers: [{name: a, resources: {requests: {cpu: 1}}}]}",
        "cpu=3",
        "Burstable: i has no cpu limit",
    ),
    case(
        "an init container smaller than the apps",
        "{initContainers: [{name: i, resources: {requests: {cpu: 1, memory: 3Gi}}}], containers: [{name: a, resources: {requests: {cpu: 1, memory: 1Gi}}}, {name: b, resources: {requests: {cpu: 1, memory: 1Gi}}}]}",
        "cpu=2 memory=3Gi",
        "Burstable: i has no cpu limit",
    ),
    case(
        "an init container with nothing spoils Guaranteed",
        "{initContainers: [{name: i}], containers: [{name: a, resources: {limits: {cpu: 1, memory: 1Gi}}}]}",
        "cpu=1 memory=1Gi",
        "Burstable: i has neither requests nor limits for cpu and memory",
    ),
    case(
        "an init container with limits of its own does not",
        "{initContainers: [{name: i, resources: {limits: {cpu: 2, memory: 64Mi}}}], containers: [{name: a, resources: {limits: {cpu: 1, memory: 1Gi}}}]}",
        "cpu=2 memory=1Gi",
        "Guaranteed: all containers",
    ),
    // Sidecars (KEP-753).
    case(
        "a sidecar adds to the apps",
        "{initContainers: [{name: s, restartPolicy: Always, resources: {limits: {cpu: 1, memory: 1Gi}}}], containers: [{name: a, resources: {limits: {cpu: 2, memory: 1Gi}}}]}",
        "cpu=3 memory=2Gi",
        "Guaranteed: all containers",
    ),
    case(
        "a sidecar adds to the init containers after it",
        "{initContainers: [{name: s, restartPolicy: Always, resources: {requests: {cpu: 1}}}, {name: i, resources: {requests: {cpu: 5}}}], containers: [{name: a, resources: {requests: {cpu: 2}}}]}",
        "cpu=6",
        "Burstable: s has no cpu limit",
    ),
    case(
        "and not to those before it",
        "{initContainers: [{name: i, resources: {requests: {cpu: 5}}}, {name: s, restartPolicy: Always, resources: {requests: {cpu: 1}}}], containers: [{name: a, resources: {requests: {cpu: 2}}}]}",
        "cpu=5",
        "Burstable: i has no cpu limit",
    ),
    case(
        "KEP-753: sidecars between init containers",
        "{initContainers: [{name: i, resources: {requests: {cpu: 5}}}, {name: s, restartPolicy: Always, resources: {requests: {cpu: 1}}}, {name: j, resources: {requests: {cpu: 4}}}, {name: t, restartPolicy: Always, resources: {requests: {cpu: 2}}}, {name: k, resources: {requests: {cpu: 4}}}], containers: [{name: a, resources: {requests: {cpu: 3}}}]}",
        // i: 5; j: 4 + 1; k: 4 + 1 + 2 = 7; apps and sidecars: 3 + 1 + 2 = 6.
        "cpu=7",
        "Burstable: i has no cpu limit",
    ),
    case(
        "resources are compared one by one",
        "{initContainers: [{name: s, restartPolicy: Always, resources: {requests: {cpu: 100m, memory: 128Mi}}}, {name: i, resources: {requests: {cpu: 2, memory: 64Mi}}}], containers: [{name: a, resources: {requests: {cpu: 500m, memory: 1Gi}}}]}",
        "cpu=2100m memory=1152Mi",
        "Burstable: s has no cpu limit",
    ),
    case(
        "any other restartPolicy leaves an init container regular",
        "{initContainers: [{name: i, restartPolicy: OnFailure, resources: {requests: {cpu: 1}}}], containers: [{name: a, resources: {requests: {cpu: 2}}}]}",
        "cpu=2",
        "Burstable: i has no cpu limit",
    ),
    case(
        "a sidecar with nothing spoils Guaranteed",
        "{initContainers: [{name: s, restartPolicy: Always}], containers: [{name: a, resources: {limits: {cpu: 1, memory: 1Gi}}}]}",
        "cpu=1 memory=1Gi",
        "Burstable: s has neither requests nor limits for cpu and memory",
    ),
    case(
        "an ephemeral container counts for nothing",
        "{containers: [{name: a, resources: {limits: {cpu: 1, memory: 1Gi}}}], ephemeralContainers: [{name: e}]}",
        "cpu=1 memory=1Gi",
        "Guaranteed: all containers",
    ),
    // Overhead.
    case(
        "overhead is reserved, too, and makes no class",
        "{overhead: {cpu: 250m, memory: 120Mi}, containers: [{name: a}]}",
        "cpu=250m memory=120Mi",
        "BestEffort: all containers",
    ),
    case(
        "overhead comes on top of the larger phase",
        "{overhead: {cpu: 250m}, initContainers: [{name: i, resources: {requests: {cpu: 2}}}], containers: [{name: a, resources: {requests: {cpu: 1}}}]}",
        "cpu=2250m",
        "Burstable: i has no cpu limit",
    ),
    // Resources of the Pod (KEP-2837).
    case(
        "the Pod alone",
        "{resources: {requests: {cpu: 1, memory: 1Gi}, limits: {cpu: 1, memory: 1Gi}}, containers: [{name: a}]}",
        "cpu=1 memory=1Gi",
        "Guaranteed: Pod",
    ),
    case(
        "the Pod's limits alone: requested in full",
        "{resources: {limits: {cpu: 2, memory: 2Gi}}, containers: [{name: a}]}",
        "cpu=2 memory=2Gi",
        "Guaranteed: Pod",
    ),
    case(
        "the Pod's limits, and requests of containers",
        "{resources: {limits: {cpu: 2, memory: 2Gi}}, containers: [{name: a, resources: {requests: {cpu: 500m}}}]}",
        "cpu=500m memory=2Gi",
        "Burstable: Pod requests 500m of a cpu limit of 2",
    ),
    case(
        "the Pod's requests replace those of containers",
        "{resources: {requests: {cpu: 4}}, containers: [{name: a, resources: {requests: {cpu: 1, memory: 1Gi}}}]}",
        "cpu=4 memory=1Gi",
        "Burstable: Pod has no cpu limit",
    ),
    case(
        "the Pod decides, whatever its containers are",
        "{resources: {limits: {cpu: 2, memory: 2Gi}, requests: {cpu: 1, memory: 2Gi}}, containers: [{name: a, resources: {limits: {cpu: 1, memory: 1Gi}}}]}",
        "cpu=1 memory=2Gi",
        "Burstable: Pod requests 1 of a cpu limit of 2",
    ),
    case(
        "and saves what an init container would spoil",
        "{resources: {limits: {cpu: 2, memory: 2Gi}, requests: {cpu: 2, memory: 2Gi}}, initContainers: [{name: i}], containers: [{name: a, resources: {limits: {cpu: 1, memory: 1Gi}}}]}",
        "cpu=2 memory=2Gi",
        "Guaranteed: Pod",
    ),
    case(
        "limits of all containers fill in the Pod's, but not below its request",
        "{resources: {requests: {cpu: 2}}, containers: [{name: a, resources: {limits: {cpu: 1, memory: 1Gi}}}]}",
        "cpu=2 memory=1Gi",
        "Guaranteed: Pod",
    ),
    case(
        "limits of some containers do not",
        "{resources: {requests: {cpu: 1}}, initContainers: [{name: i}], containers: [{name: a, resources: {limits: {cpu: 1, memory: 1Gi}}}]}",
        "cpu=1 memory=1Gi",
        "Burstable: Pod has no cpu limit",
    ),
    case(
        "the Pod's sidecars and overhead",
        "{resources: {requests: {cpu: 3, memory: 1Gi}}, overhead: {cpu: 100m}, initContainers: [{name: s, restartPolicy: Always, resources: {requests: {cpu: 1}}}], containers: [{name: a, resources: {requests: {cpu: 1}}}]}",
        "cpu=3100m memory=1Gi",
        "Burstable: Pod has no cpu limit",
    ),
    case(
        "huge pages of the Pod",
        "{resources: {limits: {cpu: 1, hugepages-2Mi: 128Mi}}, containers: [{name: a, resources: {limits: {hugepages-2Mi: 64Mi}}}]}",
        "cpu=1 hugepages-2Mi=128Mi",
        "Burstable: Pod has no memory limit",
    ),
    case(
        "huge pages of containers become the Pod's",
        "{resources: {limits: {cpu: 1, memory: 1Gi}}, containers: [{name: a, resources: {limits: {hugepages-2Mi: 64Mi}}}, {name: b, resources: {limits: {hugepages-2Mi: 64Mi}}}]}",
        "cpu=1 hugepages-2Mi=128Mi memory=1Gi",
        "Guaranteed: Pod",
    ),
    case(
        "a Pod has no ephemeral-storage of its own",
        "{resources: {limits: {ephemeral-storage: 4Gi}}, containers: [{name: a, resources: {limits: {cpu: 1, memory: 1Gi, ephemeral-storage: 1Gi}}}]}",
        "cpu=1 ephemeral-storage=1Gi memory=1Gi",
        "Guaranteed: all containers",
    ),
    case(
        "an empty resources is none",
        "{resources: {requests: {}, limits: null}, containers: [{name: a, resources: {limits: {cpu: 1, memory: 1Gi}}}]}",
        "cpu=1 memory=1Gi",
        "Guaranteed: all containers",
    ),
    case(
        "zeros of the Pod",
        "{resources: {requests: {cpu: 0}}, containers: [{name: a}]}",
        "cpu=0",
        "BestEffort: Pod has neither requests nor limits for cpu and memory",
    ),
    // What is no quantity, or more than any.
    case(
        "what is no quantity is as good as absent",
        "containers: [{name: a, resources: {requests: {cpu: lots}, limits: {cpu: 1, memory: 1Gi}}}]",
        "cpu=1 memory=1Gi",
        "Guaranteed: all containers",
    ),
    case(
        "more than any",
        "containers: [{name: a, resources: {requests: {cpu: 1e999}}}, {name: b, resources: {requests: {cpu: 1e999}}}]",
        "cpu=1e29 or more",
        "Burstable: a has no cpu limit",
    ),
];

fn written(amounts: &Amounts<'_>) -> String {
    amounts.iter().map(|(name, amount)| format!("{name}={amount}")).collect::<Vec<_>>().join(" ")
}

#[test]
fn requests_and_qos() {
    assert!(CASES.len() >= 30);
    for Case { what, spec, requests, qos: class } in CASES {
        let text = json(spec);
        let spec: PodSpec = from_object(&text).unwrap();
        assert_eq!(written(&effective_requests(&spec)), *requests, "requests: {what}");
        let found = qos(&spec);
        let reason = match found.reason {
            QosReason::Pod(None) => "Pod".to_owned(),
            QosReason::Pod(Some(flaw)) => format!("Pod {flaw}"),
            QosReason::Containers => "all containers".to_owned(),
            QosReason::Container(placed, flaw) => format!("{} {flaw}", placed.container.name),
        };
        assert_eq!(format!("{:?}: {reason}", found.class), *class, "QoS: {what}");
    }
}

#[test]
fn limits() {
    for (what, spec, limits) in [
        ("requests are no limits", "containers: [{name: a, resources: {requests: {cpu: 1}}}]", ""),
        (
            "sidecars and init containers as for requests",
            "{initContainers: [{name: s, restartPolicy: Always, resources: {limits: {cpu: 1}}}, {name: i, resources: {limits: {cpu: 4}}}], containers: [{name: a, resources: {limits: {cpu: 2}}}]}",
            "cpu=5",
        ),
        (
            "overhead comes on top of limits that are there and not 0",
            "{overhead: {cpu: 100m, memory: 1Mi, hugepages-2Mi: 2Mi}, containers: [{name: a, resources: {limits: {cpu: 1, memory: 0}}}]}",
            "cpu=1100m memory=0",
        ),
        (
            "the Pod's limits",
            "{resources: {limits: {memory: 2Gi}}, containers: [{name: a, resources: {limits: {cpu: 1, memory: 1Gi}}}]}",
            "cpu=1 memory=2Gi",
        ),
        (
            "the Pod's request raises the limit that its containers give it",
            "{resources: {requests: {memory: 2Gi}}, containers: [{name: a, resources: {limits: {memory: 1Gi}}}]}",
            "memory=2Gi",
        ),
    ] {
        let text = json(spec);
        let spec: PodSpec = from_object(&text).unwrap();
        assert_eq!(written(&effective_limits(&spec)), limits, "{what}");
    }
}
