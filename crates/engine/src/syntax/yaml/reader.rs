//! Documents, read from the events.

use std::{borrow::Cow, collections::HashMap, rc::Rc};

use super::{
    Content, Document, Extent, MAX_DEPTH, MAX_NODES, Member, Node, Place, YamlError, member_name,
    parser::{Event, Events, Span, Style},
    tags::{self, Meaning},
};

/// Reads a stream of documents. Empty documents are left out.
pub fn documents(text: &str) -> Result<Vec<Document<'_>>, YamlError> {
    let mut reader = Reader { text, events: Events::new(text), anchors: HashMap::new(), nodes: 0 };
    let mut documents = Vec::new();
    while let Some((event, _)) = reader.events.next()? {
        if event == Event::DocumentStart {
            reader.anchors.clear();
            let root = reader.node(0)?;
            if !root.target().is_null() {
                documents.push(Document { root });
            }
        }
    }
    Ok(documents)
}

struct Reader<'t> {
    text: &'t str,
    events: Events<'t>,
    anchors: HashMap<usize, Rc<Node<'t>>>,
    nodes: usize,
}

/// A key, read.
enum Key<'t> {
    Name(Cow<'t, str>),
    /// `<<`.
    Merge,
    /// Null, or a whole number of more than 63 bits.
    Unfit,
}

impl<'t> Reader<'t> {
    fn next(&mut self) -> Result<(Event<'t>, Span), YamlError> {
        match self.events.next()? {
            Some(event) => Ok(event),
            None => Err(YamlError { place: Place::START, message: "the document ends too early".to_owned() }),
        }
    }

