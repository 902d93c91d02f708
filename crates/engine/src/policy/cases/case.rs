//! A case: what is judged and what is to be found, and how it is judged.

use std::fmt;

use serde::Deserialize;
use serde_json::Value;
use thiserror::Error;

use super::super::{Engine, LifecyclePolicy, PolicyError, Verdict, parse};
use crate::{
    model::{Inventory, Objects, Operation, Request, Review, ReviewError, Target, User, WorkloadTable},
    rules::{self, Level},
    syntax::{
        List, Str,
        yaml::{self, Document},
    },
};

/// Begins the mark of a line.
const MARK: &str = "# finding";

/// One block to judge, with what stands around it.
#[derive(Debug, Default, Clone)]
pub struct Case {
    /// The heading above it.
    pub heading: String,
    /// The objects to judge.
    pub yaml: Block,
    /// The policy, or its `spec`.
    pub policy: Option<Block>,
    /// The [`Circumstances`] of the request.
    pub request: Option<Block>,
    /// The other objects that are known.
    pub inventory: Option<Block>,
    /// The object before an UPDATE.
    pub old: Option<Block>,
}

/// The text of a block.
#[derive(Debug, Default, Clone)]
pub struct Block {
    /// Tells where its first line stands in its file, counted from 1.
    pub line: usize,
    /// The text.
    pub text: String,
}

/// A file of cases that cannot be read or judged.
#[derive(Debug, Error)]
#[error("{line}: {message}")]
pub struct CaseError {
    /// Line in the file, counted from 1.
    pub line: usize,
    /// Holds what is wrong there.
    pub message: String,
}

/// Holds what is to be found on a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// Line within the block, counted from 1.
    pub line: usize,
    /// Holds what it has to say, if that matters.
    pub text: Option<String>,
}

/// Holds what was found on a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseFinding {
    /// Line within the block, counted from 1.
    pub line: usize,
    /// The rule's id.
    pub rule: &'static str,
    /// Its level.
    pub level: Level,
    /// Holds what it says.
    pub message: String,
}

/// Holds what came of a case.
#[derive(Debug, Default)]
pub struct Judged {
    /// Holds what was found, object by object.
    pub found: Vec<CaseFinding>,
    /// Tells how many objects there was something to judge in.
    pub objects: usize,
}

impl CaseFinding {
    /// `rule: message [level]`.
    pub fn text(&self) -> String {
        format!("{}: {} [{}]", self.rule, self.message, self.level)
    }
}

impl Mark {
    fn names_rule(&self) -> bool {
        self.text.as_deref().is_some_and(|text| rules::find(text.split([':', ' ']).next().unwrap_or(text)).is_some())
    }

    fn fits(&self, found: &CaseFinding) -> bool {
        self.line == found.line
            && match &self.text {
                None => true,
                // A rule's id may be the beginning of another's.
                Some(text) if rules::find(text).is_some() => text == found.rule,
                Some(text) => found.text().contains(text.as_str()),
            }
    }
}

impl Case {
    /// The policy that the case gives.
    pub fn policy(&self) -> Option<Result<LifecyclePolicy, CaseError>> {
        let block = self.policy.as_ref()?;
        let is_whole = block.text.lines().any(|line| line.starts_with("kind:"));
        // A `spec` alone is put into a policy: three lines more above it, two columns more before it.
        let (text, above, before) = if is_whole {
            (block.text.clone(), 0, 0)
        } else {
            let spec: String = block.text.lines().map(|line| format!("  {line}\n")).collect();
            (format!("apiVersion: podgate.dev/v1alpha1\nkind: LifecyclePolicy\nspec:\n{spec}"), 3, 2)
        };
        let error = |PolicyError { mistakes, .. }| {
            let line = |line: usize| (block.line + line).saturating_sub(above + 1);
            let column = |column: usize| column.saturating_sub(before).max(1);
            let first = mistakes.first().map_or(block.line, |mistake| line(mistake.place.line));
            let all = mistakes.iter().enumerate().map(|(index, mistake)| match index {
                // The first has its line from the error itself.
                0 => mistake.message.clone(),
                _ => format!("{}:{}: {}", line(mistake.place.line), column(mistake.place.column), mistake.message),
            });
            CaseError { line: first, message: all.collect::<Vec<_>>().join("\n") }
        };
        // An empty `spec` is a policy too.
        let empty = || block.text.trim().is_empty().then(LifecyclePolicy::default);
        Some(empty().map_or_else(|| parse(&text, "policy").map_err(error), Ok))
    }

