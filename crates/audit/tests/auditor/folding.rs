//! What an owner made is not judged again.

use podgate_audit::{Audit, Auditor, Facts};
use podgate_engine::{
    Engine, Level,
    model::Review,
    parse,
    policy::LifecyclePolicy,
    rules::{
        Rule,
        rule::{Check, Code, Report},
    },
};
use serde_json::{Value, json};

use crate::objects::{
    audit, audit_under, bound, budget, deployment, ids, lines, metadata, owned_by, pod, pod_of, pod_spec, replica_set,
    service, with,
};

/// A Deployment with one fault: every object of it would be refused.
fn faulty(name: &str) -> Value {
    with(deployment(name), &json!({"spec": {"template": {"spec": {"restartPolicy": "Never"}}}}))
}

const FAULT: &str = "restart-policy-not-allowed";

/// The names of objects in which something was found, each with its Pods.
fn names(audit: &Audit) -> Vec<(String, usize)> {
    audit.objects.iter().map(|one| (format!("{}/{}", one.kind, one.name), one.pods)).collect()
}

/// What was left aside: why, and how many.
fn aside(audit: &Audit) -> Vec<(&str, usize)> {
    audit.not_judged.iter().map(|aside| (aside.why.as_str(), aside.count)).collect()
}

#[test]
fn a_deployment_its_replica_sets_and_its_pods_are_told_of_once() {
    let web = faulty("web");
    let (new, old) = (replica_set(&web, "5d8f7c9b4", 2), replica_set(&web, "6b7d", 0));
    let (one, two, three) = (pod_of(&new, "a"), pod_of(&new, "b"), pod_of(&old, "c"));
    let all = [web, budget("web", 1), service("web"), new, old, one, two, three];
    let audit = audit(&all);
    assert_eq!(ids(&audit), [("Deployment/web".to_owned(), FAULT)], "{:#?}", audit.objects);
    // The Pod of a ReplicaSet that has been scaled down belongs to the Deployment all the same.
    assert_eq!((audit.judged, audit.namespaces, aside(&audit)), (3, 1, vec![]));
    let judged = &audit.objects[0];
    assert_eq!((judged.pods, judged.is_refused(), judged.uid.as_str()), (3, true, "uid-of-web"));
    assert_eq!((judged.created.as_str(), judged.found[0].pods), ("2026-03-01T10:00:00Z", 0));
    assert_eq!(judged.found[0].path, "spec.template.spec.restartPolicy");
    let text = judged.text.as_deref().unwrap();
    assert!(
        text.contains("\"Never\"") && !text.contains("managedFields") && !text.contains("availableReplicas"),
        "{text}"
    );
}

#[test]
fn nothing_wrong_is_nothing_told() {
    let web = deployment("web");
    let set = replica_set(&web, "5d8f7c9b4", 2);
    let audit = audit(&[web, budget("web", 1), service("web"), set.clone(), pod_of(&set, "a"), pod_of(&set, "b")]);
    assert_eq!((ids(&audit), audit.judged), (vec![], 3));
}

#[test]
fn an_owner_may_come_late() {
    let web = faulty("web");
    let set = replica_set(&web, "5d8f7c9b4", 2);
    let pods = [pod_of(&set, "a"), pod_of(&set, "b")];
    let orders = [
        vec![&set, &web, &pods[0], &pods[1]],
        vec![&set, &pods[0], &pods[1], &web],
        vec![&pods[0], &set, &web, &pods[1]],
        vec![&pods[0], &pods[1], &web, &set],
    ];
    for order in orders {
        let order: Vec<Value> = order.into_iter().cloned().collect();
        let others = [budget("web", 1), service("web")];
        let audit = audit(&[&order[..], &others[..]].concat());
        assert_eq!((names(&audit), audit.judged), (vec![("Deployment/web".to_owned(), 2)], 3));
        assert_eq!(lines(&audit.objects[0]).len(), 1);
    }
}

