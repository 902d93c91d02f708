//! Cases written as Markdown: the pages of the rules, and `tests/rules/*.md`.
//!
//! A heading names a case. A block ```` ```yaml ```` is judged; findings must stand exactly on the lines marked `# finding`,
//! and have the message, or the level and message, where the mark goes on: `# finding: message`. Before it may stand
//! ```` ```yaml old ```` (the object before an UPDATE, for the next block only), ```` ```yaml policy ```` (the `spec` of a
//! policy), ```` ```yaml inventory ```` (the other objects that are known, as documents) and ```` ```yaml request ````
//! (`operation: DELETE`, `subResource`, `user`, `groups`, `namespace`), these for the rest of the case.

/// One block to judge, with what stands around it.
#[derive(Debug, Default, Clone)]
pub struct Case {
    pub heading: String,
    /// Line of the block's first line in its file, counted from 1.
    pub line: usize,
    pub policy: Option<String>,
    pub request: Option<String>,
    pub inventory: Option<String>,
    pub old: Option<String>,
    pub yaml: String,
}

impl Case {
    /// The marked lines, counted from 1 within the block, each with the text that the finding must have.
    pub fn expected(&self) -> Vec<(usize, Option<String>)> {
        let mark = |(index, line): (usize, &str)| {
            let rest = line.split_once("# finding")?.1;
            let text = rest.strip_prefix(':').map(|text| text.trim().to_owned());
            assert!(text.is_some() || rest.trim().is_empty(), "not understood: {line}");
            Some((index + 1, text))
        };
        self.yaml.lines().enumerate().filter_map(mark).collect()
    }
}

/// All cases of a Markdown text.
pub fn read(markdown: &str) -> Vec<Case> {
    let mut cases = Vec::new();
    let mut next = Case::default();
    let mut lines = markdown.lines().enumerate();
    while let Some((index, line)) = lines.next() {
        if let Some(heading) = line.strip_prefix('#') {
            next = Case { heading: heading.trim_matches(['#', ' ']).to_owned(), ..Case::default() };
        }
        let Some(info) = line.strip_prefix("```") else { continue };
        let block: Vec<&str> = lines.by_ref().map(|(_, line)| line).take_while(|line| *line != "```").collect();
        let block = block.join("\n") + "\n";
        match info {
            "yaml policy" => next.policy = Some(block),
            "yaml inventory" => next.inventory = Some(block),
            "yaml request" => next.request = Some(block),
            "yaml old" => next.old = Some(block),
            "yaml" => {
                cases.push(Case { line: index + 2, yaml: block, ..next.clone() });
                next.old = None;
            }
            other => {
                panic!(
                    "line {}: a block is yaml, or yaml with old, policy, inventory or request; not {other:?}",
                    index + 1
                )
            }
        }
    }
    cases
}

#[test]
fn blocks_and_marks() {
    let cases = read(
        "# A\n```yaml policy\nrules: {}\n```\n```yaml old\na: 1\n```\n```yaml\na: 2 # finding\nb: 3 # finding: what\n```\n```yaml\nc: 1\n```\n# B\n```yaml\nd: 1\n```\n",
    );
    assert_eq!(cases.len(), 3);
    assert_eq!((cases[0].old.as_deref(), cases[1].old.as_deref()), (Some("a: 1\n"), None));
    assert_eq!(cases[0].expected(), [(1, None), (2, Some("what".to_owned()))]);
    assert!(cases[1].policy.is_some() && cases[2].policy.is_none() && cases[2].heading == "B");
}
