//! Runs a check: every object of the files is judged, each beside all others.
//!
//! Rules compare objects (a Deployment and its PodDisruptionBudget, two Pods with one host port), and no order of the files
//! would put the one before the other. A run therefore has two steps. The first takes each file apart and keeps what others may
//! ask of its objects ([`InventoryObject`]); the second judges each object beside all of these. The text of the files is kept
//! in between as far as there is room, and read again beyond it, so that memory stays bounded whatever is checked. Both steps use
//! all threads, by file and, in a large file, by object; the results are put back into the order of the files, so that they do
//! not depend on the threads. Objects that cannot be read, or at which a rule fails, are problems of their own, and the rest is
//! judged all the same.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use super::{
    excerpt::Excerpt,
    input::Input,
    load::{self, Identity, Item, Loaded},
    parallel,
    problem::{MAX_MESSAGE_CHARACTERS, ObjectFailure, Problem},
    source::{Lines, Part},
};
use podgate_engine::{
    model::{Inventory, InventoryObject, Objects, Operation, Request, Review, Target, User},
    panics::catch,
    policy::{Engine, Verdict},
    rules::{Level, Rule},
    syntax::{Path, ReadErrors, text::one_line, yaml::Place},
};

/// Limits how much text is kept in memory between reading and judging, in bytes: as much as one file may have. What is beyond is read
/// twice.
const MAX_KEPT_BYTES: usize = 64 * 1024 * 1024;
/// Says how many files, and about how many bytes, are read at most before the first is looked at: doing one thing for a while is
/// quicker than changing.
const BATCH: usize = 32;
const BATCH_BYTES: usize = 1024 * 1024;

/// Says where something stands, in a file and in an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spot {
    /// The file, as in [`Input::name`].
    pub file: Arc<str>,
    /// Line and column in it.
    pub place: Place,
    /// The object.
    pub object: Arc<Identity>,
    /// The field of the object.
    pub path: Path,
    /// The line of the file, as far as it is fit to be shown.
    pub excerpt: Excerpt,
}

/// A finding and where it stands.
#[derive(Debug, Clone)]
pub struct Located {
    /// The rule that found it.
    pub rule: &'static Rule,
    /// Says how bad it is under the policy.
    pub level: Level,
    /// Holds what is wrong: one line, no final stop.
    pub message: String,
    /// Says where it is.
    pub spot: Spot,
}

/// An annotation that does not do what it seems to, and where it stands.
#[derive(Debug, Clone)]
pub struct Notice {
    /// Says what is wrong with it.
    pub message: String,
    /// Says where it is.
    pub spot: Spot,
}

/// Holds what a run gave, in the order of files and lines.
#[derive(Debug, Default)]
pub struct Outcome {
    /// The files that were read, as in [`Input::name`].
    pub files: Vec<Arc<str>>,
    /// Says how many Kubernetes objects are in them.
    pub objects: usize,
    /// Says how many documents are no Kubernetes objects.
    pub skipped: usize,
    /// Holds what was found.
    pub findings: Vec<Located>,
    /// Says how many findings are exempt by annotation.
    pub ignored: usize,
    /// How many findings are in the [`Baseline`](crate::Baseline).
    pub in_baseline: usize,
    /// Annotations that do not do what they seem to.
    pub notices: Vec<Notice>,
    /// Holds what could not be judged.
    pub problems: Vec<Problem>,
}

impl Outcome {
    /// Returns how many findings have this level.
    pub fn count(&self, level: Level) -> usize {
        self.findings.iter().filter(|finding| finding.level == level).count()
    }
}

/// Holds what to judge, and how.
#[derive(Debug)]
pub struct Check<'a, I> {
    /// The policy.
    pub engine: &'a Engine,
    /// Says where objects live that name no namespace.
    pub namespace: &'a str,
    /// The objects as they were, if they are to be judged as updates.
    pub old: &'a [I],
}