#[test]
fn what_has_lost_its_owner_stands_for_itself() {
    let web = faulty("web");
    let set = replica_set(&web, "5d8f7c9b4", 2);
    // Whoever deletes a Deployment and orphans its ReplicaSet leaves the Pods with it.
    let orphan = with(set.clone(), &json!({"metadata": {"ownerReferences": null}}));
    let wrong = json!({"spec": {"restartPolicy": "Sometimes"}});
    let two = with(pod_of(&set, "a"), &wrong);
    assert_eq!(names(&audit(&[orphan.clone(), two.clone()])), [("ReplicaSet/web-5d8f7c9b4".to_owned(), 1)]);
    // A ReplicaSet whose Deployment cannot be seen is judged.
    let alone = audit(&[set.clone(), two.clone()]);
    assert_eq!((names(&alone), alone.judged), (vec![("ReplicaSet/web-5d8f7c9b4".to_owned(), 1)], 1));
    // Pods of which nothing above can be seen are judged under the Deployment that their label tells.
    let pods = audit(&[two.clone(), with(pod_of(&set, "b"), &wrong)]);
    assert_eq!(names(&pods), [("Deployment/web".to_owned(), 2)]);
    assert_eq!((pods.objects[0].found[0].pods, pods.objects[0].api_version.as_str()), (2, "apps/v1"));
    // Without the label, or with one that is no end of the name, it is the ReplicaSet.
    for hash in [json!(null), json!("c9b4x")] {
        let pod = with(two.clone(), &json!({"metadata": {"labels": {"pod-template-hash": hash}}}));
        assert_eq!(names(&audit(&[pod])), [("ReplicaSet/web-5d8f7c9b4".to_owned(), 1)]);
    }
}

#[test]
fn replica_sets_without_replicas() {
    let web = faulty("web");
    let old = replica_set(&web, "6b7d", 0);
    // An old one of a Deployment that cannot be seen, too.
    let alone = audit(std::slice::from_ref(&old));
    assert_eq!((alone.judged, aside(&alone)), (0, vec![]));
    let orphan = with(old, &json!({"metadata": {"ownerReferences": null}}));
    assert_eq!(aside(&audit(&[orphan])), [("they are ReplicaSets without replicas", 1)]);
}

/// A Job with this template, as the Job controller returns it.
fn job(name: &str) -> Value {
    let spec = with(pod_spec(), &json!({"restartPolicy": "Always", "topologySpreadConstraints": null}));
    json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata(name), "spec": {
        "parallelism": 1, "completions": 1, "backoffLimit": 6, "completionMode": "NonIndexed", "suspend": false,
        "ttlSecondsAfterFinished": 600, "manualSelector": false, "podReplacementPolicy": "TerminatingOrFailed",
        "selector": {"matchLabels": {"batch.kubernetes.io/controller-uid": "u"}},
        "template": {"metadata": {"labels": {"batch.kubernetes.io/controller-uid": "u", "job-name": name}}, "spec": spec},
    }})
}

#[test]
fn a_cron_job_its_jobs_and_their_pods_are_told_of_once() {
    let of_cron = with(job("tidy-1"), &owned_by("batch/v1", "CronJob", "tidy"));
    let cron = json!({"apiVersion": "batch/v1", "kind": "CronJob", "metadata": metadata("tidy"), "spec": {
        "schedule": "0 3 * * *", "concurrencyPolicy": "Forbid", "suspend": false, "startingDeadlineSeconds": 600,
        "successfulJobsHistoryLimit": 3, "failedJobsHistoryLimit": 1, "jobTemplate": {"spec": of_cron["spec"]},
    }});
    let pod = with(pod("tidy-1-x"), &owned_by("batch/v1", "Job", "tidy-1"));
    let told = audit(&[cron.clone(), of_cron.clone(), pod.clone()]);
    assert_eq!((names(&told), told.judged), (vec![("CronJob/tidy".to_owned(), 1)], 1));
    let late = audit(&[of_cron.clone(), pod.clone(), cron]);
    assert_eq!((names(&late), late.judged), (vec![("CronJob/tidy".to_owned(), 1)], 1));
    // A Job that somebody made by hand stands for itself.
    let alone = audit(&[job("tidy-1"), pod]);
    assert_eq!(names(&alone), [("Job/tidy-1".to_owned(), 1)]);
}

#[test]
fn pods_of_a_stateful_set_and_of_a_daemon_set_belong_to_it() {
    for (kind, strategy) in [("StatefulSet", "updateStrategy"), ("DaemonSet", "updateStrategy")] {
        let mut set = faulty("db");
        set["kind"] = kind.into();
        set["spec"].as_object_mut().unwrap().retain(|field, _| field == "selector" || field == "template");
        set["spec"][strategy] = json!({"type": "RollingUpdate"});
        let pod = with(pod("db-0"), &owned_by("apps/v1", kind, "db"));
        let audit = audit(&[set, pod]);
        assert_eq!(names(&audit), [(format!("{kind}/db"), 1)]);
        assert!(ids(&audit).contains(&(format!("{kind}/db"), FAULT)));
    }
}

