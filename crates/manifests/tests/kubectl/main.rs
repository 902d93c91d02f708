//! Texts are read as `kubectl` reads them: taken where it takes them, refused where it refuses them, and they say the same.
//!
//! `tests/yaml/run` builds the library that `kubectl` reads with and names the program in `PODGATE_YAML_READER`; without it
//! there is nothing to compare with, and this passes. `PODGATE_YAML_SEED` and `PODGATE_YAML_TEXTS` choose other texts, and more of them;
//! `PODGATE_YAML_FILES` names folders whose files are read as well.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod collected;
mod compare;
mod generate;

use std::{
    env,
    io::{BufRead, BufReader, Write},
    process::{Command, Stdio},
};

use compare::{Answer, Table};
use podgate_engine::syntax::yaml;

/// How many texts are made up.
const TEXTS: usize = 4000;

fn number(variable: &str, default: usize) -> usize {
    env::var(variable).map_or(default, |value| value.parse().unwrap())
}

/// What the library says of each text.
fn kubectl(program: &str, texts: &[String]) -> Vec<Answer> {
    let mut child = Command::new(program).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let (mut input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let answers = std::thread::scope(|scope| {
        scope.spawn(move || {
            for text in texts {
                write!(input, "{}\n{text}", text.len()).unwrap();
            }
        });
        BufReader::new(output).lines().map(|line| Answer::of_json(&line.unwrap())).collect::<Vec<_>>()
    });
    assert!(child.wait().unwrap().success() && answers.len() == texts.len());
    answers
}

/// Returns all texts, how many of them are collected, and the seed that the others are made up with.
fn texts() -> (Vec<String>, usize, usize) {
    let mut texts = collected::texts();
    let collected = texts.len();
    let seed = number("PODGATE_YAML_SEED", 1);
    let made_up = generate::texts(seed as u64, number("PODGATE_YAML_TEXTS", TEXTS), &texts);
    texts.extend(made_up);
    (texts, collected, seed)
}

/// There are three ways to read a text, and the quicker ones give up where they do not know better: line by line, by its tokens
/// as they come, and by keeping its tree.
#[test]
fn says_the_same_whichever_way_it_reads() {
    let (texts, collected, _) = texts();
    let mut plain = [0, 0];
    for (number, text) in texts.iter().enumerate() {
        let tree = yaml::documents(text)
            .and_then(|documents| documents.iter().map(yaml::Document::to_json).collect::<Result<Vec<_>, _>>())
            .ok();
        let (lines, tokens) = (yaml::plain::to_json(text), yaml::stream::from_events(text));
        assert!(lines.is_none() || lines == tokens, "line by line {lines:?}, by tokens {tokens:?}\n{text}");
        assert!(tokens.is_none() || tokens == tree, "by tokens {tokens:?}, by the tree {tree:?}\n{text}");
        plain[usize::from(number >= collected)] += usize::from(lines.is_some());
    }
    println!(
        "line by line: {} of {collected} collected texts, {} of {} others",
        plain[0],
        plain[1],
        texts.len() - collected
    );
    assert!(2 * plain[0] > collected && plain[1] > 0);
}

#[test]
fn says_what_kubectl_says() {
    let Ok(program) = env::var("PODGATE_YAML_READER") else { return };
    let (texts, collected, seed) = texts();
    let table = Table::read();
    let (mut taken, mut wrong) = (0, 0);
    for (text, theirs) in texts.iter().zip(kubectl(&program, &texts)) {
        let ours = Answer::of(podgate_manifests::documents(text));
        taken += usize::from(theirs.is_taken());
        if !ours.same(&theirs) && !table.explains(text, &ours, &theirs) {
            wrong += 1;
            if wrong <= 20 {
                eprintln!("--- {text:?}\n{text}\nkubectl: {theirs}\npodgate: {ours}\n");
            }
        }
    }
    println!(
        "{} texts, {collected} of them collected: kubectl takes {taken}; {wrong} disagreements, {} explained; seed {seed}",
        texts.len(),
        table.used()
    );
    assert_eq!(wrong, 0);
}
