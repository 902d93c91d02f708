//! Reviews: every rule, mutation, exemption, selector, and the ratchet.

use std::sync::LazyLock;

use podgate_engine::{
    admission::{Mode, handle_knowing},
    model::Inventory,
    policy::{Engine, parse},
};
use serde_json::{Value, json};

use super::{
    FACTOR, MAX_STEPS_GROWTH,
    documents::{self, Document, body},
    grow::{self, Pointer, VARIATIONS, Vary},
    steps::{Growth, growth},
};

/// Every rule counts, every mutation is on, and nothing is exempt by who asks.
pub const POLICY: &str = "
profile: strict
exemptions: {namespaces: [], users: ['x*'], groups: []}
mutations:
  defaultProbes:
    readiness: {httpPath: /healthz, periodSeconds: 5}
    startup: {failureThreshold: 30}
    liveness: {failureThreshold: 6}
  schedulingGates:
  - name: example.com/quota
  - name: example.com/licence
    podSelector: {matchLabels: {app: web}}
scopes:
- name: one
  podSelector: {matchExpressions: [{key: app, operator: In, values: [web, api]}]}
  rules: {naked-pod: deny}
";

/// Items of a list in the shorter input: enough that what is done once does not count beside what is done for each.
const ITEMS: usize = 150;
/// The same where memory is to be seen: enough that the findings that are kept do not count either. Fewer of what is so
/// large that there is no room for four times as many: see [`measure`].
const MANY_ITEMS: usize = 3000;
/// What an answer says of an object whose lists have no room.
const NO_ROOM: &str = "there is more in lists than the API server can store";
/// Length of a string in the shorter input, in bytes; of the longer one it is less than the kernel lets an argument be.
const LENGTH: usize = 25_000;

/// What shells read: each of it once too often for a reader that looks ahead.
const SCRIPTS: [&str; 12] =
    ["{ ", "if ", "while ", "until ", "( ", ") ", "a;", "a && ", "sleep 5; ", "while true; do ", "done; ", "' \\"];

pub fn engine(spec: &str) -> Engine {
    let is_whole = spec.lines().any(|line| line.starts_with("kind:"));
    let indented: String = spec.lines().map(|line| format!("  {line}\n")).collect();
    let text = if is_whole {
        spec.to_owned()
    } else {
        format!("apiVersion: podgate.dev/v1alpha1\nkind: LifecyclePolicy\nspec:\n{indented}")
    };
    Engine::new(&parse(&text, "policy").unwrap_or_default())
}

fn inventory(objects: &[Value]) -> Inventory {
    let mut inventory = Inventory::default();
    for object in objects {
        let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let group = text("/apiVersion").rsplit_once('/').map_or("", |(group, _)| group);
        // One that is grown may not be readable any more.
        let _ = inventory.add(group, text("/kind"), "default", &object.to_string());
    }
    inventory
}

/// A request and what is known beside it.
type Input = (Vec<u8>, Inventory);

/// Measures reviews. Where the longer of two inputs is refused because its lists have no room (`MAX_LIST_BYTES` of the engine) and
/// the shorter is not, what is compared is a judgement with the reading of an error, which goes through the text several times:
/// that says nothing of growth of steps. Both are then made shorter until the longer is judged too. Memory counts of all of them.
fn measure(engine: &Engine, mode: Mode, count: usize, make: impl Fn(usize) -> (Vec<u8>, Inventory, usize)) -> Growth {
    let input = |count| {
        let (body, inventory, known) = make(count);
        let size = body.len() + known;
        ((body, inventory), size)
    };
    let is_refused = |(body, inventory): &Input| {
        let answer = handle_knowing(engine, Some(inventory), mode, body);
        answer.record.error.is_some_and(|error| error.contains(NO_ROOM))
    };
    let (mut count, mut memory, mut is_longer) = (count, 0.0_f64, false);
    loop {
        let (growth, refused) = growth(count, input, is_refused);
        memory = memory.max(growth.memory);
        if refused == [false, true] && count > ITEMS {
            count = (count / 2).max(ITEMS);
        } else if growth.steps > MAX_STEPS_GROWTH && count == ITEMS && !is_longer {
            // What sets in once, as the second look at findings beyond those that are kept, is dearer by a constant from there on. What
            // grows faster than the input still does where both are longer.
            count *= FACTOR;
            is_longer = true;
        } else {
            return Growth { memory, ..growth };
        }
    }
}