impl<I: Input> Check<'_, I> {
    /// Judges the objects in `inputs`. Cross-object rules see all of them; of an object that is there several times they see
    /// the last. `progress` is told how many files are done, of two for each: one for reading it, one for judging it.
    pub fn run(&self, inputs: &[I], progress: &(dyn Fn(usize) + Sync)) -> Outcome {
        parallel::with_threads(|| self.run_here(inputs, progress, MAX_KEPT_BYTES))
    }

    fn run_here(&self, inputs: &[I], progress: &(dyn Fn(usize) + Sync), max_kept_bytes: usize) -> Outcome {
        let room = Room { taken: AtomicUsize::new(0), bytes: max_kept_bytes };
        // All threads get some of few files.
        let batch = (inputs.len() / (8 * parallel::threads())).clamp(1, BATCH);
        let mut files: Vec<File<'_, I>> = parallel::map_chunks(inputs, batch, |batch| {
            let files = self.read(batch, &room);
            progress(batch.len());
            files
        });
        let mut outcome = Outcome::default();
        let inventory = inventory(&mut files);
        let old: Vec<Loaded> = parallel::map(self.old, 1, |input| load::load(input, self.namespace));
        let old_problems = old.iter().flat_map(|loaded| loaded.problems.iter().cloned());
        outcome.problems.extend(old_problems);
        let old = Old::of(&old);
        let judged = parallel::map(&files, 1, |file| {
            let judged =
                file.with(self.namespace, |loaded| self.judge_file(file.input.name(), loaded, &inventory, &old));
            progress(1);
            judged
        });
        for (file, judged) in files.iter().zip(judged) {
            outcome.files.push(file.input.name().into());
            outcome.objects += file.objects;
            outcome.skipped += file.skipped;
            outcome.problems.extend(file.problems.iter().cloned());
            outcome.problems.extend(judged.problems);
            outcome.findings.extend(judged.findings);
            outcome.notices.extend(judged.notices);
            outcome.ignored += judged.ignored;
        }
        outcome.problems.sort();
        outcome
    }

    fn read<'i>(&self, batch: &'i [I], room: &Room) -> Vec<File<'i, I>> {
        let mut files = Vec::with_capacity(batch.len());
        let (mut read, mut bytes) = (Vec::new(), 0);
        let look = |(input, loaded)| File::new(input, loaded, room);
        for input in batch {
            let loaded = load::load(input, self.namespace);
            bytes += loaded.size();
            read.push((input, loaded));
            if bytes >= BATCH_BYTES {
                files.extend(read.drain(..).map(look));
                bytes = 0;
            }
        }
        files.extend(read.into_iter().map(look));
        files
    }

    fn judge_file(&self, name: &str, loaded: &Loaded, inventory: &Inventory, old: &Old<'_>) -> Results {
        let file: Arc<str> = name.into();
        // A part that has findings is taken apart once more for their places, but only once.
        let parts: Vec<&[Item]> = loaded.items.chunk_by(|one, other| one.part == other.part).collect();
        let lines = Lines::of(&loaded.text);
        let judge_part = |items: &&[Item]| {
            let judge = |item| (item, self.judge(item, loaded.json(item), old.find(&item.identity), inventory));
            // A List of thousands, as `kubectl get -o json` writes it, is one part.
            let all = parallel::map(items, load::FEW, judge);
            let (mut verdicts, mut unreadable) = (Vec::new(), Vec::new());
            for (item, judged) in all {
                match judged {
                    Ok(None) => {}
                    Ok(Some(verdict)) => verdicts.push((item, verdict)),
                    Err(error) => unreadable.push((item, error)),
                }
            }
            let mut judged = Results { problems: loaded.problems_of(&lines, &file, &unreadable), ..Results::default() };
            let part = items.first().and_then(|item| loaded.parts.get(item.part));
            if let Some(part) = part {
                judged.add(verdicts, &Source { file: &file, lines: &lines, part });
            }
            judged
        };
        let judged: Vec<Results> = parallel::map(&parts, load::FEW, judge_part);
        let mut all = Results::default();
        for judged in judged {
            all.findings.extend(judged.findings);
            all.notices.extend(judged.notices);
            all.problems.extend(judged.problems);
            all.ignored += judged.ignored;
        }
        all.findings.sort_by(|one, other| {
            let key = |finding: &Located| (finding.spot.place, finding.rule.id);
            key(one).cmp(&key(other)).then_with(|| one.spot.path.cmp(&other.spot.path))
        });
        all.notices.sort_by_key(|notice| notice.spot.place);
        all
    }

    /// Judges one object; `None` where there is nothing to judge.
    fn judge(
        &self,
        item: &Item,
        text: &str,
        old: Option<&str>,
        inventory: &Inventory,
    ) -> Result<Option<Verdict>, ObjectFailure> {
        let operation = if old.is_some() { Operation::Update } else { Operation::Create };
        let target = item.workload.and_then(|workload| Target::of(operation, workload, ""));
        let Some(target) = target else { return Ok(None) };
        let request = Request {
            target,
            sub_resource: "".into(),
            namespace: item.identity.namespace.as_str().into(),
            user: User::default(),
            objects: Objects::Text { new: Some(text), old },
            inventory: Some(inventory),
        };
        let Some(review) = Review::read(request)? else { return Ok(None) };
        // A rule that fails is one object that is not judged, not the end of the run.
        Ok(Some(catch(|| self.engine.review(&review))?))
    }
}

