//! What every rule file imports: `Rule`, `Check`, `Report`, `Finding`, `Level`.

use std::{fmt, sync::Arc};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use thiserror::Error;

use super::{
    budget::Budget,
    level::{Level, LevelCase},
};
use crate::{
    lifecycle::waiting::OpenedGates,
    model::{Concern, Feature, KubernetesVersion, Review, Workload},
    syntax::{
        Path,
        text::beginning,
        value::{ValueError, from_value},
    },
};

/// A rule: what it is called, what it says, and the code behind it.
#[derive(Debug)]
pub struct Rule {
    /// The public id: it names the defect and never changes meaning.
    pub id: &'static str,
    /// One line that says what is found.
    pub summary: &'static str,
    /// The level under `profile: standard`.
    pub level: Level,
    /// The version of podgate that brought it.
    pub since: &'static str,
    /// The feature of Kubernetes that its claim needs: before the version that brought it the rule finds nothing.
    pub feature: Option<&'static Feature>,
    /// The rule's folder: what its findings are about.
    pub family: &'static str,
    /// The page in Markdown: the leading `//!` block of the rule's file.
    pub page: &'static str,
    /// The cases for which it has another level.
    pub other_levels: &'static [LevelCase],
    /// Options and check.
    pub code: Code,
}

/// Declares the `RULE` of a file. `check` is the type that implements [`Check`] and holds the rule's options; with `{}` behind
/// it the rule has none, and the type is declared here.
macro_rules! rule {
    (
        id: $id:literal,
        summary: $summary:literal,
        level: $level:ident,
        since: $since:literal,
        page: $page:literal,
        check: $check:ident {},
        $(other_levels: $cases:expr,)?
        $(feature: $feature:expr,)?
    ) => {
        #[derive(Debug, Default)]
        struct $check;

        $crate::rules::rule::rule! {
            @ $id, $summary, $level, $since, $page, [$($cases)?], [$($feature)?],
            $crate::rules::rule::Code::without_options::<$check>()
        }
    };
    (
        id: $id:literal,
        summary: $summary:literal,
        level: $level:ident,
        since: $since:literal,
        page: $page:literal,
        check: $check:ident,
        $(other_levels: $cases:expr,)?
        $(feature: $feature:expr,)?
    ) => {
        $crate::rules::rule::rule! {
            @ $id, $summary, $level, $since, $page, [$($cases)?], [$($feature)?],
            $crate::rules::rule::Code::with_options::<$check>()
        }
    };
    (@cases) => {
        &[]
    };
    (@cases $cases:expr) => {
        &$cases
    };
    (@feature) => {
        None
    };
    (@feature $feature:expr) => {
        Some(&$feature)
    };
    (
        @ $id:literal, $summary:literal, $level:ident, $since:literal, $page:literal, [$($cases:expr)?],
        [$($feature:expr)?], $code:expr
    ) => {
        pub(crate) static RULE: $crate::rules::rule::Rule = $crate::rules::rule::Rule {
            id: $id,
            summary: $summary,
            level: $crate::rules::level::Level::$level,
            since: $since,
            feature: $crate::rules::rule::rule!(@feature $($feature)?),
            family: $crate::rules::page::family(module_path!()),
            page: {
                const SOURCE: &str = include_str!($page);
                const PAGE: [u8; $crate::rules::page::page_len(SOURCE)] = $crate::rules::page::page(SOURCE);
                match core::str::from_utf8(&PAGE) {
                    Ok(page) => page,
                    Err(_) => "",
                }
            },
            other_levels: $crate::rules::rule::rule!(@cases $($cases)?),
            code: $code,
        };
    };
}

pub(crate) use rule;

/// Two rules are the same rule if they have the same id.
impl PartialEq for Rule {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Rule {}

impl Rule {
    /// Returns a rule that podgate does not come with: without a page and with one level.
    pub const fn new(id: &'static str, summary: &'static str, level: Level, code: Code) -> Self {
        Self { id, summary, level, since: "", feature: None, family: "", page: "", other_levels: &[], code }
    }

    /// Returns the versions of Kubernetes for which its page is true.
    pub fn kubernetes(&self) -> String {
        match self.feature {
            None => "all supported versions".to_owned(),
            Some(Feature { gate, on: Some(on), .. }) => format!("from {on} on (feature gate {gate})"),
            Some(Feature { gate, since, on: None, .. }) => {
                format!("from {since} on, where the feature gate {gate} is on (off by default)")
            }
        }
    }

