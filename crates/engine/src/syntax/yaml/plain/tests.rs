//! What is read line by line is what the events say, and the tree.

use proptest::{collection::vec, prelude::*, sample::select};

use super::{
    super::{Document, documents, stream},
    to_json,
};

fn thorough(text: &str) -> Option<Vec<String>> {
    documents(text).ok()?.iter().map(Document::to_json).collect::<Result<_, _>>().ok()
}

/// Asserts that a text that is read line by line is read the same way elsewhere; returns whether it is.
fn is_read_the_same(text: &str) -> bool {
    let quick = to_json(text);
    if quick.is_some() {
        assert_eq!(quick, stream::from_events(text), "{text:?}");
        assert_eq!(quick, thorough(text), "{text:?}");
    }
    quick.is_some()
}

#[test]
fn reads_what_most_manifests_are_made_of() {
    for text in [
        "",
        "\n\n",
        "# nothing\n",
        "---\n---\n# nothing\n--- # c\n",
        "a: 1",
        "a: 1\n",
        "a: 1\nb: x y # c\nc: a#b:c\n\"d e\": 'f'\n'it''s': \"\\\"q\\\" \\\\ \\n\\t\"\n",
        "a:\nb: ~\nc: # comment\n  # more\n\n  d:\n    e: f\ng: null\n",
        "a:\n- 1\n- b: 2\n  c: 3\n- - x\n  - - y\n    - z\n-\n-\n  q: 1\n-   r: 1\n    s: 2\nt: u\n",
        "a:\n  - 1\n  -\n    - 2\nb:\n-\nc: d\n",
        "- a\n- b\n-\n",
        "-\n- a: 1\n-\n  - b\n",
        "  a: 1\n  b:\n  - c\n",
        "# c\n---\na: 1\n---\n\n---   \nb: 2\n---\n",
        "a: {}\nb: []\nc: [ ]\nd: [{}, [[]], { a: 1,b: [x y , 'z'] } ] # c\ne: {\"f\":1, \"g\" : {h: i:j}}\nk: [-1, a#b, --x, a:b]\n",
        "- {a: 1}\n- [1, \"a, b\", 'c''d', \"e\\n\"]\n- []\n",
        "a: |\n  x\n  y\nb: 1\n",
        "a: |-\n    x\n      y\n\n    z\n\n\nb: |+\n  x\n\n\nc: >\n  x\n  y\n\n  z\n    deep\n  back\n\n\n  end\nd: >-\n x\ne: >+\n x\n\n",
        "a: |\nb: >-\n\nc: |+\n\n\nd: |\n---\ne: |+ # c\n\n",
        "a: |\n\n\n  x\n   \n  \ny: z\n",
        "a: |\n  x\n   \n  \nb: >\n\n  x\n   y\n   \n  z\nq: 1\n",
        "a: |\n  x\n  ",
        "a: |+\n  x\n\n   ",
        "a: |",
        "a: |+\n \n   ",
        "- |\n x\n- >\n  y\n-  - |\n    z\n   -  a: |\n       deep\n      b: c\n",
        "a:\n- |\n  x\n- b: |\n    y\n  c: d\n",
        "a: |\n  tab\tin\n  \tleads\n# a\ttab\nb: >\n  x\n  \ty\n  z\n",
        "a: |\n  x\n # comment\nb: 1\n",
        "ä: ü # ß\nb: 日本 😀\n# \u{a0} –\nc: |\n  “x”\n",
        "on: x\n1: y\n1.50: z\n~x: 0755\noff: 0x1F\nb: 1e3\nc: .5\nd: 1_000\ne: 0\nf: 00\ng: 123456789012345678\nh: 1234567890123456789\ni: 99999999999999999999\n",
        "a: -\u{31}\nb: -x\nc: --- x\n-d: 1\n-: 2\n",
        "a: &x\n  p: 1\nb: *x\nc: &y [1]\nd: [2]\ne: *y # c\nf: &z |\n  t\ng: *z\nh: &x 5\ni: *x\n",
        "a: &x # c\n- 1\nb:\n- *x\n- &y q\n- *y\n- &z\n  k: v\n- *z\n- &w {a: 1}\n",
        "a: http://b:80/c?d=e#f\nb c: d  \n",
    ] {
        assert!(is_read_the_same(text), "{text:?}");
    }
}

