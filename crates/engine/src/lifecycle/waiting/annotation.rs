//! Reads the annotation `podgate.dev/wait-for`: `service/db, job/migrate, shop/secret/credentials`.

use thiserror::Error;

use super::{Target, Until, Wait};
use crate::{
    lifecycle::names::is_dns_subdomain,
    syntax::suggest::{meant, nearest},
};

/// Limits the targets of one annotation: a Pod that waits for more waits for the wrong things.
pub const MAX_TARGETS: usize = 32;

/// A word that names a kind.
#[derive(Debug)]
pub struct Word {
    /// The word.
    pub word: &'static str,
    api_version: &'static str,
    /// The kind.
    pub kind: &'static str,
    until: fn() -> Until,
    /// What others call it: kubectl's short names and plurals, for suggestions.
    other_names: &'static [&'static str],
}

/// All words.
pub static WORDS: [Word; 8] = [
    word("service", "v1", "Service", || Until::ReadyEndpoints(1), &["svc", "services", "endpoints", "ep"]),
    word("job", "batch/v1", "Job", || Until::Complete, &["jobs"]),
    word("deployment", "apps/v1", "Deployment", || Until::Available, &["deploy", "deployments"]),
    word("statefulset", "apps/v1", "StatefulSet", || Until::Available, &["sts", "statefulsets"]),
    word("daemonset", "apps/v1", "DaemonSet", || Until::Available, &["ds", "daemonsets"]),
    word("secret", "v1", "Secret", || Until::Exists, &["secrets"]),
    word("configmap", "v1", "ConfigMap", || Until::Exists, &["cm", "configmaps"]),
    word(
        "pvc",
        "v1",
        "PersistentVolumeClaim",
        || Until::Bound,
        &["persistentvolumeclaim", "persistentvolumeclaims", "pvcs"],
    ),
];

const fn word(
    word: &'static str,
    api_version: &'static str,
    kind: &'static str,
    until: fn() -> Until,
    other_names: &'static [&'static str],
) -> Word {
    Word { word, api_version, kind, until, other_names }
}

impl Word {
    /// Returns the word for a kind, if there is one.
    pub fn of_kind(kind: &str) -> Option<&'static Self> {
        WORDS.iter().find(|word| word.kind == kind)
    }

    /// Returns whether it is the word for a target: its kind and group are the same.
    pub fn is_of(&self, target: &Target) -> bool {
        let group = self.api_version.split_once('/').map_or("", |(group, _)| group);
        (self.kind, group) == (target.kind.as_str(), target.group())
    }

    /// Returns a wait for the object of this name: until what one mostly waits for.
    pub fn wait(&self, namespace: &str, name: &str) -> Wait {
        let target = Target {
            api_version: self.api_version.to_owned(),
            kind: self.kind.to_owned(),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        };
        Wait { target, until: (self.until)() }
    }
}

/// Something in the annotation that is no target.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum WaitForError {
    /// Not of the form `kind/name`.
    #[error("\"{0}\" is no target: write kind/name, such as service/db, or namespace/kind/name")]
    Form(String),
    /// An unknown word for a kind.
    #[error("\"{item}\": \"{word}\" is not waited for{}; known are {}", suggestion(word), words())]
    Kind {
        /// The target.
        item: String,
        /// The word.
        word: String,
    },
    /// No name of an object.
    #[error("\"{item}\": \"{name}\" is no name: lower case letters, digits, - and . are")]
    Name {
        /// The target.
        item: String,
        /// The name.
        name: String,
    },
    /// In a namespace in which the policy allows no targets.
    #[error(
        "\"{item}\" is in namespace \"{namespace}\"; the policy allows targets there by waitFor.targetNamespaces only"
    )]
    Namespace {
        /// The target.
        item: String,
        /// Its namespace.
        namespace: String,
    },
    /// More than [`MAX_TARGETS`].
    #[error("names {0} targets; at most {MAX_TARGETS} are waited for")]
    TooMany(usize),
}

impl WaitForError {
    /// Returns several as one text.
    pub fn all(errors: &[Self]) -> String {
        errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
    }
}

fn words() -> String {
    let words: Vec<&str> = WORDS.iter().map(|word| word.word).collect();
    let (last, rest) = words.split_last().unwrap_or((&"", &[]));
    format!("{} and {last}", rest.join(", "))
}

fn suggestion(unknown: &str) -> String {
    let lower = unknown.to_lowercase();
    let by_name = || WORDS.iter().find(|word| word.word == lower || word.other_names.contains(&lower.as_str()));
    let word = by_name().map(|word| word.word).or_else(|| nearest(&lower, WORDS.iter().map(|word| word.word)));
    word.map(meant).unwrap_or_default()
}

