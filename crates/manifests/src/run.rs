//! Runs a check: every object of the files is judged, each beside those that are deployed with it.
//!
//! Rules compare objects (a Deployment and its PodDisruptionBudget, two Pods with one host port), and no order of the files
//! would put the one before the other. A run therefore has two steps. The first takes each file apart and keeps what others may
//! ask of its objects ([`InventoryObject`](podgate_engine::model::InventoryObject)); the second judges each object beside those of its
//! environment. The text of the files is kept in between as far as there is room, and read again beyond it, so that memory stays
//! bounded whatever is checked. Both
//! steps use all threads, by file and, in a large file, by object; the results are put back into the order of the files, so that
//! they do not depend on the threads. Objects that cannot be read, or at which a rule fails, are problems of their own, and the
//! rest is judged all the same.

use std::{
    borrow::Cow,
    iter,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use super::{
    aside::{Reason, Tally},
    comments::{self, Effect},
    environments,
    input::Input,
    load::{self, Identity, Item, Loaded, Reader},
    outcome::{Located, Notice, Outcome, Seen, Spot},
    parallel,
    problem::{MAX_MESSAGE_CHARACTERS, ObjectFailure, Problem},
    source::{Lines, Part},
    surroundings::{Namespaces, Old, Other},
    tree::{Role, Tree, placeholder},
};
use podgate_engine::{
    model::{Inventory, Objects, Operation, Request, Review, Target, User, Workload},
    panics::catch,
    policy::{Engine, Verdict},
    rules::Rule,
    syntax::{Path, text::one_line, yaml::Place},
};

/// Tells how much text is kept in memory between reading and judging, in bytes: as much as one file may have. What is beyond is read
/// twice.
const MAX_KEPT_BYTES: usize = 64 * 1024 * 1024;
/// Tells from how many bytes on the JSON text that is made of a file is not kept in between: making it again takes less than holding
/// as much again as the file.
const LARGE_BYTES: usize = 4 * 1024 * 1024;
/// Tells how many files, and about how many bytes, are read at most before the first is looked at: doing one thing for a while is
/// quicker than changing.
const BATCH: usize = 32;
const BATCH_BYTES: usize = 1024 * 1024;

/// Holds what to judge, and how.
#[derive(Debug)]
pub struct Check<'a, I> {
    /// The policy.
    pub engine: &'a Engine,
    /// Tells where objects live that name no namespace.
    pub namespace: &'a str,
    /// The objects as they were, if they are to be judged as updates.
    pub old: &'a [I],
    /// The folder that names of files lead from; may be empty where all are alike.
    pub folder: &'a str,
    /// The files of the names in [`crate::telling`] that stand above the inputs or beside them and are none of them.
    pub around: &'a [I],
}

