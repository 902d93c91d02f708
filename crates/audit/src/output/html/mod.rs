//! An audit as a page: what would be refused, by namespace with the lives of Pods as pictures, and by rule. It needs nothing else, asks
//! nobody and has no script.

mod objects;
mod order;
mod page;
mod rules;
mod summary;

use std::io;

use podgate_engine::policy::Engine;
use podgate_manifests::timeline::svg;

use self::{order::Shown, page::Page};
use crate::Audit;

pub use self::page::Limits;

const STYLE: &str = include_str!("style.css");

/// Returns an audit as a page. `engine` is that of the audit: the pictures show what it finds.
pub fn write(audit: &Audit, engine: &Engine, limits: Limits) -> io::Result<String> {
    let shown = Shown::of(audit, limits.findings);
    let title = title(audit);
    let mut page = Page::default();
    page.raw("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n");
    page.raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n");
    page.raw("<meta name=\"color-scheme\" content=\"light dark\"/>\n");
    page.element("title", "", &title);
    page.raw(&format!("<style>\n{STYLE}\n{}\n</style>\n</head>\n<body>\n<header>\n", svg::style(svg::Theme::Screen)));
    page.element("h1", "", &title);
    page.element("p", " class=\"facts\"", &facts(audit));
    page.raw("</header>\n<main>\n");
    summary::write(&mut page, audit, &shown);
    if !shown.namespaces.is_empty() {
        objects::write(&mut page, engine, &shown, limits)?;
        rules::write(&mut page, &shown, limits);
    }
    page.raw("</main>\n</body>\n</html>\n");
    Ok(page.text)
}

fn title(audit: &Audit) -> String {
    let of = if audit.cluster.is_empty() { String::new() } else { format!(" in {}", audit.cluster) };
    format!("What podgate finds{of}")
}

fn facts(audit: &Audit) -> String {
    let policy = if audit.policy.is_empty() { String::new() } else { format!("Policy {}", audit.policy) };
    let at = if audit.at.is_empty() { String::new() } else { format!("made {}", audit.at) };
    let facts: Vec<String> = [policy, at].into_iter().filter(|fact| !fact.is_empty()).collect();
    facts.join(" · ")
}

#[cfg(test)]
mod tests;
