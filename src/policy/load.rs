//! Policy text to [`LifecyclePolicy`]. Errors carry file, line, column and, where a name is misspelt, a suggestion.

use std::{fs, io, path::PathBuf};

use serde_path_to_error::Segment;
use thiserror::Error;

use super::{LifecyclePolicy, config::PolicySpec, suggest::did_you_mean};
use crate::model::{
    Path,
    yaml::{self, Document, Place},
};

/// A policy that cannot be used.
#[derive(Debug, Error)]
pub enum PolicyError {
    /// The file cannot be read.
    #[error("cannot read policy {}: {cause}", file.display())]
    Read {
        /// Which file.
        file: PathBuf,
        /// Why.
        cause: io::Error,
    },
    /// The text is no policy.
    #[error("{origin}:{place}: {message}")]
    Invalid {
        /// File name, or what the text is.
        origin: String,
        /// Where.
        place: Place,
        /// What.
        message: String,
    },
}

/// Reads a policy file (YAML or JSON).
pub fn load(file: &std::path::Path) -> Result<LifecyclePolicy, PolicyError> {
    let text = fs::read_to_string(file).map_err(|cause| PolicyError::Read { file: file.to_owned(), cause })?;
    parse(&text, &file.display().to_string())
}

/// Reads a policy from YAML or JSON text; `origin` names it in errors.
pub fn parse(text: &str, origin: &str) -> Result<LifecyclePolicy, PolicyError> {
    let invalid = |place, message| PolicyError::Invalid { origin: origin.to_owned(), place, message };
    let from_yaml = |error: yaml::YamlError| invalid(error.place, error.message);
    let documents = yaml::documents(text).map_err(from_yaml)?;
    let [document] = documents.as_slice() else {
        let place = documents.get(1).map_or(Place { line: 1, column: 1 }, Document::start);
        return Err(invalid(place, format!("a policy is one document, not {}", documents.len())));
    };
    let json = document.to_json().map_err(from_yaml)?;
    let mut deserializer = serde_json::Deserializer::from_str(&json);
    let policy: LifecyclePolicy = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = path_of(error.path());
        let cause = without_position(&error.inner().to_string());
        let message = with_suggestion(&cause);
        let place = document.place(&path);
        let at = path.to_string();
        invalid(place, if at.is_empty() { message } else { format!("{at}: {message}") })
    })?;
    let problems = problems(&policy.spec);
    match problems.into_iter().next() {
        Some((path, message)) => Err(invalid(document.place(&path), format!("{path} {message}"))),
        None => Ok(policy),
    }
}

/// What has the right shape but cannot work: where and why.
fn problems(spec: &PolicySpec) -> Vec<(Path, String)> {
    let mutations = Path::of(&["spec", "mutations"]);
    let below = |base: &Path, dotted: &str| dotted.split('.').fold(base.clone(), |path, key| path.key(key.to_owned()));
    let at = mutations.clone().key("defaultProbes");
    let probes = spec.mutations.default_probes.iter().flat_map(crate::mutate::DefaultProbes::problems);
    let probes = probes.map(|(field, problem)| (below(&at, &field), problem));
    let gates = spec.mutations.scheduling_gates.iter().enumerate().flat_map(|(index, gate)| {
        let at = mutations.clone().key("schedulingGates").index(index);
        gate.problems().into_iter().map(move |(field, problem)| (below(&at, &field), problem))
    });
    probes.chain(gates).collect()
}

fn path_of(path: &serde_path_to_error::Path) -> Path {
    path.iter().fold(Path::default(), |path, segment| match segment {
        Segment::Seq { index } => path.index(*index),
        Segment::Map { key } => path.key(key.clone()),
        Segment::Enum { .. } | Segment::Unknown => path,
    })
}

/// The message without the position in the JSON text, which the user never sees.
fn without_position(message: &str) -> String {
    message.rsplit_once(" at line ").map_or(message, |(message, _)| message).to_owned()
}

