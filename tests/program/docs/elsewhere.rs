//! Commands in the documentation that need more than podgate and this tree, and where each is shown.

/// Commands that are run elsewhere or nowhere.
pub(super) struct Elsewhere {
    /// The file, or every file of a folder; `*` stands for any characters.
    pub(super) file: &'static str,
    /// The command; `*` stands for any characters.
    pub(super) command: &'static str,
    /// A file of the tree that runs it or its like, or what it needs that no machine of ours has.
    pub(super) shown: &'static str,
}

const fn of(file: &'static str, command: &'static str, shown: &'static str) -> Elsewhere {
    Elsewhere { file, command, shown }
}

/// What only a release that is published can show.
const PUBLISHED: &str = "needs a published release";
/// What only a cluster of the reader's can show.
const CLUSTER: &str = "needs the reader's cluster";

/// The first that fits counts. One that fits nothing fails the test.
pub(super) const ELSEWHERE: &[Elsewhere] = &[
    // The whole page, in the order of its commands.
    of("docs/rollout.md", "*", "tests/cluster/rollout.rs"),
    // From nothing, as a reader does who builds podgate.
    of("*", "cargo run -- serve*", "tests/program/docs/serve.rs"),
    of("*", "curl --cacert certs/ca.crt *https://localhost:8443/*", "tests/server/samples.rs"),
    of("*", "cargo test*", ".ci/run"),
    of("*", "UPDATE=1 cargo test*", ".ci/run"),
    of("CONTRIBUTING.md", "cargo run -- check samples/bad", "tests/program/samples.rs"),
    of("CONTRIBUTING.md", "git clone *", "needs the published repository"),
    of("CONTRIBUTING.md", "KUBEBUILDER_ASSETS=*", "tests/cluster/run"),
    of("CONTRIBUTING.md", "tests/*/run", ".ci/run"),
    of("docs/playground.md", "*", "crates/playground/run"),
    // From what is published: the rehearsal makes the same files, and serves them from here.
    of("*", "curl *releases/download/*", "release/rehearse"),
    of("*", "sudo install podgate *", "release/rehearse"),
    of("docs/install.md", "sha256sum --check *", "release/rehearse"),
    of("docs/install.md", "tar -xzf *", "release/rehearse"),
    of("*", "brew install *", PUBLISHED),
    of("docs/install.md", "kubectl krew install podgate", PUBLISHED),
    of("docs/install.md", "cosign verify*", PUBLISHED),
    of("docs/install.md", "cargo install *", PUBLISHED),
    of("docs/install.md", "docker run *", "tests/image/run"),
    // Charts and manifests.
    of("*", "helm install podgate *", "tests/chart/run"),
    of("*", "helm upgrade *", "tests/chart/run"),
    of("docs/install.md", "helm uninstall *", "tests/chart/run"),
    of("docs/install.md", "kubectl apply -k manifests/overlays/*", "tests/cluster/run"),
    of("docs/install.md", "kubectl apply --dry-run=server *", "tests/cluster/rollout.rs"),
    of("docs/install.md", "kubectl delete validatingwebhookconfiguration,*", "tests/cluster/rollout.rs"),
    of("*", "kubectl -n podgate rollout status *", CLUSTER),
    // Clusters that are asked.
    of("docs/install.md", "kubectl podgate audit", "tests/cluster/run"),
    of("*", "podgate audit*", "tests/cluster/run"),
    of("docs/audit.md", "kubectl * reports *", "tests/cluster/run"),
    of("docs/gates.md", "kubectl *", "tests/gates/run"),
    of("docs/install.md", "podgate serve --otlp-endpoint *", "tests/server/otlp.rs"),
];