    /// Returns what is to be found.
    pub fn marks(&self) -> Result<Vec<Mark>, CaseError> {
        let mut marks = Vec::new();
        for (index, line) in self.yaml.text.lines().enumerate() {
            for mark in line.split(MARK).skip(1) {
                let text = mark.strip_prefix(':').map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
                if text.is_none() && !mark.trim().is_empty() {
                    let message = format!("not understood: {MARK}{mark}");
                    return Err(CaseError { line: self.yaml.line + index, message });
                }
                marks.push(Mark { line: index + 1, text });
            }
        }
        Ok(marks)
    }

    /// Judges every object of the block.
    pub fn judge(&self, engine: &Engine) -> Result<Judged, CaseError> {
        let circumstances: Circumstances = match &self.request {
            Some(block) => {
                let json = one(block)?;
                serde_json::from_str(&json).map_err(|error| block.error(&error))?
            }
            None => Circumstances::default(),
        };
        let circumstances = Circumstances { kinds: engine.kinds().clone(), ..circumstances };
        let inventory = self.inventory.as_ref().map(inventory).transpose()?;
        let old = self.old.as_ref().map(one).transpose()?;
        let mut judged = Judged::default();
        let documents = self.yaml.documents()?;
        for document in &documents {
            let json = document.to_json().map_err(|error| self.yaml.error_at(&error))?;
            let judge = |review: Option<&Review<'_>>| review.map(|review| engine.review(review));
            let verdict: Option<Verdict> =
                with_review(&json, old.as_deref(), &circumstances, inventory.as_ref(), judge)
                    .map_err(|message| self.yaml.error(&message))?;
            judged.objects += usize::from(verdict.is_some());
            let findings = verdict.into_iter().flat_map(|verdict| verdict.findings);
            judged.found.extend(findings.map(|finding| CaseFinding {
                line: document.place(&finding.at).line,
                rule: finding.rule.id,
                level: finding.level,
                message: finding.message,
            }));
        }
        Ok(judged)
    }

    /// Returns what is marked and was not found, and what was found and is not marked.
    pub fn compare<'f>(&self, found: &'f [CaseFinding]) -> Result<(Vec<Mark>, Vec<&'f CaseFinding>), CaseError> {
        let marks = self.marks()?;
        // A mark that says something else than a rule lets its line have more.
        let marked = |found: &CaseFinding| {
            marks.iter().any(|mark| mark.fits(found) || mark.line == found.line && !mark.names_rule())
        };
        let unexpected = found.iter().filter(|found| found.level > Level::Audit && !marked(found)).collect();
        let missing = marks.iter().filter(|mark| !found.iter().any(|found| mark.fits(found))).cloned().collect();
        Ok((missing, unexpected))
    }
}

impl Block {
    fn documents(&self) -> Result<Vec<Document<'_>>, CaseError> {
        let documents = yaml::documents(&self.text).map_err(|error| self.error_at(&error))?;
        if let Some(duplicate) = documents.iter().find_map(|document| document.duplicates().into_iter().next()) {
            let message = format!("{} is given twice", duplicate.path);
            return Err(self.error_at(&yaml::YamlError { place: duplicate.place, message }));
        }
        Ok(documents)
    }

    fn error(&self, message: &dyn fmt::Display) -> CaseError {
        CaseError { line: self.line, message: message.to_string() }
    }

    fn error_at(&self, error: &yaml::YamlError) -> CaseError {
        CaseError { line: self.line + error.place.line - 1, message: error.message.clone() }
    }
}

/// The one document of a block, as JSON text.
fn one(block: &Block) -> Result<String, CaseError> {
    let documents = block.documents()?;
    let [document] = documents.as_slice() else {
        return Err(block.error(&format!("one document is wanted here, not {}", documents.len())));
    };
    document.to_json().map_err(|error| block.error_at(&error))
}