#[test]
fn pods_of_an_unknown_owner_are_told_of_once() {
    let of_it =
        |name: &str, patch: &Value| with(with(pod(name), &owned_by("db.example.com/v1", "Cluster", "main")), patch);
    let hook = |seconds: i64| {
        let mut spec = bound(&pod_spec());
        spec["containers"][0]["lifecycle"] = json!({"preStop": {"sleep": {"seconds": seconds}}});
        json!({"spec": spec})
    };
    let audit =
        audit(&[of_it("m-0", &hook(60)), of_it("m-1", &hook(60)), of_it("m-2", &hook(5)), of_it("m-3", &hook(90))]);
    assert_eq!((names(&audit), audit.judged), (vec![("Cluster/main".to_owned(), 4)], 1));
    let main = &audit.objects[0];
    let found: Vec<(&str, usize)> = main.found.iter().map(|found| (found.source.id(), found.pods)).collect();
    // Warnings as well: nobody has judged the template that they are of.
    assert_eq!(found, [("prestop-exceeds-grace", 2), ("prestop-exceeds-grace", 1)], "{:#?}", main.found);
    assert_eq!((main.api_version.as_str(), main.uid.as_str()), ("db.example.com/v1", "uid-of-main"));
    assert!(main.text.as_deref().unwrap().contains("\"m-0\""));
}

#[test]
fn pods_of_nobody_and_of_the_kubelet() {
    let naked = with(pod("one"), &json!({"spec": {"restartPolicy": "Sometimes"}}));
    let mirror = json!({"metadata": {"annotations": {"kubernetes.io/config.mirror": "x"}}});
    let static_pod = with(with(naked.clone(), &mirror), &owned_by("v1", "Node", "node-1"));
    let audit = audit(&[naked, with(static_pod, &json!({"metadata": {"name": "etcd-node-1"}}))]);
    assert_eq!(names(&audit), [("Pod/one".to_owned(), 0)]);
    assert_eq!(aside(&audit), [("they are mirrors of static Pods, which the kubelet runs by itself", 1)]);
}

#[test]
fn what_is_being_deleted_is_not_judged() {
    let deleted = json!({"metadata": {"deletionTimestamp": "2026-03-02T11:59:50Z", "deletionGracePeriodSeconds": 30}});
    let web = with(faulty("web"), &deleted);
    let set = replica_set(&web, "5d8f7c9b4", 2);
    let naked = with(with(pod("one"), &deleted), &json!({"spec": {"restartPolicy": "Sometimes"}}));
    let audit = audit(&[web, set.clone(), pod_of(&set, "a"), naked]);
    assert_eq!((ids(&audit), audit.judged), (vec![], 0));
    assert_eq!(aside(&audit), [("they are being deleted", 2)]);
}

#[test]
fn a_circle_of_owners_is_told_of() {
    let one = with(job("one"), &owned_by("batch/v1", "Job", "two"));
    let two = with(job("two"), &owned_by("batch/v1", "Job", "one"));
    let audit = audit(&[one, two]);
    assert_eq!((names(&audit), audit.judged), (vec![("Job/one".to_owned(), 0)], 1));
}

#[test]
fn exempt_namespaces_are_counted_by_owner() {
    let policy = "{apiVersion: podgate.dev/v1alpha1, kind: LifecyclePolicy, spec: {namespaceLabels: true, exemptions: {namespaces: [shop]}}}";
    let engine = Engine::new(&parse(policy, "policy").unwrap());
    let web = faulty("web");
    let set = replica_set(&web, "5d8f7c9b4", 2);
    let killed = json!({"status": {"containerStatuses": [{"name": "app", "lastState": {"terminated": {"reason": "OOMKilled"}}}]}});
    let objects = [web.clone(), set.clone(), with(pod_of(&set, "a"), &killed), with(pod("one"), &killed)];
    let exempt = audit_under(&engine, &objects);
    assert_eq!((ids(&exempt), exempt.judged), (vec![], 0));
    assert_eq!(aside(&exempt), [("the policy exempts their namespace", 2)]);
    assert_eq!(exempt.not_judged[0].examples, ["shop/Deployment/web", "shop/Pod/one"]);
    // So does the label of the namespace, where the policy honours it.
    let label = |value: &str| json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "bank", "labels": {"podgate.dev/profile": value}}});
    let moved: Vec<Value> =
        objects.iter().map(|object| with(object.clone(), &json!({"metadata": {"namespace": "bank"}}))).collect();
    let off = audit_under(&engine, &[&[label("off")][..], &moved[..]].concat());
    assert_eq!((ids(&off), aside(&off)), (vec![], vec![("the policy exempts their namespace", 2)]));
    let on = audit_under(&engine, &[&[label("standard")][..], &moved[..]].concat());
    assert!(on.not_judged.is_empty() && on.summary().refused == 1, "{on:#?}");
}

