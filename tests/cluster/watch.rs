//! `--watch`: what podgate knows of other objects decides, at once, and goes on doing so while the API server is away.

use http::Method;
use libtest_mimic::Trial;
use serde_json::{Value, json};
use tokio::time::{Duration, Instant, sleep};

use crate::harness::{Answer, Cluster, Content, Program, Reach, Register, path, workload};
use crate::harness::{conflicting_containers, deployment, eventually, pod, with};
use crate::test;

pub fn tests() -> Vec<Trial> {
    vec![
        test("watch::every_kind_decides_once_it_is_there", every_kind_decides_once_it_is_there),
        test("watch::admissions_go_on_without_the_api_server", admissions_go_on_without_the_api_server),
    ]
}

/// Rules that are only in the audit log by themselves are made to warn: clients see that.
const POLICY: &str = "{apiVersion: podgate.dev/v1alpha1, kind: LifecyclePolicy, spec: {namespaceLabels: true, \
    rules: {no-drain-window: warn, single-replica: warn}}}";

const KINDS: [&str; 9] = [
    "Namespace",
    "Service",
    "PodDisruptionBudget",
    "HorizontalPodAutoscaler",
    "LimitRange",
    "Deployment",
    "StatefulSet",
    "ReplicaSet",
    "ReplicationController",
];

fn warns(answer: &Answer, rule: &str) -> bool {
    answer.warnings.iter().any(|warning| warning.ends_with(&format!("(podgate: {rule})")))
}

async fn every_kind_decides_once_it_is_there(cluster: &'static Cluster) {
    let policy = cluster.processes().dir().join("watch-policy.yaml");
    std::fs::write(&policy, POLICY).unwrap();
    let kubeconfig = cluster.service_account(&cluster.url).await;
    let program = Program::start(cluster, Some(&kubeconfig), &["--watch", "--policy", policy.to_str().unwrap()]).await;
    let url = format!("https://127.0.0.1:{}", program.port);
    let change = Register { watch: true, ..Register::default() };
    cluster.register(Reach::Url { url: &url, ca: &program.ca() }, "watch", &change).await;
    let namespace = cluster.namespace(Some("watch")).await;
    let client = &cluster.client;
    let wait = async |object: &Value, rule: &'static str, wanted: bool| {
        eventually(rule, async || (warns(&client.dry_run(object).await.accepted(), rule) == wanted).then_some(()))
            .await;
    };

    let web = with(deployment(&namespace, "web"), "/spec/replicas", 1);
    let web = with(web, "/spec/template/spec/containers/0/ports", json!([{"name": "http", "containerPort": 8080}]));
    // Nobody sends it traffic, which is known once the namespace is.
    wait(&web, "single-replica", false).await;
    assert!(!warns(&client.dry_run(&web).await.accepted(), "no-drain-window"));
    let service = json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "namespace": namespace},
        "spec": {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": "http"}]}
    });
    client.create(&service).await.accepted();
    wait(&web, "no-drain-window", true).await;
    wait(&web, "single-replica", true).await;

    let autoscaler = json!({
        "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "web", "namespace": namespace},
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
            "minReplicas": 2, "maxReplicas": 4
        }
    });
    client.create(&autoscaler).await.accepted();
    wait(&web, "single-replica", false).await;
    // It scales by the utilization of cpu, of which nothing is requested, until a LimitRange says how much.
    wait(&web, "autoscaler-without-effect", true).await;
    let limit_range = json!({
        "apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "defaults", "namespace": namespace},
        "spec": {"limits": [{"type": "Container", "defaultRequest": {"cpu": "100m"}}]}
    });
    client.create(&limit_range).await.accepted();
    wait(&web, "autoscaler-without-effect", false).await;
    client.delete(&service, "").await.accepted();
    wait(&web, "no-drain-window", false).await;

    a_deletion_is_warned_of(cluster, &namespace).await;
    replicas_are_held_against_budgets(cluster, &namespace).await;

    let labelled = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}});
    let label = async |profile: Value| {
        let patch = json!({"metadata": {"labels": {"podgate.dev/profile": profile}}});
        client.merge(&labelled, "", &patch).await.accepted()
    };
    let told = |answer: &Answer| answer.warnings.iter().any(|text| text.contains("\"strickt\" is no profile"));
    eventually("a misspelt profile is told of", async || told(&label(json!("strickt")).await).then_some(())).await;
    let in_log = |line: &Value| {
        line["namespace"] == *namespace && line["problem"].as_str().is_some_and(|it| it.contains("strickt"))
    };
    eventually("the log has it too", async || program.log().iter().any(in_log).then_some(())).await;
    assert!(program.log().iter().any(|line| line["notice"].as_str().is_some_and(|it| it.contains("strickt"))));
    let good = pod(&namespace, "good");
    client.dry_run(&good).await.accepted();
    label(json!("strict")).await;
    eventually("strict refuses", async || (client.dry_run(&good).await.status == 422).then_some(())).await;
    label(json!("off")).await;
    let bad = with(pod(&namespace, "bad"), "/spec/containers", conflicting_containers());
    eventually("off refuses nothing", async || client.dry_run(&bad).await.is_accepted().then_some(())).await;
    label(Value::Null).await;
    eventually("standard refuses", async || (client.dry_run(&bad).await.status == 422).then_some(())).await;
    for kind in KINDS {
        assert_eq!(program.metric(&in_order(kind)).await.as_deref(), Some("1"), "{kind}");
    }
}

