//! Finds the cases of a Markdown text.

use thiserror::Error;

use super::case::{Block, Case, CaseError};
use crate::syntax::suggest::did_you_mean;

/// A part of a file of cases that cannot be read.
#[derive(Debug, Error)]
#[error("{error}")]
pub struct Unread {
    /// The heading above it.
    pub heading: String,
    /// Holds what is wrong there.
    pub error: CaseError,
}

/// Returns all cases of a Markdown text, and what of it cannot be read. A block that is not understood takes with it the rest of
/// its heading, which may depend on it, and no more.
pub fn read(markdown: &str) -> Vec<Result<Case, Unread>> {
    let mut cases = Vec::new();
    let mut next = Case::default();
    let mut is_understood = true;
    let mut lines = markdown.lines().enumerate();
    while let Some((index, line)) = lines.next() {
        if let Some(heading) = line.strip_prefix('#') {
            next = Case { heading: heading.trim_matches(['#', ' ']).to_owned(), ..Case::default() };
            is_understood = true;
        }
        let Some((fence, info)) = opening(line) else { continue };
        let unread = |message: String| {
            let error = CaseError { line: index + 1, message };
            Err(Unread { heading: next.heading.clone(), error })
        };
        let mut block = Block { line: index + 2, text: String::new() };
        loop {
            match lines.next() {
                Some((_, line)) if is_closing(line, fence) => break,
                Some((_, line)) => {
                    block.text.push_str(line);
                    block.text.push('\n');
                }
                None => {
                    cases.push(unread(format!("a block that does not end; a line {fence} ends it")));
                    return cases;
                }
            }
        }
        if !is_understood {
            continue;
        }
        match block_kind(info) {
            BlockKind::Other => {}
            BlockKind::Policy => next.policy = Some(block),
            BlockKind::Inventory => next.inventory = Some(block),
            BlockKind::Request => next.request = Some(block),
            BlockKind::Old => next.old = Some(block),
            BlockKind::Objects => {
                cases.push(Ok(Case { yaml: block, ..next.clone() }));
                next.old = None;
            }
            BlockKind::Unknown(word) => {
                let hint = did_you_mean(&word, BLOCK_WORDS);
                let message =
                    format!("a block is yaml, or yaml with old, policy, inventory or request; not yaml {word}{hint}");
                cases.push(unread(message));
                is_understood = false;
            }
        }
    }
    cases
}

/// Returns the fence that begins a block, three or more of one character, and what stands behind it.
fn opening(line: &str) -> Option<(&str, &str)> {
    let character = line.chars().next().filter(|character| matches!(character, '`' | '~'))?;
    let end = line.find(|other| other != character).unwrap_or(line.len());
    line.split_at_checked(end).filter(|(fence, _)| fence.len() >= 3)
}

/// Returns whether a line ends the block that `fence` began.
fn is_closing(line: &str, fence: &str) -> bool {
    line.strip_prefix(fence).is_some_and(|rest| {
        let character = fence.chars().next();
        rest.trim_end().chars().all(|other| Some(other) == character)
    })
}

/// The words that say what a block of YAML is.
const BLOCK_WORDS: [&str; 4] = ["policy", "inventory", "request", "old"];

/// What a block is, by the words behind its opening backticks.
enum BlockKind {
    Objects,
    Policy,
    Inventory,
    Request,
    Old,
    /// Of another language.
    Other,
    /// YAML with a word that is not known.
    Unknown(String),
}

/// Returns what a block is; attributes for renderers of Markdown, such as `title="a b"`, `{1-3}` and `linenums="1"`, do not count.
fn block_kind(info: &str) -> BlockKind {
    let info = without_attributes(info).to_lowercase();
    let mut words = info.split_whitespace();
    if !matches!(words.next(), Some("yaml" | "yml")) {
        return BlockKind::Other;
    }
    let kind = match words.next() {
        None => BlockKind::Objects,
        Some("policy") => BlockKind::Policy,
        Some("inventory") => BlockKind::Inventory,
        Some("request") => BlockKind::Request,
        Some("old") => BlockKind::Old,
        Some(word) => BlockKind::Unknown(word.to_owned()),
    };
    match words.next() {
        None => kind,
        Some(word) => BlockKind::Unknown(word.to_owned()),
    }
}