/// Says how much text may be kept, and how much has been.
struct Room {
    taken: AtomicUsize,
    bytes: usize,
}

/// A file, kept in memory or to be read again.
struct File<'i, I> {
    input: &'i I,
    kept: Option<Loaded>,
    /// Taken out as the inventory is made.
    others: Vec<Other>,
    objects: usize,
    skipped: usize,
    problems: Vec<Problem>,
}

impl<'i, I: Input> File<'i, I> {
    fn new(input: &'i I, mut loaded: Loaded, room: &Room) -> Self {
        let (objects, skipped) = (loaded.objects, loaded.skipped);
        let mut problems = std::mem::take(&mut loaded.problems);
        let facts = |item| (item, facts(item, loaded.json(item)));
        let read = parallel::map(&loaded.items, load::FEW, facts);
        let (mut others, mut unreadable) = (Vec::with_capacity(read.len()), Vec::new());
        for (item, facts) in read {
            let facts = facts.unwrap_or_else(|errors| {
                unreadable.push((item, errors.into()));
                None
            });
            others.push(Other { identity: item.identity.clone(), facts });
        }
        problems.extend(loaded.problems_of(&Lines::of(&loaded.text), input.name(), &unreadable));
        let has_room = room.taken.fetch_add(loaded.size(), Ordering::Relaxed) < room.bytes;
        let keep = has_room || !input.is_readable_again();
        Self { input, kept: keep.then_some(loaded), others, objects, skipped, problems }
    }

    fn with<T>(&self, namespace: &str, then: impl FnOnce(&Loaded) -> T) -> T {
        match &self.kept {
            Some(loaded) => then(loaded),
            None => then(&load::load(self.input, namespace)),
        }
    }
}

/// An object as the judgement of others sees it.
struct Other {
    identity: Identity,
    /// `None` where it is of no use to them.
    facts: Option<InventoryObject>,
}

/// Reads what an object tells about itself to the judgement of others. Where it is judged itself, its errors are reported then.
fn facts(item: &Item, text: &str) -> Result<Option<InventoryObject>, ReadErrors> {
    let Identity { kind, namespace, .. } = &item.identity;
    let facts = InventoryObject::read(item.identity.group(), kind, namespace, text);
    if item.workload.is_some() { Ok(facts.unwrap_or_default()) } else { facts }
}

/// Collects everything that rules about other objects may ask for.
fn inventory<I>(files: &mut [File<'_, I>]) -> Inventory {
    let all: Vec<Other> = files.iter_mut().flat_map(|file| std::mem::take(&mut file.others)).collect();
    // Where an object is there several times (environments side by side), `kubectl apply` leaves the last.
    let last: HashMap<&Identity, usize> =
        all.iter().enumerate().map(|(index, other)| (&other.identity, index)).collect();
    let counts =
        |(index, other): (usize, &Other)| other.identity.name.is_empty() || last.get(&other.identity) == Some(&index);
    let counting: Vec<bool> = all.iter().enumerate().map(counts).collect();
    let mut inventory = Inventory::default();
    inventory.set_judged();
    let counting = all.into_iter().zip(counting).filter(|(_, counts)| *counts);
    for facts in counting.filter_map(|(other, _)| other.facts) {
        inventory.insert(facts);
    }
    inventory
}

/// The objects as they were.
struct Old<'l>(HashMap<&'l Identity, &'l str>);

impl<'l> Old<'l> {
    fn of(loaded: &'l [Loaded]) -> Self {
        let items =
            loaded.iter().flat_map(|loaded| loaded.items.iter().map(move |item| (&item.identity, loaded.json(item))));
        Self(items.filter(|(identity, _)| !identity.name.is_empty()).collect())
    }

    fn find(&self, identity: &Identity) -> Option<&'l str> {
        self.0.get(identity).copied()
    }
}

