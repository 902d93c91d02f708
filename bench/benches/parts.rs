//! What the parts of a review cost: `cargo bench --bench parts`. Of a 6 KiB Pod: the wire, reading the Pod and answering, each
//! rule alone, and the mutations.

#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

use std::hint::black_box;

use podgate_bench::{CASES, least_nanoseconds};
use podgate_engine::{
    admission::{Mode, handle},
    policy::{
        Engine, LifecyclePolicy,
        cases::{Circumstances, with_review},
    },
    rules::RULES,
};
use serde_json::Value;

const ROUNDS: usize = 200;
const CALLS: usize = 500;

fn least(call: impl FnMut()) -> f64 {
    least_nanoseconds(ROUNDS, CALLS, call)
}

fn main() {
    let policy = LifecyclePolicy::default();
    let (without_rules, with_rules) = (Engine::with_rules(&policy, &[]), Engine::with_rules(&policy, RULES));
    let body = (CASES[0].body)();
    let elsewhere = String::from_utf8(body.clone()).unwrap().replacen(r#""kind":"Pod""#, r#""kind":"Bin""#, 1);
    let mut rows = vec![
        (
            "the wire: the envelope, its object skipped, and the answer".to_owned(),
            least(|| {
                black_box(handle(&without_rules, Mode::Validate, black_box(elsewhere.as_bytes())));
            }),
        ),
        (
            "the same, with the Pod read, and no rule".to_owned(),
            least(|| {
                black_box(handle(&without_rules, Mode::Validate, black_box(&body)));
            }),
        ),
        (
            "the same, with all rules".to_owned(),
            least(|| {
                black_box(handle(&with_rules, Mode::Validate, black_box(&body)));
            }),
        ),
    ];
    let object = serde_json::from_slice::<Value>(&body).unwrap()["request"]["object"].to_string();
    let mut rules = with_review(&object, None, &Circumstances::default(), None, |review| {
        let review = review.unwrap();
        let of = |engine: &Engine| least(|| drop(black_box(engine.review(black_box(review)))));
        let none = of(&without_rules);
        let cost = |rule| of(&Engine::with_rules(&policy, &[rule])) - none;
        RULES.iter().map(|rule| (rule.id.to_owned(), cost(*rule))).collect::<Vec<_>>()
    })
    .unwrap();
    rules.sort_by(|one, other| other.1.total_cmp(&one.1));
    rows.extend(rules);
    for case in CASES.iter().filter(|case| case.mode == Mode::Mutate) {
        let (engine, body) = ((case.engine)(), (case.body)());
        rows.push((case.name.to_owned(), least(|| drop(black_box(handle(&engine, case.mode, black_box(&body)))))));
    }
    for (name, nanoseconds) in rows {
        println!("{name:60} {nanoseconds:>9.0} ns");
    }
}
