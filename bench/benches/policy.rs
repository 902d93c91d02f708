//! What a review costs under a policy of many scopes, beside the default policy: `cargo bench --bench policy`.

#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

use std::{fmt::Write, hint::black_box};

use podgate_bench::least_nanoseconds;
use podgate_engine::{
    model::Inventory,
    policy::{
        Engine,
        cases::{Circumstances, with_review},
        parse,
    },
};

const SCOPES: [usize; 2] = [200, 1_000];
const ROUNDS: usize = 300;
const REVIEWS: usize = 200;

const POD: &str = r#"{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "namespace": "shop-eu-7",
    "labels": {"app": "web", "app.kubernetes.io/name": "web", "tier": "silver", "team": "shop", "version": "1.2.3"}},
    "spec": {"containers": [{"name": "app", "image": "example.com/app:1", "ports": [{"name": "http", "containerPort": 8080}],
    "readinessProbe": {"httpGet": {"port": "http"}}, "resources": {"requests": {"cpu": "1", "memory": "1Gi"}}}]}}"#;

/// A policy of which no scope selects the Pod, so that all of them are looked at.
fn scopes(count: usize, of: impl Fn(usize) -> String) -> Engine {
    compile(count, |number| format!("profile: strict, rules: {{single-replica: deny}}, {}", of(number)))
}

fn compile(count: usize, of: impl Fn(usize) -> String) -> Engine {
    let mut text = "apiVersion: podgate.dev/v1alpha1\nkind: LifecyclePolicy\nspec:\n  scopes:\n".to_owned();
    for number in 0..count {
        writeln!(text, "  - {{name: s{number}, {}}}", of(number)).unwrap();
    }
    Engine::new(&parse(&text, "policy").unwrap())
}

/// Nanoseconds of one review.
fn measure(engine: &Engine, inventory: Option<&Inventory>) -> f64 {
    with_review(POD, None, &Circumstances::default(), inventory, |review| {
        let review = review.unwrap();
        least_nanoseconds(ROUNDS, REVIEWS, || drop(black_box(engine.review(black_box(review)))))
    })
    .unwrap()
}

fn main() {
    SCOPES.into_iter().for_each(compare);
}

/// Prints what policies of so many scopes cost.
fn compare(count: usize) {
    let scopes = |of: &dyn Fn(usize) -> String| scopes(count, of);
    let mut inventory = Inventory::default();
    inventory
        .add("", "Namespace", "", r#"{"metadata": {"name": "shop-eu-7", "labels": {"stage": "live", "team": "shop"}}}"#)
        .unwrap();
    let policies = [
        ("names", scopes(&|n| format!("namespaces: [team-{n}]"))),
        ("three names each", scopes(&|n| format!("namespaces: [team-{n}, team-{n}-a, team-{n}-b]"))),
        ("prefixes", scopes(&|n| format!("namespaces: [\"shop-eu-{}-*\"]", n + 100))),
        ("wildcards inside", scopes(&|n| format!("namespaces: [\"*-{n}-*\"]"))),
        ("Pod labels", scopes(&|n| format!("podSelector: {{matchLabels: {{team: t{n}}}}}"))),
        (
            "Pod expressions",
            scopes(&|n| {
                format!("podSelector: {{matchExpressions: [{{key: team, operator: In, values: [t{n}, u{n}]}}]}}")
            }),
        ),
        ("namespace labels", scopes(&|n| format!("namespaceSelector: {{matchLabels: {{team: t{n}}}}}"))),
        ("kinds", scopes(&|n| format!("kinds: [Deployment], namespaces: [team-{n}]"))),
        (
            "prefix and Pod labels",
            scopes(&|n| {
                format!("namespaces: [\"shop-{n}*\", \"shop-eu-*\"], podSelector: {{matchLabels: {{tier: t{n}}}}}")
            }),
        ),
    ];
    let base = measure(&Engine::default(), Some(&inventory));
    println!("{:24} {base:8.0} ns", "default policy");
    for (name, engine) in &policies {
        let cost = measure(engine, Some(&inventory));
        println!("{:24} {cost:8.0} ns, {:+6.0} ns for {count} scopes", name, cost - base);
    }
    // Whether they select is not known, and the strictest counts.
    let selector = |n| format!("namespaceSelector: {{matchLabels: {{team: t{n}}}}}");
    let unknown = [
        ("unknown, all alike", scopes(&selector)),
        (
            "unknown, each its option",
            compile(count, |n| {
                format!("rules: {{prestop-exceeds-grace: {{marginSeconds: {}}}}}, {}", n + 1, selector(n))
            }),
        ),
    ];
    for (name, engine) in &unknown {
        let cost = measure(engine, None);
        println!("{:24} {cost:8.0} ns, {:+6.0} ns for {count} scopes", name, cost - base);
    }
}