/// Holds what the judgement of one file, or of a part of it, gave.
#[derive(Default)]
struct Results {
    findings: Vec<Located>,
    notices: Vec<Notice>,
    problems: Vec<Problem>,
    ignored: usize,
}

impl Results {
    /// Adds what was found in objects of one part of a file.
    fn add(&mut self, verdicts: Vec<(&Item, Verdict)>, source: &Source<'_>) {
        let fields: Vec<(usize, Path)> = verdicts
            .iter()
            .flat_map(|(item, verdict)| {
                let found = verdict.findings.iter().map(|finding| &finding.at);
                let at = found.chain(verdict.notices.iter().map(|notice| &notice.at));
                at.map(|at| (item.document, item.prefix.clone().join(at)))
            })
            .collect();
        // In the order in which they are asked for below.
        let mut places = source.part.places(source.lines, &fields).into_iter();
        for (item, verdict) in verdicts {
            self.ignored += verdict.ignored.len();
            if verdict.findings.is_empty() && verdict.notices.is_empty() {
                continue;
            }
            let object = Arc::new(item.identity.clone());
            let mut spot = |path| source.spot(places.next().unwrap_or(Place::START), &object, path);
            self.findings.extend(verdict.findings.into_iter().map(|finding| Located {
                rule: finding.rule,
                level: finding.level,
                message: one_line(&finding.message, MAX_MESSAGE_CHARACTERS).into_owned(),
                spot: spot(finding.at),
            }));
            self.notices.extend(verdict.notices.into_iter().map(|notice| Notice {
                message: one_line(&notice.message, MAX_MESSAGE_CHARACTERS).into_owned(),
                spot: spot(notice.at),
            }));
        }
    }
}

/// Holds what the objects of one part of a file are written in.
struct Source<'l> {
    file: &'l Arc<str>,
    lines: &'l Lines<'l>,
    part: &'l Part,
}

impl Source<'_> {
    fn spot(&self, place: Place, object: &Arc<Identity>, path: Path) -> Spot {
        let excerpt = self.lines.excerpt(place);
        Spot { file: Arc::clone(self.file), place, object: Arc::clone(object), path, excerpt }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Text;

    #[test]
    fn files_that_are_not_kept_are_judged_the_same() {
        let mut inputs = Vec::new();
        for number in 0..100 {
            // One in ten has no budget, one in ten is no YAML, and one in ten cannot be read as what it is.
            let budget = if number % 10 == 3 { "Other" } else { "PodDisruptionBudget" };
            let end = if number % 10 == 4 { "\n  - [\n" } else { "" };
            let replicas = if number % 10 == 5 { "many" } else { "3" };
            let text = format!(
                "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web-{number}}}\nspec:\n  replicas: {replicas}\n  \
                template:\n    metadata: {{labels: {{app: web-{number}}}}}\n    spec:\n      restartPolicy: Never\n      \
                containers: [{{name: app, ports: [{{containerPort: 80}}]}}]\n---\napiVersion: policy/v1\nkind: {budget}\n\
                metadata: {{name: web-{number}}}\nspec: {{maxUnavailable: 0, selector: {{matchLabels: {{app: web-{number}}}}}}}{end}\n"
            );
            inputs.push(Text { name: format!("{number}.yaml"), text });
        }
        let engine = Engine::default();
        let check = Check { engine: &engine, namespace: "default", old: &[] };
        let said = |max_kept_bytes| {
            let outcome = parallel::with_threads(|| check.run_here(&inputs, &|_| {}, max_kept_bytes));
            assert!(outcome.findings.len() > 100 && outcome.problems.len() > 10);
            format!("{outcome:#?}")
        };
        let all = said(MAX_KEPT_BYTES);
        assert!([0, 10_000].into_iter().all(|max_kept_bytes| said(max_kept_bytes) == all));
    }
}