#[test]
#[allow(clippy::too_many_lines)] // They are cases.
fn gives_up_at_all_else() {
    let (long, deep) = ("k".repeat(1100), "- ".repeat(600));
    for text in [
        "text\n",
        "\"text\"\n",
        "{a: 1}\n",
        "[1]\n",
        "|\n  x\n",
        "a: 1\nb\n",
        "a: b\n  c\n",
        "a: b\n\n  c\n",
        "a:\n  b\n",
        "a: \"b\n  c\"\n",
        "a: 'b\n\n  c'\n",
        "a: [1,\n  2]\n",
        "a: {b: 1\n  }\n",
        "a: b: c\n",
        "a: \"b\": c\n",
        "a: - b\n",
        "a: -\n",
        "a: ? b\n",
        "? a\n: b\n",
        ": a\n",
        "a: 1\n- b\n",
        "a:\n  - b\n- c\n",
        "- a\nb: 1\n",
        "a:\n    b: 1\n  c: 2\n",
        " a: 1\nb: 2\n",
        "a: 1\n b: 2\n",
        "a: !!str 1\n",
        "!x a: 1\n",
        "&x a: 1\n",
        "- &x a: 1\n",
        "a: &x\nb: 1\n",
        "a: &x\n",
        "a: *x\n",
        "a: &x [*x]\n",
        "a: &x\n  b: *x\n",
        "a: &x &y 1\n",
        "*x : 1\n",
        "a: &x 1\n---\nb: *x\n",
        "<<: {a: 1}\n",
        "a: {<<: {b: 1}}\n",
        "a: 1\na: 2\n",
        "1: a\n\"1\": b\n",
        "a: {b: 1, b: 2}\n",
        "~: 1\n",
        "a: .nan\n",
        "a: |2\n    x\n",
        "a: |1-\n  x\n",
        "a: |x\n",
        "a: |#\n  x\n",
        "a: |\n    \n  x\n",
        "a: |\n\tx\n",
        "a: |\n  x\n\ty\n",
        "a: |\n  x\n  y\n # c\n  z\n",
        "a:\tb\n",
        "\ta: b\n",
        "a: b\t# c\n",
        "\t\n",
        "a: b\r\n",
        "a: \u{7}\n",
        "a: \u{7f}\n",
        "a: \u{85}\n",
        "# \u{2028}b: 1\n",
        "\u{feff}a: 1\n",
        "%YAML 1.1\n---\na: 1\n",
        "a: 1\n...\nb: 2\n",
        "...\n",
        "--- a\n",
        "---a: 1\n",
        "---#\n",
        "----\n",
        "--- |\n  x\n",
        "a: \"\\x41\"\n",
        "a: \"\\/\"\n",
        "a: \"x\n",
        "a: \"x\"#c\n",
        "a: [x]#c\n",
        "a: [x] y\n",
        "a: [x]: y\n",
        "a: {}b\n",
        "a: [x\n",
        "a: [x}\n",
        "a: [x, ]\n",
        "a: [, x]\n",
        "a: [a: b]\n",
        "a: [\"a\": b]\n",
        "a: [a # b]\n",
        "a: [a:]\n",
        "a: [-]\n",
        "a: [- b]\n",
        "a: [a ? b]\n",
        "a: [&x b]\n",
        "a: {b}\n",
        "a: {b: }\n",
        "a: {b: , c: 1}\n",
        "a: {[b]: c}\n",
        "a: {b c, d: e}\n",
        "a: @b\n",
        "a: `b\n",
        "a: %b\n",
        "a: ,b\n",
        "a: ]\n",
        "a: }\n",
        &format!("{long}: 1\n"),
        &format!("a: {{{long}: 1}}\n"),
        &format!("{deep}x\n"),
        &format!("a: {}{}\n", "[".repeat(600), "]".repeat(600)),
    ] {
        assert_eq!(to_json(text), None, "{text:?}");
        is_read_the_same(text);
    }
}

