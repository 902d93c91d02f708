//! `Auditor`: takes the objects of a cluster one at a time, and judges each as if it were created now.
//!
//! What an owner made of its template is not judged again: a ReplicaSet or a Pod is folded into the Deployment, a Pod and a Job into the
//! CronJob, and only the status of each Pod is looked at. Of an object nothing is kept but its name, what was found in it and, where it can be
//! drawn, its text.

mod aside;
mod head;
mod ignoring;
mod judge;
mod owners;
mod surroundings;

use podgate_engine::{
    model::{OwnerReference, Workload, WorkloadTable},
    policy::{Engine, controllers::Owner as Made},
    syntax::ReadErrors,
};

use self::{
    aside::{Aside, unreadable, unreadable_status},
    head::{Birth, Head, Key, replicas},
    judge::{Answer, judge},
    owners::{Owner, Owners, State, Told},
    surroundings::Surroundings,
};
use crate::{
    audit::Audit,
    observe::{self, clock::Instant, seen::Seen},
};

const EXEMPT: &str = "the policy exempts their namespace";
const MIRROR: &str = "they are mirrors of static Pods, which the kubelet runs by itself";
const SCALED_TO_ZERO: &str = "they are ReplicaSets without replicas";
const TERMINATING: &str = "they are being deleted";
const UNKNOWN_KIND: &str = "podgate does not know their kind";

/// Limits how many bytes of text are kept of objects in which something was found. Where there is more, it is found and not drawn.
const MAX_KEPT_BYTES: usize = 32 * 1024 * 1024;

/// Tells what an audit is of.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// What the cluster is called; may be empty.
    pub cluster: String,
    /// The policy that was used, and where it stands.
    pub policy: String,
    /// When the audit was made, as the API server writes times (RFC 3339). Where it is something else, nothing is said of how long
    /// something takes.
    pub at: String,
}

/// Judges the objects of a cluster.
#[derive(Debug)]
pub struct Auditor<'e> {
    engine: &'e Engine,
    surroundings: Surroundings,
    owners: Owners,
    aside: Aside,
    /// How many bytes of text may still be kept.
    bytes_left: usize,
    /// What was found in the namespaces that are done.
    told: Told,
}

impl<'e> Auditor<'e> {
    /// Returns an auditor that has seen nothing.
    pub fn new(engine: &'e Engine) -> Self {
        Self {
            engine,
            surroundings: Surroundings::new(),
            owners: Owners::default(),
            aside: Aside::default(),
            bytes_left: MAX_KEPT_BYTES,
            told: Told::default(),
        }
    }

    /// Notes what rules about other objects look up: the JSON text of one object of any kind. `namespace` is where it lives.
    pub fn note(&mut self, group: &str, kind: &str, namespace: &str, text: &str) -> Result<(), ReadErrors> {
        self.surroundings.note(group, kind, namespace, text)
    }

    /// Says that everything has been noted that is there, of all kinds that could be listed.
    pub fn noted_all(&mut self) {
        self.surroundings.noted_all(self.engine.kinds());
    }

    /// Says that the objects of a kind could not be listed, and why.
    pub fn not_listed(&mut self, kind: &str, why: &str) {
        self.surroundings.not_listed(kind, self.engine.kinds());
        self.aside.note(&format!("objects of kind {kind} could not be listed: {why}"));
    }

    /// Judges one object: JSON text with `apiVersion`, `kind`, `metadata`, `spec` and `status`. Owners come before what they own; a
    /// ReplicaSet or Job may come before its own owner, and is then judged for nothing.
    pub fn judge(&mut self, text: &str) {
        let head = match Head::read(text) {
            Ok(head) => head,
            Err(errors) => return self.aside.add(&unreadable(&errors.to_string()), "an object without a name"),
        };
        let Some(workload) = self.engine.kinds().find(head.group(), &head.kind) else {
            return self.aside.add(UNKNOWN_KIND, &head.example());
        };
        let controller = controller(self.engine.kinds(), workload, &head);
        if self.engine.exempts_namespace(&head.metadata.namespace) {
            return self.leave(EXEMPT, &head, controller.is_some_and(|owner| owner.is_judged));
        }
        if workload.is_pod() && head.metadata.has_mirror_annotation() {
            return self.aside.add(MIRROR, &head.example());
        }
        if workload.is("apps", "ReplicaSet") && replicas(text) == 0 {
            return self.leave(SCALED_TO_ZERO, &head, controller.is_some());
        }
        let Some(controller) = controller else { return self.judge_own(text, &head, workload, None) };
        match controller.keys.iter().find(|key| self.owners.folds(key)) {
            Some(owner) if workload.is_pod() => self.fold_pod(text, &head, workload, owner),
            Some(owner) => self.owners.fold(key(&head), owner),
            None if workload.is_pod() => self.judge_for_owner(text, &head, workload, &controller),
            None => {
                let above = controller.keys.into_iter().next().filter(|_| controller.is_judged);
                self.judge_own(text, &head, workload, above);
            }
        }
    }

