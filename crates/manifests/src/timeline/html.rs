//! The life of a Pod as a page: the picture, what happens, what is found and what is assumed. It needs nothing else and has no script.

use std::io;

use quick_xml::escape::escape;

use super::{life::Life, svg};
use podgate_engine::policy::pages;

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem;color-scheme:light dark}\
svg{max-width:100%;height:auto}table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.2rem .8rem .2rem 0;\
vertical-align:top;border-bottom:1px solid #8884}pre{white-space:pre-wrap}@media print{details{display:none}tr{break-inside:avoid}}";

/// Returns the life as a page.
pub fn write(life: &Life) -> io::Result<String> {
    let title = escape(life.heading()).into_owned();
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>{title}</title>\n<style>{STYLE}</style>\n\
        </head>\n<body>\n<h1>{title}</h1>\n{}<h2>What happens</h2>\n<table>\n<tr><th>When</th><th>What</th><th>Source</th></tr>\n",
        svg::write(life)?
    );
    for told in &life.events {
        let what = format!("{} {}", told.who, told.sentence());
        let [when, what, source] = [&told.when(), &what, told.source].map(|text| escape(text).into_owned());
        page.push_str(&format!("<tr><td>{when}</td><td>{what}</td><td><code>{source}</code></td></tr>\n"));
    }
    page.push_str("</table>\n");
    for story in &life.stories {
        page.push_str(&format!("<h2>{}</h2>\n", story.title));
        page.push_str(&list(&story.sentences));
    }
    if !life.pins.is_empty() {
        page.push_str("<h2>What podgate finds</h2>\n<ul>\n");
        for pin in &life.pins {
            let (id, at) = (pin.rule.id, pin.at.to_string());
            let [message, at] = [&pin.message, &at].map(|text| escape(text).into_owned());
            page.push_str(&format!(
                "<li>{} <a href=\"#{id}\">{id}</a>: {message} (<code>{at}</code>)</li>\n",
                pin.level
            ));
        }
        page.push_str("</ul>\n");
    }
    if !life.assumptions.is_empty() {
        page.push_str("<h2>Assumed</h2>\n");
        page.push_str(&list(&life.assumptions));
    }
    if let Some(goes_on) = life.goes_on() {
        page.push_str(&format!("<p>{goes_on}</p>\n"));
    }
    let mut shown: Vec<&str> = Vec::new();
    for pin in &life.pins {
        if !shown.contains(&pin.rule.id) {
            shown.push(pin.rule.id);
            let text = escape(pages::rule_page(pin.rule)).into_owned();
            page.push_str(&format!(
                "<details id=\"{id}\"><summary>Rule {id}</summary><pre>{text}</pre></details>\n",
                id = pin.rule.id
            ));
        }
    }
    page.push_str("</body>\n</html>\n");
    Ok(page)
}

fn list(sentences: &[String]) -> String {
    let items: String = sentences.iter().map(|sentence| format!("<li>{}</li>\n", escape(sentence))).collect();
    format!("<ul>\n{items}</ul>\n")
}
