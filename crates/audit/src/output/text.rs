//! Text for people: what is worst comes first, by namespace and object, and lines that sum up.

use std::{cmp::Reverse, collections::BTreeMap, fmt::Write};

use podgate_engine::{
    rules::Level,
    syntax::text::{counted, one_line},
};

use crate::{Audit, Found, Judged, NotJudged};

/// The longest name that is shown, in characters.
const MAX_NAME_CHARACTERS: usize = 500;

/// Returns an audit as text. Findings of level audit are only counted unless `all` of them are asked for.
pub fn write(audit: &Audit, all: bool) -> String {
    let least = if all { Level::Audit } else { Level::Warn };
    let mut namespaces: BTreeMap<&str, Vec<&Judged>> = BTreeMap::new();
    for object in audit.objects.iter().filter(|object| worst(object) >= least) {
        namespaces.entry(&object.namespace).or_default().push(object);
    }
    let mut namespaces: Vec<(&str, Vec<&Judged>)> = namespaces.into_iter().collect();
    // Both sorts leave as it is what is equally bad.
    for (_, objects) in &mut namespaces {
        objects.sort_by_key(|object| Reverse(worst(object)));
    }
    namespaces.sort_by_key(|(_, objects)| Reverse(objects.first().map(|object| worst(object))));
    let mut text = String::new();
    for (namespace, objects) in namespaces {
        let name =
            if namespace.is_empty() { "in no namespace".into() } else { one_line(namespace, MAX_NAME_CHARACTERS) };
        let _ = writeln!(text, "{name}");
        for object in objects {
            block(&mut text, object, least);
        }
        text.push('\n');
    }
    text.push_str(&summary(audit, all));
    audit.not_judged.iter().for_each(|aside| text.push_str(&not_judged(aside)));
    text
}

fn worst(object: &Judged) -> Level {
    object.found.iter().map(|found| found.level).max().unwrap_or(Level::Off)
}

/// Writes an object and what was found in it. Writing to a String cannot fail.
fn block(text: &mut String, object: &Judged, least: Level) {
    let name = one_line(&object.name, MAX_NAME_CHARACTERS);
    let kind = one_line(&object.kind, MAX_NAME_CHARACTERS);
    let pods = (object.pods > 0).then(|| counted(object.pods, "Pod", "Pods"));
    let since = object.created.get(..10).map(|day| format!("since {}", one_line(day, MAX_NAME_CHARACTERS)));
    let facts: Vec<String> = pods.into_iter().chain(since).collect();
    let facts = if facts.is_empty() { String::new() } else { format!(" ({})", facts.join(", ")) };
    let refused = if object.is_refused() { ": would be refused" } else { "" };
    let _ = writeln!(text, "  {kind} {name}{facts}{refused}");
    for found in object.found.iter().filter(|found| found.level >= least) {
        let message = one_line(&found.message, usize::MAX);
        let _ = writeln!(text, "    {}[{}] {message}{}", found.level, found.source.id(), share(object, found));
    }
    let hidden = object.found.iter().filter(|found| found.level < least).count();
    if hidden > 0 {
        let _ = writeln!(text, "    and {hidden} of level audit");
    }
}

/// Returns of how many of an object's Pods something is found.
fn share(object: &Judged, found: &Found) -> String {
    if found.pods == 0 {
        return String::new();
    }
    format!(" ({} of {})", found.pods, counted(object.pods.max(found.pods), "Pod", "Pods"))
}

fn summary(audit: &Audit, all: bool) -> String {
    let summary = audit.summary();
    let objects = counted(summary.judged, "object", "objects");
    let namespaces = counted(audit.namespaces, "namespace", "namespaces");
    let refused = summary.refused;
    let hint = if summary.audit > 0 && !all { " (--all shows them)" } else { "" };
    format!(
        "{objects} judged in {namespaces}, {refused} would be refused: {} deny, {} warn, {} audit{hint}\n",
        summary.deny, summary.warn, summary.audit
    )
}