/// Which lists grow together.
fn together(lists: &[Pointer]) -> Vec<(String, Vec<Pointer>)> {
    let outermost = grow::outermost(lists);
    let innermost = grow::innermost(lists);
    let mut all = vec![("outermost lists".to_owned(), outermost)];
    if all.first().is_none_or(|(_, outermost)| *outermost != innermost) {
        all.push(("innermost lists".to_owned(), innermost));
    }
    all
}

/// How closely a document is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Depth {
    /// All lists together.
    Together,
    /// And each list alone.
    Lists,
    /// And each string alone; and all of it with so many items that memory is seen.
    All,
}

/// Grows a document each way, and hands on what that costs.
fn each(document: &Document, depth: Depth, wanted: &dyn Fn(&str) -> bool, see: &mut dyn FnMut(&str, Growth)) {
    static SHARED: LazyLock<Engine> = LazyLock::new(|| engine(POLICY));
    let own = document.policy.as_deref().map(engine);
    let engine = own.as_ref().unwrap_or(&SHARED);
    let places = grow::places(&document.object);
    let mut ways: Vec<(String, Vec<Pointer>)> = together(&places.lists);
    if depth != Depth::Together {
        ways.extend(places.lists.iter().map(|list| (list.clone(), vec![list.clone()])));
    }
    let known = inventory(&document.inventory);
    for mode in [Mode::Validate, Mode::Mutate] {
        if mode == Mode::Mutate && document.operation != "CREATE" {
            continue;
        }
        let many = if depth == Depth::All { &[ITEMS, MANY_ITEMS][..] } else { &[ITEMS] };
        for ((way, lists), &items) in ways.iter().flat_map(|way| many.iter().map(move |items| (way, items))) {
            // Of the many cases of the tests the two that differ most.
            let variations = if depth == Depth::Together { &[Vary::Nothing, Vary::Strings][..] } else { &VARIATIONS };
            for &vary in variations {
                let name = format!("{}, {mode:?}, {items} of {way}, {vary:?}", document.name);
                if wanted(&name) {
                    let grown = |value: &Value, count| grow::lists(value, lists, count, vary);
                    see(
                        &name,
                        measure(engine, mode, items, |count| {
                            let object = grown(&document.object, count);
                            let old = document.old.as_ref().map(|old| grown(old, count));
                            (body(document, &object, old.as_ref()), known.clone(), 0)
                        }),
                    );
                }
            }
        }
        let commands: Vec<Pointer> = places
            .strings
            .iter()
            .filter(|place| place.contains("/command/") || place.contains("/args/"))
            .cloned()
            .collect();
        let of_all = [None].into_iter().chain(SCRIPTS.iter().filter(|_| !commands.is_empty()).map(Some));
        for unit in of_all {
            let unit = unit.copied();
            let strings = if unit.is_some() {
                vec![commands.clone()]
            } else if depth == Depth::All {
                singly(&places.strings)
            } else {
                vec![free(&places.strings)]
            };
            for strings in strings {
                let name = format!(
                    "{}, {mode:?}, string {} of {unit:?}",
                    document.name,
                    strings.first().map_or("", String::as_str)
                );
                if strings.is_empty() || !wanted(&name) {
                    continue;
                }
                let grown = |value: &Value, length| grow::strings(value, &strings, length, unit);
                see(
                    &name,
                    measure(engine, mode, LENGTH, |length| {
                        let object = grown(&document.object, length);
                        let old = document.old.as_ref().map(|old| grown(old, length));
                        (body(document, &object, old.as_ref()), known.clone(), 0)
                    }),
                );
            }
        }
    }
    if !document.inventory.is_empty() {
        let all = Value::Array(document.inventory.clone());
        let places = grow::places(&all);
        for (way, lists) in together(&places.lists) {
            for vary in [Vary::Names, Vary::Strings] {
                let name = format!("{}, inventory, {way}, {vary:?}", document.name);
                if wanted(&name) {
                    see(
                        &name,
                        measure(engine, Mode::Validate, ITEMS, |count| {
                            let objects = grow::lists(&all, &lists, count, vary);
                            let objects = objects.as_array().cloned().unwrap_or_default();
                            let size = objects.iter().map(|object| object.to_string().len()).sum();
                            (body(document, &document.object, document.old.as_ref()), inventory(&objects), size)
                        }),
                    );
                }
            }
        }
    }
}

