//! How quick goes what is not known.

use std::time::Duration;

/// Tells how quick all is that is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pace {
    /// As quick as can be.
    Early,
    /// As slow as can be.
    Late,
}

impl Pace {
    /// Returns how long the kubelet takes to see that something has changed: it looks at its containers once a second (`genericPlegRelistPeriod`).
    pub(super) fn notice(self) -> Duration {
        match self {
            Self::Early => Duration::ZERO,
            Self::Late => Duration::from_secs(1),
        }
    }

    /// Returns how long after a time so many seconds have gone by for those who know it cut to whole seconds: up to a second less. So
    /// are all times of the API, among them the start of a container that the kubelet's probes count from (`doProbe` reads the status
    /// that `normalizeStatus` has cut).
    pub(super) fn whole_seconds(self, seconds: i64) -> Duration {
        let seconds = Duration::from_secs(u64::try_from(seconds).unwrap_or(0));
        match self {
            Self::Early => seconds.saturating_sub(Duration::from_secs(1)),
            Self::Late => seconds,
        }
    }
}

/// Tells how quick all is that is not known of each container and of the Pod itself.
#[derive(Debug, Clone)]
pub(super) struct Paces {
    pub(super) pod: Pace,
    containers: Vec<Pace>,
    others: Pace,
}

/// A Pod of so many containers is simulated with every choice for each of them, so that what depends on which of two is quicker has the
/// bounds of both ways. One of more is simulated with all quick and with all slow.
const MOST_CHOICES: usize = 4;

impl Paces {
    /// Returns the ways to simulate a Pod of so many containers: all quick first, all slow last.
    pub(super) fn of(containers: usize) -> Vec<Self> {
        let pace = |late: bool| if late { Pace::Late } else { Pace::Early };
        if containers > MOST_CHOICES {
            return [false, true].map(pace).map(|all| Self { pod: all, containers: Vec::new(), others: all }).into();
        }
        let choices = 0..1_usize << (containers + 1);
        let choose = |choice: usize| {
            let is_late = |bit: usize| choice >> bit & 1 == 1;
            let own = (1..=containers).map(|bit| pace(is_late(bit)));
            Self { pod: pace(is_late(0)), containers: own.collect(), others: Pace::Early }
        };
        choices.map(choose).collect()
    }

    /// How quick a container is.
    pub(super) fn of_container(&self, index: usize) -> Pace {
        self.containers.get(index).copied().unwrap_or(self.others)
    }
}
