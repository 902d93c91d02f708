//! What restarts, and when: the Pod's restart policy, the containers' own, and their restart rules (KEP-5307).

use super::stages::{self, Placed, Role};
use crate::model::{Container, Template, Workload, pod::RestartRule};

/// The values of a Pod's or a container's `restartPolicy`.
pub const POLICIES: &[&str] = &["Always", "OnFailure", "Never"];

/// A container that has run for this many seconds without a crash starts its back-off from the beginning.
pub const BACK_OFF_RESET_SECONDS: i64 = 600;

/// The Pod's `restartPolicy` after defaulting: absent means `Always` (`SetDefaults_PodSpec`), in a JobSet `OnFailure`.
pub fn pod_policy<'s>(workload: &Workload, template: &'s Template<'_>) -> &'s str {
    let given = &*template.spec.restart_policy;
    if given.is_empty() { workload.default_restart_policy } else { given }
}

/// Returns whether the Pods of `template` are meant to run until something ends them, rather than to complete.
pub fn is_long_running(workload: &Workload, template: &Template<'_>) -> bool {
    !workload.is_job() && pod_policy(workload, template) == "Always"
}

/// Returns whether the Pods of `template` end once the work of their apps is done: none of these is started again after exit code 0.
pub fn runs_once(workload: &Workload, template: &Template<'_>) -> bool {
    let policy = pod_policy(workload, template);
    if template.spec.containers.is_empty() {
        return matches!(policy, "OnFailure" | "Never");
    }
    let mut apps = stages::containers(&template.spec).filter(|placed| placed.role == Role::App);
    apps.all(|app| after_exit(policy, &app, 0) == Restart::No)
}

/// Returns whether an app or a regular init container of `template` is started again, within its Pod, after exit code 1.
pub fn restarts_after_failure(workload: &Workload, template: &Template<'_>) -> bool {
    let policy = pod_policy(workload, template);
    let mut working = stages::containers(&template.spec).filter(|placed| matches!(placed.role, Role::App | Role::Init));
    working.any(|placed| after_exit(policy, &placed, 1) != Restart::No)
}

/// Returns whether a container of a Job is started again after exit code 1 and no backoffLimit counts that: failures are those of Pods, and
/// restarts of containers count only in Pods whose policy is `OnFailure` (`pastBackoffLimitOnFailure` of the Job controller).
pub fn is_restarted_uncounted(pod_policy: &str, placed: &Placed<'_, '_>) -> bool {
    let works = matches!(placed.role, Role::App | Role::Init);
    pod_policy == "Never" && works && after_exit(pod_policy, placed, 1) != Restart::No
}

/// Returns the index of a container's rule that restarts all containers of the Pod, if some exit code meets it.
pub fn restart_all_rule(container: &Container<'_>) -> Option<usize> {
    let restarts_all = |rule: &RestartRule<'_>| rule.action == "RestartAllContainers";
    // Without a policy of the container's own its rules do not count.
    if container.restart_policy.is_none() || !container.restart_policy_rules.iter().any(restarts_all) {
        return None;
    }
    let met = (0..=255).find_map(|code| matching_rule(container, code).filter(|(_, rule)| restarts_all(rule)));
    met.map(|(index, _)| index)
}

/// Tells what the kubelet does once a container has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Restart {
    /// It stays ended. An init container that failed takes the Pod with it.
    No,
    /// It is started again, after the back-off.
    Container,
    /// All containers of the Pod are started again, init containers first (KEP-5532). Those that still run are ended before that,
    /// apps before sidecars, with two seconds each and without their preStop hooks.
    AllContainers,
}

