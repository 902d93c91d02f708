//! Names as the API server checks them.

/// Returns whether `name` is a qualified name (`IsQualifiedName`): an optional DNS subdomain and `/`, then 1 to 63 of
/// `A-Za-z0-9-_.` that begin and end with a letter or digit.
pub fn is_qualified_name(name: &str) -> bool {
    let (prefix, name) = match name.split_once('/') {
        Some((prefix, name)) => (Some(prefix), name),
        None => (None, name),
    };
    prefix.is_none_or(is_dns_subdomain)
        && (1..=63).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
        && ends_with(name, |byte| byte.is_ascii_alphanumeric())
}

/// Returns whether `name` is a DNS subdomain (`IsDNS1123Subdomain`, RFC 1123): at most 253 of `a-z0-9-.`, every label beginning and
/// ending with a letter or digit.
pub fn is_dns_subdomain(name: &str) -> bool {
    let letter_or_digit = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    name.len() <= 253
        && name.split('.').all(|label| {
            ends_with(label, letter_or_digit) && label.bytes().all(|byte| letter_or_digit(byte) || byte == b'-')
        })
}

/// Returns whether the first and the last byte are there and pass.
fn ends_with(text: &str, passes: impl Fn(u8) -> bool) -> bool {
    let bytes = text.as_bytes();
    bytes.first().copied().is_some_and(&passes) && bytes.last().copied().is_some_and(&passes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn qualified_names() {
        let long = "a".repeat(63);
        for good in ["a", "A.b_c-d", "example.com/quota", "x/y", "0-0.a/B", &long] {
            assert!(is_qualified_name(good), "{good}");
        }
        let too_long = "a".repeat(64);
        let long_prefix = format!("{}/a", "a.".repeat(127));
        for bad in [
            "",
            "-a",
            "a-",
            "a b",
            "/a",
            "a/",
            "a/b/c",
            "Example.com/a",
            "a..b/c",
            "ä",
            "-a/b",
            &too_long,
            &long_prefix,
        ] {
            assert!(!is_qualified_name(bad), "{bad}");
        }
    }
}
