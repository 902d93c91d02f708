//! The examples: one for each family of rules, as files in `examples/`.

use podgate_manifests::documents;
use serde::Serialize;
use serde_json::value::RawValue;

/// An example as its files have it.
pub(crate) struct Source {
    /// The family of rules that it shows, and its id.
    pub(crate) family: &'static str,
    title: &'static str,
    pub(crate) manifest: &'static str,
    old: Option<&'static str>,
    policy: Option<&'static str>,
    /// The object whose Pods are drawn, where there are several.
    pod: Option<&'static str>,
    scenario: Option<&'static str>,
}

impl Source {
    const fn of(family: &'static str, title: &'static str, manifest: &'static str) -> Self {
        Self { family, title, manifest, old: None, policy: None, pod: None, scenario: None }
    }
}

macro_rules! file {
    ($name:literal) => {
        include_str!(concat!("../examples/", $name, ".yaml"))
    };
}

/// Holds all examples, in the order of the families.
pub(crate) static EXAMPLES: &[Source] = &[
    Source {
        scenario: Some(file!("init.scenario")),
        ..Source::of("init", "A sidecar that nobody waits for", file!("init"))
    },
    Source::of("ports", "Two containers, one port", file!("ports")),
    Source {
        scenario: Some(file!("probes.scenario")),
        ..Source::of("probes", "Killed before it is ready", file!("probes"))
    },
    Source {
        scenario: Some(file!("restart.scenario")),
        ..Source::of("restart", "A Job that never completes", file!("restart"))
    },
    Source {
        old: Some(file!("ownership.old")),
        ..Source::of("ownership", "A change that is refused", file!("ownership"))
    },
    Source {
        scenario: Some(file!("termination.scenario")),
        ..Source::of("termination", "A hook longer than the grace period", file!("termination"))
    },
    Source::of("storage", "Data that dies with the Pod", file!("storage")),
    Source {
        scenario: Some(file!("resources.scenario")),
        ..Source::of("resources", "Half a byte of memory", file!("resources"))
    },
    Source {
        scenario: Some(file!("disruption.scenario")),
        ..Source::of("disruption", "A rollout that is an outage", file!("disruption"))
    },
    Source::of("scaling", "An autoscaler that cannot count", file!("scaling")),
    Source {
        policy: Some(file!("scheduling.policy")),
        pod: Some("Deployment/web"),
        scenario: Some(file!("scheduling.scenario")),
        ..Source::of("scheduling", "Waiting for what never comes", file!("scheduling"))
    },
    Source {
        policy: Some(file!("fields.policy")),
        scenario: Some(file!("fields.scenario")),
        ..Source::of("fields", "Fields that are dropped", file!("fields"))
    },
];

/// An example as the page gets it.
#[derive(Serialize)]
pub(crate) struct Example {
    id: &'static str,
    family: &'static str,
    title: &'static str,
    manifest: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    old: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    policy: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pod: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scenario: Option<Box<RawValue>>,
}

/// Returns all examples.
pub(crate) fn examples() -> Result<Vec<Example>, String> {
    EXAMPLES.iter().map(Example::of).collect()
}

impl Example {
    fn of(source: &Source) -> Result<Self, String> {
        let scenario = source.scenario.map(|text| json(text).map_err(|why| format!("{}: {why}", source.family)));
        Ok(Self {
            id: source.family,
            family: source.family,
            title: source.title,
            manifest: source.manifest,
            old: source.old,
            policy: source.policy,
            pod: source.pod,
            scenario: scenario.transpose()?,
        })
    }
}

/// Returns a document of YAML as JSON.
fn json(text: &str) -> Result<Box<RawValue>, String> {
    let documents = documents(text).map_err(|error| error.to_string())?;
    let document = documents.into_iter().next().unwrap_or_default();
    RawValue::from_string(document.into_owned()).map_err(|error| error.to_string())
}
