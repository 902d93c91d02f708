//! What an answer says, in the form that its readers show best.
//!
//! kubectl prints the causes of a denial and drops its message; controllers record the message only; warnings are cut by the
//! API server at 256 characters each once there are more than 4,096 in all, and dropped where they hold a control character.

use std::{borrow::Cow, collections::BTreeMap};

use super::wire::{Cause, Details, Status};
use crate::{
    mutate::LeftOut,
    policy::{Ignored, Verdict},
    rules::{Finding, Level},
    syntax::text::{beginning, counted, one_line},
};

/// Limits how many causes, warnings or findings in one annotation are spelt out; the rest is counted.
const MAX_LISTED: usize = 50;
/// Limits how many characters of warnings the API server passes on.
const MAX_WARNING_CHARACTERS: usize = 4096;
/// Limits how long all audit annotations of one answer are together, in bytes, about.
const MAX_ANNOTATION_BYTES: usize = 16 * 1024;
/// Limits how long one line may be, in characters: names and values from an object can be of any length.
const MAX_LINE_CHARACTERS: usize = 1000;

/// Returns the status of a denial: 422 with one cause a finding, and all of them in the message too.
pub(super) fn denial<'a>(verdict: &Verdict, group: &'a str, kind: &'a str, name: &'a str) -> Status<'a> {
    let denied: Vec<&Finding> = verdict.at_level(Level::Deny).collect();
    let mut causes: Vec<Cause> = denied
        .iter()
        .take(MAX_LISTED)
        .map(|finding| Cause {
            reason: "FieldValueInvalid",
            field: line(finding.at.to_string()).into_owned(),
            message: signed(finding),
        })
        .collect();
    let mut message =
        causes.iter().map(|cause| format!("{}: {}", cause.field, cause.message)).collect::<Vec<_>>().join("; ");
    if let Some(more) = more(denied.len() + verdict.more(Level::Deny)) {
        message = format!("{message}; {more}");
        causes.push(Cause { reason: "FieldValueInvalid", field: String::new(), message: more });
    }
    Status { code: 422, reason: "Invalid", message, details: Details { group, kind, name, causes } }
}

/// Returns one warning a finding or notice, as far as the API server will pass them on.
pub(super) fn warnings(verdict: &Verdict) -> Vec<String> {
    let findings =
        verdict.at_level(Level::Warn).map(|finding| format!("{}: {}", line(finding.at.to_string()), signed(finding)));
    let notices = verdict
        .notices
        .iter()
        .map(|notice| format!("{}: {} (podgate)", line(notice.at.to_string()), line(&*notice.message)));
    let mut warnings = Vec::new();
    let mut left = MAX_WARNING_CHARACTERS;
    for warning in findings.chain(notices) {
        // Room for the line that counts the rest.
        let Some(rest) = left.checked_sub(warning.chars().count() + 40) else { break };
        left = rest + 40;
        warnings.push(warning);
    }
    let count = verdict.at_level(Level::Warn).count() + verdict.more(Level::Warn) + verdict.notices.len();
    if warnings.len() < count {
        warnings.push(format!("podgate: {}", counted(count - warnings.len(), "more warning", "more warnings")));
    }
    warnings
}

/// Returns one annotation a rule that had something to say; the keys are ids, which are label names. What is ignored stands there
/// with its reason. All of them together are of bounded length: they go into the audit log with every request.
pub(super) fn annotations(verdict: &Verdict) -> BTreeMap<&'static str, String> {
    let owner = verdict.owner.as_ref().map(ToString::to_string);
    let said = |finding: &Finding| {
        let text = line(format!("{} {}: {}", finding.level, finding.at, finding.message));
        match would_be(finding, owner.as_deref()) {
            Some(why) => format!("{text} ({})", line(why)),
            None => text.into_owned(),
        }
    };
    let mut by_rule: BTreeMap<&'static str, (Vec<String>, usize)> = BTreeMap::new();
    let mut add = |rule, text: &dyn Fn() -> String| {
        let (lines, count) = by_rule.entry(rule).or_default();
        *count += 1;
        if lines.len() < MAX_LISTED {
            lines.push(text());
        }
    };
    for finding in &verdict.findings {
        add(finding.rule.id, &|| said(finding));
    }
    for Ignored { finding, reason } in &verdict.ignored {
        add(finding.rule.id, &|| format!("ignored {} (reason: {})", said(finding), line(&**reason)));
    }
    for more in verdict.more.iter().chain(&verdict.more_ignored) {
        by_rule.entry(more.rule.id).or_default().1 += more.count;
    }
    let most = MAX_ANNOTATION_BYTES / by_rule.len().max(1);
    let text = |(lines, count): (Vec<String>, usize)| {
        let mut text = String::new();
        let mut listed = 0;
        for mut line in lines {
            // The first is there in any case, if not as a whole.
            if listed == 0 {
                line.truncate(beginning(&line, most).len());
                text = line;
            } else if text.len() + line.len() > most {
                break;
            } else {
                text.push_str("; ");
                text.push_str(&line);
            }
            listed += 1;
        }
        match count - listed {
            0 => text,
            more => format!("{text}; and {}", counted(more, "more finding", "more findings")),
        }
    };
    by_rule.into_iter().map(|(rule, lines)| (rule, text(lines))).collect()
}

