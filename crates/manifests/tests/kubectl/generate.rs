//! Texts that are made up: documents in odd forms, known texts with something changed, and words thrown together.

use fastrand::Rng;

/// What is thrown together, and put into known texts.
const WORDS: &[&str] = &[
    "a",
    "b",
    "c: ",
    "a: ",
    "b:\n",
    "- ",
    "-",
    "? ",
    ": ",
    ":",
    ",",
    "[",
    "]",
    "{",
    "}",
    "\"",
    "'",
    "|",
    ">",
    "|-\n",
    ">+\n",
    "|2\n",
    "&x ",
    "*x",
    "<<: ",
    "!!str ",
    "!!int ",
    "!t ",
    "! ",
    "!<tag:yaml.org,2002:int> ",
    "#",
    " # c\n",
    "\t",
    " ",
    "  ",
    "\n",
    "\n\n",
    "\n ",
    "\n  ",
    "\r\n",
    "\r",
    "---\n",
    "--- ",
    "---",
    "...\n",
    "%YAML 1.1\n",
    "\u{feff}",
    "\u{85}",
    "\u{2028}",
    "ü",
    "日本",
    "😀",
    "\\",
    "\\\n",
    "\\n",
    "\\'",
    "\\/",
    "\\x41",
    "\\u00e9",
    "~",
    "null",
    "true",
    "yes",
    "0x1F",
    "010",
    "1e3",
    "2.592e+06",
    "1.5",
    ".5",
    "-.inf",
    ".nan",
    "1_000",
    "2001-01-01",
    "99999999999999999999",
    "%",
    "@",
    "`",
    "=",
    "\u{7}",
    "&",
    "*",
    "!",
    "\"x\"#c",
    "''",
    "\"\"",
    "[]",
    "{}",
    "? [a]\n: b\n",
    "a: 1\n",
    "- b\n",
];

const SCALARS: &[&str] = &[
    "a",
    "a b",
    "1",
    "-1",
    "010",
    "0o17",
    "0x1F",
    "0b11",
    "1.5",
    "3.0",
    "2.592e+06",
    "1e21",
    "1e-7",
    ".5",
    "1_000",
    "true",
    "yes",
    "Off",
    "~",
    "null",
    "2001-01-01",
    "12:30",
    "a:b",
    "a#b",
    "-a",
    "?a",
    ":a",
    "a,b",
    "http://a/b?c=d",
    "\"\"",
    "''",
    "\"a\"",
    "'a'",
    "'it''s'",
    "\"\\t\\u00e9\\x41\"",
    "\"a\\\n  b\"",
    "\"\\'\"",
    "\"1\"",
    "<<",
    "!!str 1",
    "!!int \"1\"",
    "!!float 1",
    "!t a",
    "! 1",
    "!!binary aGk=",
    "!!null ''",
    "18446744073709551615",
    "18446744073709551616",
    "99999999999999999999",
    "1e999",
    "- a",
    "*x",
    "",
    "日本",
    "a\tb",
    "=",
    ".inf",
    "&y a",
    "0.1",
    "100m",
    "-0",
    "-0.0",
    "1.",
    "+1",
    "0b-1",
    "089",
    "1e3",
    "{a: 1}",
    "[a, b]",
    "{a, b: }",
    "[a: b]",
    "[? a]",
    "{? a : b}",
    "[,]",
    "{}",
    "[]",
    "[[a], {b: [c]}]",
];

const KEYS: &[&str] = &[
    "a", "b", "c", "d", "\"a\"", "'b'", "1", "yes", "1.5", "1e7", "? a", "<<", "&k e", "!!str f", "*x", "a b", "~",
    "日本",
];

/// As many texts as are wanted, some of them `known` ones with something changed.
pub(super) fn texts(seed: u64, count: usize, known: &[String]) -> Vec<String> {
    let mut random = Rng::with_seed(seed);
    let short: Vec<&String> = known.iter().filter(|text| text.len() < 4000).collect();
    let text = |_| match random.u8(..8) {
        0 => words(&mut random),
        1 | 2 => {
            let mut text = (*short[random.usize(..short.len())]).clone();
            change(&mut random, &mut text);
            text
        }
        3 | 4 => {
            let mut text = document(&mut random);
            change(&mut random, &mut text);
            text
        }
        _ => document(&mut random),
    };
    (0..count).map(text).collect()
}

/// One of these; mostly one of the first few, which are the more usual ones. Of many odd things none is read.
fn one<'a>(random: &mut Rng, of: &[&'a str]) -> &'a str {
    let end = if random.u8(..8) > 0 { of.len().div_ceil(4) } else { of.len() };
    of[random.usize(..end)]
}

fn words(random: &mut Rng) -> String {
    (0..random.usize(1..20)).map(|_| WORDS[random.usize(..WORDS.len())]).collect()
}