/// Adds a suggestion to serde's "unknown field `x`, expected one of `y`, `z`" and "unknown variant …".
fn with_suggestion(message: &str) -> String {
    if !message.starts_with("unknown ") {
        return message.to_owned();
    }
    let mut quoted = message.split('`').skip(1).step_by(2);
    let Some(word) = quoted.next() else { return message.to_owned() };
    format!("{message}{}", did_you_mean(word, quoted))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{policy::config::Profile, rules::Level};

    fn error(spec: &str) -> String {
        let text = format!("apiVersion: podgate.dev/v1alpha1\nkind: LifecyclePolicy\nspec:\n{spec}");
        parse(&text, "p.yaml").unwrap_err().to_string()
    }

    #[test]
    fn levels_and_options() {
        let text = "apiVersion: podgate.dev/v1alpha1\nkind: LifecyclePolicy\nspec:\n  profile: strict\n  rules:\n    port-conflict: off\n    invalid-probe: {level: warn}\n";
        let policy = parse(text, "p.yaml").unwrap();
        let level = |id| policy.spec.rules.get(crate::rules::find(id).unwrap()).and_then(|setting| setting.level);
        assert_eq!(policy.spec.profile, Profile::Strict);
        assert_eq!((level("port-conflict"), level("invalid-probe")), (Some(Level::Off), Some(Level::Warn)));
        assert_eq!(level("host-port-conflict"), None);
        let written = serde_json::to_string(&policy).unwrap();
        assert_eq!(parse(&written, "json").unwrap(), policy);
    }

    #[test]
    fn errors_name_place_and_remedy() {
        let cases = [
            (
                "  rules:\n    port-conflikt: off\n",
                "p.yaml:5:5: spec.rules.port-conflikt: unknown rule \"port-conflikt\" (did you mean \"port-conflict\"?)",
            ),
            (
                "  rules:\n    port-conflict: deney\n",
                "p.yaml:5:5: spec.rules.port-conflict: unknown level \"deney\" (did you mean \"deny\"?); levels are off, audit, warn and deny",
            ),
            (
                "  rules:\n    port-conflict: {level: 3}\n",
                "p.yaml:5:5: spec.rules.port-conflict: a level is off, audit, warn or deny, not 3",
            ),
            (
                "  rules:\n    port-conflict: {margin: 3}\n",
                "p.yaml:5:5: spec.rules.port-conflict: rule port-conflict: unknown field `margin`, there are no fields",
            ),
            (
                "  rule: {}\n",
                "p.yaml:4:3: spec.rule: unknown field `rule`, expected one of `profile`, `rules`, `exemptions`, `mutations` (did you mean \"rules\"?)",
            ),
            (
                "  profile: Strict\n",
                "p.yaml:4:3: spec.profile: unknown variant `Strict`, expected one of `advisory`, `standard`, `strict` (did you mean \"strict\"?)",
            ),
            (
                "  mutations:\n    defaultProbes:\n      readiness: {periodSeconds: 0}\n",
                "p.yaml:6:19: spec.mutations.defaultProbes.readiness.periodSeconds is 0; at least 1 is needed",
            ),
            (
                "  mutations:\n    schedulingGates:\n    - name: a b\n",
                "p.yaml:6:7: spec.mutations.schedulingGates[0].name is \"a b\", which is no qualified name such as example.com/quota",
            ),
        ];
        for (spec, expected) in cases {
            assert_eq!(error(spec), expected);
        }
        assert!(
            error("  mutations:\n    defaultProbes:\n      startup: {successThreshold: 2}\n")
                .contains("only 1 is allowed here")
        );
        assert!(
            error("  mutations:\n    defaultProbes:\n      readiness: {httpPath: x}\n")
                .contains("a path begins with /")
        );
    }

    #[test]
    fn what_is_no_policy() {
        let error = |text| parse(text, "p.yaml").unwrap_err().to_string();
        assert_eq!(error(""), "p.yaml:1:1: a policy is one document, not 0");
        assert_eq!(error("a: 1\n---\nb: 2\n"), "p.yaml:3:1: a policy is one document, not 2");
        assert!(error("a: [\n").starts_with("p.yaml:"));
        assert!(error("apiVersion: v1\nkind: ConfigMap\n").starts_with("p.yaml:1:1: apiVersion: unknown variant `v1`"));
        assert!(error("kind: LifecyclePolicy\n").contains("missing field `apiVersion`"));
        assert!(matches!(load(std::path::Path::new("/no/such/file")), Err(PolicyError::Read { .. })));
    }
}