/// What nobody but a live webhook is asked: an object that goes.
async fn a_deletion_is_warned_of(cluster: &Cluster, namespace: &str) {
    let client = &cluster.client;
    let web = running_pod(cluster, namespace).await;
    make_budget(cluster, namespace, 0).await;
    let rule = "deletion-bypasses-budget";
    eventually(rule, async || warns(&client.delete(&web, "dryRun=All").await.accepted(), rule).then_some(())).await;
    let deleted = client.delete(&web, "gracePeriodSeconds=0").await.accepted();
    assert!(warns(&deleted, rule), "{:?}", deleted.warnings);
    assert_eq!(client.get(&web).await.status, 404);
}

/// Workloads and their `scale` against budgets that are there, and budgets against workloads.
async fn replicas_are_held_against_budgets(cluster: &Cluster, namespace: &str) {
    let client = &cluster.client;
    let budget = |name: &str, app: &str, min: u32| {
        json!({"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": name, "namespace": namespace},
            "spec": {"minAvailable": min, "selector": {"matchLabels": {"app": app}}}})
    };
    let rule = "budget-blocks-workload";
    for (group, kind) in
        [("apps", "Deployment"), ("apps", "StatefulSet"), ("apps", "ReplicaSet"), ("", "ReplicationController")]
    {
        let app = format!("of-{}", kind.to_lowercase());
        let object = with(workload(group, kind, namespace, &app), "/spec/replicas", 5);
        client.create(&object).await.accepted();
        let other = budget(&format!("{app}-all"), &app, 5);
        let blocks =
            async || warns(&client.dry_run(&other).await.accepted(), "blocking-disruption-budget").then_some(());
        eventually("the workload is known", blocks).await;
        client.create(&budget(&app, &app, 3)).await.accepted();
        let scale = async |replicas: u32, query: &str| {
            let patch = json!({"spec": {"replicas": replicas}});
            client.send(Method::PATCH, &path(&object, "scale"), query, Content::MergePatch(&patch)).await.accepted()
        };
        eventually("the budget is known", async || warns(&scale(3, "dryRun=All").await, rule).then_some(())).await;
        assert!(!warns(&scale(4, "dryRun=All").await, rule), "{kind}");
        // Nothing is left to drain.
        assert!(!warns(&scale(0, "dryRun=All").await, rule), "{kind}");
        let edited = client.merge(&object, "", &json!({"spec": {"replicas": 2}})).await.accepted();
        assert!(warns(&edited, rule), "{kind}: {:?}", edited.warnings);
        // The API server asks first with the old object that its cache has, and again with the true one where that differs.
        let is_cached = async || {
            let cached =
                client.send(Method::GET, &path(&object, ""), "resourceVersion=0", Content::None).await.accepted();
            (cached.body["spec"]["replicas"] == 2).then_some(())
        };
        eventually("the API server's cache knows", is_cached).await;
        assert!(!warns(&scale(1, "").await, rule), "{kind}: it was so before");
        client.delete(&object, "propagationPolicy=Background").await.accepted();
    }
}

