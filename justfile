# An index of the commands; each line can be typed as it stands.

# List them.
default:
    @just --list

# All tests.
test:
    cargo test --workspace

# Formatting and lints, as CI runs them.
lint:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets --features podgate/otlp -- -D warnings

# What a review costs, and how fast `check` is beside only parsing.
bench:
    cd bench && cargo bench

# podgate beside a server that does nothing, over TLS.
load:
    bench/load

# Instructions and allocations of a review, beside those of counts.txt.
counts:
    bench/counts

# The webhook on https://localhost:8443, with a development certificate in certs/.
serve *ARGS:
    cargo run -- serve {{ ARGS }}

# Rewrite what is generated from the code: rule pages, tables, snapshots.
docs:
    UPDATE=1 cargo test --workspace

# The documentation as a site in target/book, its links looked at.
site:
    docs/build

# The page to try podgate on, to target/playground.
playground:
    crates/playground/build

# Tests of that page in a real browser.
playground-test:
    crates/playground/run

# Tests against a real API server.
e2e:
    tests/cluster/run

# Scenarios on a real kubelet.
kubelet:
    tests/kubelet/run

# Pods that wait, on a real API server, scheduler, controllers and kubelet.
gates *ARGS:
    tests/gates/run {{ ARGS }}

# Cost that grows with the input and not faster.
growth *ARGS:
    tests/growth/run {{ ARGS }}

# The Helm chart beside the kustomize manifests.
chart:
    tests/chart/run

# Alerts and metrics, by Prometheus' own programs.
monitoring:
    tests/monitoring/run

# The image's last stage, built and run without a daemon; as root.
image-test PROFILE="dev":
    tests/image/run {{ PROFILE }}

# A release, as far as one gets without the network; --quick in a minute.
rehearse *ARGS:
    release/rehearse {{ ARGS }}

# The binary of one platform as it is published: linux-amd64, linux-arm64, darwin-arm64, windows-amd64, …
release PLATFORM="linux-amd64":
    release/build {{ PLATFORM }}

# The container image, tagged with the version in Cargo.toml.
image:
    version="$(cargo pkgid | sed 's/.*[#@]//')" && docker build --tag "podgate:$version" --build-arg VERSION="$version" --build-arg REVISION="$(git rev-parse HEAD)" .

# Licences, sources and duplicates of the dependencies; needs cargo-deny.
deny:
    cargo deny check bans licenses sources