impl<I: Input> Check<'_, I> {
    /// Judges the objects in `inputs`, each beside those of its environment; of an object that is there several times rules
    /// see the last. `progress` is told how many files are done, of two for each: one for reading it, one for judging it.
    pub fn run(&self, inputs: &[I], progress: &(dyn Fn(usize) + Sync)) -> Outcome {
        parallel::with_threads(|| {
            self.run_here(inputs, progress, Limits { kept_bytes: MAX_KEPT_BYTES, large_bytes: LARGE_BYTES })
        })
    }

    fn run_here(&self, inputs: &[I], progress: &(dyn Fn(usize) + Sync), limits: Limits) -> Outcome {
        let room = Room { taken: AtomicUsize::new(0), limits };
        let tree = Tree::of(self.folder, inputs, self.around);
        // All threads get some of few files.
        let batch = (inputs.len() / (8 * parallel::threads())).clamp(1, BATCH);
        let mut files: Vec<File<'_, I>> = parallel::map_chunks(inputs, batch, |batch| {
            let files = self.read(batch, &tree, &room);
            progress(batch.len());
            files
        });
        let mut outcome = Outcome { problems: tree.problems.clone(), ..Outcome::default() };
        let mut known: Vec<Vec<Other>> = files.iter_mut().map(|file| std::mem::take(&mut file.others)).collect();
        let paths = files.iter().map(|file| tree.path(file.input.name()));
        let identities: Vec<(String, Vec<&Identity>)> = paths
            .zip(&known)
            .map(|(path, known)| (path, known.iter().map(|known| &known.identity).collect()))
            .collect();
        let rendered = (0..).zip(inputs).filter(|(_, input)| input.is_rendered()).map(|(index, _)| index).collect();
        let environments = environments::group(&tree, &identities, &rendered);
        outcome.environments = environments.len();
        outcome.repeated = environments::repeated(&tree, &environments, &identities);
        drop(identities);
        let namespaces = Namespaces::of(&known);
        // The one of which nobody else needs anything.
        let only = match environments.as_slice() {
            [only] => Some(namespaces.take_inventory(only, &mut known)),
            _ => None,
        };
        let old: Vec<(&I, Loaded)> =
            parallel::map(self.old, 1, |input| (input, load::load(input, self.reader(usize::MAX))));
        let old_problems = old.iter().flat_map(|(_, loaded)| loaded.problems.iter().cloned());
        outcome.problems.extend(old_problems);
        let old = Old::of(old.iter().flat_map(|(input, loaded)| {
            loaded.items.iter().map(move |item| (&item.identity, input.name(), loaded.json(item)))
        }));
        let judged = parallel::map(&environments, 1, |environment| {
            let inventory =
                only.as_ref().map_or_else(|| Cow::Owned(namespaces.inventory(environment, &known)), Cow::Borrowed);
            parallel::map(&environment.own, 1, |index| {
                let judged = files.get(*index).map(|file| {
                    file.with(self.reader(limits.large_bytes), |loaded| {
                        let has_comments = loaded.text.contains(comments::MARK);
                        let name = file.input.name();
                        self.judge_file(loaded, &Beside { inventory: &inventory, old: &old, name, has_comments })
                    })
                });
                progress(1);
                (*index, judged.unwrap_or_default())
            })
        });
        let mut judged: Vec<(usize, Results)> = judged.into_iter().flatten().collect();
        judged.sort_unstable_by_key(|(index, _)| *index);
        let mut tally = Tally::default();
        charts(&tree, inputs, &mut tally);
        tree.templates.iter().for_each(|name| tally.add(Reason::Template, "", name));
        for (file, (_, judged)) in files.iter().zip(judged) {
            outcome.files.push(Seen { name: file.input.name().into(), judged: judged.objects });
            outcome.objects += file.objects;
            outcome.skipped += file.skipped;
            outcome.judged += judged.objects;
            tally.extend(&file.aside);
            tally.extend(&judged.aside);
            outcome.problems.extend(file.problems.iter().cloned());
            outcome.problems.extend(judged.problems);
            outcome.findings.extend(judged.findings);
            outcome.notices.extend(judged.notices);
            outcome.ignored += judged.ignored;
            outcome.before += judged.before;
        }
        outcome.not_judged = tally.finish();
        outcome.problems.sort();
        outcome
    }

    fn reader(&self, large_bytes: usize) -> Reader<'_> {
        Reader { kinds: self.engine.kinds(), namespace: self.namespace, large_bytes }
    }

    fn read<'i>(&self, batch: &'i [I], tree: &Tree, room: &Room) -> Vec<File<'i, I>> {
        let mut files = Vec::with_capacity(batch.len());
        let (mut read, mut bytes) = (Vec::new(), 0);
        let look = |(input, loaded)| File::new(input, loaded, room);
        for input in batch {
            let mut loaded = Loaded::default();
            match tree.role(input.name()) {
                _ if input.is_rendered() => loaded = load::load(input, self.reader(room.limits.large_bytes)),
                Role::Manifest => loaded = load::load(input, self.reader(room.limits.large_bytes)),
                Role::Aside(reason) => loaded.aside.add(reason, "", input.name()),
                Role::Nothing => loaded.skipped = 1,
                Role::Template => {}
            }
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

    fn judge_file(&self, loaded: &Loaded, beside: &Beside<'_>) -> Results {
        let file: Arc<str> = beside.name.into();
        // A part that has findings is taken apart once more for their places, but only once.
        let parts: Vec<&[Item]> = loaded.items.chunk_by(|one, other| one.part == other.part).collect();
        let lines = Lines::of(&loaded.text);
        let judge_part = |items: &&[Item]| {
            let texts = loaded.texts(&lines, items.first());
            let judge = |item| (item, self.judge(item, texts.json(item), beside));
            // A List of thousands, as `kubectl get -o json` writes it, is one part.
            let all = parallel::map(items, load::FEW, judge);
            let (mut verdicts, mut unreadable) = (Vec::new(), Vec::new());
            let mut judged = Results::default();
            for (item, verdict) in all {
                match verdict {
                    Ok(Answer::NoPods) => {}
                    Ok(Answer::Exempt) => {
                        let Identity { namespace, .. } = &item.identity;
                        judged.aside.add(Reason::ExemptNamespace, namespace, &format!("{file}: {}", item.identity));
                    }
                    Ok(Answer::Verdict(found)) => {
                        judged.objects += 1;
                        if found.has_placeholders {
                            judged.aside.add(Reason::Placeholder, "", &format!("{file}: {}", item.identity));
                        }
                        verdicts.push((item, *found));
                    }
                    Err(error) => unreadable.push((item, error)),
                }
            }
            let [placeholders, unreadable] = Loaded::placeholders(unreadable, |item| texts.json(item));
            judged.problems = loaded.problems_of(&lines, &file, &unreadable);
            for holder in loaded.problems_of(&lines, &file, &placeholders) {
                judged.aside.add(Reason::Placeholder, "", &holder.to_string());
            }
            let part = items.first().and_then(|item| loaded.parts.get(item.part));
            if let Some(part) = part {
                judged.add(verdicts, &Source { file: &file, lines: &lines, part }, beside.has_comments);
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
            all.before += judged.before;
            all.objects += judged.objects;
            all.aside.extend(&judged.aside);
        }
        all.findings.sort_by(|one, other| {
            let key = |finding: &Located| (finding.spot.place, finding.rule.id);
            key(one).cmp(&key(other)).then_with(|| one.spot.path.cmp(&other.spot.path))
        });
        all.notices.sort_by_key(|notice| notice.spot.place);
        all
    }

    /// Judges one object.
    fn judge(&self, item: &Item, text: &str, beside: &Beside<'_>) -> Result<Answer, ObjectFailure> {
        let Some(workload) = item.workload else { return Ok(Answer::NoPods) };
        if self.engine.exempts_namespace(&item.identity.namespace) {
            return Ok(Answer::Exempt);
        }
        let old = beside.old.find(&item.identity, beside.name);
        let operation = if old.is_some() { Operation::Update } else { Operation::Create };
        let Some(target) = Target::of(operation, workload, "") else { return Ok(Answer::NoPods) };
        let request = Request {
            target,
            sub_resource: "".into(),
            namespace: item.identity.namespace.as_str().into(),
            user: User::default(),
            objects: Objects::Text { new: Some(text), old },
            inventory: Some(beside.inventory),
        };
        let review = Review::read(request)?.map(|review| Review { from_file: true, ..review });
        if review.as_ref().is_some_and(|review| self.engine.is_off(review)) {
            return Ok(Answer::Exempt);
        }
        // The rules found that a comment may not ignore.
        let mut fixed: Vec<&'static Rule> = Vec::new();
        let mut verdict = match review {
            // A rule that fails is one object that is not judged, not the end of the run.
            Some(review) => {
                let verdict = catch(|| self.engine.review(&review))?;
                if beside.has_comments {
                    let rules = verdict.findings.iter().map(|finding| finding.rule);
                    fixed.extend(rules.filter(|rule| !self.engine.may_ignore(&review, rule)));
                }
                verdict
            }
            None => Verdict::default(),
        };
        let count = verdict.findings.len();
        // Nobody knows what will stand there.
        placeholder::retain(text, &mut verdict.findings, |finding| &finding.at);
        let has_placeholders = verdict.findings.len() < count;
        Ok(Answer::Verdict(Box::new(ObjectVerdict { verdict, has_placeholders, fixed })))
    }
}

/// Counts the charts whose templates are among the inputs.
fn charts<I: Input>(tree: &Tree, inputs: &[I], tally: &mut Tally) {
    let mut last = String::new();
    for input in inputs.iter().filter(|input| !input.is_rendered() && tree.role(input.name()) == Role::Template) {
        let path = tree.path(input.name());
        let chart = tree.outer_chart(&path).unwrap_or_default();
        // Those of one chart follow each other.
        if chart != last {
            tally.add(Reason::HelmChart, "", tree.name(chart));
            chart.clone_into(&mut last);
        }
    }
}

/// Tells what a run makes of one object.
enum Answer {
    /// It is of a kind without Pods.
    NoPods,
    /// The policy exempts its namespace.
    Exempt,
    /// Holds what the rules say.
    Verdict(Box<ObjectVerdict>),
}

/// Holds what the rules say of one object.
struct ObjectVerdict {
    verdict: Verdict,
    /// Tells whether some of it is of placeholders, and was left out.
    has_placeholders: bool,
    /// The rules that comments may not ignore.
    fixed: Vec<&'static Rule>,
}

/// Holds what a file is judged beside.
struct Beside<'b> {
    inventory: &'b Inventory,
    old: &'b Old<'b>,
    /// Its name.
    name: &'b str,
    /// Tells whether it may have comments that ignore findings.
    has_comments: bool,
}