/// The first of a container's `restartPolicyRules` that matches this exit code, with its index: `In` matches a code that is
/// listed, `NotIn` one that is not, any other operator nothing (`FindMatchingContainerRestartRule`). Later rules do not count.
pub fn matching_rule<'c, 'a>(container: &'c Container<'a>, exit_code: i64) -> Option<(usize, &'c RestartRule<'a>)> {
    container.restart_policy_rules.iter().enumerate().find(|(_, rule)| {
        rule.exit_codes.as_ref().is_some_and(|codes| match &*codes.operator {
            "In" => codes.values.contains(&exit_code),
            "NotIn" => !codes.values.contains(&exit_code),
            _ => false,
        })
    })
}

/// Returns what happens after a container of a Pod has ended with this exit code (`ContainerShouldRestart`, `computePodActions`).
///
/// A container that has a restart policy of its own: the first matching rule decides, else its policy. Without one: the
/// Pod's policy. `Always` restarts, `OnFailure` does after every code but 0, `Never` does not. Two kinds differ: a sidecar is
/// always started again; a regular init container that ended with 0 is done, unless a rule restarts all containers. An
/// ephemeral container is never started again.
///
/// `pod_policy` is that of the Pod after defaulting, see [`pod_policy()`].
pub fn after_exit(pod_policy: &str, placed: &Placed<'_, '_>, exit_code: i64) -> Restart {
    let container = placed.container;
    let own_policy = container.restart_policy.as_deref();
    let rule = matching_rule(container, exit_code).filter(|_| own_policy.is_some());
    let action = rule.map_or("", |(_, rule)| &*rule.action);
    let by_policy = || {
        let policy = own_policy.filter(|policy| POLICIES.contains(policy)).unwrap_or(pod_policy);
        match policy {
            "Never" => Restart::No,
            "OnFailure" if exit_code == 0 => Restart::No,
            _ => Restart::Container,
        }
    };
    match (placed.role, action) {
        (Role::Ephemeral, _) => Restart::No,
        (_, "RestartAllContainers") => Restart::AllContainers,
        (Role::Init, _) if exit_code == 0 => Restart::No,
        (Role::Sidecar, _) | (_, "Restart") => Restart::Container,
        _ => by_policy(),
    }
}

/// Returns what happens after the kubelet has killed an app or a sidecar because of its liveness or startup probe, and that has ended with
/// this exit code (`computePodActions`). `others_run` says whether another app goes on running.
///
/// Any policy but `Never`, the container's own before the Pod's, starts it again, `OnFailure` after code 0 too. With `Never` it
/// is [`after_exit`], restart rules and all, if another app runs. If none does, the Pod is taken down before a rule is asked. A
/// rule that restarts all containers counts then all the same; one that restarts this container makes the Pod begin anew,
/// unless the Pod's policy is `Never`: it then stays Running for ever, with nothing that runs.
pub fn after_probe_kill(pod_policy: &str, placed: &Placed<'_, '_>, exit_code: i64, others_run: bool) -> Restart {
    let own_policy = placed.container.restart_policy.as_deref();
    if placed.role == Role::Sidecar || own_policy.unwrap_or(pod_policy) != "Never" {
        return Restart::Container;
    }
    match after_exit(pod_policy, placed, exit_code) {
        Restart::Container if !others_run && pod_policy == "Never" => Restart::No,
        Restart::Container if !others_run => Restart::AllContainers,
        restart => restart,
    }
}

/// The seconds that the kubelet waits before it starts a container again that has ended, with whatever code, for the
/// `crashes`th time in a row:
/// 0 after the first crash, then 10 × 2ⁿ with n = 0, 1, 2, …, at most 300 (Kubernetes documentation, "Pod Lifecycle":
/// "How Pods handle problems with containers"; `MaxContainerBackOff`). See also [`BACK_OFF_RESET_SECONDS`].
pub fn back_off_seconds(crashes: u32) -> i64 {
    match crashes.checked_sub(2) {
        None => 0,
        Some(doublings) => 2_i64.saturating_pow(doublings).saturating_mul(10).min(300),
    }
}