/// Returns a warning for each gate that the policy asks for and that is not added.
pub(super) fn left_out(all: &[LeftOut]) -> Vec<String> {
    let warning = |LeftOut { gate, why }: &LeftOut| {
        line(format!("scheduling gate \"{gate}\" is not added: {why} (podgate)")).into_owned()
    };
    all.iter().take(MAX_LISTED).map(warning).collect()
}

/// Returns the annotations of a patch: which mutations added something.
pub(super) fn mutation_annotations(mutations: &[&'static str]) -> BTreeMap<&'static str, String> {
    mutations.iter().map(|mutation| (*mutation, "patched".to_owned())).collect()
}

/// Says what a finding that is silent would be, and for whom.
fn would_be(finding: &Finding, owner: Option<&str>) -> Option<String> {
    let Finding { level, policy_level, own_level, .. } = finding;
    match owner {
        Some(owner) if policy_level != level => {
            Some(format!("{policy_level} for anybody but the controller; mend {owner}"))
        }
        _ if *level == Level::Audit && own_level != level => Some(format!("{own_level} under profile standard")),
        _ => None,
    }
}

fn signed(finding: &Finding) -> String {
    format!("{} (podgate: {})", line(&*finding.message), finding.rule.id)
}

fn more(count: usize) -> Option<String> {
    (count > MAX_LISTED).then(|| format!("and {}", counted(count - MAX_LISTED, "more finding", "more findings")))
}

/// Returns text that holds names and values from outside, as an answer may hold it. Most may hold it as it is.
pub(super) fn line<'t>(text: impl Into<Cow<'t, str>>) -> Cow<'t, str> {
    let text = text.into();
    let mended = match one_line(&text, MAX_LINE_CHARACTERS) {
        Cow::Borrowed(_) => None,
        Cow::Owned(line) => Some(line),
    };
    mended.map_or(text, Cow::Owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{rules, syntax::Path};

    fn verdict(level: Level, count: usize, message: &str) -> Verdict {
        let rule = rules::find("port-conflict").unwrap();
        let finding = |index| Finding {
            rule,
            level,
            policy_level: level,
            own_level: level,
            at: Path::of(&["spec"]).index(index),
            message: message.to_owned(),
            measure: 0,
        };
        Verdict { findings: (0..count).map(finding).collect(), ..Verdict::default() }
    }

    #[test]
    fn causes_carry_place_and_rule() {
        let status = denial(&verdict(Level::Deny, 1, "too much"), "apps", "Deployment", "web");
        let json = serde_json::to_value(&status).unwrap();
        assert_eq!(
            json,
            serde_json::json!({
                "code": 422, "reason": "Invalid", "message": "spec[0]: too much (podgate: port-conflict)",
                "details": {"group": "apps", "kind": "Deployment", "name": "web", "causes": [
                    {"reason": "FieldValueInvalid", "field": "spec[0]", "message": "too much (podgate: port-conflict)"}
                ]}
            })
        );
    }

    #[test]
    fn everything_is_bounded_and_on_one_line() {
        let long = format!("tab\tnewline\n{}", "ä".repeat(5000));
        let status = denial(&verdict(Level::Deny, 1000, &long), "", "Pod", "web");
        assert_eq!(status.details.causes.len(), MAX_LISTED + 1);
        assert!(status.message.ends_with("; and 950 more findings") && status.message.len() < 300_000);
        assert!(!status.message.contains(char::is_control));

        let warnings = warnings(&verdict(Level::Warn, 1000, &long));
        assert!(warnings.iter().map(|warning| warning.chars().count()).sum::<usize>() <= MAX_WARNING_CHARACTERS);
        assert!(warnings.last().unwrap().starts_with("podgate: 99") && !warnings.concat().contains(char::is_control));

        let few = annotations(&verdict(Level::Audit, 1000, "x"));
        assert!(few["port-conflict"].ends_with("; and 950 more findings"));
        let long = annotations(&verdict(Level::Audit, 1000, &long));
        assert!(long["port-conflict"].len() < MAX_ANNOTATION_BYTES + 100 && long["port-conflict"].contains("; and 9"));
    }

    #[test]
    fn what_is_not_kept_is_counted() {
        let rule = rules::find("port-conflict").unwrap();
        let mut verdict = verdict(Level::Deny, 60, "x");
        let more = |count| {
            let level = Level::Deny;
            crate::rules::rule::More { rule, level, policy_level: level, own_level: level, count }
        };
        verdict.more.push(more(40));
        assert!(denial(&verdict, "", "Pod", "web").message.ends_with("; and 50 more findings"));
        assert!(annotations(&verdict)["port-conflict"].ends_with("; and 50 more findings"));
        verdict.more_ignored.push(more(1));
        assert!(annotations(&verdict)["port-conflict"].ends_with("; and 51 more findings"));
    }

    #[test]
    fn few_short_warnings_all_fit() {
        assert_eq!(
            warnings(&verdict(Level::Warn, 2, "x")),
            ["spec[0]: x (podgate: port-conflict)", "spec[1]: x (podgate: port-conflict)"]
        );
    }
}
