//! The page of a rule, cut out of its source text as podgate is compiled: only the page ends in the program.

/// Tells how a line of the page begins in the source.
const PREFIX: &[u8] = b"//!";

/// Returns how long the page is, in bytes: the leading `//!` block of a source text, without what marks it.
pub const fn page_len(source: &str) -> usize {
    copy(source.as_bytes(), &mut [])
}

/// Returns the page, of the length that [`page_len`] says.
pub const fn page<const LEN: usize>(source: &str) -> [u8; LEN] {
    let mut page = [0; LEN];
    copy(source.as_bytes(), &mut page);
    page
}

/// Writes the page as far as there is room, and returns its length.
#[allow(clippy::indexing_slicing, reason = "runs in the compiler, which would say so")]
const fn copy(source: &[u8], page: &mut [u8]) -> usize {
    let (mut at, mut len) = (0, 0);
    while at + PREFIX.len() <= source.len() && is_prefix(source, at) {
        at += PREFIX.len();
        if at < source.len() && source[at] == b' ' {
            at += 1;
        }
        while at < source.len() && source[at] != b'\n' {
            if source[at] != b'\r' {
                if len < page.len() {
                    page[len] = source[at];
                }
                len += 1;
            }
            at += 1;
        }
        if len < page.len() {
            page[len] = b'\n';
        }
        len += 1;
        at += 1;
    }
    len
}

#[allow(clippy::indexing_slicing, reason = "runs in the compiler, which would say so")]
const fn is_prefix(source: &[u8], at: usize) -> bool {
    source[at] == PREFIX[0] && source[at + 1] == PREFIX[1] && source[at + 2] == PREFIX[2]
}

/// Returns the folder of a rule, by its module: `podgate_engine::rules::probes::invalid_probe`.
pub const fn family(module: &'static str) -> &'static str {
    let (_, rest) = split(module, 2);
    split(rest, 1).0
}

/// Splits a path of modules behind so many of them; the second part begins behind the `::`.
const fn split(module: &'static str, count: usize) -> (&'static str, &'static str) {
    let bytes = module.as_bytes();
    let (mut at, mut found) = (0, 0);
    while at + 1 < bytes.len() {
        #[allow(clippy::indexing_slicing, reason = "runs in the compiler, which would say so")]
        if bytes[at] == b':' && bytes[at + 1] == b':' {
            found += 1;
            if found == count {
                let (before, rest) = module.split_at(at);
                return (before, rest.split_at(2).1);
            }
            at += 1;
        }
        at += 1;
    }
    (module, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "//! # Title\r\n//!\n//! Text.\n//!   indented ü\n\n//! not this\nuse x;\n";

    #[test]
    fn only_the_leading_block() {
        let page = page::<{ page_len(SOURCE) }>(SOURCE);
        assert_eq!(std::str::from_utf8(&page), Ok("# Title\n\nText.\n  indented ü\n"));
        assert_eq!((page_len(""), page_len("use x;"), page_len("//")), (0, 0, 0));
    }

    #[test]
    fn the_folder_is_the_family() {
        assert_eq!(family("podgate_engine::rules::probes::invalid_probe"), "probes");
    }
}
