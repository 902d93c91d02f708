//! Any bytes at all get an answer, in both modes, under a policy with every rule and every mutation on.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use podgate_engine::{
    admission::{Decision, Mode, handle},
    policy::{Engine, parse},
};

const POLICY: &str = "
apiVersion: podgate.dev/v1alpha1
kind: LifecyclePolicy
spec:
  profile: strict
  exemptions: {namespaces: [], users: [], groups: []}
  mutations:
    defaultProbes:
      readiness: {httpPath: /healthz, periodSeconds: 5}
      startup: {failureThreshold: 30}
      liveness: {failureThreshold: 6}
    schedulingGates:
    - name: example.com/quota
    - name: example.com/licence
      namespaces: ['b*']
";

static ENGINE: LazyLock<Engine> = LazyLock::new(|| Engine::new(&parse(POLICY, "the policy").unwrap()));

fuzz_target!(|body: &[u8]| {
    for mode in [Mode::Validate, Mode::Mutate] {
        let response = handle(&ENGINE, mode, body);
        let decided = !matches!(response.record.decision, Decision::Error(_));
        assert_eq!(decided, response.status == 200);
        assert!(decided || matches!(response.status, 400 | 500));
        // A panic is caught and answered with 500; here it is a find.
        let error = response.record.error.unwrap_or_default();
        assert!(!error.starts_with("panic"), "{error}");
        assert_eq!(response.body.first(), Some(&b'{'));
    }
});