    /// Returns whether there is what it speaks of in a cluster of a version. Of an unknown version there is.
    pub fn holds_in(&self, version: Option<KubernetesVersion>) -> bool {
        let (Some(version), Some(feature)) = (version, self.feature) else { return true };
        version >= feature.on.unwrap_or(feature.since)
    }

    /// Returns every level that the rule has for objects of a kind: first the one that holds unless another case is met.
    pub fn levels(&self, workload: &Workload) -> Vec<LevelCase> {
        let is_about = |case: &&LevelCase| case.is_about(workload);
        let mut cases: Vec<LevelCase> = self.other_levels.iter().filter(is_about).copied().collect();
        if !cases.iter().any(|case| case.when.is_empty()) {
            cases.insert(0, LevelCase::of(self.level, "", |_| true));
        }
        cases.sort_by_key(|case| !case.when.is_empty());
        cases
    }
}

/// A rule's check. `Self` holds the rule's options; its `Default` is what applies without a policy.
///
/// A check is pure: no clock, environment, I/O or logging. It says where and what; the policy says how bad.
pub trait Check: Default + Send + Sync + 'static {
    /// Says what of an object the rule judges; it is not run for anything else.
    const CONCERN: Concern = Concern::Spec;

    /// Tells whether the rule also judges a `scale` subresource, of which nothing is known but names, labels and `replicas`.
    const SCALE: bool = false;

    /// Takes over what the policy says elsewhere and the rule has to know.
    fn with_policy(&mut self, _facts: &PolicyFacts) {}

    /// Reports every place in `review.new` that breaks the rule.
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>);
}

/// Tells a rule what a policy says outside of a rule's options that a rule may have to know.
#[derive(Debug, Default, Clone)]
pub struct PolicyFacts {
    /// The scheduling gates that podgate removes, and what the Pods behind them wait for.
    pub gates: Arc<OpenedGates>,
    /// The version of Kubernetes that the objects are meant for, where it is said.
    pub kubernetes: Option<KubernetesVersion>,
}

/// A check with its options set, ready to run; shared by all parts of a policy that set the same.
pub type Compiled = Arc<dyn Fn(&Review<'_>, &mut Report<'_>) + Send + Sync>;

/// An option that a rule does not have, or not with this value.
#[derive(Debug, Error)]
#[error("{at}: {cause}")]
pub struct OptionError {
    /// The option, from the rule's setting.
    pub at: Path,
    /// Says what is wrong with it.
    pub cause: ValueError,
}

/// A [`Check`] whose type is erased, so that rules of all kinds fit into one list.
#[derive(Debug, Clone, Copy)]
pub struct Code {
    concern: Concern,
    scale: bool,
    compile: fn(Map<String, Value>, &PolicyFacts) -> Result<Compiled, OptionError>,
    schema: fn(&mut SchemaGenerator) -> Schema,
}

impl Code {
    /// Returns the code of `C`, which is read from the rule's options.
    pub const fn with_options<C: Check + DeserializeOwned + JsonSchema>() -> Self {
        Self {
            concern: C::CONCERN,
            scale: C::SCALE,
            compile: |options, facts| {
                let read = from_value::<C>(Value::Object(options));
                let mut check = read.map_err(|(at, cause)| OptionError { at, cause })?;
                check.with_policy(facts);
                Ok(Arc::new(move |review, out| check.check(review, out)))
            },
            schema: C::json_schema,
        }
    }

    /// Returns the code of `C`, which has no options.
    pub const fn without_options<C: Check>() -> Self {
        Self {
            concern: C::CONCERN,
            scale: C::SCALE,
            compile: |options, _| match options.keys().next() {
                Some(key) => {
                    let cause = ValueError::UnknownField { field: key.clone(), known: &[] };
                    Err(OptionError { at: Path::default().key(key.clone()), cause })
                }
                None => Ok(Arc::new(|review, out| C::default().check(review, out))),
            },
            schema: |_| json_schema!({ "type": "object", "additionalProperties": false }),
        }
    }

    /// The check with these options; options that are not given keep their default. Fails on an unknown option or a wrong
    /// type.
    pub fn compile(&self, options: Map<String, Value>, facts: &PolicyFacts) -> Result<Compiled, OptionError> {
        (self.compile)(options, facts)
    }

    /// Returns what of an object the rule judges.
    pub fn concern(&self) -> Concern {
        self.concern
    }

    /// Returns whether the rule judges this.
    pub fn judges(&self, concern: Concern) -> bool {
        concern == self.concern || concern == Concern::Scale && self.scale
    }

    /// The JSON Schema of the options.
    pub fn schema(&self, generator: &mut SchemaGenerator) -> Schema {
        (self.schema)(generator)
    }
}

