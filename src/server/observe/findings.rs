//! Counts findings by rule, level and namespace. However many namespaces come and go, the number of series is bounded.

use std::sync::atomic::{AtomicUsize, Ordering};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

use podgate_engine::admission::{Counted, Record};

/// Limits the series of each metric that name their namespace; what comes later is counted under [`OTHER`].
const MAX_SERIES: usize = 4000;
/// No namespace can have this name.
const OTHER: &str = "_other";

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct FindingLabels {
    rule: &'static str,
    level: &'static str,
    own_level: &'static str,
    /// `true` where a controller made the object: its owner is to be mended, and nothing would be refused.
    controller: &'static str,
    namespace: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ControllerLabels {
    rule: &'static str,
    level: &'static str,
    policy_level: &'static str,
    namespace: String,
}

/// The counters of findings.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    all: Bounded<FindingLabels>,
    /// Only what a controller's creation lowered.
    controllers: Bounded<ControllerLabels>,
}

/// Counters of which the first [`MAX_SERIES`] name their namespace.
#[derive(Debug)]
struct Bounded<L> {
    counters: Family<L, Counter>,
    named: AtomicUsize,
}

impl<L: Clone + std::hash::Hash + Eq> Default for Bounded<L> {
    fn default() -> Self {
        Self { counters: Family::default(), named: AtomicUsize::new(0) }
    }
}

impl<L: Clone + std::hash::Hash + Eq> Bounded<L> {
    fn count(&self, labels: impl Fn(String) -> L, namespace: &str, count: usize) {
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        let named = labels(namespace.to_owned());
        if let Some(counter) = self.counters.get(&named) {
            counter.inc_by(count);
            return;
        }
        // Several that come at once may all be a new one: the bound is then passed by a few.
        let labels = if self.named.load(Ordering::Relaxed) < MAX_SERIES {
            self.named.fetch_add(1, Ordering::Relaxed);
            named
        } else {
            labels(OTHER.to_owned())
        };
        self.counters.get_or_create(&labels).inc_by(count);
    }
}

impl Findings {
    pub(crate) fn register(&self, registry: &mut Registry) {
        registry.register(
            "findings",
            "Findings, by rule, level, the rule's own level, whether a controller made the object, and namespace",
            Family::clone(&self.all.counters),
        );
        registry.register(
            "controller_findings",
            "Findings in what controllers create, by the level that they have and that they would have for anybody else",
            Family::clone(&self.controllers.counters),
        );
    }

    pub(crate) fn count(&self, record: &Record<'_>) {
        let own_levels = record.own_levels.iter().copied().chain(std::iter::repeat(""));
        let controller = if record.controlled.is_some() { "true" } else { "false" };
        for (&(rule, level), own_level) in record.findings.iter().zip(own_levels) {
            let labels = |namespace| FindingLabels { rule, level, own_level, controller, namespace };
            self.all.count(labels, &record.namespace, 1);
        }
        for &Counted { rule, level, own_level, policy_level, count } in &record.more {
            let labels = |namespace| FindingLabels { rule, level, own_level, controller, namespace };
            self.all.count(labels, &record.namespace, count);
            if level != policy_level && level != "ignored" {
                let labels = |namespace| ControllerLabels { rule, level, policy_level, namespace };
                self.controllers.count(labels, &record.namespace, count);
            }
        }
        let lowered = record.controlled.as_ref().map_or(&[][..], |controlled| &controlled.lowered);
        for &(rule, level, policy_level) in lowered {
            let labels = |namespace| ControllerLabels { rule, level, policy_level, namespace };
            self.controllers.count(labels, &record.namespace, 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use prometheus_client::encoding::text::encode;

    use super::*;
    use podgate_engine::admission::Controlled;

    #[test]
    fn namespaces_are_bounded() {
        let findings = Findings::default();
        let mut registry = Registry::default();
        findings.register(&mut registry);
        for number in 0..MAX_SERIES + 100 {
            for _ in 0..2 {
                let record = Record {
                    namespace: Cow::Owned(format!("ns-{number}")),
                    findings: vec![("port-conflict", "audit")],
                    own_levels: vec!["deny"],
                    controlled: Some(Controlled {
                        owner: "Deployment \"web\"".to_owned(),
                        lowered: vec![("port-conflict", "audit", "deny")],
                    }),
                    ..Record::default()
                };
                findings.count(&record);
            }
        }
        let mut text = String::new();
        encode(&mut text, &registry).unwrap();
        let series = |name: &str| text.lines().filter(|line| line.starts_with(name)).count();
        assert_eq!(series("findings_total{"), MAX_SERIES + 1);
        assert_eq!(series("controller_findings_total{"), MAX_SERIES + 1);
        let first = r#"findings_total{rule="port-conflict",level="audit",own_level="deny",controller="true",namespace="ns-0"} 2"#;
        let rest = r#"findings_total{rule="port-conflict",level="audit",own_level="deny",controller="true",namespace="_other"} 200"#;
        assert!(text.contains(first) && text.contains(rest), "{text}");
    }
}
