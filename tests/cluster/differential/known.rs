//! Where podgate and the API server are meant to differ.

use wildmatch::WildMatch;

use super::Refusal;

/// Who refuses while the other does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    ApiServer,
    Podgate,
}

/// One difference, and why it is one.
#[derive(Debug)]
pub struct Known {
    side: Side,
    /// The rule that refuses; empty for the API server.
    rule: &'static str,
    /// The field, with `*` for anything.
    field: &'static str,
    /// The message, with `*` for anything.
    message: &'static str,
    #[expect(dead_code, reason = "it is there to be read")]
    why: &'static str,
}

impl Known {
    pub fn explains(&self, side: Side, refusal: &Refusal) -> bool {
        self.side == side
            && self.rule == refusal.rule
            && WildMatch::new(self.field).matches(&refusal.field)
            && WildMatch::new(self.message).matches(&refusal.message)
    }
}

const fn podgate(rule: &'static str, field: &'static str, message: &'static str, why: &'static str) -> Known {
    Known { side: Side::Podgate, rule, field, message, why }
}

const fn api_server(field: &'static str, message: &'static str, why: &'static str) -> Known {
    Known { side: Side::ApiServer, rule: "", field, message, why }
}

pub const KNOWN: &[Known] = &[
    // What the API server lets pass, and what cannot work or is never meant.
    podgate("port-conflict", "*.containerPort", "*", "the API server warns of duplicate ports, and never refuses them"),
    podgate("unresolved-named-port", "*.port", "*", "the API server does not look up the names of ports"),
    podgate(
        "host-port-conflict",
        "*",
        "*already held by \"*",
        "the API server takes a port on every address and on one for different ports, and compares init containers with nothing",
    ),
    podgate(
        "host-port-conflict",
        "*.initContainers[*",
        "*already held by itself",
        "the API server names the first init container instead of the one that it means",
    ),
    api_server(
        "*.initContainers[0].ports[*].hostPort",
        "Duplicate value*",
        "the same: it counts init containers one at a time, so that each is number 0",
    ),
    podgate(
        "host-port-conflict",
        "*",
        "*already held by itself",
        "the API server takes a port on every address and on one for different ports",
    ),
    podgate(
        "gated-with-node-name",
        "*template.spec.nodeName",
        "*",
        "the API server accepts gates with nodeName in a template",
    ),
    podgate(
        "deadline-not-allowed",
        "*spec.activeDeadlineSeconds",
        "* of the Job is 0*",
        "the API server accepts a Job that fails at once",
    ),
    podgate("hook-tcp-socket", "*.tcpSocket*", "*", "the API server accepts the hook, which then always fails"),
    podgate("node-name-set", "*.nodeName", "*", "the API server leaves the choice of a node to anybody"),
    podgate(
        "zero-grace-period",
        "*.terminationGracePeriodSeconds",
        "*",
        "the API server accepts no grace for anything",
    ),
    podgate(
        "unmounted-env-file",
        "*.fileKeyRef.volumeName",
        "*which no container mounts*",
        "the API server does not look at mounts for a volume that variables come from",
    ),
    podgate("prestop-exceeds-grace", "*.exec*", "*", "the API server does not read commands"),
    // What is no rule's: mistakes that have nothing to do with the lifecycle.
    api_server("", "*cannot unmarshal number*of type int32*", "a number that no API server can store"),
    api_server("*resources.requests", "*must be equal to*", "resources that allow no overcommitment"),
    api_server("*resources", "Forbidden: HugePages require cpu or memory", "what huge pages need"),
    podgate(
        "request-exceeds-limit",
        "*resources.limits.*",
        "the Pod's containers together*",
        "the API server names the request that it makes of them, and only in a Pod: in a template it looks at no defaults",
    ),
    api_server("spec.resources.requests", "Invalid value*must be less than or equal to*", "the same"),
    podgate(
        "pod-resources-inconsistent",
        "*template.spec.resources.requests.*",
        "*less than its containers together*",
        "the API server makes requests of limits only in a Pod: a template gets past it, its Pods do not",
    ),
    podgate(
        "pod-resources-inconsistent",
        "*containers[*].resources.limits.*",
        "*above the Pod's limit*",
        "podgate names the container's limit, the API server a field that does not exist",
    ),
    api_server("*resources.containers[*", "*must be less than or equal to pod limits*", "the same"),
    api_server("*resourceClaims[*", "*", "claims of devices that are not named, named twice or come from nowhere"),
    api_server("*ontainers[*].resources.claims*", "Duplicate value*", "the same: a container that names one twice"),
    api_server("*.valueFrom*", "*", "a variable that comes from nowhere"),
    api_server("*.volumeMounts[*].mountPath", "*must be unique", "two volumes in one place"),
    api_server("*.volumeMounts[*].name", "*must not already exist*", "a volume both mounted and attached"),
    api_server("*.volumeDevices[*].name", "Invalid value*", "a volume that is no block device"),
    api_server("*.volumes[*].name", "Duplicate value*", "two volumes of one name"),
    // What an update may not change.
    podgate(
        "init-container-field-change",
        "spec.initContainers",
        "*is removed*",
        "of another name the API server says one thing, podgate that one is added and one removed",
    ),
    podgate(
        "scheduling-gate-added",
        "spec.schedulingGates[0]",
        "*",
        "of a gate that is added twice the API server names the second alone",
    ),
];
