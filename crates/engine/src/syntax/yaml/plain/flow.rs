//! Collections in brackets that end on the line on which they begin.

use super::{
    super::json_writer::Writer,
    scalars::{self, Head, Rest, Text},
};

/// Reads a collection, writes it, and returns what stands behind it.
pub(super) fn collection<'t>(
    written: &'t str,
    anchor: usize,
    writer: &mut Writer,
    scratch: &mut String,
) -> Option<&'t str> {
    let outside = writer.depth();
    let mut rest = written;
    let mut anchor = Some(anchor);
    loop {
        // A name, or a value.
        rest = rest.trim_start_matches(' ');
        let bracket = match rest.as_bytes().first()? {
            b'[' => Some('['),
            b'{' => Some('{'),
            _ => None,
        };
        if let Some(bracket) = bracket {
            writer.open(bracket, anchor.take().unwrap_or_default())?;
            rest = rest.get(1..)?.trim_start_matches(' ');
            if !rest.starts_with(if bracket == '[' { ']' } else { '}' }) {
                continue;
            }
        } else if writer.wants_name() {
            rest = name(rest, writer, scratch)?;
            continue;
        } else {
            let (text, is_plain, behind) = scalar(rest, scratch)?;
            writer.scalar(text.of(scratch), is_plain, 0)?;
            rest = behind;
        }
        // What ends here; the value itself did.
        loop {
            rest = rest.trim_start_matches(' ');
            if let Some(behind) = rest.strip_prefix(',') {
                rest = behind;
                break;
            }
            rest = rest.strip_prefix(if writer.wants_name() { '}' } else { ']' })?;
            writer.close()?;
            if writer.depth() == outside {
                return Some(rest);
            }
        }
    }
}

/// Reads the name of a member and its colon.
fn name<'t>(written: &'t str, writer: &mut Writer, scratch: &mut String) -> Option<&'t str> {
    let (text, is_plain, behind) = if written.starts_with(['"', '\'']) {
        let (text, behind) = scalars::quoted(written, scratch)?;
        (text, false, behind.trim_start_matches(' ').strip_prefix(':')?)
    } else {
        match scalars::head(written, scratch)? {
            Head { text, behind: Rest::Colon(behind), .. } => (text, true, behind),
            Head { behind: Rest::End, .. } => return None,
        }
    };
    let name = text.of(scratch);
    let is_unusual = is_plain && (name == "<<" || name.contains(is_sign));
    if is_unusual || written.len() - behind.len() > scalars::MAX_KEY_BYTES {
        return None;
    }
    writer.name(name, is_plain)?;
    Some(behind)
}

/// Reads a scalar that is a value or an item.
fn scalar<'t>(written: &'t str, scratch: &mut String) -> Option<(Text<'t>, bool, &'t str)> {
    if written.starts_with(['"', '\'']) {
        let (text, behind) = scalars::quoted(written, scratch)?;
        return Some((text, false, behind));
    }
    let (text, behind) = written.split_at(written.find(is_sign)?);
    let text = text.trim_end_matches(' ');
    // A colon may be that of a pair, `[a: b]`, and '#' begin a comment.
    let is_usual = scalars::begins_plain(text)
        && text != "-"
        && !text.ends_with(':')
        && !text.contains(": ")
        && !text.contains(" #");
    is_usual.then_some((Text::Written(text), true, behind))
}

/// Returns whether a sign ends a plain scalar in brackets.
fn is_sign(char: char) -> bool {
    matches!(char, ',' | '?' | '[' | ']' | '{' | '}')
}
