//! Counts and measures for Prometheus. Every label has a bounded set of values.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, SystemTime};

use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use super::failure::Failure;
use super::findings::Findings;
use super::gates::{GateCount, GateMetrics};
use podgate_engine::admission::{Decision, Mode, Record};
use podgate_engine::policy::exempt::Ending;

/// The format that [`Metrics::encode`] writes.
pub(crate) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Upper bounds in seconds. A decision takes tens of microseconds; a second is a time-out.
const DURATION_BUCKETS: [f64; 14] =
    [0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    webhook: &'static str,
    operation: &'static str,
    kind: &'static str,
    decision: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct WebhookLabels {
    webhook: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct MutationLabels {
    mutation: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ErrorLabels {
    reason: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct KindLabels {
    kind: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StateLabels {
    state: &'static str,
}

/// Every metric of the process.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    validate_duration: Histogram,
    mutate_duration: Histogram,
    findings: Findings,
    patches: Family<MutationLabels, Counter>,
    errors: Family<ErrorLabels, Counter>,
    in_flight: Gauge,
    tls_expiry: Gauge,
    tls_failures: Counter,
    policy_load: Gauge<f64, AtomicU64>,
    policy_load_failures: Counter,
    exemptions: Family<StateLabels, Gauge>,
    watch_in_order: Family<KindLabels, Gauge>,
    watch_stale_since: Family<KindLabels, Gauge>,
    watch_failures: Family<KindLabels, Counter>,
    gates: GateMetrics,
}

impl Metrics {
    /// Registers every metric. Those whose labels are known beforehand start at zero, so that the first event is a rise.
    pub(crate) fn new() -> Self {
        let requests = Family::default();
        let durations = Family::<WebhookLabels, Histogram>::new_with_constructor(|| Histogram::new(DURATION_BUCKETS));
        let findings = Findings::default();
        let patches = Family::default();
        let errors = Family::<ErrorLabels, Counter>::default();
        let in_flight = Gauge::default();
        let tls_expiry = Gauge::default();
        let tls_failures = Counter::default();
        let policy_load = Gauge::default();
        let policy_load_failures = Counter::default();
        let exemptions = Family::default();
        let watch_in_order = Family::default();
        let watch_stale_since = Family::default();
        let watch_failures = Family::default();
        let gates = GateMetrics::default();
        for failure in Failure::ALL {
            drop(errors.get_or_create(&ErrorLabels { reason: failure.as_str() }));
        }
        let duration_of = |mode| durations.get_or_create_owned(&WebhookLabels { webhook: webhook(mode) });
        let (validate_duration, mutate_duration) = (duration_of(Mode::Validate), duration_of(Mode::Mutate));

        let mut registry = Registry::with_prefix("podgate");
        registry.register("admission_requests", "AdmissionReviews answered, by decision", Family::clone(&requests));
        registry.register_with_unit(
            "admission_duration",
            "Time from the last byte of a request to its answer",
            Unit::Seconds,
            durations.clone(),
        );
        findings.register(&mut registry);
        registry.register("patches", "Answers to which a mutation added something", Family::clone(&patches));
        registry.register("errors", "Requests and connections without a decision", errors.clone());
        registry.register("in_flight_requests", "Requests being answered", Gauge::clone(&in_flight));
        registry.register(
            "tls_certificate_expiry_timestamp_seconds",
            "When the server's certificate expires",
            Gauge::clone(&tls_expiry),
        );
        registry.register(
            "tls_load_failures",
            "New certificates that could not be used; the old ones stayed",
            Counter::clone(&tls_failures),
        );
        registry.register(
            "policy_load_timestamp_seconds",
            "When the policy in force was loaded",
            Gauge::clone(&policy_load),
        );
        registry.register(
            "policy_load_failures",
            "Policies that could not be loaded",
            Counter::clone(&policy_load_failures),
        );
        registry.register(
            "exemptions",
            "Exemptions of the policy that end within 14 days, and that have expired and count no more",
            Family::clone(&exemptions),
        );
        registry.register(
            "watch_in_order",
            "1 where all objects of a kind are known and watched, 0 where what is known is old",
            Family::clone(&watch_in_order),
        );
        registry.register(
            "watch_stale_since_timestamp_seconds",
            "Since when what is known of a kind is old; 0 where it is not",
            Family::clone(&watch_stale_since),
        );
        registry.register("watch_failures", "Errors of lists and watches", Family::clone(&watch_failures));
        gates.register(&mut registry);
        registry.register("build", "The version that runs", Info::new([("version", env!("CARGO_PKG_VERSION"))]));
        Self {
            registry,
            requests,
            validate_duration,
            mutate_duration,
            findings,
            patches,
            errors,
            in_flight,
            tls_expiry,
            tls_failures,
            policy_load,
            policy_load_failures,
            exemptions,
            watch_in_order,
            watch_stale_since,
            watch_failures,
            gates,
        }
    }

    /// Counts one answer, and what was found and added.
    pub(crate) fn answered(&self, mode: Mode, record: &Record<'_>, duration: Duration) {
        self.requests
            .get_or_create(&RequestLabels {
                webhook: webhook(mode),
                operation: record.operation,
                kind: record.kind,
                decision: decision(record.decision),
            })
            .inc();
        match mode {
            Mode::Validate => &self.validate_duration,
            Mode::Mutate => &self.mutate_duration,
        }
        .observe(duration.as_secs_f64());
        self.findings.count(record);
        self.gates.answered(record);
        for &mutation in &record.mutations {
            self.patches.get_or_create(&MutationLabels { mutation }).inc();
        }
        if let Decision::Error(reason) = record.decision {
            self.failed(reason.into());
        }
    }

    /// Counts a request or connection that got no decision.
    pub(crate) fn failed(&self, failure: Failure) {
        self.errors.get_or_create(&ErrorLabels { reason: failure.as_str() }).inc();
    }

    /// Counts a request as being answered for as long as the guard lives.
    pub(crate) fn begin(&self) -> InFlight<'_> {
        self.in_flight.inc();
        InFlight(&self.in_flight)
    }

    /// Says when the certificate that is served expires, in seconds since 1970.
    pub(crate) fn certificate_loaded(&self, expiry_timestamp_seconds: i64) {
        self.tls_expiry.set(expiry_timestamp_seconds);
    }

    /// Counts certificates, of the server or of the clients' authorities, that could not be used.
    pub(crate) fn certificate_failed(&self) {
        self.tls_failures.inc();
    }

    /// Says that the policy in force was loaded now.
    pub(crate) fn policy_loaded(&self) {
        let since_1970 = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
        self.policy_load.set(since_1970.as_secs_f64());
    }

    /// Counts a policy that could not be put in force.
    pub(crate) fn policy_load_failed(&self) {
        self.policy_load_failures.inc();
    }

    /// Says how many exemptions of the policy in force end soon or have ended.
    pub(crate) fn exemptions_end(&self, endings: &[Ending]) {
        for (state, has_expired) in [("expiring", false), ("expired", true)] {
            let count = endings.iter().filter(|ending| ending.has_expired == has_expired).count();
            self.exemptions.get_or_create(&StateLabels { state }).set(i64::try_from(count).unwrap_or(i64::MAX));
        }
    }

    /// Says that all objects of a kind are known and watched.
    pub(crate) fn watch_found(&self, kind: &'static str) {
        self.watch_in_order.get_or_create(&KindLabels { kind }).set(1);
        self.watch_stale_since.get_or_create(&KindLabels { kind }).set(0);
    }

    /// Says that what is known of a kind gets old, and counts the error that is to blame.
    pub(crate) fn watch_lost(&self, kind: &'static str) {
        let labels = KindLabels { kind };
        self.watch_in_order.get_or_create(&labels).set(0);
        let since = self.watch_stale_since.get_or_create_owned(&labels);
        if since.get() == 0 {
            let now = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
            since.set(i64::try_from(now.as_secs()).unwrap_or(i64::MAX));
        }
        self.watch_failures.get_or_create(&labels).inc();
    }

    /// Says how many Pods wait behind which gate.
    pub(crate) fn gates_counted(&self, gates: &BTreeMap<String, GateCount>) {
        self.gates.counted(gates);
    }

    /// Counts a gate that was removed, and how long its Pod had waited.
    pub(crate) fn gate_opened(&self, gate: &str, cause: &'static str, waited: Duration) {
        self.gates.opened(gate, cause, waited);
    }

    /// Counts an attempt to remove a gate that failed.
    pub(crate) fn gate_patch_failed(&self) {
        self.gates.patch_failed();
    }

    /// Says whether this replica removes gates.
    pub(crate) fn leads_gates(&self, leads: bool) {
        self.gates.leads(leads);
    }

    /// Every metric in the format of [`CONTENT_TYPE`].
    pub(crate) fn encode(&self) -> Result<String, fmt::Error> {
        let mut out = String::new();
        text::encode(&mut out, &self.registry)?;
        Ok(out)
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

/// A request being answered.
#[derive(Debug)]
pub(crate) struct InFlight<'a>(&'a Gauge);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// Returns the value of the label `webhook`.
pub(crate) fn webhook(mode: Mode) -> &'static str {
    match mode {
        Mode::Validate => "validate",
        Mode::Mutate => "mutate",
    }
}

/// Returns the value of the label `decision`.
pub(crate) fn decision(decision: Decision) -> &'static str {
    match decision {
        Decision::Allowed => "allowed",
        Decision::Denied => "denied",
        Decision::Patched => "patched",
        Decision::Error(_) => "error",
    }
}
