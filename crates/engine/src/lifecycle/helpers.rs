//! Which containers of a Pod are ended by another container, as far as commands tell.

use super::stages::{self, Placed};
use crate::model::{Container, PodSpec};

/// Programs that send a signal to processes that they can see.
const SIGNALLERS: [&str; 3] = ["kill", "pkill", "killall"];

/// Returns whether a container of the Pod ends an app beside it: by a request to the app's own port, or by a signal, where the containers
/// share their processes (`shareProcessNamespace`). A regular init container has ended before an app starts. What an image runs by
/// itself is not known.
pub fn end_each_other(spec: &PodSpec<'_>) -> bool {
    let share = spec.share_process_namespace == Some(true);
    let mut beside = stages::containers(spec).filter(Placed::keeps_running).map(|placed| placed.container);
    beside.any(|container| asks_to_quit(container) || share && sends_signal(container))
}

/// Returns whether the command sends a signal, which reaches its own container at least; `kill -0` only asks whether the process is there.
pub fn sends_signal(container: &Container<'_>) -> bool {
    let texts = container.command.iter().chain(&container.args);
    let mut words = texts.flat_map(|text| text.split(|char: char| char.is_whitespace() || "\"'`;|&()".contains(char)));
    let mut words = std::iter::from_fn(|| words.find(|word| !word.is_empty())).peekable();
    while let Some(word) = words.next() {
        let program = word.rsplit('/').next().unwrap_or(word);
        if SIGNALLERS.contains(&program) && words.peek() != Some(&"-0") {
            return true;
        }
    }
    false
}

/// Returns whether the command has what makes a helper quit: the path on which Envoy, Istio's agent and the Cloud SQL proxy do (or
/// the proxy's option of that name), Linkerd's `linkerd-await`, and the paths of Linkerd, Dapr and Vault's agent on their own ports.
fn asks_to_quit(container: &Container<'_>) -> bool {
    container.command.iter().chain(&container.args).any(|text| {
        let own_port = text.contains("localhost:") || text.contains("127.0.0.1:");
        text.contains("quitquitquit")
            || text.contains("linkerd-await")
            || own_port && (text.contains("/shutdown") || text.contains("/agent/v1/quit"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::json::from_object;

    /// Tells whether the second of two apps, which have these commands, is ended.
    fn ended(share: bool, other: &str, helper: &str) -> bool {
        let text = serde_json::json!({
            "shareProcessNamespace": share,
            "containers": [{"command": ["sh", "-c", other]}, {"command": ["sh", "-c", helper]}],
        })
        .to_string();
        let spec: PodSpec<'_> = from_object(&text).unwrap();
        end_each_other(&spec) || sends_signal(&spec.containers[1])
    }

    #[test]
    fn signals() {
        for (script, sent) in [
            ("run; pkill -INT envoy", true),
            ("run && kill 1", true),
            ("run\n/usr/bin/killall -q envoy", true),
            ("trap 'kill $(pidof envoy)' EXIT; run", true),
            ("run", false),
            ("while kill -0 1; do sleep 1; done", false),
            ("run --kill-timeout=5; skill x", false),
            ("", false),
        ] {
            assert_eq!(ended(true, script, "envoy"), sent, "{script}");
            assert!(!ended(false, script, "envoy"), "{script}: other processes are not seen");
            assert_eq!(ended(false, "run", script), sent, "{script}: its own processes are");
        }
    }

    #[test]
    fn requests() {
        for (script, asked) in [
            ("run; curl -fsS -X POST http://localhost:15020/quitquitquit", true),
            ("run; wget --post-data= 127.0.0.1:4191/shutdown", true),
            ("run; curl -X POST localhost:3500/v1.0/shutdown", true),
            ("linkerd-await --shutdown -- run", true),
            ("run; curl http://api.example.com/shutdown", false),
            ("curl localhost:8080/metrics", false),
        ] {
            assert_eq!(ended(false, script, "envoy"), asked, "{script}");
        }
        assert!(ended(false, "run", "cloud-sql-proxy --quitquitquit db"));
    }
}
