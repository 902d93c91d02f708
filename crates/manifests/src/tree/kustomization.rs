//! A kustomization read: which files and folders it names, and as what.

use serde_json::Value;

use super::place::{folder_of, join};
use crate::source::{self, Lines};
use podgate_engine::syntax::yaml::YamlError;

/// The names that kustomize looks for in a folder.
pub(crate) const NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// Holds what a kustomization names. All paths lead from where the names of the run's files do.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Kustomization {
    /// Its own path.
    pub(super) file: String,
    /// The folder that it stands in.
    pub(super) folder: String,
    /// Tells whether it is none to be built by itself: a component.
    pub(super) is_component: bool,
    /// Tells whether it makes objects of Helm charts.
    pub(super) inflates_charts: bool,
    /// Files and folders that it takes objects from: resources, bases and components.
    pub(super) resources: Vec<String>,
    /// Files that change objects.
    pub(super) patches: Vec<String>,
    /// Files that are no objects for other reasons: what generators pack, settings of kustomize, values of charts.
    pub(super) data: Vec<String>,
    /// Tells whether it says how many replicas there are: by itself or by a patch that stands in it.
    pub(super) sets_replicas: bool,
}

impl Kustomization {
    /// Reads the text of the file at `path`.
    pub(super) fn read(path: &str, text: &str) -> Result<Self, YamlError> {
        let lines = Lines::of(text);
        let mut found = Self { file: path.to_owned(), folder: folder_of(path).to_owned(), ..Self::default() };
        for part in source::parts(text) {
            for document in part.read(&lines)? {
                // What is nested deeper than this names nothing.
                found.add(&serde_json::from_str(&document.json).unwrap_or_default());
            }
        }
        Ok(found)
    }

    fn add(&mut self, document: &Value) {
        self.is_component |= document["kind"] == "Component";
        for key in ["resources", "bases", "components"] {
            self.resources.extend(strings(&document[key]).map(|path| join(&self.folder, path)));
        }
        // A patch is a file, or stands here.
        let named = |value: &Value| -> Vec<String> {
            let paths = list(value).filter_map(|item| item.as_str().or_else(|| item["path"].as_str()));
            paths.filter(|path| is_path(path)).map(|path| join(&self.folder, path)).collect()
        };
        for key in ["patches", "patchesStrategicMerge", "patchesJson6902", "replacements"] {
            self.patches.extend(named(&document[key]));
            self.sets_replicas |= mentions_replicas(&document[key].to_string());
        }
        self.sets_replicas |= list(&document["replicas"]).next().is_some();
        for key in ["configurations", "crds", "generators", "transformers", "validators"] {
            self.data.extend(named(&document[key]));
        }
        self.data
            .extend(document.pointer("/openapi/path").and_then(Value::as_str).map(|path| join(&self.folder, path)));
        for generator in ["configMapGenerator", "secretGenerator"].iter().flat_map(|key| list(&document[*key])) {
            let files = ["files", "envs"].into_iter().flat_map(|key| strings(&generator[key]));
            // `KEY=PATH` gives the file another name.
            let paths = files.chain(generator["env"].as_str()).map(|file| file.split_once('=').map_or(file, |it| it.1));
            self.data.extend(paths.map(|path| join(&self.folder, path)));
        }
        for chart in ["helmCharts", "helmChartInflationGenerator"].iter().flat_map(|key| list(&document[*key])) {
            self.inflates_charts = true;
            let files = ["valuesFile", "values"].into_iter().filter_map(|key| chart[key].as_str());
            let files = files.chain(strings(&chart["additionalValuesFiles"]));
            self.data.extend(files.map(|path| join(&self.folder, path)));
        }
    }
}

/// Returns whether a patch of this text says how many replicas there are.
pub(super) fn mentions_replicas(text: &str) -> bool {
    text.contains("eplicas")
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn strings(value: &Value) -> impl Iterator<Item = &str> {
    list(value).filter_map(Value::as_str)
}

fn is_path(text: &str) -> bool {
    !text.contains(['\n', '{']) && !text.contains(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_is_named_is_found() {
        let text = "resources: [web.yaml, ../base]\nbases: [../old]\ncomponents: [../../components/tls]\n\
                    patches:\n- path: one.yaml\n- patch: |-\n    - op: add\n      path: /spec/x\n- {path: two.yaml, target: {kind: Pod}}\n\
                    patchesStrategicMerge:\n- three.yaml\n- |-\n  kind: Pod\n  metadata: {name: a}\n\
                    patchesJson6902: [{target: {kind: Pod}, path: four.yaml}]\nreplacements: [{path: five.yaml}, {source: {kind: Pod}}]\n\
                    configMapGenerator: [{name: a, files: [config.yaml, other.json=b.yaml], envs: [env.yaml]}]\n\
                    transformers: [labels.yaml]\nopenapi: {path: schema.json}\nhelmCharts: [{name: a, valuesFile: values.yaml}]\n";
        let found = Kustomization::read("/k/overlay/kustomization.yaml", text).unwrap();
        assert_eq!(found.resources, ["/k/overlay/web.yaml", "/k/base", "/k/old", "/components/tls"]);
        let names = |paths: &[String]| paths.iter().map(|path| path.replace("/k/overlay/", "")).collect::<Vec<_>>();
        assert_eq!(names(&found.patches), ["one.yaml", "two.yaml", "three.yaml", "four.yaml", "five.yaml"]);
        let data = ["labels.yaml", "schema.json", "config.yaml", "b.yaml", "env.yaml", "values.yaml"];
        assert_eq!(names(&found.data), data);
        assert!(!found.sets_replicas);
        let sets = |text| Kustomization::read("k", text).unwrap().sets_replicas;
        assert!(sets("replicas: [{name: web, count: 3}]") && sets("patches: [{patch: 'spec: {replicas: 3}'}]"));
        assert!(!sets("replicas: []") && Kustomization::read("k", "a: [").is_err());
    }
}