    /// Ends a namespace: nothing of it comes any more, and nothing is kept of it but what was found. Whoever brings the objects namespace by
    /// namespace needs room for one at a time. `at` is the time of the audit, as in [`Facts`].
    pub fn end_namespace(&mut self, namespace: &str, at: &str) {
        self.surroundings.leave(namespace);
        let owners = std::mem::take(&mut self.owners);
        self.told.add(owners.finish(Instant::read(at), &mut self.aside));
    }

    /// Returns everything that was found.
    pub fn finish(mut self, facts: Facts) -> Audit {
        self.told.add(self.owners.finish(Instant::read(&facts.at), &mut self.aside));
        self.told.sort();
        let Told { objects, judged, namespaces } = self.told;
        let Facts { cluster, policy, at } = facts;
        Audit { cluster, policy, at, objects, judged, namespaces, not_judged: self.aside.finish() }
    }

    /// Counts an object that is left aside, unless its owner is, too.
    fn leave(&mut self, why: &str, head: &Head<'_>, is_owned: bool) {
        if !is_owned {
            self.aside.add(why, &head.example());
        }
    }

    /// Judges an object that stands for itself.
    fn judge_own(&mut self, text: &str, head: &Head<'_>, workload: &'static Workload, above: Option<Key>) {
        let is_terminating = head.metadata.deletion_timestamp.is_some();
        let inventory = self.surroundings.inventory(&head.metadata.namespace);
        let mut owner = new_owner(text, head);
        owner.above = above;
        let is_owned = owner.above.is_some();
        match judge(self.engine, inventory, text, &head.metadata, workload, "") {
            Ok(Answer::Off) => return self.leave(EXEMPT, head, is_owned),
            Ok(Answer::Verdict { .. }) if is_terminating => {
                owner.state = State::Left;
                self.leave(TERMINATING, head, is_owned);
            }
            Ok(Answer::Verdict { found, ignored, ignoring }) => {
                let kept = self.keep(text, workload, judge::is_worth_drawing(&found));
                if !found.is_empty() || ignored > 0 || !ignoring.is_empty() {
                    let details = owner.details();
                    (details.found, details.ignored, details.ignoring) = (found, ignored, ignoring);
                    details.text = kept;
                }
            }
            Err(why) => return self.leave(&why, head, is_owned),
        }
        let seen = if workload.is_pod() {
            observe::pod(text, self.engine)
        } else if workload.is("policy", "PodDisruptionBudget") {
            observe::budget(text)
        } else {
            Ok(Vec::new())
        };
        match seen {
            Ok(seen) => owner.see(seen),
            Err(errors) => self.aside.add(&unreadable_status(&errors), &head.example()),
        }
        if workload.makes_pods() || !owner.is_clean() {
            self.owners.add(key(head), owner);
        } else if owner.state == State::Judged {
            self.owners.count(&head.metadata.namespace);
        }
    }

    /// Looks at the status of a Pod whose owner is judged.
    fn fold_pod(&mut self, text: &str, head: &Head<'_>, workload: &'static Workload, key: &Key) {
        let seen = self.see(text, head, workload);
        let Some(owner) = self.owners.get(key) else { return };
        owner.pods += 1;
        match seen {
            Ok((seen, ignored)) => {
                if ignored > 0 {
                    owner.details().ignored += ignored;
                }
                owner.see(seen);
            }
            Err(errors) => self.aside.add(&unreadable_status(&errors), &head.example()),
        }
    }

    /// Judges a Pod whose owner is not judged: its findings are those of the owner.
    fn judge_for_owner(
        &mut self,
        text: &str,
        head: &Head<'_>,
        workload: &'static Workload,
        controller: &Controller<'_>,
    ) {
        let inventory = self.surroundings.inventory(&head.metadata.namespace);
        // Of a Pod that nobody asks for warnings are left to its template, and the template is not judged.
        let (found, ignored) = match judge(self.engine, inventory, text, &head.metadata, workload, "podgate") {
            Ok(Answer::Off) => return self.leave(EXEMPT, head, controller.is_judged),
            Ok(Answer::Verdict { found, ignored, .. }) => (found, ignored),
            Err(why) => return self.aside.add(&why, &head.example()),
        };
        let is_terminating = head.metadata.deletion_timestamp.is_some();
        let seen = self.see(text, head, workload);
        let kept = self.keep(text, workload, judge::is_worth_drawing(&found));
        let Some(key) = controller.keys.last().cloned() else { return };
        let Some(owner) = self.owners.stand_in(key, || stand_in(text, head, controller)) else { return };
        owner.pods += 1;
        match seen {
            Ok((seen, ignored_of_pod)) => {
                let all = &mut owner.details().ignored;
                *all = (*all).max(ignored + ignored_of_pod);
                owner.see(seen);
            }
            Err(errors) => self.aside.add(&unreadable_status(&errors), &head.example()),
        }
        if !is_terminating {
            let details = owner.details();
            details.find(found);
            if details.text.is_none() {
                details.text = kept;
            } else if let Some(kept) = kept {
                self.bytes_left += kept.len();
            }
        }
    }

