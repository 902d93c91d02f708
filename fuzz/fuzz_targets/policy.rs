//! Any text is a policy or is refused in words; one that is a policy judges, and says in full what it is.

#![no_main]

use libfuzzer_sys::fuzz_target;
use podgate_engine::{
    admission::{Mode, handle},
    policy::{Engine, parse},
};

const REVIEW: &str = r#"{"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {"uid": "u",
    "kind": {"group": "", "version": "v1", "kind": "Pod"}, "namespace": "shop", "operation": "CREATE",
    "userInfo": {"username": "jane", "groups": ["a"]},
    "object": {"metadata": {"name": "web", "labels": {"app": "web"}}, "spec": {"containers": [
        {"name": "app", "image": "a", "ports": [{"name": "http", "containerPort": 80}, {"containerPort": 80}]}]}}}}"#;

fuzz_target!(|text: &str| {
    match parse(text, "policy") {
        Err(error) => assert!(!error.to_string().is_empty()),
        Ok(policy) => {
            let engine = Engine::new(&policy);
            let body = REVIEW.as_bytes();
            let answers = [Mode::Validate, Mode::Mutate].map(|mode| handle(&engine, mode, body));
            assert!(answers.iter().all(|answer| answer.status == 200));
            // What it says in full is the same policy.
            let again = parse(&policy.in_full(), "in full").unwrap();
            let engine = Engine::new(&again);
            for (mode, answer) in [Mode::Validate, Mode::Mutate].into_iter().zip(&answers) {
                assert_eq!(handle(&engine, mode, body).body, answer.body);
            }
        }
    }
});