/// Tells how much text may be kept, and how much has been.
struct Room {
    taken: AtomicUsize,
    limits: Limits,
}

/// Limits what is kept between reading and judging.
#[derive(Debug, Clone, Copy)]
struct Limits {
    /// All text together.
    kept_bytes: usize,
    /// Of files with more text only that is kept, and no JSON text that is made of it.
    large_bytes: usize,
}

/// A file, kept in memory or to be read again.
struct File<'i, I> {
    input: &'i I,
    kept: Option<Loaded>,
    /// Taken out as the inventory is made.
    others: Vec<Other>,
    objects: usize,
    skipped: usize,
    aside: Tally,
    problems: Vec<Problem>,
}

impl<'i, I: Input> File<'i, I> {
    fn new(input: &'i I, mut loaded: Loaded, room: &Room) -> Self {
        let (objects, skipped) = (loaded.objects, loaded.skipped);
        let mut problems = std::mem::take(&mut loaded.problems);
        let mut aside = std::mem::take(&mut loaded.aside);
        let mut facts = std::mem::take(&mut loaded.facts);
        if facts.len() != loaded.items.len() {
            facts = parallel::map(&loaded.items, load::FEW, |item| item.facts(loaded.json(item)));
        }
        let (mut known, mut unreadable) = (Vec::with_capacity(facts.len()), Vec::new());
        for (item, entry) in loaded.items.iter().zip(facts) {
            let entry = entry.unwrap_or_else(|error| {
                unreadable.push((item, error));
                None
            });
            let makes_pods = item.workload.is_some_and(Workload::makes_pods);
            known.push(Other { identity: item.identity.clone(), makes_pods, entry });
        }
        let lines = Lines::of(&loaded.text);
        let (mut placeholders, mut others, mut rest) = (Vec::new(), Vec::new(), unreadable.into_iter().peekable());
        while let Some((first, _)) = rest.peek() {
            let texts = loaded.texts(&lines, Some(first));
            let part = first.part;
            let of_part = iter::from_fn(|| rest.next_if(|(item, _)| item.part == part)).collect();
            let [held, other] = Loaded::placeholders(of_part, |item| texts.json(item));
            placeholders.extend(held);
            others.extend(other);
        }
        let unreadable = others;
        problems.extend(loaded.problems_of(&lines, input.name(), &unreadable));
        for holder in loaded.problems_of(&lines, input.name(), &placeholders) {
            aside.add(Reason::Placeholder, "", &holder.to_string());
        }
        let has_room = room.taken.fetch_add(loaded.size(), Ordering::Relaxed) < room.limits.kept_bytes;
        let keep = has_room || !input.is_readable_again();
        Self { input, kept: keep.then_some(loaded), others: known, objects, skipped, aside, problems }
    }

