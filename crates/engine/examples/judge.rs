//! Judges the object on standard input, as JSON: `kubectl get pod web -o json | cargo run -p podgate-engine --example judge`.

#![allow(clippy::print_stdout)]

use std::io::{Read, stdin};

use podgate_engine::{Engine, judge};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut object = String::new();
    stdin().read_to_string(&mut object)?;
    let Some(verdict) = judge(&Engine::default(), &object, "default")? else {
        println!("nothing to judge in this kind");
        return Ok(());
    };
    for finding in &verdict.findings {
        println!("{} {}: {} ({})", finding.level, finding.at, finding.message, finding.rule.id);
    }
    println!("{}", if verdict.is_denied() { "refused" } else { "admitted" });
    Ok(())
}