async fn running_pod(cluster: &Cluster, namespace: &str) -> Value {
    let web = with(pod(namespace, "web"), "/spec/nodeName", "no-such-node");
    cluster.client.create(&web).await.accepted();
    cluster
        .client
        .merge(
            &web,
            "status",
            &json!({"status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}}),
        )
        .await
        .accepted();
    web
}

async fn make_budget(cluster: &Cluster, namespace: &str, allowed: u32) {
    let budget = json!({
        "apiVersion": "policy/v1", "kind": "PodDisruptionBudget",
        "metadata": {"name": "web", "namespace": namespace},
        "spec": {"maxUnavailable": 1, "selector": {"matchLabels": {"app": "web"}}}
    });
    // It is there where only its status changes.
    cluster.client.create(&budget).await;
    let status = json!({"status": {
        "observedGeneration": 1, "disruptionsAllowed": allowed, "currentHealthy": 1, "desiredHealthy": 1,
        "expectedPods": 2
    }});
    cluster.client.merge(&budget, "status", &status).await.accepted();
}

fn in_order(kind: &str) -> String {
    format!("podgate_watch_in_order{{kind=\"{kind}\"}}")
}

fn stale_since(kind: &str) -> String {
    format!("podgate_watch_stale_since_timestamp_seconds{{kind=\"{kind}\"}}")
}

/// The API server that podgate watches is killed; the other one of the same cluster still serves everybody else.
async fn admissions_go_on_without_the_api_server(cluster: &'static Cluster) {
    let mut api_server = cluster.another_api_server().await;
    let kubeconfig = cluster.service_account(&api_server.url).await;
    let program = Program::start(cluster, Some(&kubeconfig), &["--watch"]).await;
    let namespace = cluster.unjudged_namespace().await;
    let web = running_pod(cluster, &namespace).await;
    make_budget(cluster, &namespace, 0).await;
    let web = cluster.client.get(&web).await.accepted().body;
    let review = json!({
        "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
        "request": {
            "uid": "1", "operation": "DELETE", "namespace": namespace, "name": "web",
            "kind": {"group": "", "version": "v1", "kind": "Pod"},
            "resource": {"group": "", "version": "v1", "resource": "pods"},
            "userInfo": {"username": "jane"}, "object": null, "oldObject": web
        }
    });
    let is_warned = async || {
        let answer = program.ask("/validate", &review).await;
        assert_eq!(answer["response"]["allowed"], true, "{answer}");
        answer["response"]["warnings"].to_string().contains("deletion-bypasses-budget")
    };
    eventually("the budget is known", async || is_warned().await.then_some(())).await;

    api_server.kill();
    for kind in KINDS {
        eventually("podgate says that what it knows is old", async || {
            let since: u64 = program.metric(&stale_since(kind)).await?.parse().unwrap();
            (since > 0 && program.metric(&in_order(kind)).await? == "0").then_some(())
        })
        .await;
    }
    // Nobody tells podgate of this.
    make_budget(cluster, &namespace, 1).await;
    let away = Instant::now();
    let mut asked = 0;
    while away.elapsed() < Duration::from_secs(2) {
        assert!(is_warned().await, "what was known stays in force");
        assert!(program.is_ready().await, "podgate can judge");
        asked += 1;
        sleep(Duration::from_millis(20)).await;
    }
    println!("without the API server: {asked} admissions asked, none failed");

    api_server.start().await;
    eventually("podgate has caught up", async || (!is_warned().await).then_some(())).await;
    for kind in KINDS {
        eventually("all is in order again", async || {
            (program.metric(&in_order(kind)).await? == "1" && program.metric(&stale_since(kind)).await? == "0")
                .then_some(())
        })
        .await;
    }
}
