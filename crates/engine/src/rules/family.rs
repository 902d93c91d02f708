//! Families of rules, as a reader looks for them.

use super::{RULES, Rule};

/// What the rules of one folder are about.
#[derive(Debug)]
pub struct Family {
    /// Names the folder, which [`Rule::family`] says too.
    pub id: &'static str,
    /// Says in a heading what the rules are about.
    pub title: &'static str,
    /// Says in two sentences what goes wrong there.
    pub about: &'static str,
    /// Names a picture of `docs/pictures` that shows it, and says what is seen in it.
    pub picture: Option<(&'static str, &'static str)>,
}

impl Family {
    /// Returns its rules, in the order of the catalogue.
    pub fn rules(&self) -> impl Iterator<Item = &'static Rule> {
        let id = self.id;
        RULES.iter().copied().filter(move |rule| rule.family == id)
    }
}

/// Holds every family, in the order of the catalogue.
pub static FAMILIES: &[Family] = &[
    Family {
        id: "init",
        title: "Init containers and sidecars",
        about: "Init containers run one after the other, and nothing else starts before they are over. A sidecar is an init container that\n\
                goes on running, and what comes after it waits only for its startup.",
        picture: Some(("sidecar-order", "A sidecar starts before the init container after it, and stops after the app")),
    },
    Family {
        id: "ports",
        title: "Ports and Services",
        about: "The containers of a Pod share one network, and Pods on the host's network share that of the node. Names of ports lead\n\
                somewhere only if both ends agree on them.",
        picture: None,
    },
    Family {
        id: "probes",
        title: "Probes",
        about: "A probe waits for its delay, its period and its threshold together, which is often not what its author meant. One that kills\n\
                has to give up later than the container may take.",
        picture: Some(("startup-window", "A container that needs longer than its startupProbe allows is killed, and starts again")),
    },
    Family {
        id: "restart",
        title: "Restarts, Jobs and schedules",
        about: "What is restarted, by whom and how often is a matter of the Pod, of its containers and of the Job. Where they disagree, a Job\n\
                never completes, or tries again without an end.",
        picture: Some(("crash-loop", "A container that fails is started again after longer and longer pauses")),
    },
    Family {
        id: "ownership",
        title: "Owners, and what may change",
        about: "A controller replaces the Pods that it owns and no others. Most of a Pod is fixed once it exists.",
        picture: None,
    },
    Family {
        id: "termination",
        title: "Stopping",
        about: "The grace period covers the preStop hook and the stop itself. What is not over by then is killed, together with the requests\n\
                that it was answering.",
        picture: Some(("prestop-too-long", "A preStop hook takes longer than the grace period: it is cut off, and the container is killed")),
    },
    Family {
        id: "storage",
        title: "Volumes",
        about: "A volume that a container names has to be there, and some of them only one node or Pod may use at a time. What is kept in the\n\
                wrong kind of volume dies with the Pod.",
        picture: None,
    },
    Family {
        id: "resources",
        title: "Resources",
        about: "The scheduler reserves what a Pod requests, also what an init container needed for a few seconds. What has no limit may take\n\
                the memory of others.",
        picture: None,
    },
    Family {
        id: "disruption",
        title: "Replicas, rollouts and disruption",
        about: "Rollouts, drains and evictions take Pods away, and what is left has to serve. Budgets and strategies say how many may go, and\n\
                some of them say none or all.",
        picture: Some(("rollout", "The Pods of a Deployment are replaced one after the other")),
    },
    Family {
        id: "scaling",
        title: "Autoscalers",
        about: "An autoscaler decides on the number of replicas by what it can measure. It does nothing where it cannot, and fights with whoever\n\
                sets the number, too.",
        picture: None,
    },
    Family {
        id: "scheduling",
        title: "Scheduling, gates and waiting",
        about: "A Pod runs nowhere until a node is found for it and each of its gates is removed. A Pod that waits for what never comes stays\n\
                Pending for ever.",
        picture: Some(("scheduling-gate", "A Pod waits behind a scheduling gate, and is placed on a node once the gate is removed")),
    },
    Family {
        id: "fields",
        title: "Fields",
        about: "The API server drops or refuses what it does not know. Which fields it knows depends on its version.",
        picture: None,
    },
];
