//! One AdmissionReview in, one answer out.
//!
//! The body is read once, objects and all, wherever that goes well (see [`Objects`](crate::model::Objects)); a body that cannot be
//! read so is read again with its objects as text, because only that way of reading has words for what is wrong. What follows
//! is the same for both: the request becomes a [`Review`], the engine judges or mutates it, and the answer is written. Whatever
//! goes wrong on the way, a panic too, ends in [`failure`]: an HTTP status and no decision, so that the
//! [failurePolicy](https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#failure-policy) of the
//! webhook decides. A denial is a decision, and HTTP 200.

use std::{borrow::Cow, mem::take};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde::Serialize;

use super::{
    answer,
    wire::{API_VERSIONS, AdmissionRequest, AdmissionResponse, AdmissionReview, Answer, EnvelopeError},
};
use crate::{
    model::{Inventory, Operation, Request, Review},
    mutate::LeftOut,
    panics::catch,
    policy::{Engine, Exhausted, MutateError, Notice, Verdict, label},
    rules::{budget::Budget, rule::More},
    syntax::json::{Strict, bounded, from_object},
};

/// Room for an answer that allows, in bytes.
const ANSWER_BYTES: usize = 256;

/// Limits what the lists of one request become in memory, in bytes, room for growth included: this much, and so much for each
/// byte of the request, but no more than the third. What etcd can hold of an object that the API server accepts, 1.5 MiB
/// (`--max-request-bytes`), comes to less than 24 MiB for each of two objects: its smallest volume is 9 bytes there and 96
/// here. What is beyond is no Pod, and none can come of it: a container that runs has a name and an image.
const LIST_BYTES: usize = 1024 * 1024;
const LIST_BYTES_PER_BYTE: usize = 40;
const MAX_LIST_BYTES: usize = 48 * 1024 * 1024;

/// Reads what is in a request of `length` bytes, within the bounds of memory.
fn within<T>(length: usize, read: impl FnOnce() -> T) -> T {
    let max_bytes = length.saturating_mul(LIST_BYTES_PER_BYTE).saturating_add(LIST_BYTES).min(MAX_LIST_BYTES);
    bounded(max_bytes, read)
}

/// Says which of the two webhooks was called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mode {
    /// `/validate`: judges, never patches.
    Validate,
    /// `/mutate`: patches, never judges.
    Mutate,
}

/// Names the decision that an answer gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Decision {
    /// Admitted as it is.
    Allowed,
    /// Refused; the answer's `status` says why.
    Denied,
    /// Admitted with a patch.
    Patched,
    /// No decision: the caller's `failurePolicy` decides.
    Error(ErrorReason),
}

/// Says why there is no decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorReason {
    /// The body is no AdmissionReview (HTTP 400).
    BadRequest,
    /// The object cannot be read as what its kind says (HTTP 500).
    UnreadableObject,
    /// A rule or a mutation failed (HTTP 500).
    Internal,
    /// The time of the caller, or the steps of the judgement, were used up (HTTP 503).
    Exhausted,
}

/// Describes what one answer was about, for logs and metrics. Nothing in it is escaped: every text came from outside.
#[derive(Debug)]
pub struct Record<'a> {
    /// `request.uid`, empty where none could be read.
    pub uid: Cow<'a, str>,
    /// `request.operation`, or empty.
    pub operation: &'static str,
    /// `request.kind.kind` where podgate knows that kind, `other` where it does not: bounded, fit for a label.
    pub kind: &'static str,
    /// `request.namespace`, empty for cluster-scoped objects.
    pub namespace: Cow<'a, str>,
    /// The object's name, or its `generateName`.
    pub name: Cow<'a, str>,
    /// `request.userInfo.username`.
    pub user: Cow<'a, str>,
    /// Names the decision.
    pub decision: Decision,
    /// Rule id and level (`deny`, `warn`, `audit`) of each finding, in the order of the answer; last those that an annotation
    /// exempts, with `ignored` for a level.
    pub findings: Vec<(&'static str, &'static str)>,
    /// Findings of which there are too many to stand there one by one.
    pub more: Vec<Counted>,
    /// The rule's own level of each of `findings`, in the same order.
    pub own_levels: Vec<&'static str>,
    /// Says where a controller creates the object and something was found in it: what that changed.
    pub controlled: Option<Controlled>,
    /// The ids of the mutations that added something.
    pub mutations: Vec<&'static str>,
    /// The scheduling gates that the policy asks for and that were not added, and why.
    pub left_out: Vec<LeftOut>,
    /// Says what is wrong with the labels of a Namespace: one line, bounded length.
    pub notice: Option<String>,
    /// Says why there is no decision, for the log: one line, bounded length.
    pub error: Option<String>,
}

