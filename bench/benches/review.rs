//! One whole review, from the bytes of the request to those of the answer: `cargo bench --bench review`.
//!
//! `-- CASE REVIEWS` makes that many reviews of one case and says nothing, for a profiler; `counts` uses it.

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::cast_precision_loss, missing_docs)]

use std::hint::black_box;

use podgate_bench::{CASES, Case, least_nanoseconds};
use podgate_engine::admission::handle;

/// The least time of one review.
fn nanoseconds(case: &Case) -> f64 {
    const ROUNDS: usize = 100;
    let (engine, body) = ((case.engine)(), (case.body)());
    let least = |rounds, reviews| {
        least_nanoseconds(rounds, reviews, || drop(black_box(handle(&engine, case.mode, black_box(&body)))))
    };
    // Rounds of about 2 ms.
    let reviews = (1..).map(|power| 1 << power).find(|reviews| least(1, *reviews) * (*reviews as f64) > 2e6).unwrap();
    least(ROUNDS, reviews)
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    if let [case, reviews] = &args[..] {
        let case = CASES[case.parse::<usize>().unwrap()];
        let (engine, body) = ((case.engine)(), (case.body)());
        for _ in 0..reviews.parse().unwrap() {
            black_box(handle(&engine, case.mode, black_box(&body)));
        }
        return;
    }
    for case in &CASES {
        println!("{:40} {:>8} B {:>9.2} µs", case.name, (case.body)().len(), nanoseconds(case) / 1e3);
    }
}
