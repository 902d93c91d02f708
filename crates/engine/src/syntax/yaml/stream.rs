//! YAML turned into JSON text without being kept: the quick way, for documents in which nothing is unusual.

use super::{
    json_writer::Writer,
    parser::{Event, Events},
    plain,
    tags::{self, Meaning},
};

/// The documents of a stream as JSON text, without the empty ones. `None` where the stream has to be read by
/// [`super::documents`]: it has merge keys or keys that are given twice, or is wrong, which only that can say.
pub fn to_json(text: &str) -> Option<Vec<String>> {
    plain::to_json(text).or_else(|| from_events(text))
}

/// The same as [`to_json`], without looking whether the stream is one that [`plain`] knows.
pub fn from_events(text: &str) -> Option<Vec<String>> {
    let mut documents = Vec::new();
    let mut writer = Writer::default();
    let mut events = Events::new(text);
    while let Some((event, _)) = events.next().ok()? {
        match event {
            Event::DocumentStart => writer.reserve(1024),
            Event::DocumentEnd => {
                let json = writer.finish();
                if json != "null" {
                    documents.push(json);
                }
            }
            ref key if tags::is_merge(key) && writer.wants_name() => return None,
            Event::Scalar { text, style, tag, anchor } => match tags::meaning(text, style, tag.as_deref()).ok()? {
                Meaning::Text(text) => writer.scalar(&text, false, anchor)?,
                Meaning::Plain(text) => writer.scalar(&text, true, anchor)?,
            },
            Event::SequenceStart { anchor, .. } => writer.open('[', anchor)?,
            Event::MappingStart { anchor, .. } => writer.open('{', anchor)?,
            Event::SequenceEnd | Event::MappingEnd => writer.close()?,
            Event::Alias(anchor) => writer.alias(anchor)?,
        }
    }
    Some(documents)
}

#[cfg(test)]
mod tests {
    use super::super::{Document, documents};
    use super::*;

    fn thorough(text: &str) -> Vec<String> {
        documents(text).unwrap().iter().map(Document::to_json).collect::<Result<_, _>>().unwrap()
    }

    #[test]
    fn says_what_the_thorough_way_says() {
        for text in [
            "",
            "# nothing\n",
            "a: 1\nb: [x, {c: null}, [], {}]\n---\n---\n\"d\": \"1\"\n",
            "a: |\n  two\n  lines\nb: >-\n  one\n  line\n",
            "on: x\n1: z\n~x: ü\n\"q\\\"\": \"\\t\"\n",
            "- a\n- - b\n  - c\n",
            "a: &x {p: 1, q: [2]}\nb: *x\nc: [*x, *x]\nd: &y 1\ne: *y\n",
            "a: &x 1\nb: &x 2\nc: *x\n",
            "a: !!str 1\nb: !!int \"1\"\nc: !mine [x]\n",
            "\"a b\": 'c\nd'\ne: \"f\n\"\n",
            "just text\n",
            "&a ~\n---\n&b\n---\n&c x\n",
        ] {
            assert_eq!(to_json(text), Some(thorough(text)), "{text}");
        }
    }

    #[test]
    fn leaves_what_is_unusual_alone() {
        let bomb: String = (1..30).map(|level| format!("a{level}: &a{level} [*a{0}, *a{0}]\n", level - 1)).collect();
        for text in [
            "a: 1\na: 2\n",
            "1: a\n\"1\": b\n",
            "a: &x {p: 1}\nb: {<<: *x}\n",
            "a: .nan\n",
            "a: [1\n",
            "a: *x\n",
            "{[a]: 1}\n",
            "~: 1\n",
            "a: !!int \"1.5\"\n",
            "&a k: 1\n",
            "a: &a [*a]\n",
            &format!("a0: &a0 [x, x]\n{bomb}"),
        ] {
            assert_eq!(to_json(text), None, "{text}");
        }
    }
}
