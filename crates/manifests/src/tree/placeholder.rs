//! Placeholders: values and texts that somebody fills in before the cluster sees them.

use serde_json::Value;

use podgate_engine::syntax::Path;

/// Pairs of marks around a name that is to be replaced, where they are the whole value.
const AROUND: [(&str, &str); 9] =
    [("<", ">"), ("$(", ")"), ("((", "))"), ("[[", "]]"), ("#{", "}"), ("%", "%"), ("@", "@"), ("__", "__"), ("$", "")];

/// Returns whether a value is one to be filled in: `${REPLICAS:=2}`, `{{ .Values.a }}`, `<name>`, `$PORT` and the like. Where a
/// string belongs, many of these are ordinary; it is for fields that hold something else.
pub(crate) fn is_placeholder(value: &str) -> bool {
    let value = value.trim();
    let inside = |open: &str, close: &str| {
        let (_, rest) = value.split_once(open)?;
        rest.split_once(close).map(|(inside, _)| inside)
    };
    if inside("${", "}").is_some_and(|name| name.starts_with(is_of_name)) || inside("{{", "}}").is_some() {
        return true;
    }
    AROUND.iter().any(|(open, close)| {
        let name = value.strip_prefix(open).and_then(|rest| rest.strip_suffix(close));
        let is_of_placeholder = |c| is_of_name(c) || matches!(c, ' ' | '-' | '.' | '/' | ':');
        name.is_some_and(|name| {
            name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && name.chars().all(is_of_placeholder)
        })
    })
}

fn is_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// Returns the placeholder that stands in the object `json` at `path`, or at the nearest field above that is there.
pub(crate) fn at(json: &str, path: &Path) -> Option<String> {
    // Nearly no object has one, and most need not be read for that.
    if !may_have(json) {
        return None;
    }
    let whole: Value = serde_json::from_str(json).ok()?;
    let pointer = path.pointer();
    let value = super::place::upwards(&pointer).find_map(|pointer| whole.pointer(pointer))?;
    value.as_str().filter(|text| is_placeholder(text)).map(str::to_owned)
}

/// Drops of what is found in the object `json` all that is found at a placeholder.
pub(crate) fn retain<T>(json: &str, found: &mut Vec<T>, path: impl Fn(&T) -> &Path) {
    if found.is_empty() || !may_have(json) {
        return;
    }
    let Ok(whole) = serde_json::from_str::<Value>(json) else { return };
    found.retain(|item| {
        let value = whole.pointer(&path(item).pointer()).and_then(Value::as_str);
        !value.is_some_and(is_placeholder)
    });
}

fn may_have(json: &str) -> bool {
    ["$", "{{", "<", "((", "[[", "#{", "\"%", "\"@", "\"__"].iter().any(|mark| json.contains(mark))
}

/// Returns whether a text that is no YAML is the source of a template: one of its lines, up to the one that cannot be read,
/// holds an expression where YAML would have a key, a value or an item.
pub(crate) fn is_template(text: &str, line: usize) -> bool {
    text.lines().take(line).any(|line| {
        let line = line.trim_start();
        if line.starts_with('#') {
            return false;
        }
        let begins = |text: &str| {
            let text = text.trim_start();
            ["{{", "{%", "<%"].iter().any(|mark| text.starts_with(mark))
                || (text.starts_with('@') && is_placeholder(text))
        };
        let value = line.split_once(": ").map(|(_, value)| value);
        let item = line.strip_prefix("- ");
        begins(line)
            || value.is_some_and(|value| begins(value) || value.contains("{{"))
            || item.is_some_and(|item| begins(item) || item.contains("{{"))
            || line.split_once(':').is_some_and(|(key, _)| key.contains("{{"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_told_from_values() {
        for value in [
            "${REPLICAS:=2}",
            "${replicas}",
            "{{ .Values.replicas }}",
            "a-${X}-b",
            "<replicas>",
            "<your name>",
            "$PORT",
            "$(PORT)",
            "((replicas))",
            "[[port]]",
            "%PORT%",
            "@PORT@",
            "__PORT__",
            "#{PORT}",
            "<NUMBER-OF-PODS>",
        ] {
            assert!(is_placeholder(value), "{value}");
        }
        for value in
            ["", "2", "50%", "many", "$5", "<", "<>", "a@b", "@", "%", "${}", "http", "__", "a<b>", "{}", "512Mi"]
        {
            assert!(!is_placeholder(value), "{value}");
        }
    }

    #[test]
    fn a_placeholder_is_found_by_its_path() {
        let json = r#"{"spec": {"replicas": "${REPLICAS:=2}", "paused": "yes"}}"#;
        let found = |keys: &[&'static str]| at(json, &Path::of(keys));
        assert_eq!(found(&["spec", "replicas"]).as_deref(), Some("${REPLICAS:=2}"));
        assert_eq!((found(&["spec", "paused"]), found(&["spec"]), found(&["status"])), (None, None, None));
        assert_eq!(at(r#"{"a": "b"}"#, &Path::of(&["a"])), None);
    }

    #[test]
    fn sources_of_templates_are_told_from_broken_manifests() {
        for text in [
            "{{- if .Values.a }}\na: 1",
            "a:\n  {{ include }}",
            "- {{ .x }}",
            "a: {{ .x }}",
            "a: \"{{ .x }}",
            "{{ .k }}: 1",
            "{% for a in b %}",
            "a: @NAME@",
            "a: b-{{ .x }}",
        ] {
            assert!(is_template(text, 9), "{text}");
        }
        for text in ["a: [\n", "# {{ no }}\na: [", "a: 1\nb: @x", "args: [--a={b}]\n - x"] {
            assert!(!is_template(text, 9), "{text}");
        }
        // What follows the fault is not its reason.
        assert!(!is_template("a: [\nb: {{ x }}", 1));
    }
}
