//! Comments that ignore findings: `# podgate: ignore[<rule>] <reason>` on the line of a finding or on a line of its own above it.
//!
//! They are for files that become objects by other hands, where an annotation would end in the cluster. What the policy does not
//! let annotations ignore, comments do not ignore either.

use podgate_engine::{
    policy::suggest::did_you_mean,
    rules::{self, RULES, Rule},
};

use super::source::Lines;

/// Tells how such a comment begins.
pub(super) const MARK: &str = "# podgate: ignore[";
/// Tells how many lines of comments above a finding are looked at.
const MAX_LINES_ABOVE: usize = 8;

/// Tells what the comments at a finding do to it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// There is none for its rule.
    None,
    /// It does not count.
    Ignored,
    /// It counts, and the comment does not do what it seems to: one line.
    Notice(String),
}

/// Tells what comments do to a finding of `rule` in the line of this number; `may_ignore` says whether the policy lets it be ignored.
pub(super) fn effect(lines: &Lines<'_>, line: usize, rule: &Rule, may_ignore: bool) -> Effect {
    let above = (1..=MAX_LINES_ABOVE).map_while(|up| {
        let text = lines.line(line.checked_sub(up)?);
        text.trim_start().starts_with('#').then_some(text)
    });
    let mut effect = Effect::None;
    for (ids, reason) in std::iter::once(lines.line(line)).chain(above).filter_map(comment) {
        for id in ids.split(',').map(str::trim) {
            if id == rule.id {
                return match (reason, may_ignore) {
                    ("", _) => Effect::Notice(format!("a comment gives no reason to ignore {id}, and does not count")),
                    (_, false) => Effect::Notice(format!("the policy does not let {id} be ignored")),
                    (_, true) => Effect::Ignored,
                };
            }
            if rules::find(id).is_none() {
                let hint = did_you_mean(id, RULES.iter().map(|rule| rule.id));
                effect = Effect::Notice(format!("a comment ignores \"{id}\", which is no rule{hint}"));
            }
        }
    }
    effect
}

/// Returns the rules and the reason of a line's comment. A `#` begins one only where a blank stands before it.
fn comment(line: &str) -> Option<(&str, &str)> {
    let (before, rest) = line.split_once(MARK)?;
    let (ids, reason) = rest.split_once(']')?;
    (before.is_empty() || before.ends_with([' ', '\t'])).then_some((ids, reason.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str, line: usize, may_ignore: bool) -> Effect {
        effect(&Lines::of(text), line, rules::find("naked-pod").unwrap(), may_ignore)
    }

    #[test]
    fn on_the_line_or_above() {
        let here = "a: 1\nkind: Pod # podgate: ignore[naked-pod] a tool, run by hand\nb: 2\n";
        assert_eq!([1, 2, 3].map(|line| of(here, line, true)), [Effect::None, Effect::Ignored, Effect::None]);
        let above = "  # podgate: ignore[port-conflict, naked-pod] a tool\n  # and more\n  kind: Pod\nb: 2\n";
        assert_eq!((of(above, 3, true), of(above, 4, true)), (Effect::Ignored, Effect::None));
        for no_comment in
            ["kind: Pod# podgate: ignore[naked-pod] x", "# podgate ignore[naked-pod] x", "# podgate: ignore[naked"]
        {
            assert_eq!(of(no_comment, 1, true), Effect::None, "{no_comment}");
        }
    }

    #[test]
    fn what_does_not_count_is_said() {
        let said = |text, may_ignore| match of(text, 1, may_ignore) {
            Effect::Notice(message) => message,
            other => format!("{other:?}"),
        };
        let bare = said("kind: Pod # podgate: ignore[naked-pod]", true);
        assert_eq!(bare, "a comment gives no reason to ignore naked-pod, and does not count");
        assert_eq!(said("a: 1 # podgate: ignore[naked-pod] x", false), "the policy does not let naked-pod be ignored");
        let misspelt = said("a: 1 # podgate: ignore[naked-pood] x", true);
        assert_eq!(misspelt, "a comment ignores \"naked-pood\", which is no rule (did you mean \"naked-pod\"?)");
    }
}