/// Reads the text of the annotation: targets with commas between them; blanks and line ends around them do not count, and neither
/// does a comma at the end. Each target stands in the result once, in the order of the text; a text without any is an empty list.
/// The error holds everything that is wrong.
pub fn read_wait_for(text: &str) -> Result<Vec<Wait>, Vec<WaitForError>> {
    let items = || text.split(',').map(str::trim).filter(|item| !item.is_empty());
    let count = items().count();
    if count > MAX_TARGETS {
        return Err(vec![WaitForError::TooMany(count)]);
    }
    let mut waits = Vec::new();
    let mut errors = Vec::new();
    for item in items() {
        match read(item) {
            Ok(wait) if waits.contains(&wait) => {}
            Ok(wait) => waits.push(wait),
            Err(error) => errors.push(error),
        }
    }
    if errors.is_empty() { Ok(waits) } else { Err(errors) }
}

fn read(item: &str) -> Result<Wait, WaitForError> {
    let parts: Vec<&str> = item.split('/').map(str::trim).collect();
    let (namespace, word, name) = match parts.as_slice() {
        [word, name] => ("", *word, *name),
        [namespace, word, name] if !namespace.is_empty() => (*namespace, *word, *name),
        _ => return Err(WaitForError::Form(item.to_owned())),
    };
    let Some(known) = WORDS.iter().find(|known| known.word == word) else {
        return Err(WaitForError::Kind { item: item.to_owned(), word: word.to_owned() });
    };
    let is_namespace =
        |name: &str| name.is_empty() || is_dns_subdomain(name) && name.len() <= 63 && !name.contains('.');
    let wrong = [(namespace, is_namespace(namespace)), (name, is_dns_subdomain(name))].into_iter().find(|(_, it)| !it);
    match wrong {
        Some((name, _)) => Err(WaitForError::Name { item: item.to_owned(), name: name.to_owned() }),
        None => Ok(known.wait(namespace, name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn errors(text: &str) -> Vec<String> {
        read_wait_for(text).unwrap_err().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn targets_are_read_in_their_order_and_once() {
        let waits = read_wait_for("service/db, job/migrate,\n  shop/secret/a.b ,service/db,").unwrap();
        let shown: Vec<String> = waits.iter().map(|wait| wait.target.to_string()).collect();
        assert_eq!(shown, ["service/db", "job/migrate", "shop/secret/a.b"]);
        let untils: Vec<&Until> = waits.iter().map(|wait| &wait.until).collect();
        assert_eq!(untils, [&Until::ReadyEndpoints(1), &Until::Complete, &Until::Exists]);
        assert_eq!(read_wait_for(" , \n"), Ok(Vec::new()));
    }

    #[test]
    fn every_word_is_read() {
        for word in &WORDS {
            let waits = read_wait_for(&format!("{}/x", word.word)).unwrap();
            assert_eq!(waits, [word.wait("", "x")]);
            for other in word.other_names {
                let said = errors(&format!("{other}/x")).concat();
                assert!(said.contains(&format!("did you mean \"{}\"?", word.word)), "{said}");
            }
        }
    }

    #[test]
    fn what_is_no_target_is_said() {
        let known = "known are service, job, deployment, statefulset, daemonset, secret, configmap and pvc";
        for (text, expected) in [
            ("db", "\"db\" is no target: write kind/name, such as service/db, or namespace/kind/name".to_owned()),
            (
                "/service/db",
                "\"/service/db\" is no target: write kind/name, such as service/db, or namespace/kind/name".to_owned(),
            ),
            (
                "a/b/service/db",
                "\"a/b/service/db\" is no target: write kind/name, such as service/db, or namespace/kind/name"
                    .to_owned(),
            ),
            ("servce/db", format!("\"servce/db\": \"servce\" is not waited for (did you mean \"service\"?); {known}")),
            (
                "Service/db",
                format!("\"Service/db\": \"Service\" is not waited for (did you mean \"service\"?); {known}"),
            ),
            ("pod/db", format!("\"pod/db\": \"pod\" is not waited for; {known}")),
            ("service/DB", "\"service/DB\": \"DB\" is no name: lower case letters, digits, - and . are".to_owned()),
            ("service/", "\"service/\": \"\" is no name: lower case letters, digits, - and . are".to_owned()),
            (
                "a.b/service/db",
                "\"a.b/service/db\": \"a.b\" is no name: lower case letters, digits, - and . are".to_owned(),
            ),
        ] {
            assert_eq!(errors(text), [expected], "{text}");
        }
        assert_eq!(errors("service/a, x, y").len(), 2);
        let many: String = (0..33).map(|index| format!("job/j{index},")).collect();
        assert_eq!(errors(&many), ["names 33 targets; at most 32 are waited for"]);
    }
}
