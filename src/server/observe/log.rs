//! Log lines: one a decision. Text from outside is cut and cleaned before it is written.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, IsTerminal};
use std::panic;
use std::time::Duration;

use tracing::level_filters::LevelFilter;
use tracing::{error, info};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};
use tracing_subscriber::{Layer, Registry, fmt};

use super::metrics::{decision as decision_label, webhook};
use super::trace_context::TraceContext;
use podgate_engine::admission::{Decision, Mode, Record};
use podgate_engine::syntax::text::one_line;

/// Longest text from outside in a log line, in characters: the longest name that Kubernetes knows.
const MAX_TEXT_CHARS: usize = 253;
/// Most rules or mutations that one line names.
const MAX_IDS: usize = 32;

/// The form of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// A layer that takes log lines or spans.
pub type BoxedLayer = Box<dyn Layer<Registry> + Send + Sync>;

/// Sends log lines of `level` and above to stderr, panics to the log, and spans to `spans`. Fails if that was done before.
pub fn init(format: LogFormat, level: LevelFilter, spans: Option<BoxedLayer>) -> Result<(), TryInitError> {
    // What libraries say of a broken connection is counted, and written by podgate itself.
    let targets = Targets::new()
        .with_target("podgate", level)
        .with_target("kube_client", LevelFilter::OFF)
        // Says that spans are dropped, and why they cannot be sent.
        .with_target("opentelemetry_sdk", level.min(LevelFilter::WARN))
        .with_target("opentelemetry-otlp", if level < LevelFilter::DEBUG { LevelFilter::OFF } else { level })
        .with_default(level.min(LevelFilter::ERROR));
    let stderr = fmt::layer()
        .with_writer(io::stderr)
        .with_target(false)
        // Would panic when stderr is closed.
        .log_internal_errors(false);
    let layer = match format {
        LogFormat::Json => stderr.json().flatten_event(true).boxed(),
        LogFormat::Text => {
            let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
            stderr.with_ansi(!plain && io::stderr().is_terminal()).boxed()
        }
    };
    // A list, because an `Option` would have everyone asked about every span that nobody takes.
    let mut layers = vec![layer.with_filter(targets).boxed()];
    layers.extend(spans);
    tracing_subscriber::registry().with(layers).try_init()?;
    panic::set_hook(Box::new(|info| {
        let payload = info.payload();
        let message = payload
            .downcast_ref::<&str>()
            .copied()
            .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
            .unwrap_or("no message");
        let location = info.location().map(ToString::to_string).unwrap_or_default();
        error!(location, message = clean(message).as_ref(), "panic");
    }));
    Ok(())
}

/// Returns whether the line of an answer may be left out where only some are wanted: it allowed, and nothing was found or added.
pub(crate) fn is_plain(record: &Record<'_>) -> bool {
    record.decision == Decision::Allowed
        && record.findings.is_empty()
        && record.notice.is_none()
        && record.left_out.is_empty()
}

/// Writes the line of one answer.
pub fn decided(mode: Mode, status: u16, record: &Record<'_>, duration: Duration, trace: Option<TraceContext<'_>>) {
    let trace_id = trace.map(|trace| trace.trace_id);
    let parent_id = trace.map(|trace| trace.parent_id);
    let webhook = webhook(mode);
    let uid = clean(&record.uid);
    let kind = record.kind;
    let namespace = clean(&record.namespace);
    let name = clean(&record.name);
    let operation = record.operation;
    let user = clean(&record.user);
    let decision = decision_label(record.decision);
    let rules = rule_ids(&record.findings);
    let own_levels = own_levels(record);
    let own_levels = own_levels.as_deref();
    let owner = record.controlled.as_ref().map(|controlled| clean(&controlled.owner));
    let owner = owner.as_deref();
    let policy_levels = record.controlled.as_ref().map(|controlled| {
        let levels: Vec<_> = controlled.lowered.iter().map(|(rule, _, policy_level)| (*rule, *policy_level)).collect();
        rule_ids(&levels)
    });
    let policy_levels = policy_levels.as_deref();
    let mutations = join(record.mutations.iter().map(|id| (*id, None)));
    let left_out = left_out(record);
    let left_out = left_out.as_deref();
    let notice = record.notice.as_deref();
    let error = record.error.as_deref().map(clean);
    let error = error.as_deref();
    let duration_microseconds = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
    let (uid, namespace, name, user) = (&*uid, &*namespace, &*name, &*user);
    // A client that sends nonsense is its own problem; a server error is ours.
    if status >= 500 {
        error!(
            webhook,
            uid,
            operation,
            kind,
            namespace,
            name,
            user,
            decision,
            status,
            rules,
            own_levels,
            policy_levels,
            owner,
            mutations,
            gates_not_added = left_out,
            notice,
            error,
            duration_microseconds,
            trace_id,
            parent_id,
            "admission"
        );
    } else {
        info!(
            webhook,
            uid,
            operation,
            kind,
            namespace,
            name,
            user,
            decision,
            status,
            rules,
            own_levels,
            policy_levels,
            owner,
            mutations,
            gates_not_added = left_out,
            notice,
            error,
            duration_microseconds,
            trace_id,
            parent_id,
            "admission"
        );
    }
}

