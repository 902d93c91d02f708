//! The middle of the page: objects by namespace, with what is found in them and the lives of their Pods.

use std::io;

use podgate_engine::policy::Engine;
use podgate_manifests::{
    Text,
    timeline::{Life, ScenarioFile, svg},
};
use quick_xml::escape::escape;

use super::{
    order::{Entry, Shown},
    page::{Limits, Page, count, grouped, link, mark},
};
use crate::{Found, Judged};

pub(super) fn write(page: &mut Page, engine: &Engine, shown: &Shown<'_>, limits: Limits) -> io::Result<()> {
    page.element("h2", "", "By namespace");
    let all = || shown.namespaces.iter().flat_map(|namespace| &namespace.entries);
    let wanted = all().filter(|entry| has_picture(entry)).count();
    if wanted > limits.pictures {
        let (some, all) = (grouped(limits.pictures), grouped(wanted));
        let note = format!(
            "The lives of Pods are drawn for the first {some} of {all} objects; podgate timeline draws others."
        );
        page.element("p", " class=\"note\"", &note);
    }
    let mut pictures = Pictures { engine, left: limits.pictures };
    for namespace in &shown.namespaces {
        let mut entries = namespace.entries.iter().filter(|entry| entry.anchor.is_some()).peekable();
        if entries.peek().is_none() {
            continue;
        }
        page.raw(&format!("<section id=\"{}\">\n", namespace.anchor));
        page.element("h3", "", namespace.title());
        for entry in entries {
            object(page, entry, &mut pictures)?;
        }
        page.raw("</section>\n");
    }
    Ok(())
}

fn object(page: &mut Page, entry: &Entry<'_>, pictures: &mut Pictures<'_>) -> io::Result<()> {
    let object = entry.object;
    let Some(anchor) = &entry.anchor else { return Ok(()) };
    let class = if object.is_refused() { " class=\"refused\"" } else { "" };
    page.raw(&format!("<article id=\"{anchor}\"{class}>\n"));
    let [kind, name] = [&object.kind, &object.name].map(|text| escape(text).into_owned());
    page.raw(&format!("<h4><span class=\"kind\">{kind}</span> {name}</h4>\n"));
    let facts = facts(object);
    if !facts.is_empty() {
        page.element("p", " class=\"facts\"", &facts);
    }
    findings(page, &entry.loud);
    if !entry.quiet.is_empty() {
        let what = count(entry.quiet.len(), "finding");
        page.raw(&format!("<details>\n<summary>{what} of level audit</summary>\n"));
        findings(page, &entry.quiet);
        page.raw("</details>\n");
    }
    let left_out = object.found.len() - entry.loud.len() - entry.quiet.len();
    if left_out > 0 {
        page.element("p", " class=\"note\"", &format!("{} more not shown", count(left_out, "finding")));
    }
    if has_picture(entry) {
        pictures.draw(page, object, anchor)?;
    }
    page.raw("</article>\n");
    Ok(())
}

/// Returns how many Pods an object has, and since when it is there.
fn facts(object: &Judged) -> String {
    // A Pod owns none.
    let pods = if object.pods > 0 { count(object.pods, "Pod") } else { String::new() };
    let since = object.created.split_once('T').map_or(object.created.as_str(), |(date, _)| date);
    let since = if since.is_empty() { String::new() } else { format!("since {since}") };
    let refused = if object.is_refused() { "would be refused" } else { "" };
    let facts: Vec<&str> = [refused, &pods, &since].into_iter().filter(|fact| !fact.is_empty()).collect();
    facts.join(" · ")
}

fn findings(page: &mut Page, findings: &[&Found]) {
    if findings.is_empty() {
        return;
    }
    page.raw("<ul class=\"findings\">\n");
    for found in findings {
        let (mark, link) = (mark(found.level), link(found.source));
        let path = if found.path.is_empty() { String::new() } else { format!("<code>{}</code> ", escape(&found.path)) };
        let pods =
            if found.pods > 0 { format!(" <span>in {}</span>", count(found.pods, "Pod")) } else { String::new() };
        let message = escape(&found.message);
        page.raw(&format!("<li>{mark} <div>{message}<div class=\"where\">{path}{link}{pods}</div></div></li>\n"));
    }
    page.raw("</ul>\n");
}

/// Returns whether an object is one whose Pods' lives are drawn: somebody is told of what is found in it.
fn has_picture(entry: &Entry<'_>) -> bool {
    entry.object.text.is_some() && !entry.loud.is_empty()
}

/// Draws lives of Pods, as many as there is room for.
struct Pictures<'e> {
    engine: &'e Engine,
    left: usize,
}

impl Pictures<'_> {
    /// Draws the life of an object's Pods. What cannot be drawn, as it holds no Pod's spec, has no picture.
    fn draw(&mut self, page: &mut Page, object: &Judged, anchor: &str) -> io::Result<()> {
        let Some(text) = object.text.as_ref().filter(|_| self.left > 0) else { return Ok(()) };
        let text = Text { name: object.name.clone(), text: text.clone() };
        let life = Life::of(self.engine, &[text], &object.namespace, None, &ScenarioFile::default());
        let Ok(mut life) = life else { return Ok(()) };
        // The audit knew what is around the object: what it did not find is not in the list above either.
        life.pins.retain_mut(|pin| {
            let is_same = |found: &&Found| found.source.id() == pin.rule.id && found.path == pin.at.to_string();
            let found = object.found.iter().find(is_same);
            pin.level = found.map_or(pin.level, |found| found.level);
            found.is_some()
        });
        self.left -= 1;
        let picture = svg::write_one_of_several(&life, &format!("{anchor}-"))?;
        let of = if object.kind == "Pod" { "the Pod" } else { "its Pods" };
        page.raw(&format!(
            "<details>\n<summary>The life of {of} as a picture</summary>\n<div class=\"wide\" tabindex=\"0\" role=\"region\" \
             aria-label=\"{}\">\n{picture}</div>\n</details>\n",
            escape(life.heading())
        ));
        Ok(())
    }
}