    fn node(&mut self, depth: usize) -> Result<Node<'t>, YamlError> {
        let (event, span) = self.next()?;
        self.node_from(event, span, depth)
    }

    fn node_from(&mut self, event: Event<'t>, span: Span, depth: usize) -> Result<Node<'t>, YamlError> {
        let place = span.place();
        let fail = |message: &str| Err(YamlError { place, message: message.to_owned() });
        if depth > MAX_DEPTH {
            return fail("nested too deep");
        }
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            return fail("it has too many values");
        }
        let (start, end) = (span.start.byte, span.end.byte.min(self.text.len()));
        let mut extent = Extent { start, end, last: start, flow: false };
        let (content, anchor) = match event {
            Event::Scalar { text, style, tag, anchor } => {
                if style == Style::Block {
                    extent.end = self.block_scalar_end(&text, &extent);
                }
                let (text, plain) = match tags::meaning(text, style, tag.as_deref()) {
                    Ok(Meaning::Text(text)) => (text, false),
                    Ok(Meaning::Plain(text)) => (text, true),
                    Err(cause) => return fail(&cause.to_string()),
                };
                (Content::Scalar { text, plain }, anchor)
            }
            Event::SequenceStart { flow, anchor } => {
                extent.flow = flow;
                (Content::List(self.items(depth, &mut extent)?), anchor)
            }
            Event::MappingStart { flow, anchor } => {
                extent.flow = flow;
                (self.members(depth, &mut extent)?, anchor)
            }
            Event::Alias(anchor) => {
                let Some(target) = self.anchors.get(&anchor) else {
                    return fail("an alias of something that is not finished");
                };
                (Content::Alias(Rc::clone(target)), 0)
            }
            _ => return fail("a value is expected"),
        };
        if anchor == 0 {
            return Ok(Node { place, content, extent });
        }
        let node = Rc::new(Node { place, content, extent });
        self.anchors.insert(anchor, Rc::clone(&node));
        Ok(Node { place, content: Content::Alias(node), extent })
    }

    /// Returns where a block scalar ends: the parser counts the white space in that follows it. Empty lines only belong to it where it
    /// keeps them (`|+`).
    fn block_scalar_end(&self, value: &str, extent: &Extent) -> usize {
        let written = self.text.get(extent.start..extent.end).unwrap_or_default();
        let kept = if value.ends_with("\n\n") { written.trim_end_matches([' ', '\t']) } else { written.trim_end() };
        extent.start + kept.len()
    }

    fn items(&mut self, depth: usize, extent: &mut Extent) -> Result<Vec<Node<'t>>, YamlError> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, span) => {
                    extent.close(span.end.byte);
                    return Ok(items);
                }
                (event, span) => {
                    let item = self.node_from(event, span, depth + 1)?;
                    extent.add(item.extent);
                    items.push(item);
                }
            }
        }
    }

    fn members(&mut self, depth: usize, extent: &mut Extent) -> Result<Content<'t>, YamlError> {
        let mut members = Members::default();
        loop {
            let (event, span) = self.next()?;
            if event == Event::MappingEnd {
                extent.close(span.end.byte);
                return Ok(members.unfit.map_or(Content::Object(members.list), Content::Unfit));
            }
            let (key, place, key_end) = self.key(event, span, depth)?;
            let mut value = self.node(depth + 1)?;
            if value.extent.end <= key_end || value.extent.end == value.extent.start {
                // Nothing is written for it; it stands behind the colon.
                let rest = self.text.get(key_end..).unwrap_or_default();
                let blank = rest.len() - rest.trim_start().len();
                let end = if rest.trim_start().starts_with(':') { key_end + blank + 1 } else { key_end };
                if value.extent.end <= end {
                    value.extent = Extent { start: end, end, last: end, flow: false };
                }
            }
            extent.add(value.extent);
            match key {
                Key::Merge => self.merge(&value, &mut members)?,
                // No error where this is given again.
                Key::Unfit => members.unfit = members.unfit.or(Some(place)),
                Key::Name(name) => members.set(Member { name, place, value, merged: false, earlier: None }),
            }
        }
    }

    /// A key, where it stands, and where it ends in bytes.
    fn key(&mut self, event: Event<'t>, span: Span, depth: usize) -> Result<(Key<'t>, Place, usize), YamlError> {
        let is_merge = tags::is_merge(&event);
        let node = self.node_from(event, span, depth + 1)?;
        let fail = |message: &str| Err(YamlError { place: node.place, message: message.to_owned() });
        let Content::Scalar { text, plain } = &node.target().content else {
            return fail("a key has to be a string");
        };
        if is_merge {
            return Ok((Key::Merge, node.place, node.extent.end));
        }
        let key = member_name(text.clone(), *plain).map_or(Key::Unfit, Key::Name);
        Ok((key, node.place, node.extent.end))
    }

    /// Sets the members of a merged mapping, or of a list of such of which the first counts. What comes later in the mapping
    /// that merges it counts more than what comes before.
    fn merge(&mut self, node: &Node<'t>, into: &mut Members<'t>) -> Result<(), YamlError> {
        match &node.target().content {
            Content::Object(from) => {
                for member in from {
                    self.nodes += member.value.weight();
                    if self.nodes > MAX_NODES {
                        return Err(YamlError {
                            place: node.place,
                            message: "aliases blow the document up too far".to_owned(),
                        });
                    }
                    // Its extent is none of its own: nothing is to be added there.
                    let value = Node {
                        place: member.value.place,
                        extent: Extent { start: 0, end: 0, last: 0, flow: false },
                        content: Content::Alias(Rc::new(member.value.clone())),
                    };
                    let (name, place) = (member.name.clone(), member.place);
                    into.set(Member { name, place, value, merged: true, earlier: None });
                }
                Ok(())
            }
            Content::Unfit(place) => {
                into.unfit = into.unfit.or(Some(*place));
                Ok(())
            }
            Content::List(items) if !node.is_alias() => {
                if let Some(item) =
                    items.iter().find(|item| !matches!(item.target().content, Content::Object(_) | Content::Unfit(_)))
                {
                    return Err(no_mapping(item));
                }
                items.iter().rev().try_for_each(|item| self.merge(item, into))
            }
            _ => Err(no_mapping(node)),
        }
    }
}

fn no_mapping(node: &Node<'_>) -> YamlError {
    YamlError { place: node.place, message: "<< takes a mapping or a list of mappings".to_owned() }
}

/// The members of a mapping. Most mappings are small: looking through them is quicker than keeping their names.
#[derive(Default)]
struct Members<'t> {
    list: Vec<Member<'t>>,
    by_name: HashMap<String, usize>,
    /// Tells where a key is that JSON cannot have.
    unfit: Option<Place>,
}

impl<'t> Members<'t> {
    /// Adds a member, or puts it in the place of the one of this name.
    fn set(&mut self, mut member: Member<'t>) {
        const FEW: usize = 16;
        let found = if self.list.len() < FEW {
            self.list.iter().position(|known| known.name == member.name)
        } else {
            if self.by_name.is_empty() {
                let names = self.list.iter().enumerate();
                self.by_name = names.map(|(index, known)| (known.name.to_string(), index)).collect();
            }
            self.by_name.get(&*member.name).copied()
        };
        let Some(known) = found.and_then(|index| self.list.get_mut(index)) else {
            if self.list.len() >= FEW {
                self.by_name.insert(member.name.to_string(), self.list.len());
            }
            self.list.push(member);
            return;
        };
        if !known.merged && !member.merged {
            member.earlier = Some(known.place);
        }
        *known = member;
    }
}