/// The longest message of a finding, in bytes: names and values from an object can be of any length.
pub const MAX_MESSAGE_BYTES: usize = 1000;
/// Room for most messages: growing moves what is there.
const USUAL_MESSAGE_BYTES: usize = 160;
/// The longest part of a message that is written at once, such as a name: what comes after it still has to be read.
const MAX_PART_BYTES: usize = 500;
/// Tells where a finding is, and what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The rule that found it.
    pub rule: &'static Rule,
    /// Tells how bad it is under the policy, for whoever asks.
    pub level: Level,
    /// Tells how bad it is under the policy, whoever asks: what a controller creates gets a lower level.
    pub policy_level: Level,
    /// Tells how bad the rule itself finds it.
    pub own_level: Level,
    /// The field that one would edit to mend it.
    pub at: Path,
    /// One line: container, value found, limit; no final stop. No longer than [`MAX_MESSAGE_BYTES`].
    pub message: String,
    /// Tells how bad it is beside other findings of the rule at the same field: more is worse. In the rule's own unit, and 0 where
    /// the rule measures nothing.
    pub measure: i64,
}

/// Findings that are counted and not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct More {
    /// The rule that found them.
    pub rule: &'static Rule,
    /// Tells how bad they are under the policy, for whoever asks.
    pub level: Level,
    /// Tells how bad they are under the policy, whoever asks.
    pub policy_level: Level,
    /// Tells how bad the rule itself finds them.
    pub own_level: Level,
    /// Tells how many there are.
    pub count: usize,
}

/// The first findings of each rule and level, and the number of the others.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Findings {
    /// The first of each rule and level, as many as the budget says.
    pub kept: Vec<Finding>,
    /// Those that are not kept.
    pub more: Vec<More>,
}

impl Findings {
    /// Returns whether nothing was found.
    pub fn is_empty(&self) -> bool {
        // Nothing is counted before something is kept.
        self.kept.is_empty()
    }

    /// Keeps a finding, or counts it where `max_kept` are kept. Those of one rule come one after the other; `same` counts how
    /// many of them there are at each level.
    pub fn add(&mut self, finding: Finding, same: &mut PerLevel, max_kept: usize) {
        if same.count(finding.level) < max_kept {
            self.kept.push(finding);
            return;
        }
        let Finding { rule, level, policy_level, own_level, .. } = finding;
        let is_same = |more: &&mut More| more.rule == rule && (more.level, more.own_level) == (level, own_level);
        // A rule has a handful of levels.
        match self.more.iter_mut().rev().take(PerLevel::LEVELS * PerLevel::LEVELS).find(is_same) {
            Some(more) => more.count += 1,
            None => self.more.push(More { rule, level, policy_level, own_level, count: 1 }),
        }
    }
}

/// Tells how many findings of one rule there are at each level.
#[derive(Debug, Default)]
pub struct PerLevel([usize; Self::LEVELS]);

impl PerLevel {
    const LEVELS: usize = 4;

    /// Counts one more at `level`, and returns how many there were.
    fn count(&mut self, level: Level) -> usize {
        let Some(count) = self.0.get_mut(level as usize) else { return 0 };
        *count += 1;
        *count - 1
    }
}

/// Tells which level a rule's findings get under a policy.
#[derive(Debug, Clone, Copy)]
pub enum Levels {
    /// The policy names a level for the rule: all its findings have it.
    Named(Level),
    /// The rule's own levels, moved by the policy's profile.
    Moved(fn(Level) -> Level),
}

impl Levels {
    /// The level of a finding for which the rule itself has `own`.
    pub fn of(self, own: Level) -> Level {
        match self {
            Self::Named(level) => level,
            Self::Moved(by) => by(own),
        }
    }
}

/// Takes the findings of one rule.
pub struct Report<'r> {
    rule: &'static Rule,
    levels: Levels,
    budget: &'r Budget<'r>,
    to: To<'r>,
    same: PerLevel,
}

/// Tells what becomes of findings.
enum To<'r> {
    Keep(&'r mut Findings),
    Each(&'r mut dyn FnMut(Finding)),
}

impl fmt::Debug for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Report").field("rule", &self.rule.id).finish_non_exhaustive()
    }
}

impl<'r> Report<'r> {
    /// A report that adds the findings of `rule`, at `levels`, to `findings`.
    pub fn keep(rule: &'static Rule, levels: Levels, budget: &'r Budget<'r>, findings: &'r mut Findings) -> Self {
        Self { rule, levels, budget, to: To::Keep(findings), same: PerLevel::default() }
    }

