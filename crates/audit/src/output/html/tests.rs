use std::collections::HashSet;

use podgate_engine::{policy::LifecyclePolicy, rules::Level};
use quick_xml::{Reader, events::Event};

use super::{page::grouped, *};
use crate::{Found, sample};

fn engine() -> Engine {
    Engine::new(&LifecyclePolicy::default())
}

/// What a page consists of: it is read as XML, which an HTML page that closes all its elements is too.
#[derive(Default)]
struct Parts {
    /// Names of elements, in order.
    elements: Vec<String>,
    /// Attributes: element, name, value.
    attributes: Vec<(String, String, String)>,
}

impl Parts {
    fn of(page: &str) -> Self {
        let mut reader = Reader::from_str(page);
        let (mut parts, mut open) = (Self::default(), Vec::new());
        loop {
            let event = reader.read_event().unwrap();
            if let Event::Start(start) | Event::Empty(start) = &event {
                let name = String::from_utf8(start.name().as_ref().to_vec()).unwrap();
                for attribute in start.attributes() {
                    let attribute = attribute.unwrap();
                    let key = String::from_utf8(attribute.key.as_ref().to_vec()).unwrap();
                    let value = String::from_utf8(attribute.value.to_vec()).unwrap();
                    parts.attributes.push((name.clone(), key, value));
                }
                parts.elements.push(name);
            }
            match event {
                Event::Start(start) => open.push(start.name().as_ref().to_vec()),
                Event::End(end) => assert_eq!(open.pop().as_deref(), Some(end.name().as_ref())),
                Event::Eof => break,
                _ => {}
            }
        }
        assert!(open.is_empty(), "{open:?} stays open");
        parts
    }

    fn values<'p>(&'p self, key: &'p str) -> impl Iterator<Item = &'p str> {
        self.attributes.iter().filter(move |(_, name, _)| name == key).map(|(.., value)| value.as_str())
    }

    fn count(&self, element: &str) -> usize {
        self.elements.iter().filter(|name| *name == element).count()
    }
}

/// Says what holds of every page.
fn holds(page: &str) -> Parts {
    let parts = Parts::of(page);
    let mut ids = HashSet::new();
    assert!(parts.values("id").all(|id| ids.insert(id)), "an id is there twice");
    for link in parts.values("href") {
        let target = link.strip_prefix('#').unwrap_or_else(|| panic!("{link} leads away"));
        assert!(ids.contains(target), "{link} leads nowhere");
    }
    for reference in parts.values("aria-labelledby").flat_map(str::split_whitespace) {
        assert!(ids.contains(reference), "{reference} is nowhere");
    }
    for style in parts.values("style") {
        let target = style.strip_prefix("fill:url(#").and_then(|rest| rest.strip_suffix(')'));
        assert!(target.is_none_or(|target| ids.contains(target)), "{style} is nowhere");
    }
    for asks in ["src", "action", "onclick", "onload", "xlink:href"] {
        assert_eq!(parts.values(asks).next(), None, "{asks}");
    }
    for asks in ["script", "link", "img", "iframe", "object", "form"] {
        assert_eq!(parts.count(asks), 0, "{asks}");
    }
    let style = page.split_once("<style>").unwrap().1.split_once("</style>").unwrap().0;
    assert!(!style.contains("@import") && !style.contains("url("), "the style asks for something");
    assert_eq!((parts.count("style"), parts.count("h1"), parts.count("main")), (1, 1, 1));
    assert_eq!(parts.attributes.iter().find(|(element, ..)| element == "html").unwrap().2, "en");
    let mut before = 0;
    for heading in parts.elements.iter().filter(|name| name.len() == 2 && name.starts_with('h') && *name != "hr") {
        let level: u32 = heading.split_at(1).1.parse().unwrap();
        assert!(level <= before + 1, "{heading} after h{before}");
        before = level;
    }
    let scopes = parts.attributes.iter().filter(|(element, key, _)| element == "th" && key == "scope").count();
    assert_eq!(scopes, parts.count("th"), "each header cell says what it is the header of");
    parts
}

/// `PAGE=audit.html cargo test -p podgate-audit sample_page` writes the page, to be looked at in a browser.
#[test]
fn sample_page() {
    let engine = engine();
    let audit = sample::bad(&engine);
    let page = write(&audit, &engine, Limits::default()).unwrap();
    if let Some(file) = std::env::var_os("PAGE") {
        std::fs::write(file, &page).unwrap();
    }
    let parts = holds(&page);
    assert_eq!(parts.count("article"), audit.objects.len());
    let loud = |found: &Found| found.level > Level::Audit;
    let told = audit.objects.iter().filter(|object| object.found.iter().any(loud));
    let drawn = told.filter(|object| object.text.as_ref().is_some_and(|text| text.contains("\"containers\"")));
    assert_eq!(parts.count("svg"), drawn.count());
    assert!(parts.count("svg") > 20);
    for said in [
        "341 objects were judged",
        "27 objects: the policy exempts their namespace (kube-system/Deployment/coredns, ",
        "<span class=\"level warn\">warn</span> <div>container &quot;app&quot; was restarted 214 times",
        "<span>in 2 Pods</span>",
        "seen in: status.containerStatuses[].restartCount",
    ] {
        assert!(page.contains(said), "{said}");
    }
    assert!(!page.contains("more not shown") && !page.contains("are shown here"));
}