/// Each alone.
fn singly(places: &[Pointer]) -> Vec<Vec<Pointer>> {
    free(places).into_iter().map(|place| vec![place]).collect()
}

/// Those that may be of any length without being another object.
fn free(places: &[Pointer]) -> Vec<Pointer> {
    places.iter().filter(|place| !matches!(place.as_str(), "/apiVersion" | "/kind")).cloned().collect()
}

/// Inputs that were once too dear, or that no example leads to.
fn known() -> Vec<Document> {
    let pod = |spec: Value| {
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "labels": {"app": "web"},
        "annotations": {"ignore.podgate.dev/port-conflict": "x y"}}, "spec": spec})
    };
    let container = json!({"name": "app", "ports": [{"name": "http", "containerPort": 80}], "volumeMounts": [{"name": "v", "mountPath": "/v"}]});
    vec![
        Document::new("empty containers", pod(json!({"containers": [{}]}))),
        Document::new(
            "ports and a probe of each container",
            pod(json!({"containers": [container.clone(), {
            "name": "probed", "ports": [{"name": "other", "containerPort": 81}],
            "livenessProbe": {"httpGet": {"port": "http"}}, "readinessProbe": {"httpGet": {"port": "other"}}}]})),
        ),
        Document::new(
            "init containers with ports beside apps with ports",
            pod(json!({
            "initContainers": [{"name": "init", "ports": [{"containerPort": 80}]}], "containers": [container.clone()]})),
        ),
        Document::new(
            "emptyDirs and mounts",
            pod(json!({"volumes": [{"name": "v", "emptyDir": {}}],
            "initContainers": [{"name": "init", "volumeMounts": [{"name": "v", "mountPath": "/v"}]}], "containers": [container.clone()]})),
        ),
        Document::new(
            "a JobSet with annotations of each template",
            json!({"apiVersion": "jobset.x-k8s.io/v1alpha2", "kind": "JobSet",
            "metadata": {"name": "set", "annotations": {"ignore.podgate.dev/port-conflict": "x"}},
            "spec": {"replicatedJobs": [{"name": "job", "template": {"spec": {"template": {
                "metadata": {"annotations": {"ignore.podgate.dev/port-conflict": "x"}}, "spec": {"containers": [container.clone(), container]}}}}}]}}),
        ),
        Document::new(
            "a Rollout with a long name",
            json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "metadata": {"name": "r"},
            "spec": {"template": {"spec": {"containers": [{"name": "x".repeat(5_000), "ports": [{"containerPort": 80}, {"containerPort": 80}]}]}}}}),
        ),
        Document::new(
            "a long reason of many findings",
            json!({"apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": "web", "annotations": {"ignore.podgate.dev/port-conflict": "x ".repeat(2_500)}},
            "spec": {"containers": [{"name": "app", "ports": [{"containerPort": 80}, {"containerPort": 80}]}]}}),
        ),
    ]
}

pub fn run(wanted: &dyn Fn(&str) -> bool, see: &mut dyn FnMut(&str, Growth)) {
    let documents = documents::all();
    for document in &known() {
        each(document, Depth::All, wanted, see);
    }
    for document in &documents::unions(&documents) {
        // Most kinds hold the same Pod.
        let is_pod = document.name.starts_with("all of Pod,") || document.name.starts_with("all of JobSet,");
        if !is_pod && !document.name.contains("httpGet") {
            continue;
        }
        let depth = match &document.name {
            name if name.starts_with("all of Pod,") && document.old.is_none() => Depth::All,
            // What a kind with many templates has beside them is little, and theirs are a Pod's.
            name if ["Pod,", "StatefulSet", "PodDisruptionBudget"].iter().any(|kind| name.contains(kind)) => {
                Depth::Lists
            }
            _ => Depth::Together,
        };
        each(document, depth, wanted, see);
    }
    for document in &documents {
        each(document, Depth::Together, wanted, see);
    }
}
