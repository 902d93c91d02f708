//! YAML as Kubernetes reads it, turned into JSON text, with the place of every field.
//!
//! One front end serves manifests and policies: the JSON text goes to the same readers that AdmissionReviews go to, and a
//! [`Path`](super::Path) in it leads back to line and column. What is taken, what is refused and what it says is as with `kubectl`
//! ([sigs.k8s.io/yaml](https://github.com/kubernetes-sigs/yaml)): anchors, aliases and merge keys (`<<`) are resolved, within
//! limits, because a few lines of aliases may stand for gigabytes, and of a key that is given twice the last counts. Most
//! documents have nothing unusual in them: [`stream`] turns them into JSON and [`find`] looks up places without keeping anything,
//! and both hand over to [`documents`], which keeps the tree, where only that can tell. Before [`stream`] takes a document apart by
//! its tokens, [`plain`] tries to read it line by line.

mod document;
pub mod find;
mod json_writer;
pub mod layout;
mod parser;
pub mod plain;
mod reader;
pub mod stream;
mod tags;
mod writer;

use document::{Content, Extent, MAX_DEPTH, MAX_JSON_BYTES, MAX_NODES, Member, Node, member_name};
pub use document::{Document, Duplicate, Place, YamlError};
pub use reader::documents;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::Path;

    fn json(yaml: &str) -> String {
        let documents = documents(yaml).unwrap();
        documents.iter().map(|document| document.to_json().unwrap()).collect::<Vec<_>>().join("\n")
    }

    fn error(yaml: &str) -> String {
        let read = documents(yaml)
            .and_then(|documents| documents.iter().map(Document::to_json).collect::<Result<Vec<_>, _>>());
        read.unwrap_err().to_string()
    }

    #[test]
    fn documents_become_json() {
        assert_eq!(
            json("a: 1\nb: [x, {c: null}]\n---\n---\n\"d\": \"1\"\n"),
            "{\"a\":1,\"b\":[\"x\",{\"c\":null}]}\n{\"d\":\"1\"}"
        );
        assert_eq!(json("a: |\n  two\n  lines\nb: >-\n  one\n  line\n"), r#"{"a":"two\nlines\n","b":"one line"}"#);
        assert_eq!(json("# nothing\n"), "");
        assert_eq!(json("a: !!str 1\n"), r#"{"a":"1"}"#);
        assert_eq!(json("on: x\n1: z\n"), r#"{"true":"x","1":"z"}"#);
    }

    #[test]
    fn aliases_and_merge_keys() {
        assert_eq!(json("a: &x {p: 1}\nb: *x\n"), r#"{"a":{"p":1},"b":{"p":1}}"#);
        assert_eq!(json("a: &x {p: 1, q: 2}\nb:\n  <<: *x\n  p: 3\n"), r#"{"a":{"p":1,"q":2},"b":{"p":3,"q":2}}"#);
        assert_eq!(
            json("a: &x {p: 1}\nb: &y {p: 2, q: 2}\nc: {<<: [*x, *y]}\n"),
            r#"{"a":{"p":1},"b":{"p":2,"q":2},"c":{"p":1,"q":2}}"#
        );
    }

    #[test]
    fn what_is_refused() {
        assert_eq!(error("a: .nan\n"), "1:4: .nan has no JSON form");
        assert!(error("a: [1\nb: 2\n").starts_with("2:"));
        assert!(error("a: *x\n").starts_with("1:4"));
        assert!(error("{[a]: 1}\n").contains("a key has to be a string"));
        assert!(error(&"[".repeat(5000)).len() < 200);
    }

    #[test]
    fn what_yaml_1_2_refuses() {
        assert_eq!(json("a: \"x\ny\n\nz\"\nb: 'x\n y'\n"), r#"{"a":"x y\nz","b":"x y"}"#);
        assert_eq!(json("a:\t\"x\"#c\nb: [\n\t1,\n\t2]\nc: \"\\'\"\n"), r#"{"a":"x","b":[1,2],"c":"'"}"#);
        assert_eq!(json("a: 1\n---\n\u{feff}b: 2\n"), "{\"a\":1}\n{\"b\":2}");
        assert_eq!(json("a: 2.592e+06\nb: 3.0\nc: 1e-7\n"), r#"{"a":2592000,"b":3,"c":1e-7}"#);
    }

    #[test]
    fn what_kubectl_refuses() {
        assert_eq!(error("a: \"\\/\"\n"), "1:5: an unknown escape in a text in double quotes");
        assert!(error("a: 1\n--- b\n").starts_with("2:1: a line that begins with ---"));
        assert!(error("%YAML 1.1\n---\na: 1\n").starts_with("1:1: a directive without a document"));
        assert!(error("a: 1\n\tb: 2\n").starts_with("2:1: a tab"));
        assert!(error("a: \u{7}\n").starts_with("1:4: control characters"));
        assert_eq!(error("a: 1\nfoo\nb: 2\n"), "2:1: a key without ':'");
        assert_eq!(error("a: \"x\n"), "1:4: a quoted text that is not ended");
    }

    #[test]
    fn of_a_key_given_twice_the_last_counts() {
        let text = "a: 1\nb: [{c: 1, c: {d: 2}}]\na: 3\n";
        assert_eq!(json(text), r#"{"a":3,"b":[{"c":{"d":2}}]}"#);
        let documents = documents(text).unwrap();
        let duplicates: Vec<String> = documents[0]
            .duplicates()
            .iter()
            .map(|Duplicate { path, place, earlier }| format!("{path} {earlier} {place}"))
            .collect();
        assert_eq!(duplicates, ["a 1:1 3:1", "b[0].c 2:6 2:12"]);
        assert_eq!(documents[0].place(&Path::of(&["b"]).index(0).key("c").key("d")).to_string(), "2:16");
        // What comes later in the mapping counts, be it merged or not; and a merged member is given once.
        let merging = "x: &x {p: 1, q: 2}\na: {p: 3, <<: *x, q: 4}\n";
        assert_eq!(json(merging), r#"{"x":{"p":1,"q":2},"a":{"p":1,"q":4}}"#);
        assert!(super::documents(merging).unwrap()[0].duplicates().is_empty());
    }

    #[test]
    fn an_alias_bomb_is_stopped() {
        let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..12 {
            let before = level - 1;
            let aliases = vec![format!("*a{before}"); 10].join(", ");
            bomb.push_str(&format!("a{level}: &a{level} [{aliases}]\n"));
        }
        assert!(error(&bomb).contains("aliases blow the document up too far"));
    }

    #[test]
    fn places() {
        let yaml =
            "kind: Pod\nspec:\n  containers:\n  - name: a\n    ports: [{containerPort: 1}, {containerPort: 2}]\n";
        let documents = documents(yaml).unwrap();
        let place = |path: Path| documents[0].place(&path).to_string();
        let container = Path::of(&["spec", "containers"]).index(0);
        assert_eq!(place(Path::default()), "1:1");
        assert_eq!(place(Path::of(&["spec"])), "2:1");
        assert_eq!(place(container.clone()), "4:5");
        assert_eq!(place(container.clone().key("ports").index(1).key("containerPort")), "5:34");
        assert_eq!(place(container.clone().key("readinessProbe").key("httpGet")), "4:5");
        assert_eq!(place(container.index(3)), "4:5");
    }
}