/// The inventory of a block's documents; objects without a namespace live in `default`. Of a namespace that is among them itself all is
/// known, as with `serve --watch`: a Service or budget that is not there does not exist.
pub fn inventory(block: &Block) -> Result<Inventory, CaseError> {
    let mut inventory = Inventory::default();
    for document in block.documents()? {
        let json = document.to_json().map_err(|error| block.error_at(&error))?;
        let value: Value = serde_json::from_str(&json).map_err(|error| block.error(&error))?;
        let (group, kind, namespace) = identity(&value);
        inventory.add(group, kind, namespace, &json).map_err(|message| block.error(&message))?;
        if let ("", "Namespace", Some(name)) = (group, kind, value.pointer("/metadata/name").and_then(Value::as_str)) {
            inventory.set_knows_services(name);
            inventory.set_knows_budgets(name);
        }
    }
    Ok(inventory)
}

/// The outer facts of a request, where they are not the usual ones.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Circumstances {
    /// CREATE, or UPDATE where there is an old object, unless given.
    pub operation: Option<String>,
    /// Subresource; empty for the object itself.
    pub sub_resource: String,
    /// Tells who asks.
    pub user: String,
    /// The groups of who asks.
    pub groups: Vec<String>,
    /// The object's own, or `default`, unless given.
    pub namespace: Option<String>,
    /// Tells whether the object is read from a file, as by `podgate check`, instead of asked for.
    pub file: bool,
    /// The kinds that are judged.
    #[serde(skip)]
    pub kinds: WorkloadTable,
}

/// API group, kind and namespace of an object.
fn identity(object: &Value) -> (&str, &str, &str) {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str);
    let group = text("/apiVersion").unwrap_or_default().rsplit_once('/').map_or("", |(group, _)| group);
    (group, text("/kind").unwrap_or_default(), text("/metadata/namespace").unwrap_or("default"))
}

/// A request that cannot be made of an object and its [`Circumstances`].
#[derive(Debug, Error)]
pub enum RequestError {
    /// The object is no JSON.
    #[error(transparent)]
    NoJson(#[from] serde_json::Error),
    /// The operation is none of CREATE, UPDATE, DELETE and CONNECT.
    #[error("operation \"{0}\" is none")]
    NoOperation(String),
    /// The object is not what its kind says.
    #[error(transparent)]
    Unreadable(#[from] ReviewError),
}

/// Reads the review of an object, or of its update from `old`, and hands it on; `None` where there is nothing to judge. The
/// error says what cannot be read.
pub fn with_review<T>(
    object: &str,
    old: Option<&str>,
    circumstances: &Circumstances,
    inventory: Option<&Inventory>,
    then: impl FnOnce(Option<&Review<'_>>) -> T,
) -> Result<T, RequestError> {
    let value: Value = serde_json::from_str(object)?;
    let (group, kind, namespace) = identity(&value);
    let groups = serde_json::to_string(&circumstances.groups)?;
    let groups: List<Str<'_>> = serde_json::from_str(&groups)?;
    let operation = match (&circumstances.operation, &old) {
        (Some(word), _) => Operation::parse(word).ok_or_else(|| RequestError::NoOperation(word.clone()))?,
        (None, Some(_)) => Operation::Update,
        (None, None) => Operation::Create,
    };
    // A deletion carries the object as the old one.
    let (object, old) = if operation == Operation::Delete { (None, Some(object)) } else { (Some(object), old) };
    let workload = circumstances.kinds.find(group, kind);
    let target = workload.and_then(|workload| Target::of(operation, workload, &circumstances.sub_resource));
    let Some(target) = target else { return Ok(then(None)) };
    let request = Request {
        target,
        sub_resource: (*circumstances.sub_resource).into(),
        namespace: circumstances.namespace.as_deref().unwrap_or(namespace).into(),
        user: User { username: (*circumstances.user).into(), groups },
        objects: Objects::Text { new: object, old },
        inventory,
    };
    let review = Review::read(request)?.map(|review| Review { from_file: circumstances.file, ..review });
    Ok(then(review.as_ref()))
}