/// Findings in an object that a controller creates.
#[derive(Debug)]
pub struct Controlled {
    /// The owner whose template is to be mended: `Deployment "web"`.
    pub owner: String,
    /// Rule id, level, and the level for anybody else, of each finding of which these differ.
    pub lowered: Vec<(&'static str, &'static str, &'static str)>,
}

/// Findings of a rule that are counted and not listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted {
    /// The rule's id.
    pub rule: &'static str,
    /// Their level, or `ignored`.
    pub level: &'static str,
    /// The level for anybody but a controller.
    pub policy_level: &'static str,
    /// The rule's own level.
    pub own_level: &'static str,
    /// Says how many there are.
    pub count: usize,
}

impl Counted {
    fn of(more: &More, level: &'static str) -> Self {
        let More { rule, policy_level, own_level, count, .. } = *more;
        Self { rule: rule.id, level, policy_level: policy_level.as_str(), own_level: own_level.as_str(), count }
    }
}

impl Controlled {
    fn of(verdict: &Verdict) -> Option<Self> {
        let owner = verdict.owner.as_ref()?.to_string();
        let lowered = verdict.findings.iter().filter(|finding| finding.level != finding.policy_level);
        let lowered = lowered.map(|it| (it.rule.id, it.level.as_str(), it.policy_level.as_str())).collect();
        Some(Self { owner, lowered })
    }
}

impl Default for Record<'_> {
    fn default() -> Self {
        Self {
            uid: Cow::Borrowed(""),
            operation: "",
            kind: "other",
            namespace: Cow::Borrowed(""),
            name: Cow::Borrowed(""),
            user: Cow::Borrowed(""),
            decision: Decision::Allowed,
            findings: Vec::new(),
            more: Vec::new(),
            own_levels: Vec::new(),
            controlled: None,
            mutations: Vec::new(),
            left_out: Vec::new(),
            notice: None,
            error: None,
        }
    }
}

impl<'a> Record<'a> {
    fn of(request: &AdmissionRequest<'a>) -> Self {
        Self {
            uid: request.uid.clone().into_cow(),
            operation: request.meaning.operation.map_or("", Operation::as_str),
            kind: request.meaning.workload.map_or("other", |workload| workload.kind),
            namespace: request.namespace.clone().into_cow(),
            name: request.name.clone().into_cow(),
            user: request.user_info.username.clone().into_cow(),
            ..Self::default()
        }
    }
}

/// An HTTP answer: `status`, and a JSON body.
#[derive(Debug)]
pub struct Response<'a> {
    /// HTTP status code: 200 with every decision, 400, 500 or 503 without one.
    pub status: u16,
    /// JSON: an AdmissionReview, or `{"error": …}`.
    pub body: Vec<u8>,
    /// Describes what it was about.
    pub record: Record<'a>,
}

/// Says what is known of the cluster that a request comes from.
#[derive(Debug, Clone, Copy, Default)]
pub struct Cluster<'a> {
    /// The other objects, where they are known.
    pub inventory: Option<&'a Inventory>,
    /// Says whether somebody removes the scheduling gates that wait for other objects; without, none of these is added.
    pub opens_gates: bool,
}

/// Answers one AdmissionReview. Never panics, whatever `body` holds: a rule or mutation that does is HTTP 500, so that the
/// caller's `failurePolicy` decides.
///
/// HTTP 400 where the body is no AdmissionReview with a uid; HTTP 500, with the uid, where the object cannot be read as what
/// its kind says or where podgate itself fails; HTTP 503 where the judgement is given up; else HTTP 200 with the decision.
pub fn handle<'a>(engine: &Engine, mode: Mode, body: &'a [u8]) -> Response<'a> {
    handle_knowing(engine, None, mode, body)
}

/// Returns the same where other objects of the cluster are known.
pub fn handle_knowing<'a>(
    engine: &Engine,
    inventory: Option<&'a Inventory>,
    mode: Mode,
    body: &'a [u8],
) -> Response<'a> {
    handle_within(engine, Cluster { inventory, ..Cluster::default() }, mode, body, &|| false)
}