    fn with<T>(&self, reader: Reader<'_>, then: impl FnOnce(&Loaded) -> T) -> T {
        match &self.kept {
            Some(loaded) => then(loaded),
            // What is no manifest has nothing to judge.
            None if self.others.is_empty() && self.objects == 0 => then(&Loaded::default()),
            None => then(&load::load(self.input, reader)),
        }
    }
}

/// Holds what one file, or one object of it, gave.
#[derive(Default)]
struct Results {
    findings: Vec<Located>,
    notices: Vec<Notice>,
    problems: Vec<Problem>,
    ignored: usize,
    before: usize,
    objects: usize,
    aside: Tally,
}

impl Results {
    /// Adds what was found in objects of one part of a file.
    fn add(&mut self, verdicts: Vec<(&Item, ObjectVerdict)>, source: &Source<'_>, has_comments: bool) {
        let fields: Vec<(usize, Path)> = verdicts
            .iter()
            .flat_map(|(item, ObjectVerdict { verdict, .. })| {
                let found = verdict.findings.iter().map(|finding| &finding.at);
                let at = found.chain(verdict.notices.iter().map(|notice| &notice.at));
                at.map(|at| (item.document, item.prefix.clone().join(at)))
            })
            .collect();
        // In the order in which they are asked for below.
        let mut places = source.part.places(source.lines, &fields).into_iter();
        let mut template: Option<(usize, Option<Arc<str>>)> = None;
        for (item, ObjectVerdict { verdict, fixed, .. }) in verdicts {
            self.ignored += verdict.ignored.len();
            self.before += verdict.before;
            if verdict.findings.is_empty() && verdict.notices.is_empty() {
                continue;
            }
            let object = Arc::new(item.identity.clone());
            let mut spot = |path| {
                let place = places.next().unwrap_or(Place::START);
                // One comment is for all objects of a document, which may be a List of thousands.
                if template.as_ref().is_none_or(|(document, _)| *document != item.document) {
                    template = Some((item.document, source.template(place.line)));
                }
                let template = template.as_ref().and_then(|(_, template)| template.clone());
                source.spot(place, &object, path, template)
            };
            for finding in verdict.findings {
                let spot = spot(finding.at);
                let rule = finding.rule;
                match has_comments
                    .then(|| comments::effect(source.lines, spot.place.line, rule, !fixed.contains(&rule)))
                {
                    Some(Effect::Ignored) => {
                        self.ignored += 1;
                        continue;
                    }
                    Some(Effect::Notice(message)) => self.notices.push(Notice { message, spot: spot.clone() }),
                    Some(Effect::None) | None => {}
                }
                let message = one_line(&finding.message, MAX_MESSAGE_CHARACTERS).into_owned();
                self.findings.push(Located { rule, level: finding.level, message, spot });
            }
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
    fn spot(&self, place: Place, object: &Arc<Identity>, path: Path, template: Option<Arc<str>>) -> Spot {
        let excerpt = self.lines.excerpt(place);
        Spot { file: Arc::clone(self.file), place, object: Arc::clone(object), path, excerpt, template }
    }

    /// Returns the template that the document around a line was made of, as the comment says that `helm template` puts above it.
    fn template(&self, line: usize) -> Option<Arc<str>> {
        // JSON has no comments, and thousands of its values may stand in one file without a line between them.
        if self.part.is_json() {
            return None;
        }
        let lines = (1..=line).rev().map(|number| self.lines.line(number));
        let mut above = lines.take_while(|line| !line.starts_with("---"));
        above.find_map(|line| line.trim_end().strip_prefix("# Source: ")).map(Arc::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Text;

    #[test]
    fn what_helm_says_of_an_object_is_kept() {
        let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  restartPolicy: Sometimes\n  containers: [{name: a}]\n";
        let text = format!("---\n# Source: shop/templates/web.yaml\n{pod}---\n{pod}# Source: none/of/this.yaml\n");
        let engine = Engine::default();
        let check = Check { engine: &engine, namespace: "default", old: &[], folder: "", around: &[] };
        let outcome = check.run(&[Text { name: "-".to_owned(), text }], &|_| {});
        let findings = outcome.findings.iter().filter(|finding| finding.rule.id == "invalid-restart-policy");
        let templates: Vec<_> = findings.map(|finding| finding.spot.template.as_deref()).collect();
        assert_eq!(templates, [Some("shop/templates/web.yaml"), None]);
    }

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
                containers: [{{name: app, image: a, ports: [{{containerPort: 80}}]}}]\n---\napiVersion: policy/v1\nkind: {budget}\n\
                metadata: {{name: web-{number}}}\nspec: {{maxUnavailable: 0, selector: {{matchLabels: {{app: web-{number}}}}}}}{end}\n"
            );
            inputs.push(Text { name: format!("{number}.yaml"), text });
        }
        let engine = Engine::default();
        let check = Check { engine: &engine, namespace: "default", old: &[], folder: "", around: &[] };
        let said = |kept_bytes, large_bytes| {
            let limits = Limits { kept_bytes, large_bytes };
            let outcome = parallel::with_threads(|| check.run_here(&inputs, &|_| {}, limits));
            assert!(outcome.findings.len() > 100 && outcome.problems.len() > 10);
            format!("{outcome:#?}")
        };
        let all = said(MAX_KEPT_BYTES, LARGE_BYTES);
        for (kept_bytes, large_bytes) in [(0, LARGE_BYTES), (10_000, LARGE_BYTES), (MAX_KEPT_BYTES, 0), (10_000, 0)] {
            assert_eq!(said(kept_bytes, large_bytes), all);
        }
    }
}