    /// A report that hands on each finding.
    pub fn each(rule: &'static Rule, levels: Levels, budget: &'r Budget<'r>, to: &'r mut dyn FnMut(Finding)) -> Self {
        Self { rule, levels, budget, to: To::Each(to), same: PerLevel::default() }
    }

    /// Adds a finding at the rule's own level. `format_args!` writes no more of the message than is kept.
    pub fn at(&mut self, at: Path, message: impl fmt::Display) {
        self.at_level(self.rule.level, at, message);
    }

    /// Adds a finding of a case for which the rule has another level than its own.
    pub fn at_level(&mut self, own: Level, at: Path, message: impl fmt::Display) {
        self.measured_at_level(own, 0, at, message);
    }

    /// Adds a finding that is worse the greater its `measure` is. An object that had it may keep it, and may not make it
    /// worse: see [`Finding::measure`].
    pub fn measured(&mut self, measure: i64, at: Path, message: impl fmt::Display) {
        self.measured_at_level(self.rule.level, measure, at, message);
    }

    /// The same where the rule has another level than its own.
    pub fn measured_at_level(&mut self, own: Level, measure: i64, at: Path, message: impl fmt::Display) {
        let message = cut(message);
        // Past its end a judgement has no verdict, and needs no findings.
        if !self.budget.spend(1 + message.len() as u64) {
            return;
        }
        let level = self.levels.of(own);
        let finding = Finding { rule: self.rule, level, policy_level: level, own_level: own, at, message, measure };
        match &mut self.to {
            To::Keep(findings) => findings.add(finding, &mut self.same, self.budget.max_kept()),
            To::Each(to) => to(finding),
        }
    }

    /// Takes away from the judgement's budget what looking at `bytes` bytes of commands costs.
    pub fn spend(&self, bytes: usize) {
        self.budget.spend(bytes as u64);
    }
}

/// A message with `…` for what is too long of its parts and of itself. What is left out is not even written.
fn cut(message: impl fmt::Display) -> String {
    struct Cut {
        text: String,
    }

    impl fmt::Write for Cut {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            let room = MAX_MESSAGE_BYTES.saturating_sub(self.text.len());
            let most = room.min(MAX_PART_BYTES);
            if text.len() <= most {
                self.text.push_str(text);
                return Ok(());
            }
            self.text.push_str(beginning(text, most));
            self.text.push('…');
            if most < room { Ok(()) } else { Err(fmt::Error) }
        }
    }

    let mut cut = Cut { text: String::with_capacity(USUAL_MESSAGE_BYTES) };
    // Fails only where there is no room left.
    let _ = fmt::write(&mut cut, format_args!("{message}"));
    cut.text
}

#[cfg(test)]
mod tests {
    use super::{super::budget::MAX_KEPT, *};

    #[derive(Default)]
    struct Nothing;

    impl Check for Nothing {
        fn check(&self, _review: &Review<'_>, _out: &mut Report<'_>) {}
    }

    static RULE: Rule = Rule::new("nothing", "", Level::Deny, Code::without_options::<Nothing>());

    #[test]
    fn long_messages_are_cut_where_they_are_made() {
        let name = "ä".repeat(1_000_000);
        assert_eq!(cut("short"), "short");
        let text = cut(format_args!("container \"{name}\" is bad"));
        assert!(text.starts_with("container \"ää") && text.ends_with("ää…\" is bad"), "{text}");
        let text = cut(format_args!("{name} and {name} and {name}"));
        assert!(text.ends_with("ää…") && text.len() <= MAX_MESSAGE_BYTES + 2 * '…'.len_utf8(), "{}", text.len());
        assert_eq!(cut("x".repeat(MAX_PART_BYTES)).len(), MAX_PART_BYTES);
    }

    #[test]
    fn the_first_of_each_level_are_kept_and_all_are_counted() {
        let mut findings = Findings::default();
        let never = || false;
        let budget = Budget::until(&never);
        let mut report = Report::keep(&RULE, Levels::Moved(|own| own), &budget, &mut findings);
        for index in 0..2500 {
            report.at_level(Level::Warn, Path::default().index(index), "x");
        }
        report.at(Path::default(), "x");
        assert_eq!(findings.kept.len(), MAX_KEPT + 1);
        assert_eq!(findings.kept.last().unwrap().level, Level::Deny);
        assert_eq!(
            findings.more,
            [More {
                rule: &RULE,
                level: Level::Warn,
                policy_level: Level::Warn,
                own_level: Level::Warn,
                count: 2500 - MAX_KEPT
            }]
        );
    }
}