#[test]
fn never_says_what_is_wrong_to_say() {
    // Wherever a manifest is cut, and whatever sign is put there.
    let text = "---\n# c\na:\n- b: \"q\\n\" # c\n  c: [x, {y: 'z', \"w\":1}]\n- |\n\n  t\n   u\n\n- >-\n  v\n  w\nd: &n e f\ng:\n  h: *n\n  i: ~\n";
    for (at, _) in text.char_indices() {
        let (before, behind) = text.split_at(at);
        is_read_the_same(before);
        is_read_the_same(behind);
        for sign in [
            "\n", " ", "  ", "\t", ":", ": ", "- ", "-", "#", " #", "\"", "'", "[", "]", "{", "}", ",", "|", ">",
            "&x ", "*n", "?", "? ", "!", "%", "\\", "\n---\n", "\n...\n", "\r", "\n\n", "\n  ", "<<: ", "ü", "\u{85}",
            "0", "~",
        ] {
            is_read_the_same(&format!("{before}{sign}{behind}"));
            is_read_the_same(&format!("{before}{sign}{}", behind.chars().skip(1).collect::<String>()));
        }
    }
}

const BEGINNINGS: &[&str] = &[
    "a: ", "b:", "c: ", "d :", "\"e\": ", "'f' : ", "<<: ", "1: ", "on: ", "- ", "- g: ", "- h:", "-", "- - ", "-   ",
    "? ", "", "",
];

const ENDS: &[&str] = &[
    "",
    "",
    "x",
    "x y",
    "1",
    "0x1F",
    "~",
    "yes",
    "-1",
    "- x",
    "-",
    "x: y",
    "x:y",
    "x # c",
    "x#c",
    "# c",
    " # c",
    "\"x\"",
    "'x'",
    "\"x\": y",
    "\"x",
    "x\"",
    "'it''s'",
    "\"\\n\\u0041\"",
    "\"\\\"\"",
    "[]",
    "{}",
    "[x, y]",
    "[x, y] # c",
    "{x: y}",
    "{x: y, x: z}",
    "{\"x\":y}",
    "{x}",
    "[x: y]",
    "[x",
    "]",
    "[[x], {y: [z]}]",
    "|",
    "|-",
    "|+",
    ">",
    ">-",
    ">+",
    "|2",
    "| # c",
    "|#",
    "&n",
    "&n x",
    "&m [x]",
    "*n",
    "*m",
    "*n # c",
    "!!str x",
    "!x",
    "%",
    "@",
    "---",
    "...",
    "x\ty",
    "\t",
    "x\r",
    "ü",
    "😀",
    "x ",
    "x  # ",
    ":",
    "::",
    "a:",
    "2001-01-01",
    ".nan",
    "99999999999999999999",
    "<<",
    "=",
    "?",
    "?x",
    ":x",
    ",",
    "\\",
    "\u{85}",
    "\u{2028}",
];

const WORDS: &[&str] = &[
    "a", "b: ", "c:\n", "- ", "-", ":", ": ", " ", "  ", "\n", "\n  ", "\n    ", "\n\n", "#", " # c\n", "\"", "'",
    "''", "\\", "\\n", "[", "]", "{", "}", ",", ", ", "|\n", ">-\n", "|+\n", "&n ", "*n", "? ", "---\n", "--- ",
    "...\n", "\t", "\r\n", "1", "~", "ü", "<<: ", "!x ",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn lines_are_read_the_same(
        lines in vec((0..6_usize, select(BEGINNINGS), select(ENDS)), 0..8),
        is_ended: bool,
    ) {
        let lines: Vec<String> = lines.into_iter().map(|(column, begin, end)| format!("{}{begin}{end}", " ".repeat(column))).collect();
        is_read_the_same(&format!("{}{}", lines.join("\n"), if is_ended { "\n" } else { "" }));
    }

    #[test]
    fn words_are_read_the_same(words in vec(select(WORDS), 0..24)) {
        is_read_the_same(&words.concat());
        is_read_the_same(&format!("a: {}", words.concat()));
        is_read_the_same(&format!("a:\n- b: |\n    {}", words.concat()));
    }

    #[test]
    fn what_is_in_brackets_is_read_the_same(words in vec(select(&[
        "a", "b: ", "-", "- ", ":", " ", "#", " #", "\"", "'", "\\n", "[", "]", "{", "}", ",", ", ", "x: [", "1", "~", "?", "&n", "*n", "ü", "]", "}",
    ][..]), 0..12)) {
        is_read_the_same(&format!("a: [{}]\n", words.concat()));
        is_read_the_same(&format!("a: {{b: {}}}\n", words.concat()));
        is_read_the_same(&format!("- [{{{}\n- x", words.concat()));
    }
}