    /// Returns what is seen of a Pod, and how much its own annotations ignore.
    fn see(
        &mut self,
        text: &str,
        head: &Head<'_>,
        workload: &'static Workload,
    ) -> Result<(Vec<Seen>, usize), ReadErrors> {
        let mut seen = observe::pod(text, self.engine)?;
        let asked = ignoring::asked(&head.metadata.annotations);
        if seen.is_empty() || asked.is_empty() {
            return Ok((seen, 0));
        }
        let inventory = self.surroundings.inventory(&head.metadata.namespace);
        if !judge::may_ignore(self.engine, inventory, text, &head.metadata, workload) {
            return Ok((seen, 0));
        }
        let all = seen.len();
        seen.retain(|seen| asked.iter().all(|asked| asked.id != seen.observation.id));
        let ignored = all - seen.len();
        Ok((seen, ignored))
    }

    /// Returns the text of an object whose Pods are to be drawn, as far as there is room.
    fn keep(&mut self, text: &str, workload: &Workload, is_wanted: bool) -> Option<Box<str>> {
        if !is_wanted || !(workload.is_pod() || workload.makes_pods()) {
            return None;
        }
        let kept = judge::without_status(text).filter(|kept| kept.len() <= self.bytes_left)?;
        self.bytes_left -= kept.len();
        Some(kept)
    }
}

/// The controller that an object names.
struct Controller<'h> {
    reference: &'h OwnerReference<'h>,
    /// The owner at the top, as far as the object itself tells: of a Pod of a ReplicaSet the Deployment.
    made: Made,
    /// The keys under which it may be known, the nearest first.
    keys: Vec<Key>,
    /// Tells whether objects of its kind are judged.
    is_judged: bool,
}

/// Returns the controller of an object that has Pods; for others it makes no difference who controls them.
fn controller<'h>(kinds: &WorkloadTable, workload: &Workload, head: &'h Head<'h>) -> Option<Controller<'h>> {
    let reference = head.metadata.controller().filter(|_| workload.is_pod() || workload.makes_pods())?;
    let namespace = &head.metadata.namespace;
    let made = Made::of(reference, &head.metadata);
    let mut keys = vec![Key::of_owner(namespace, reference)];
    if made.kind != *reference.kind {
        keys.push(Key::new(namespace, group_of_made(&made), &made.kind, &made.name));
    }
    let is_judged = kinds.find(head::group(&reference.api_version), &reference.kind).is_some_and(Workload::makes_pods);
    Some(Controller { reference, made, keys, is_judged })
}

/// Returns the group of what makes ReplicaSets.
fn group_of_made(made: &Made) -> &'static str {
    if made.kind == "Rollout" { "argoproj.io" } else { "apps" }
}

fn key(head: &Head<'_>) -> Key {
    Key::new(&head.metadata.namespace, head.group(), &head.kind, &head.metadata.name)
}

fn new_owner(text: &str, head: &Head<'_>) -> Owner {
    let birth = Birth::read(text);
    let metadata = &head.metadata;
    let identity =
        [&head.api_version, &head.kind, &metadata.namespace, &metadata.name, &birth.uid, &birth.creation_timestamp];
    Owner::new(identity.map(|text| &**text), State::Judged)
}

/// Returns an owner of which only a Pod is known.
fn stand_in(text: &str, head: &Head<'_>, controller: &Controller<'_>) -> Owner {
    let birth = Birth::read(text);
    let is_itself = controller.made.kind == *controller.reference.kind;
    let api_version = if is_itself {
        controller.reference.api_version.to_string()
    } else if controller.made.kind == "Rollout" {
        "argoproj.io/v1alpha1".to_owned()
    } else {
        "apps/v1".to_owned()
    };
    let uid = if is_itself { birth.owner_uid() } else { "" };
    let Made { kind, name } = &controller.made;
    Owner::new([&api_version, kind, &head.metadata.namespace, name, uid, ""], State::StandIn)
}