/// Returns the gates that were not added, each with the reason, in one line.
fn left_out(record: &Record<'_>) -> Option<String> {
    let texts: Vec<String> =
        record.left_out.iter().take(MAX_IDS).map(|it| format!("{}: {}", clean(&it.gate), clean(&it.why))).collect();
    (!texts.is_empty()).then(|| texts.join("; "))
}

/// Returns the rules' own levels, where any finding has another.
fn own_levels(record: &Record<'_>) -> Option<String> {
    let differs = |((_, level), own): (&(&str, &str), &&str)| level != own && *level != "ignored";
    if !record.findings.iter().zip(&record.own_levels).any(differs) {
        return None;
    }
    let levels: Vec<_> = record.findings.iter().zip(&record.own_levels).map(|((rule, _), own)| (*rule, *own)).collect();
    Some(rule_ids(&levels))
}

/// Returns `rule=level`, each once, however many containers it was found in.
fn rule_ids(findings: &[(&'static str, &'static str)]) -> String {
    let mut distinct: Vec<(&str, Option<&str>)> = Vec::new();
    for &(rule, level) in findings {
        let finding = (rule, Some(level));
        if !distinct.contains(&finding) {
            distinct.push(finding);
        }
    }
    join(distinct.into_iter())
}

fn join<'a>(ids: impl Iterator<Item = (&'a str, Option<&'a str>)>) -> String {
    let mut out = String::new();
    for (index, (id, level)) in ids.enumerate() {
        if index == MAX_IDS {
            out.push_str(",…");
            break;
        }
        if index > 0 {
            out.push(',');
        }
        out.push_str(id);
        if let Some(level) = level {
            let _ = write!(out, "={level}");
        }
    }
    out
}

/// Returns text from outside as a log line may hold it.
pub fn clean(text: &str) -> Cow<'_, str> {
    one_line(text, MAX_TEXT_CHARS)
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use serde_json::Value;

    use super::*;
    use podgate_engine::admission::ErrorReason;
    use podgate_engine::syntax::text::is_unsafe;

    const NASTY: &str = "a\r\nINFO forged=\"1\" \u{1b}[31mred\u{85}\u{2028}\u{202e}\0 \\ é";

    const TRACE: Option<TraceContext<'_>> = Some(TraceContext {
        trace_id: "4bf92f3577b34da6a3ce929d0e0e4736",
        parent_id: "00f067aa0ba902b7",
        sampled: true,
    });

    #[derive(Clone, Default)]
    struct Buffer(Arc<Mutex<Vec<u8>>>);

    impl Write for Buffer {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn nasty_record(decision: Decision) -> Record<'static> {
        Record {
            uid: Cow::Borrowed(NASTY),
            operation: "CREATE",
            kind: "Pod",
            namespace: Cow::Borrowed("shop"),
            name: Cow::Owned("n\n".repeat(100_000)),
            user: Cow::Borrowed(NASTY),
            decision,
            findings: vec![("port-conflict", "deny"), ("port-conflict", "deny"), ("naked-pod", "warn")],
            more: Vec::new(),
            own_levels: vec!["deny", "deny", "warn"],
            controlled: None,
            mutations: Vec::new(),
            left_out: Vec::new(),
            notice: None,
            error: Some(NASTY.to_owned()),
        }
    }

    fn lines(json: bool, decision: Decision) -> String {
        let buffer = Buffer::default();
        let writer = buffer.clone();
        let layer = fmt::layer().with_writer(move || writer.clone());
        let layer = if json { layer.json().flatten_event(true).boxed() } else { layer.with_ansi(false).boxed() };
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            decided(Mode::Validate, 500, &nasty_record(decision), Duration::from_micros(250), TRACE);
        });
        let bytes = buffer.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn text_line_stays_one_line() {
        for decision in [Decision::Denied, Decision::Error(ErrorReason::Internal)] {
            let out = lines(false, decision);
            assert_eq!(out.matches('\n').count(), 1, "{out}");
            assert!(out.ends_with('\n') && out.len() < 2_000, "{out}");
            assert!(!out.trim_end().contains(is_unsafe), "{out}");
            // The quotation marks that would end the value early are escaped.
            assert!(out.contains(r#"forged=\"1\""#), "{out}");
        }
    }

    #[test]
    fn json_line_holds_every_field() {
        let out = lines(true, Decision::Denied);
        assert_eq!(out.matches('\n').count(), 1, "{out}");
        let line: Value = serde_json::from_str(&out).unwrap();
        assert_eq!(line["rules"], "port-conflict=deny,naked-pod=warn");
        assert_eq!(line["decision"], "denied");
        assert_eq!(line["kind"], "Pod");
        assert_eq!(line["namespace"], "shop");
        assert_eq!(line["operation"], "CREATE");
        assert_eq!(line["duration_microseconds"], 250);
        assert_eq!(line["trace_id"], "4bf92f3577b34da6a3ce929d0e0e4736");
        for field in ["uid", "user", "name"] {
            let text = line[field].as_str().unwrap();
            assert!(!text.contains(is_unsafe) && text.chars().count() <= 254, "{text}");
        }
    }

    #[test]
    fn errors_say_why() {
        let line: Value = serde_json::from_str(&lines(true, Decision::Error(ErrorReason::Internal))).unwrap();
        assert_eq!(line["level"], "ERROR");
        assert_eq!(line["status"], 500);
        assert!(line["error"].as_str().unwrap().starts_with("a\u{fffd}"));
    }
}
