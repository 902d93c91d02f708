//! Scripts of containers, as the scripted runtime reads them (`tests/cluster/assets/kubelet/script.go`), for the engine's simulation.

use std::time::Duration;

use podgate_engine::lifecycle::probes::{Handler, Port};
use podgate_engine::lifecycle::stages::containers;
use podgate_engine::lifecycle::timeline::{Asks, Check, Exit, Runs, Scenario, Script};
use podgate_engine::model::{Container, IntOrString, LifecycleHandler, PodSpec};

/// The scenario that the args of a Pod's containers tell.
pub fn scenario(spec: &PodSpec<'_>) -> Scenario {
    let scripts = containers(spec).map(|placed| (placed.container.name.to_string(), script(placed.container)));
    Scenario { containers: scripts.collect(), ..Scenario::default() }
}

fn script(container: &Container<'_>) -> Script {
    let mut script = Script { never_ends: true, ..Script::default() };
    let image = &*container.image;
    script.image_is_missing = image.starts_with("example.com/missing");
    script.pull = image.strip_prefix("example.com/slow:").map(time);
    for statement in &container.args {
        add(&mut script, &statement.split_whitespace().collect::<Vec<_>>());
    }
    if script.stops.is_empty() {
        script.stops.push((Runs::ALL, Exit { after: Duration::ZERO, code: 143 }));
    }
    // What the script does not have fails.
    for asks in asked(container) {
        if !script.checks.iter().any(|(_, check)| check.asks == asks) {
            let never = Check { asks, from: Duration::MAX, until: None, takes: Duration::ZERO };
            script.checks.push((Runs::ALL, never));
        }
    }
    script
}

fn add(script: &mut Script, words: &[&str]) {
    let option = |name: &str| words.windows(2).find(|pair| pair[0] == name).map(|pair| pair[1]);
    let runs = option("attempt").map_or(Runs::ALL, |text| {
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        Runs { first: first.parse().unwrap(), last: last.parse().unwrap() }
    });
    let after = option("after").map_or(Duration::ZERO, time);
    match words[0] {
        "exit" => script.exits.push((runs, Exit { after, code: words[1].parse().unwrap() })),
        "stop" => {
            let code = option("exit").map_or(143, |code| code.parse().unwrap());
            script.stops.push((runs, Exit { after, code }));
        }
        sort => {
            let port = || words[1].parse().unwrap();
            let asks = match sort {
                "exec" => vec![Asks::Command(words[1].to_owned())],
                // Who answers by HTTP is connected to, too.
                "http" => vec![Asks::Http(port()), Asks::Tcp(port())],
                "tcp" => vec![Asks::Tcp(port())],
                "grpc" => vec![Asks::Grpc(port())],
                _ => panic!("{sort} is no statement"),
            };
            for asks in asks {
                let from = option("from").map_or(Duration::ZERO, time);
                let takes = option("takes").map_or(Duration::ZERO, time);
                script.checks.push((runs, Check { asks, from, until: option("until").map(time), takes }));
            }
        }
    }
}

/// What the probes and hooks of a container ask.
fn asked(container: &Container<'_>) -> Vec<Asks> {
    let of_probe = |handler: Handler<'_>| match handler {
        Handler::Exec(command) => Some(Asks::Command(command[0].to_owned())),
        Handler::HttpGet { port: Port::Number(port), host: "", .. } => Some(Asks::Http(port)),
        Handler::TcpSocket { port: Port::Number(port), host: "" } => Some(Asks::Tcp(port)),
        Handler::Grpc { port: Port::Number(port), .. } => Some(Asks::Grpc(port)),
        _ => None,
    };
    let of_hook = |hook: &LifecycleHandler<'_>| match (&hook.exec, &hook.http_get) {
        (Some(exec), _) => Some(Asks::Command(exec.command[0].to_string())),
        (_, Some(get)) => match get.port.as_ref()? {
            IntOrString::Int(port) => Some(Asks::Http(*port)),
            IntOrString::String(_) => None,
        },
        _ => None,
    };
    let probes = container.probes().filter_map(|(_, probe)| of_probe(Handler::of(container, probe)?));
    let lifecycle = container.lifecycle.iter();
    let hooks = lifecycle.flat_map(|lifecycle| [&lifecycle.post_start, &lifecycle.pre_stop]).flatten();
    probes.chain(hooks.filter_map(of_hook)).collect()
}

/// A time as Go writes it: `4s`, `500ms`, `1m30s`.
fn time(text: &str) -> Duration {
    if let Some(number) = text.strip_suffix("ms") {
        return Duration::from_millis(number.parse().unwrap());
    }
    let (minutes, rest) = text.split_once('m').unwrap_or(("0", text));
    let seconds = rest.strip_suffix('s').unwrap_or("0");
    Duration::from_secs(minutes.parse::<u64>().unwrap() * 60 + seconds.parse::<u64>().unwrap())
}
