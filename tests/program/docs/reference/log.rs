//! `docs/reference/log.md`: every line that the log may have, with its fields.

use std::collections::{BTreeMap, BTreeSet};

use super::sources::{Call, calls};
use crate::tree::hold;

const HEAD: &str = "# Log

`podgate serve` writes its log to stderr: a line an event, as text, or with `--log-format json` as one JSON object a line, whose fields
`timestamp`, `level` and `message` stand beside those below. `--log-level` leaves out what is below it, `--log-allowed` all but a
part of the lines of answers that allow and have nothing to say. Text from outside is cut after 253 characters, and control
characters in it are replaced. Fields that have nothing to say are left out.

Messages are for people and may change; fields keep their names and meanings. What can be counted is in the [metrics](metrics.md).

Generated from the code; `UPDATE=1 cargo test` writes it.
";

/// What each field says. A field that no line has, or that is missing here, fails the test.
const FIELDS: &[(&str, &str)] = &[
    ("address", "where the webhook is served"),
    ("admin_address", "where health, metrics and the policy are served"),
    ("cause", "why, in one line"),
    ("configuration", "the name of the webhook configurations"),
    ("days", "days until the certificate expires"),
    ("decision", "`allowed`, `denied`, `patched` or `error`"),
    ("delay_seconds", "seconds in which connections are still accepted"),
    ("duration_microseconds", "microseconds from the last byte of the request to the answer"),
    ("error", "why there is no decision"),
    ("exemption", "the exemption of the policy"),
    ("expiry_timestamp_seconds", "when the certificate expires, in seconds since 1970"),
    ("gate", "the scheduling gate"),
    ("gates_not_added", "gates that the policy asks for and that the Pod did not get, each with the reason"),
    ("has_expired", "whether the exemption counts no more"),
    ("holder", "whether this replica holds the Lease now"),
    ("kind", "the kind of the object"),
    ("label", "the label that has no effect"),
    ("location", "the place in podgate's source"),
    ("mutations", "the mutations that added something"),
    ("name", "the name of the object"),
    ("namespace", "the namespace of the object"),
    ("notice", "what the policy could not apply, such as an ignored annotation without a reason"),
    ("operation", "`CREATE`, `UPDATE`, `DELETE` or `CONNECT`"),
    ("own_levels", "the rules' own levels, where the policy gives another: `rule=level`"),
    ("owner", "the controller that made the object"),
    ("parent_id", "the id of the caller's span"),
    ("pod", "the name of the Pod"),
    ("policy", "the name of the policy"),
    ("policy_levels", "the levels of the policy, where a controller's creation lowered them: `rule=level`"),
    ("problem", "what is wrong with the label"),
    ("reason", "the reason, as in the metric `podgate_errors_total`"),
    ("rules", "what was found: `rule=level`, each once"),
    ("secret", "the Secret of the certificates"),
    ("source", "where the certificates come from"),
    ("spans", "how many spans"),
    ("status", "the HTTP status of the answer"),
    ("trace_id", "the id of the caller's trace"),
    ("uid", "the uid of the request"),
    ("unfinished", "how many connections were cut off"),
    ("user", "who asks"),
    ("version", "the version of podgate"),
    ("waited_seconds", "seconds since the Pod was created"),
    ("webhook", "`validate` or `mutate`"),
    ("written", "how many reports were written"),
];

/// A line: its level, its message, and the names of its fields.
struct Line {
    level: String,
    message: String,
    fields: Vec<String>,
}

impl Line {
    /// Reads what is given to one of tracing's macros.
    fn read(call: &Call) -> Self {
        let (mut message, mut fields) = (String::new(), Vec::new());
        for argument in &call.arguments {
            if let Some(text) = argument.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
                text.clone_into(&mut message);
                continue;
            }
            let name = argument.split('=').next().unwrap_or_default();
            let name = name.trim_start_matches(['%', '?', ' ']).trim();
            // The one name that is no field.
            if name != "message" {
                fields.push(name.to_owned());
            }
        }
        Self { level: call.name.to_uppercase(), message, fields }
    }
}

#[test]
fn every_line_of_the_log_is_described() {
    let lines: Vec<Line> = calls(&["error", "warn", "info", "debug"]).iter().map(Line::read).collect();
    assert!(lines.len() > 30, "only {} lines", lines.len());
    let mut named = BTreeSet::new();
    // The same line stands in several places with other fields, or with another level.
    let mut all: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
    for Line { level, message, fields } in lines {
        named.extend(fields.clone());
        all.entry((message, level)).or_default().extend(fields);
    }
    let known: BTreeSet<String> = FIELDS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(named, known, "tests/program/docs/reference/log.rs has to say what each field is");

    let mut text = format!("{HEAD}\n## Fields\n\n| field | says |\n|---|---|\n");
    text.extend(FIELDS.iter().map(|(name, says)| format!("| `{name}` | {says} |\n")));
    text.push_str(
        "\n## Lines\n\n`{…}` stands for what differs from line to line.\n\n| level | message | fields |\n|---|---|---|\n",
    );
    for ((message, level), fields) in all {
        // A message that is made elsewhere says by itself what has happened.
        let message = message.split('{').enumerate().map(|(index, part)| {
            if index == 0 { part.to_owned() } else { format!("{{…}}{}", part.split_once('}').map_or("", |it| it.1)) }
        });
        let fields: Vec<String> = fields.iter().map(|name| format!("`{name}`")).collect();
        text.push_str(&format!("| {level} | {} | {} |\n", message.collect::<String>(), fields.join(", ")));
    }
    hold("docs/reference/log.md", &text);
}