/// Returns the same for a caller who does not wait for ever: once `is_over` says that nobody waits any more, the judgement is given
/// up, with HTTP 503. It is asked every few microseconds of work; a single step takes milliseconds at most.
pub fn handle_within<'a>(
    engine: &Engine,
    cluster: Cluster<'a>,
    mode: Mode,
    body: &'a [u8],
    is_over: &dyn Fn() -> bool,
) -> Response<'a> {
    let budget = Budget::until(is_over);
    let mut record = Record::default();
    let answered = catch(|| {
        let (api_version, mut request) = read(body)?;
        request.understand_added(engine.kinds());
        record = Record::of(&request);
        judge(engine, cluster, mode, Envelope { length: body.len(), api_version, request }, &budget, &mut record)
    });
    match answered {
        Ok(Ok(body)) => Response { status: 200, body, record },
        Ok(Err(Failure { reason, cause })) => failure(record, reason, &cause),
        Err(panic) => failure(record, ErrorReason::Internal, &panic.to_string()),
    }
}

/// Reads the body: the version of the AdmissionReview, and its request.
fn read(body: &[u8]) -> Result<(&'static str, AdmissionRequest<'_>), EnvelopeError> {
    let text = std::str::from_utf8(body).map_err(|error| EnvelopeError::NotUtf8(error.valid_up_to()))?;
    if text.trim_start().is_empty() {
        return Err(EnvelopeError::Empty);
    }
    let in_place = || serde_json::from_str::<Strict<AdmissionReview<'_, true>>>(text);
    let (kind, api_version, request) = if let Ok(Strict(review)) = within(body.len(), in_place) {
        review.into_parts()
    } else {
        from_object::<AdmissionReview<'_, false>>(text)?.into_parts()
    };
    if kind != "AdmissionReview" {
        return Err(EnvelopeError::OtherKind(kind.to_string()));
    }
    let Some(api_version) = API_VERSIONS.into_iter().find(|known| api_version == *known) else {
        return Err(EnvelopeError::OtherVersion(api_version.to_string()));
    };
    let request = request.ok_or(EnvelopeError::NoRequest)?;
    if request.uid.is_empty() {
        return Err(EnvelopeError::NoUid);
    }
    if request.meaning.operation.is_none() {
        return Err(EnvelopeError::OtherOperation(request.operation.to_string()));
    }
    Ok((api_version, request))
}

/// A body that is read.
struct Envelope<'a> {
    /// Says how long the body is, in bytes.
    length: usize,
    api_version: &'static str,
    request: AdmissionRequest<'a>,
}

/// Says why there is no decision.
struct Failure {
    reason: ErrorReason,
    cause: String,
}

impl From<EnvelopeError> for Failure {
    fn from(error: EnvelopeError) -> Self {
        Self { reason: ErrorReason::BadRequest, cause: error.to_string() }
    }
}

impl Failure {
    fn internal(cause: impl std::fmt::Display) -> Self {
        Self { reason: ErrorReason::Internal, cause: format!("{cause}") }
    }

    fn exhausted(exhausted: Exhausted) -> Self {
        Self { reason: ErrorReason::Exhausted, cause: exhausted.to_string() }
    }
}

