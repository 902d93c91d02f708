//! The top of the page: how much there is, of what, and where.

use podgate_engine::rules::Level;
use quick_xml::escape::escape;

use super::{
    order::{Namespace, Shown},
    page::{Page, count, grouped},
};
use crate::{Audit, NotJudged};

pub(super) fn write(page: &mut Page, audit: &Audit, shown: &Shown<'_>) {
    let summary = audit.summary();
    page.element("h2", "", "Summary");
    let judged = count(summary.judged, "object");
    if shown.namespaces.is_empty() {
        page.element("p", "", &format!("{judged} judged: nothing is found."));
    } else {
        let verb = if summary.judged == 1 { "was" } else { "were" };
        page.element(
            "p",
            "",
            &format!(
                "{judged} {verb} judged. Those with a finding of level deny would be refused if they were created now."
            ),
        );
        page.raw("<ul class=\"tiles\">\n");
        let tiles = [
            (
                "deny",
                summary.refused,
                if summary.refused == 1 { "object would be refused" } else { "objects would be refused" },
            ),
            ("deny", summary.deny, "of level deny"),
            ("warn", summary.warn, "of level warn"),
            ("audit", summary.audit, "of level audit"),
        ];
        for (level, number, what) in tiles {
            page.raw(&format!("<li class=\"{level}\"><strong>{}</strong> <span>{what}</span></li>\n", grouped(number)));
        }
        page.raw("</ul>\n");
        if shown.findings < shown.all {
            let (some, all) = (grouped(shown.findings), grouped(shown.all));
            page.element(
                "p",
                " class=\"note\"",
                &format!("{some} of {all} findings are shown here, those of the worst level first; podgate audit --format json has all."),
            );
        }
        namespaces(page, shown);
    }
    if !audit.not_judged.is_empty() {
        page.element("h2", "", "Not judged");
        page.raw("<ul>\n");
        for aside in &audit.not_judged {
            page.element("li", "", &not_judged(aside));
        }
        page.raw("</ul>\n");
    }
}

fn not_judged(aside: &NotJudged) -> String {
    let NotJudged { why, count: number, examples } = aside;
    let more = if *number > examples.len() && !examples.is_empty() { ", …" } else { "" };
    let examples = if examples.is_empty() { String::new() } else { format!(" ({}{more})", examples.join(", ")) };
    format!("{}: {why}{examples}", count(*number, "object"))
}

fn namespaces(page: &mut Page, shown: &Shown<'_>) {
    let most = shown.namespaces.iter().map(|namespace| namespace.counts.findings()).max().unwrap_or(1).max(1);
    page.raw("<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"Findings by namespace\">\n<table>\n<thead><tr>");
    page.raw("<th scope=\"col\">Namespace</th>");
    for column in ["Objects", "Refused", "Deny", "Warn", "Audit"] {
        page.raw(&format!("<th scope=\"col\" class=\"num\">{column}</th>"));
    }
    page.raw("<th scope=\"col\" class=\"bars\">Findings</th></tr></thead>\n<tbody>\n");
    for namespace in &shown.namespaces {
        let Namespace { anchor, counts, entries, .. } = namespace;
        let title = escape(namespace.title());
        let is_shown = entries.iter().any(|entry| entry.anchor.is_some());
        let name = if is_shown { format!("<a href=\"#{anchor}\">{title}</a>") } else { title.into_owned() };
        page.raw(&format!("<tr><th scope=\"row\">{name}</th>"));
        for number in [entries.len(), counts.refused, counts.deny, counts.warn, counts.audit] {
            let class = if number == 0 { "num none" } else { "num" };
            page.raw(&format!("<td class=\"{class}\">{}</td>", grouped(number)));
        }
        page.raw(&format!(
            "<td class=\"bars\"><div><span class=\"sum\">{}</span><span class=\"bar\">",
            grouped(counts.findings())
        ));
        for (level, number) in [(Level::Deny, counts.deny), (Level::Warn, counts.warn), (Level::Audit, counts.audit)] {
            // In tenths of a percent of the longest bar.
            let width = number * 1000 / most;
            if width > 0 {
                page.raw(&format!("<i class=\"{level}\" style=\"width:{}.{}%\"></i>", width / 10, width % 10));
            }
        }
        page.raw("</span></div></td></tr>\n");
    }
    page.raw("</tbody>\n</table>\n</div>\n");
}
