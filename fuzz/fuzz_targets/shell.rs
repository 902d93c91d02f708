//! Any script is read, in time that grows with it, and what is found in it is the same behind a comment.

#![no_main]

use libfuzzer_sys::fuzz_target;
use podgate_engine::{
    lifecycle::{
        commands::{least_duration, never_ends},
        shell::Script,
    },
    model::Container,
    syntax::{Str, json::from_object},
};

fuzz_target!(|text: &str| {
    let steps = Script::read(text).map(|script| script.steps().len());
    // A step is a word at least.
    assert!(steps.is_none_or(|steps| steps <= text.len()));
    let command = |script: &str| serde_json::json!({"command": ["sh", "-c", script]}).to_string();
    let container = |json: &str| never_ends(&from_object::<Container<'_>>(json).unwrap());
    let plain = container(&command(text));
    let commented = container(&command(&format!("# a comment\n{text}")));
    if text.len() < 100_000 {
        assert_eq!(plain, commented);
    }
    let sleeps = |script: &str| least_duration(&["sh", "-c", script].map(Str::from));
    if text.len() < 100_000 {
        assert_eq!(sleeps(text), sleeps(&format!("# a comment\n{text}")));
    }
});