/// Decides, and writes the answer. Fills in what `record` says of the decision.
fn judge<'a>(
    engine: &Engine,
    cluster: Cluster<'a>,
    mode: Mode,
    envelope: Envelope<'a>,
    budget: &Budget<'_>,
    record: &mut Record<'a>,
) -> Result<Vec<u8>, Failure> {
    let Envelope { length, api_version, mut request } = envelope;
    let notice = namespace_notice(engine, mode, &request);
    // Read in both modes, although only new Pods are ever patched: what cannot be read is an error here as there.
    let review = read_review(&mut request, length, cluster)?;
    let mut response = AdmissionResponse { uid: &request.uid, allowed: true, ..AdmissionResponse::default() };
    if let Some(review) = &review {
        if record.name.is_empty() {
            let metadata = &review.new.metadata;
            let name = if metadata.name.is_empty() { &metadata.generate_name } else { &metadata.name };
            record.name = name.clone().into_cow();
        }
        match mode {
            Mode::Validate => {
                let verdict = engine.review_within(review, budget).map_err(Failure::exhausted)?;
                let found = verdict.findings.iter().map(|finding| (finding.rule.id, finding.level.as_str()));
                let ignored = verdict.ignored.iter().map(|ignored| (ignored.finding.rule.id, "ignored"));
                record.findings = found.chain(ignored).collect();
                let counted = verdict.more.iter().map(|more| Counted::of(more, more.level.as_str()));
                let ignored = verdict.more_ignored.iter().map(|more| Counted::of(more, "ignored"));
                record.more = counted.chain(ignored).collect();
                let ignored = verdict.ignored.iter().map(|ignored| &ignored.finding);
                let all = verdict.findings.iter().chain(ignored);
                record.own_levels = all.map(|finding| finding.own_level.as_str()).collect();
                record.controlled = Controlled::of(&verdict);
                response.warnings = answer::warnings(&verdict);
                response.audit_annotations = answer::annotations(&verdict);
                if verdict.is_denied() {
                    response.allowed = false;
                    record.decision = Decision::Denied;
                    response.status =
                        Some(answer::denial(&verdict, &request.kind.group, &request.kind.kind, &record.name));
                }
            }
            Mode::Mutate => {
                let mutated = engine.mutate_within(review, budget).map_err(|error| match error {
                    MutateError::Exhausted(exhausted) => Failure::exhausted(exhausted),
                    MutateError::Patch(error) => Failure::internal(error),
                })?;
                response.warnings = answer::left_out(&mutated.left_out);
                if let Some(patch) = &mutated.patch {
                    let patch = serde_json::to_vec(patch).map_err(Failure::internal)?;
                    record.decision = Decision::Patched;
                    record.mutations = mutated.mutations();
                    response.patch = Some(BASE64_STANDARD.encode(patch));
                    response.patch_type = Some("JSONPatch");
                    response.audit_annotations = answer::mutation_annotations(&record.mutations);
                }
                record.left_out = mutated.left_out;
            }
        }
    }
    if let Some(notice) = notice {
        record.notice = Some(answer::line(format!("{} {}", notice.at, notice.message)).into_owned());
        response.warnings = answer::warnings(&Verdict { notices: vec![notice], ..Verdict::default() });
    }
    let answer = Answer { kind: "AdmissionReview", api_version, response };
    let mut body = Vec::with_capacity(ANSWER_BYTES);
    serde_json::to_writer(&mut body, &answer).map_err(Failure::internal)?;
    Ok(body)
}

/// Says what is wrong with the labels of a Namespace, which is not judged otherwise.
fn namespace_notice(engine: &Engine, mode: Mode, request: &AdmissionRequest<'_>) -> Option<Notice> {
    let changed =
        mode == Mode::Validate && matches!(request.meaning.operation, Some(Operation::Create | Operation::Update));
    let is_namespace = request.kind.kind == "Namespace" && request.kind.group.is_empty();
    if changed && is_namespace && request.sub_resource.is_empty() {
        label::notice(engine.policy().spec.namespace_labels, request.objects.new_text()?)
    } else {
        None
    }
}

/// Takes the objects out of `request` to read what there is to judge.
fn read_review<'a>(
    request: &mut AdmissionRequest<'a>,
    length: usize,
    cluster: Cluster<'a>,
) -> Result<Option<Review<'a>>, Failure> {
    let Some(target) = request.meaning.target else { return Ok(None) };
    let request = Request {
        target,
        sub_resource: request.sub_resource.clone(),
        namespace: request.namespace.clone(),
        user: take(&mut request.user_info),
        objects: take(&mut request.objects),
        inventory: cluster.inventory,
    };
    let review = within(length, || Review::read(request));
    let review = review.map(|review| review.map(|it| Review { opens_gates: cluster.opens_gates, ..it }));
    review.map_err(|error| Failure { reason: ErrorReason::UnreadableObject, cause: format!("request.{error}") })
}

/// Returns an answer without a decision: a JSON error, with the uid where there is one.
fn failure<'a>(mut record: Record<'a>, reason: ErrorReason, cause: &str) -> Response<'a> {
    #[derive(Serialize)]
    struct Error<'e> {
        error: &'e str,
        #[serde(skip_serializing_if = "str::is_empty")]
        uid: &'e str,
    }
    let status = match reason {
        ErrorReason::BadRequest => 400,
        ErrorReason::UnreadableObject | ErrorReason::Internal => 500,
        ErrorReason::Exhausted => 503,
    };
    let cause = answer::line(cause).into_owned();
    // Two strings always have a JSON form.
    let body = serde_json::to_vec(&Error { error: &cause, uid: &record.uid }).unwrap_or_default();
    record.decision = Decision::Error(reason);
    record.findings.clear();
    record.more.clear();
    record.own_levels.clear();
    record.controlled = None;
    record.error = Some(cause);
    Response { status, body, record }
}