#[test]
fn what_is_ignored_is_counted() {
    let ignore = |reason: &str| json!({"metadata": {"annotations": {format!("ignore.podgate.dev/{FAULT}"): reason}}});
    let others = [budget("web", 1), service("web")];
    let with_reason = audit(&[&[with(faulty("web"), &ignore("a known fault"))][..], &others[..]].concat());
    assert_eq!(
        (ids(&with_reason), aside(&with_reason)),
        (vec![], vec![("ignored by annotation, or exempt by the policy", 1)])
    );
    assert_eq!(with_reason.not_judged[0].examples, ["shop/Deployment/web"]);
    let policy = format!(
        "{{apiVersion: podgate.dev/v1alpha1, kind: LifecyclePolicy, spec: {{exemptions: {{objects: [{{kind: Deployment, namespace: shop,
        name: web, rules: [{FAULT}], reason: it belongs to others}}]}}}}}}"
    );
    let engine = Engine::new(&parse(&policy, "policy").unwrap());
    let of_others = audit_under(&engine, &[&[faulty("web")][..], &others[..]].concat());
    assert_eq!((ids(&of_others), aside(&of_others)), (vec![], aside(&with_reason)));
    let without = audit(&[&[with(faulty("web"), &ignore(" "))][..], &others[..]].concat());
    assert_eq!((ids(&without).len(), aside(&without)), (1, vec![]));
}

#[test]
fn what_cannot_be_read_is_counted_with_the_reason() {
    let engine = Engine::default();
    let mut auditor = Auditor::new(&engine);
    auditor.judge("not JSON");
    auditor.judge(&with(deployment("web"), &json!({"spec": {"template": {"spec": {"containers": 3}}}})).to_string());
    auditor.judge(
        &json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "shop"}}).to_string(),
    );
    auditor.judge(
        &with(pod("one"), &json!({"status": {"containerStatuses": [{"name": "app", "restartCount": "x"}]}}))
            .to_string(),
    );
    auditor.not_listed("Job", "jobs.batch is forbidden");
    let audit = auditor.finish(Facts::default());
    let said: Vec<String> =
        audit.not_judged.iter().map(|one| format!("{} {} {:?}", one.count, one.why, one.examples)).collect();
    assert_eq!(
        said,
        [
            "0 objects of kind Job could not be listed: jobs.batch is forbidden []",
            r#"1 podgate does not know their kind ["shop/ConfigMap/a"]"#,
            r#"1 their status cannot be read: status.containerStatuses[0].restartCount: is the string "x"; a whole number is expected ["shop/Pod/one"]"#,
            r#"1 they cannot be read: it is no JSON at line 1, column 2 of its text ["an object without a name"]"#,
            r#"1 they cannot be read: spec.template.spec.containers: is 3; a list is expected ["shop/Deployment/web"]"#,
        ]
    );
}

/// A rule that fails at Pods whose image it does not know.
#[derive(Debug, Default)]
struct Fails;

impl Check for Fails {
    fn check(&self, review: &Review<'_>, _: &mut Report<'_>) {
        let image = &review.new.templates[0].spec.containers[0].image;
        assert!(*image == "example.com/app:1", "image {}", &**image);
    }
}

static FAILS: Rule = Rule::new("fails", "fails", Level::Warn, Code::without_options::<Fails>());

#[test]
fn a_rule_that_fails_is_one_object_that_is_not_judged() {
    let engine = Engine::with_rules(&LifecyclePolicy::default(), &[&FAILS]);
    let odd = with(pod("two"), &json!({"spec": {"containers": [{"name": "app", "image": "odd"}]}}));
    let audit = audit_under(&engine, &[pod("one"), odd, pod("three")]);
    assert_eq!((audit.judged, aside(&audit)), (2, vec![("a rule failed at them: panic: image odd", 1)]));
    assert_eq!(audit.not_judged[0].examples, ["shop/Pod/two"]);
}