/// Returns the seconds from the end of the last Pod that failed until the Job controller makes another, after so many failures in a row:
/// 0 without one, then 10 × 2ⁿ with n = 0, 1, 2, …, at most 600. (`getRemainingTimeForFailuresCount`, `DefaultJobPodFailureBackOff`,
/// `MaxJobPodFailureBackOff`)
pub fn job_back_off_seconds(failures: u32) -> i64 {
    match failures.checked_sub(1) {
        None => 0,
        Some(doublings) => 2_i64.saturating_pow(doublings).saturating_mul(10).min(600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{lifecycle::stages::containers, model::PodSpec, syntax::json::from_object};

    /// The decision for the only container of `list`, which has `fields`, in a Pod of this policy.
    fn decide(policy: &str, list: &str, fields: &str, code: i64) -> Restart {
        let text = format!(r#"{{"restartPolicy": "{policy}", "{list}": [{{"name": "c"{fields}}}]}}"#);
        let spec: PodSpec = from_object(&text).unwrap();
        after_exit(if policy.is_empty() { "Always" } else { policy }, &containers(&spec).next().unwrap(), code)
    }

    #[test]
    fn by_policy() {
        use Restart::{Container, No};

        // The Pod's policy, the container's own; after 0, after 1, after 137.
        let cases = [
            ("Always", "", [Container, Container, Container]),
            ("", "", [Container, Container, Container]),
            ("OnFailure", "", [No, Container, Container]),
            ("Never", "", [No, No, No]),
            ("Always", "Never", [No, No, No]),
            ("Always", "OnFailure", [No, Container, Container]),
            ("Never", "Always", [Container, Container, Container]),
            ("Never", "OnFailure", [No, Container, Container]),
            ("Never", "always", [No, No, No]),
            ("OnFailure", "bogus", [No, Container, Container]),
        ];
        for (pod, own, expected) in cases {
            let fields = if own.is_empty() { String::new() } else { format!(r#", "restartPolicy": "{own}""#) };
            let found = [0, 1, 137].map(|code| decide(pod, "containers", &fields, code));
            assert_eq!(found, expected, "{pod} {own}");
        }
    }

    #[test]
    fn by_rule() {
        use Restart::{AllContainers, Container, No};

        let rule = |action: &str, operator: &str, values: &str| {
            format!(r#"{{"action": "{action}", "exitCodes": {{"operator": "{operator}", "values": {values}}}}}"#)
        };
        // The container's own policy and rules in a Pod that never restarts; exit code; decision.
        let cases = [
            ("Never", vec![rule("Restart", "In", "[42]")], 42, Container),
            ("Never", vec![rule("Restart", "In", "[42]")], 1, No),
            ("Never", vec![rule("Restart", "NotIn", "[1, 2]")], 0, Container),
            ("Never", vec![rule("Restart", "NotIn", "[1, 2]")], 2, No),
            ("Never", vec![rule("Restart", "In", "[]")], 0, No),
            ("Never", vec![rule("Restart", "NotIn", "[]")], 0, Container),
            ("Never", vec![rule("Restart", "Exists", "[0]")], 0, No),
            ("Never", vec![rule("RestartAllContainers", "In", "[3]")], 3, AllContainers),
            ("OnFailure", vec![rule("Restart", "In", "[0]")], 0, Container),
            ("Always", vec![rule("RestartAllContainers", "In", "[3]")], 4, Container),
            // The first that matches decides, even where its action is none.
            ("Never", vec![rule("restart", "In", "[3]"), rule("Restart", "In", "[3]")], 3, No),
            ("Never", vec![rule("RestartAllContainers", "In", "[3]"), rule("Restart", "In", "[3]")], 3, AllContainers),
            ("Never", vec![rule("RestartAllContainers", "In", "[4]"), rule("Restart", "In", "[3]")], 3, Container),
        ];
        for (own, rules, code, expected) in cases {
            let fields = format!(r#", "restartPolicy": "{own}", "restartPolicyRules": [{}]"#, rules.join(", "));
            assert_eq!(decide("Never", "containers", &fields, code), expected, "{fields} {code}");
        }
        // Rules without a policy of the container's own do not count, nor do rules without exit codes.
        let rules = format!(r#", "restartPolicyRules": [{}]"#, rule("Restart", "In", "[0]"));
        assert_eq!(decide("Never", "containers", &rules, 0), No);
        let fields = r#", "restartPolicy": "Never", "restartPolicyRules": [{"action": "Restart"}]"#;
        assert_eq!(decide("Always", "containers", fields, 0), No);
    }

    #[test]
    fn init_containers_sidecars_and_ephemeral_ones() {
        use Restart::{AllContainers, Container, No};

        let all = r#", "restartPolicy": "Never", "restartPolicyRules": [{"action": "RestartAllContainers", "exitCodes": {"operator": "In", "values": [0]}}]"#;
        let again = all.replace("AllContainers", "");
        let cases = [
            ("Always", "initContainers", "", [No, Container]),
            ("OnFailure", "initContainers", "", [No, Container]),
            ("Never", "initContainers", "", [No, No]),
            ("Never", "initContainers", r#", "restartPolicy": "OnFailure""#, [No, Container]),
            ("Always", "initContainers", r#", "restartPolicy": "Never""#, [No, No]),
            ("Always", "initContainers", all, [AllContainers, No]),
            ("Always", "initContainers", &again, [No, No]),
            ("Never", "initContainers", r#", "restartPolicy": "Always""#, [Container, Container]),
            ("Always", "ephemeralContainers", "", [No, No]),
        ];
        for (pod, list, fields, expected) in cases {
            assert_eq!([0, 1].map(|code| decide(pod, list, fields, code)), expected, "{pod} {list} {fields}");
        }
    }

    #[test]
    fn by_probes() {
        use Restart::{AllContainers, Container, No};

        let own = |policy: &str| format!(r#", "restartPolicy": "{policy}""#);
        let rule = |action: &str| {
            let codes = r#"{"operator": "In", "values": [143]}"#;
            format!(r#"{}, "restartPolicyRules": [{{"action": "{action}", "exitCodes": {codes}}}]"#, own("Never"))
        };
        // The Pod's policy, list, fields, exit code; decision where no other app runs, and where one does.
        let cases = [
            ("Always", "containers", String::new(), 143, [Container, Container]),
            ("OnFailure", "containers", String::new(), 0, [Container, Container]),
            ("Never", "containers", String::new(), 143, [No, No]),
            ("Never", "containers", own("OnFailure"), 0, [Container, Container]),
            ("Always", "containers", own("Never"), 143, [No, No]),
            ("Never", "containers", rule("Restart"), 143, [No, Container]),
            ("Never", "containers", rule("Restart"), 137, [No, No]),
            ("Always", "containers", rule("Restart"), 143, [AllContainers, Container]),
            ("Never", "containers", rule("RestartAllContainers"), 143, [AllContainers, AllContainers]),
            ("Never", "initContainers", own("Always"), 0, [Container, Container]),
        ];
        for (pod, list, fields, code, expected) in cases {
            let text = format!(r#"{{"{list}": [{{"name": "c"{fields}}}]}}"#);
            let spec: PodSpec = from_object(&text).unwrap();
            let placed = containers(&spec).next().unwrap();
            let found = [false, true].map(|others_run| after_probe_kill(pod, &placed, code, others_run));
            assert_eq!(found, expected, "{pod} {list} {fields} {code}");
        }
    }

    #[test]
    fn back_off() {
        let seconds: Vec<i64> = (0..=9).map(back_off_seconds).collect();
        assert_eq!(seconds, [0, 0, 10, 20, 40, 80, 160, 300, 300, 300]);
        assert_eq!(back_off_seconds(u32::MAX), 300);
        let seconds: Vec<i64> = (0..=8).map(job_back_off_seconds).collect();
        assert_eq!(seconds, [0, 10, 20, 40, 80, 160, 320, 600, 600]);
        assert_eq!(job_back_off_seconds(u32::MAX), 600);
    }
}