/// Returns what was left aside as a line.
fn not_judged(NotJudged { why, count, examples }: &NotJudged) -> String {
    let why = one_line(why, usize::MAX);
    if *count == 0 {
        return format!("not judged: {why}\n");
    }
    let examples: Vec<_> = examples.iter().map(|example| one_line(example, MAX_NAME_CHARACTERS)).collect();
    let more = if *count > examples.len() { ", …" } else { "" };
    let examples = if examples.is_empty() { String::new() } else { format!(" ({}{more})", examples.join(", ")) };
    format!("not judged: {count}, {why}{examples}\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    fn audit() -> Audit {
        let object = |kind, namespace, name, levels: &[Level]| {
            let found = |level: &Level| sample::found("port-conflict", *level, "spec.x", "ports");
            let mut object = sample::object("apps/v1", kind, namespace, name);
            object.found = levels.iter().map(found).collect();
            object
        };
        let (deny, warn, audit) = (Level::Deny, Level::Warn, Level::Audit);
        let mut web = object("Deployment", "shop", "web", &[warn, audit]);
        (web.pods, web.found[0].pods) = (12, 2);
        let mut naked = object("Pod", "shop", "one", &[audit]);
        (naked.pods, naked.created) = (0, String::new());
        let mut single = object("StatefulSet", "shop", "db", &[deny]);
        (single.pods, single.found[0].pods) = (1, 1);
        let first = object("Deployment", "a", "quiet", &[warn]);
        let cluster = object("ClusterThing", "", "x\u{1b}[2J", &[warn]);
        Audit {
            objects: vec![cluster, first, web, naked, single],
            judged: 312,
            namespaces: 40,
            not_judged: vec![
                NotJudged {
                    why: "the policy exempts their namespace".to_owned(),
                    count: 12,
                    examples: vec!["kube-system/Deployment/coredns".to_owned()],
                },
                NotJudged {
                    why: "objects of kind Job could not be listed: no right".to_owned(),
                    count: 0,
                    examples: vec![],
                },
                NotJudged {
                    why: "they are being deleted".to_owned(),
                    count: 1,
                    examples: vec!["shop/Pod/a".to_owned()],
                },
            ],
            ..Audit::default()
        }
    }

    const SUMMARY: &str = "312 objects judged in 40 namespaces, 1 would be refused: 1 deny, 3 warn, 2 audit";
    const NOT_JUDGED: &str = "\
not judged: 12, the policy exempts their namespace (kube-system/Deployment/coredns, …)
not judged: objects of kind Job could not be listed: no right
not judged: 1, they are being deleted (shop/Pod/a)
";

    #[test]
    fn worst_comes_first_and_level_audit_is_counted() {
        let expected = format!(
            "\
shop
  StatefulSet db (1 Pod, since 2026-03-01): would be refused
    deny[port-conflict] ports (1 of 1 Pod)
  Deployment web (12 Pods, since 2026-03-01)
    warn[port-conflict] ports (2 of 12 Pods)
    and 1 of level audit

in no namespace
  ClusterThing x\u{fffd}[2J (3 Pods, since 2026-03-01)
    warn[port-conflict] ports

a
  Deployment quiet (3 Pods, since 2026-03-01)
    warn[port-conflict] ports

{SUMMARY} (--all shows them)
{NOT_JUDGED}"
        );
        assert_eq!(write(&audit(), false), expected);
    }

    #[test]
    fn all_shows_level_audit_too() {
        let text = write(&audit(), true);
        assert!(text.contains("  Pod one\n    audit[port-conflict] ports\n"), "{text}");
        assert!(
            text.contains("    audit[port-conflict] ports\n  Pod one") && text.contains(&format!("{SUMMARY}\n")),
            "{text}"
        );
    }

    #[test]
    fn nothing_is_said_in_a_line() {
        let text = write(&Audit { judged: 1, namespaces: 1, ..Audit::default() }, false);
        assert_eq!(text, "1 object judged in 1 namespace, 0 would be refused: 0 deny, 0 warn, 0 audit\n");
    }
}
