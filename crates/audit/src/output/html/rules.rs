//! The end of the page: what each rule found where, and what it says.

use std::{cmp::Reverse, collections::BTreeMap};

use podgate_engine::{policy::pages, rules::Level};
use quick_xml::escape::escape;

use super::{
    order::{Entry, Shown},
    page::{Limits, Page, count, grouped, link, mark},
};
use crate::Source;

/// A rule or an observation, and where it found something.
struct Row<'s> {
    source: Source,
    level: Level,
    findings: usize,
    entries: Vec<&'s Entry<'s>>,
}

pub(super) fn write(page: &mut Page, shown: &Shown<'_>, limits: Limits) {
    let rows = rows(shown);
    page.element("h2", "", "By rule");
    page.raw("<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"Findings by rule\">\n<table class=\"rules\">\n<thead><tr>");
    page.raw("<th scope=\"col\">Rule</th><th scope=\"col\">Level</th><th scope=\"col\" class=\"num\">Findings</th>");
    page.raw("<th scope=\"col\">In</th><th scope=\"col\">Finds</th></tr></thead>\n<tbody>\n");
    for row in &rows {
        let (link, mark) = (link(row.source), mark(row.level));
        let (summary, findings) = (escape(summary(row.source)), grouped(row.findings));
        page.raw(&format!("<tr><th scope=\"row\">{link}</th><td>{mark}</td><td class=\"num\">{findings}</td><td>"));
        objects(page, row, limits);
        page.raw(&format!("</td><td>{summary}</td></tr>\n"));
    }
    page.raw("</tbody>\n</table>\n</div>\n");
    page.raw("<section class=\"pages\">\n");
    page.element("h2", "", "What the rules say");
    for row in &rows {
        let id = escape(row.source.id());
        let text = said(row.source);
        page.raw(&format!(
            "<details>\n<summary>{id}</summary>\n<pre id=\"rule-{id}\">{}</pre>\n</details>\n",
            escape(text)
        ));
    }
    page.raw("</section>\n");
}

/// Returns the rules that found something: those of the worst level first, then those of the most objects.
fn rows<'s>(shown: &'s Shown<'_>) -> Vec<Row<'s>> {
    let mut rows: BTreeMap<&str, Row<'s>> = BTreeMap::new();
    for entry in shown.namespaces.iter().flat_map(|namespace| &namespace.entries) {
        for found in &entry.object.found {
            let new = || Row { source: found.source, level: found.level, findings: 0, entries: Vec::new() };
            let row = rows.entry(found.source.id()).or_insert_with(new);
            row.findings += 1;
            row.level = row.level.max(found.level);
            if row.entries.last().is_none_or(|last| !std::ptr::eq(*last, entry)) {
                row.entries.push(entry);
            }
        }
    }
    let mut rows: Vec<Row<'s>> = rows.into_values().collect();
    rows.sort_by_key(|row| (Reverse(row.level), Reverse(row.entries.len())));
    rows
}

fn objects(page: &mut Page, row: &Row<'_>, limits: Limits) {
    let all = row.entries.len();
    page.raw(&format!("<details>\n<summary>{}</summary>\n<ul>\n", count(all, "object")));
    for entry in row.entries.iter().take(limits.objects_of_rule) {
        let object = entry.object;
        let place = if object.namespace.is_empty() { String::new() } else { format!("{} ", object.namespace) };
        let name = format!("{place}{}/{}", object.kind, object.name);
        let name = escape(&name);
        match &entry.anchor {
            Some(anchor) => page.raw(&format!("<li><a href=\"#{anchor}\">{name}</a></li>\n")),
            None => page.raw(&format!("<li>{name}</li>\n")),
        }
    }
    if all > limits.objects_of_rule {
        page.raw(&format!("<li>and {} more</li>\n", grouped(all - limits.objects_of_rule)));
    }
    page.raw("</ul>\n</details>\n");
}

fn summary(source: Source) -> &'static str {
    match source {
        Source::Rule(rule) => rule.summary,
        Source::Observation(observation) => observation.summary,
    }
}

/// Returns the page of a rule, or what there is to say of an observation.
fn said(source: Source) -> String {
    match source {
        Source::Rule(rule) => pages::rule_page(rule),
        Source::Observation(seen) => {
            format!("# {}\n\n{}\n\n- level: {}\n- seen in: {}\n", seen.id, seen.summary, seen.level, seen.source)
        }
    }
}