/// Returns the words of a block's first line without `key=value`, `key="some words"` and `{...}`.
fn without_attributes(info: &str) -> String {
    let mut kept = String::new();
    let (mut quote, mut depth) = (None, 0_usize);
    for character in info.chars() {
        match (character, quote) {
            (_, Some(end)) => {
                // What is quoted belongs to the word before it, which is an attribute.
                if character == end {
                    quote = None;
                }
            }
            ('"' | '\'', None) => quote = Some(character),
            ('{', None) => depth += 1,
            ('}', None) => depth = depth.saturating_sub(1),
            (_, None) if depth == 0 => kept.push(character),
            (_, None) => {}
        }
    }
    kept.split([' ', '\t', ',']).filter(|word| !word.contains('=')).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::{
        super::case::{CaseFinding, Mark},
        *,
    };
    use crate::rules::Level;

    fn all(text: &str) -> Vec<Case> {
        read(text).into_iter().collect::<Result<_, _>>().unwrap()
    }

    /// The headings of the cases, and the heading and the error of what cannot be read.
    fn told(text: &str) -> Vec<String> {
        let told = |one: Result<Case, Unread>| match one {
            Ok(case) => case.heading,
            Err(Unread { heading, error }) => format!("{heading} {error}"),
        };
        read(text).into_iter().map(told).collect()
    }

    #[test]
    fn blocks_and_marks() {
        let cases = all(
            "# A\n```yaml policy\nrules: {}\n```\n```sh\n# no heading\n```\n```yaml old\na: 1\n```\n```yaml\na: 2 # finding\nb: 3 # finding: what # finding: port-conflict\n```\n```yaml\nc: 1\n```\n# B\n```yaml\nd: 1\n```\n",
        );
        assert_eq!(cases.len(), 3);
        let old = |case: &Case| case.old.as_ref().map(|old| (old.line, old.text.clone()));
        assert_eq!((old(&cases[0]), old(&cases[1])), (Some((9, "a: 1\n".to_owned())), None));
        let mark = |line, text: Option<&str>| Mark { line, text: text.map(str::to_owned) };
        let marks = [mark(1, None), mark(2, Some("what")), mark(2, Some("port-conflict"))];
        assert_eq!(cases[0].marks().unwrap(), marks);
        assert!(cases[1].policy.is_some() && cases[2].policy.is_none() && cases[2].heading == "B");
    }

    #[test]
    fn yaml_is_known_however_it_is_written() {
        for info in
            ["yaml", "yml", "YAML", " Yaml ", "yaml title=\"a policy\"", "yaml {1-3} linenums=1", "yml,title='x'"]
        {
            assert_eq!(all(&format!("```{info}\na: 1\n```\n")).len(), 1, "{info}");
        }
        let old = all("```yml old title=\"before\"\na: 1\n```\n```Yaml\na: 2\n```\n");
        assert!(matches!(old.as_slice(), [case] if case.old.is_some()));
        for info in ["", "sh", "yamllint", "json yaml", "{.yaml}"] {
            assert_eq!(told(&format!("```{info}\na: 1\n```\n")), [""; 0], "{info}");
        }
    }

    #[test]
    fn fences_may_be_long() {
        let text = "````md\n```yaml\na: 1\n```\n````\n~~~yaml\na: 1\n~~~\n````yaml\nb: |\n  1\n````\n";
        assert_eq!(all(text).len(), 2);
    }

    #[test]
    fn what_cannot_be_read_takes_its_heading_along_and_no_more() {
        let text = "# A\n```yaml\na: 1\n```\n# B\n```yaml polcy\n```\n```yaml\na: 1\n```\n# C\n```yml\na: 1\n```\n# D\n```yaml\na: 1\n";
        let polcy = "B 6: a block is yaml, or yaml with old, policy, inventory or request; not yaml polcy (did you mean \"policy\"?)";
        assert_eq!(told(text), ["A", polcy, "C", "D 16: a block that does not end; a line ``` ends it"]);
    }

    #[test]
    fn what_differs() {
        let case =
            &read("```yaml\na: 1 # finding: port-conflict\nb: 2 # finding: declares\nc: 3\nd: 4 # finding\n```\n")
                .remove(0)
                .unwrap();
        let found = |line, rule, level| CaseFinding { line, rule, level, message: "container declares".to_owned() };
        let all = [
            found(1, "port-conflict", Level::Deny),
            found(1, "host-port-conflict", Level::Deny),
            found(2, "naked-pod", Level::Warn),
            found(3, "single-replica", Level::Audit),
            found(3, "naked-pod", Level::Warn),
        ];
        let (missing, unexpected) = case.compare(&all).unwrap();
        assert_eq!(missing, [Mark { line: 4, text: None }]);
        assert_eq!(unexpected, [&all[1], &all[4]]);
    }

    #[test]
    fn a_policy_s_mistake_has_its_line_in_the_file() {
        let case = &read("text\n```yaml policy\nprofile: strict\nrules:\n  nakedpod: off\n  port-conflict: nope\n```\n```yaml\na: 1\n```\n").remove(0).unwrap();
        let error = case.policy().unwrap().unwrap_err().to_string();
        let expected = [
            "5: spec.rules.nakedpod: unknown rule \"nakedpod\" (did you mean \"naked-pod\"?); podgate rules lists them",
            "6:18: spec.rules.port-conflict: unknown level \"nope\"; levels are off, audit, warn and deny",
        ];
        assert_eq!(error, expected.join("\n"));
    }
}