#[test]
fn worst_namespaces_objects_and_rules_come_first() {
    let engine = engine();
    let page = write(&sample::bad(&engine), &engine, Limits::default()).unwrap();
    let places = |texts: &[&str]| -> Vec<usize> { texts.iter().map(|text| page.find(text).unwrap()).collect() };
    assert!(places(&["<h3>restart</h3>", "<h3>disruption</h3>", "<h3>updates</h3>", "<h3>fields</h3>"]).is_sorted());
    let begins =
        ["<th scope=\"row\"><a href=\"#rule-port-conflict\">", "<th scope=\"row\"><a href=\"#rule-kill-stop-signal\">"];
    assert!(places(&[begins[0], begins[1], "<th scope=\"row\"><a href=\"#rule-missing-requests\">"]).is_sorted());
}

#[test]
fn pictures_are_bounded() {
    let engine = engine();
    let audit = sample::bad(&engine);
    let page = write(&audit, &engine, Limits { pictures: 2, ..Limits::default() }).unwrap();
    assert_eq!(holds(&page).count("svg"), 2);
    assert!(page.contains("The lives of Pods are drawn for the first 2 of "), "{}", page.split_at(9000).0);
}

#[test]
fn what_others_wrote_is_text() {
    let engine = engine();
    let evil = "</title></svg><script>alert(1)</script>&\"'";
    let mut object = sample::object("v1", evil, evil, evil);
    object.created = evil.to_owned();
    object.found = vec![sample::found("port-conflict", Level::Deny, evil, evil)];
    let mut pod = sample::object("v1", "Pod", "shop", evil);
    pod.found = object.found.clone();
    let json = serde_json::json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": evil}, "spec": {"containers": [{"name": evil}]}});
    pod.text = Some(json.to_string());
    let not_judged = vec![crate::NotJudged { why: evil.to_owned(), count: 1, examples: vec![evil.to_owned()] }];
    let (cluster, policy, at) = (evil.to_owned(), evil.to_owned(), evil.to_owned());
    let audit = Audit { cluster, policy, at, objects: vec![object, pod], judged: 2, namespaces: 1, not_judged };
    let page = write(&audit, &engine, Limits::default()).unwrap();
    assert_eq!(holds(&page).count("svg"), 1);
    assert!(!page.contains("<script"));
}

#[test]
fn nothing_is_found() {
    let page = write(&Audit { judged: 12, ..Audit::default() }, &engine(), Limits::default()).unwrap();
    holds(&page);
    assert!(page.contains("<p>12 objects judged: nothing is found.</p>") && !page.contains("<table"));
}

/// Ten thousand findings and more make a page that a browser shows, and the worst of them are on it.
#[test]
fn many_findings() {
    let engine = engine();
    let objects = (0..4_000).map(|number| {
        let mut object =
            sample::object("apps/v1", "Deployment", &format!("team-{}", number % 400), &format!("web-{number}"));
        let audit = sample::found("missing-requests", Level::Audit, "spec.template.spec.containers", "no requests");
        object.found = vec![audit; 4];
        if number % 1_000 == 999 {
            object
                .found
                .insert(0, sample::found("port-conflict", Level::Deny, "spec", &format!("the worst of {number}")));
        }
        object
    });
    let audit = Audit { objects: objects.collect(), judged: 4_000, ..Audit::default() };
    let page = write(&audit, &engine, Limits::default()).unwrap();
    holds(&page);
    assert!(page.contains("10,000 of 16,004 findings are shown here"));
    assert!([999, 1_999, 2_999, 3_999].iter().all(|number| page.contains(&format!("the worst of {number}<"))));
    assert_eq!(page.matches("<span class=\"level").count(), 10_000 + 2);
    assert!(page.contains("<li>and 3,900 more</li>"));
    assert!(page.len() < 5_000_000, "{} bytes", page.len());
}

#[test]
fn numbers_are_grouped() {
    let numbers = [0, 12, 999, 1_000, 12_345, 1_234_567].map(grouped);
    assert_eq!(numbers, ["0", "12", "999", "1,000", "12,345", "1,234,567"]);
}

#[test]
fn a_picture_shows_nothing_that_was_not_found() {
    let engine = engine();
    let mut audit = sample::bad(&engine);
    let pinned = |audit: &Audit| {
        let page = write(audit, &engine, Limits::default()).unwrap();
        page.contains("<title>startup-window-too-short: ")
    };
    assert!(pinned(&audit));
    for object in &mut audit.objects {
        object.found.retain(|found| found.source.id() != "startup-window-too-short");
    }
    assert!(!pinned(&audit));
}
