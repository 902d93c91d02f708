//! Cases written as Markdown: how the rules' pages and `tests/rules/` say what is to be found, and how users test a policy.
//!
//! A heading names a case. Each object in a block ```` ```yaml ```` is judged, and findings must stand exactly on the lines
//! marked `# finding`. After a colon may follow what the finding has to say: the rule's id, or a part of
//! `rule: message [level]`. Several on one line are several marks. Findings of level `audit` need no mark.
//!
//! Before such a block may stand ```` ```yaml old ```` (the object before an UPDATE, for the next block only),
//! ```` ```yaml policy ```` (a policy, or the `spec` of one), ```` ```yaml inventory ```` (the other objects that are known, as
//! documents) and ```` ```yaml request ```` (`operation: DELETE`, `subResource`, `user`, `groups`, `namespace`), these for the
//! rest of the case. Blocks of other languages are left alone. `yml` is `yaml`, in capitals too, and what a renderer of Markdown
//! may want besides (`title="web.yaml"`, `{1-3}`) is left alone as well.

mod case;
mod markdown;

pub use case::{
    Block, Case, CaseError, CaseFinding, Circumstances, Judged, Mark, RequestError, inventory, with_review,
};
pub use markdown::{Unread, read};
