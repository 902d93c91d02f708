//! Reads the trace context of a request, as W3C defines it: <https://www.w3.org/TR/trace-context/>.

use axum::http::HeaderMap;

const HEADER: &str = "traceparent";
const TRACE_ID_DIGITS: usize = 32;
const PARENT_ID_DIGITS: usize = 16;
const SAMPLED_FLAG: u8 = 1;

/// The trace that a request belongs to, and the span in it that sent it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceContext<'h> {
    /// 32 hexadecimal digits.
    pub trace_id: &'h str,
    /// 16 hexadecimal digits.
    pub parent_id: &'h str,
    /// True if the caller records its part of the trace.
    pub sampled: bool,
}

impl<'h> TraceContext<'h> {
    /// Reads the header `traceparent`. One that is not valid is as good as none.
    pub(crate) fn read(headers: &'h HeaderMap) -> Option<Self> {
        let mut values = headers.get_all(HEADER).iter();
        let (Some(value), None) = (values.next(), values.next()) else { return None };
        let mut fields = value.to_str().ok()?.split('-');
        let version = fields.next().filter(|version| is_hex(version, 2) && *version != "ff")?;
        let trace_id = fields.next().filter(|id| is_id(id, TRACE_ID_DIGITS))?;
        let parent_id = fields.next().filter(|id| is_id(id, PARENT_ID_DIGITS))?;
        let flags = fields.next().filter(|flags| is_hex(flags, 2))?;
        let sampled = u8::from_str_radix(flags, 16).ok()? & SAMPLED_FLAG != 0;
        // Later versions may add fields.
        (version != "00" || fields.next().is_none()).then_some(Self { trace_id, parent_id, sampled })
    }
}

fn is_hex(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn is_id(text: &str, digits: usize) -> bool {
    is_hex(text, digits) && text.bytes().any(|byte| byte != b'0')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_valid_contexts_are_taken() {
        let (trace_id, parent_id) = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7");
        let valid = format!("00-{trace_id}-{parent_id}-01");
        for (value, taken) in [
            (valid.clone(), true),
            (format!("cc-{trace_id}-{parent_id}-01-what-comes"), true),
            (format!("{valid}-more"), false),
            (format!("ff-{trace_id}-{parent_id}-01"), false),
            (format!("00-{}-{parent_id}-01", trace_id.to_uppercase()), false),
            (format!("00-{}-{parent_id}-01", "0".repeat(32)), false),
            (format!("00-{trace_id}-{}-01", "0".repeat(16)), false),
            (format!("00-{trace_id}-{parent_id}"), false),
            (format!("00-{trace_id}x-{parent_id}-01"), false),
            (String::new(), false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(HEADER, value.parse().unwrap());
            let expected = taken.then_some(TraceContext { trace_id, parent_id, sampled: true });
            assert_eq!(TraceContext::read(&headers), expected, "{value}");
        }
        for (flags, sampled) in [("00", false), ("01", true), ("02", false), ("ff", true)] {
            let mut headers = HeaderMap::new();
            headers.insert(HEADER, format!("00-{trace_id}-{parent_id}-{flags}").parse().unwrap());
            assert_eq!(TraceContext::read(&headers).unwrap().sampled, sampled, "{flags}");
        }
        let mut headers = HeaderMap::new();
        headers.append(HEADER, valid.parse().unwrap());
        headers.append(HEADER, valid.parse().unwrap());
        assert_eq!(TraceContext::read(&headers), None, "which of the two?");
    }
}
