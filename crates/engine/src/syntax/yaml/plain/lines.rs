//! Lines, and what they begin with.

/// Splits off the next line, without its end; `None` at the end of the text.
pub(super) fn split_line(text: &str) -> Option<(&str, &str)> {
    match text.split_once('\n') {
        None if text.is_empty() => None,
        None => Some((text, "")),
        split => split,
    }
}

/// Returns how many spaces a line begins with.
pub(super) fn indentation(line: &str) -> usize {
    line.bytes().take_while(|byte| *byte == b' ').count()
}

/// Returns whether the item of a list begins here.
pub(super) fn begins_item(written: &str) -> bool {
    written.starts_with('-') && matches!(written.as_bytes().get(1), None | Some(b' '))
}