/// Puts something in, takes something out, or says something twice.
fn change(random: &mut Rng, text: &mut String) {
    for _ in 0..random.usize(1..4) {
        let at = boundary(text, random.usize(..=text.len()));
        match random.u8(..6) {
            0..=2 => text.insert_str(at, one(random, WORDS)),
            3 => {
                let end = boundary(text, (at + random.usize(..6)).min(text.len()));
                text.replace_range(at..end.max(at), "");
            }
            4 => {
                let line = text.lines().nth(random.usize(..=text.lines().count())).unwrap_or_default().to_owned();
                text.insert_str(at, &format!("{line}\n"));
            }
            _ => {
                let end = boundary(text, (at + 1).min(text.len()));
                text.replace_range(at..end.max(at), one(random, &[" ", "\n", "\t", "\"", "'", ":", "#", "-", ""]));
            }
        }
    }
}

fn boundary(text: &str, at: usize) -> usize {
    (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default()
}

fn document(random: &mut Rng) -> String {
    let mut text = String::new();
    for _ in 0..random.usize(1..3) {
        text.push_str(one(
            random,
            &["", "", "", "---\n", "--- # c\n", "# c\n", "---\n\u{feff}", "%YAML 1.1\n---\n", "\n"],
        ));
        if random.u8(..4) == 0 {
            text.push_str("x: &x {p: 1, q: [2]}\n");
        }
        block(random, &mut text, 0, 0);
        text.push_str(one(random, &["", "", "", "...\n", "# end\n", "\n\n"]));
    }
    match random.u8(..12) {
        0 => text = text.replace('\n', "\r\n"),
        1 => text.insert(0, '\u{feff}'),
        2 => {
            text.pop();
        }
        _ => {}
    }
    text
}

/// A mapping or a list, each member on lines of its own.
fn block(random: &mut Rng, text: &mut String, indent: usize, depth: usize) {
    let is_list = random.u8(..3) == 0;
    for _ in 0..random.usize(1..4) {
        text.push_str(&" ".repeat(indent));
        if is_list {
            text.push_str(one(random, &["- ", "- ", "-   ", "-\t"]));
        } else {
            text.push_str(one(random, KEYS));
            text.push_str(one(random, &[": ", ": ", ": ", ":", " : ", ":\t", ":  "]));
        }
        if random.u8(..10) == 0 {
            text.push_str(one(random, &["&x ", "!!map ", "!t ", "&y !!seq "]));
        }
        match random.u8(..10) {
            0..=2 if depth < 3 => {
                text.push_str(one(random, &["\n", "\n", " # c\n", "\n\n"]));
                let deeper = if random.u8(..4) == 0 { indent } else { indent + random.usize(1..3) };
                block(random, text, deeper, depth + 1);
                continue;
            }
            3 => block_scalar(random, text, indent),
            4 => quoted(random, text, indent),
            5 => flow(random, text, indent, 0),
            6 => {
                // A plain scalar of several lines.
                let space = " ".repeat(random.usize(..=indent + 2));
                text.push_str(&format!(
                    "a{}\n{space}{}",
                    one(random, &["", " ", "\t", "\n"]),
                    one(random, &["b", "b: c", "- b", "#b", "\tb"])
                ));
            }
            _ => text.push_str(one(random, SCALARS)),
        }
        text.push_str(one(random, &["\n", "\n", "\n", "\n", " # c\n", "\t\n", "#c\n", " \n\n"]));
    }
}

fn block_scalar(random: &mut Rng, text: &mut String, indent: usize) {
    text.push_str(one(random, &["|", ">", "|-", ">-", "|+", ">+", "|2", ">1-", "|+1", "| # c", "|#c"]));
    text.push('\n');
    for _ in 0..random.usize(..4) {
        text.push_str(&" ".repeat(indent + random.usize(..4)));
        text.push_str(one(random, &["a", "", "b c ", " d", "\te", "#f", "- g", "h: i", "---"]));
        text.push('\n');
    }
    text.pop();
}

fn quoted(random: &mut Rng, text: &mut String, indent: usize) {
    let quote = one(random, &["\"", "'"]);
    text.push_str(quote);
    for _ in 0..random.usize(1..4) {
        text.push_str(one(
            random,
            &["a", "b ", " c", "\td", "e\\", "", "#f", "g: h", "''", "\\n", "\\/", "---", "- i", "日本"],
        ));
        text.push_str(one(random, &["\n", "\n", "\n\n", " ", "\r\n", "\t\n", "\u{2028}"]));
        text.push_str(&" ".repeat(random.usize(..=indent + 2)));
    }
    text.push_str(one(random, &["z", ""]));
    text.push_str(quote);
}

fn flow(random: &mut Rng, text: &mut String, indent: usize, depth: usize) {
    let is_list = random.bool();
    text.push(if is_list { '[' } else { '{' });
    for _ in 0..random.usize(..4) {
        if !is_list || random.u8(..8) == 0 {
            text.push_str(one(random, KEYS));
            text.push_str(one(random, &[": ", ": ", ":", " : ", "\n: ", ""]));
        }
        match random.u8(..6) {
            0 if depth < 3 => flow(random, text, indent, depth + 1),
            1 => quoted(random, text, indent),
            _ => text.push_str(one(random, SCALARS)),
        }
        text.push_str(one(random, &[", ", ", ", ",", "\n,", " # c\n,", ",\n\t", ",\n"]));
    }
    text.push(if is_list { ']' } else { '}' });
}
