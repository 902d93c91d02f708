//! Which containers serve a Service.

use super::{
    ports::protocol,
    stages::{self, Placed, Role},
};
use crate::model::{ContainerPort, PodSpec, entry::TargetPort};

/// The containers that serve `target` of the Pod, each with the port that does.
///
/// A number is served by who declares it for the same protocol; a Pod need not declare its ports, so that nobody may be
/// known to serve one. A name is that of the first container that has a port of this name, apps before sidecars; no other
/// container is asked. (`endpointslice.FindPort`)
pub fn serving<'p, 'a>(spec: &'p PodSpec<'a>, target: &TargetPort) -> Vec<(Placed<'p, 'a>, &'p ContainerPort<'a>)> {
    let of = |role| {
        let placed = stages::containers(spec).filter(move |placed| placed.role == role);
        placed.flat_map(|placed| placed.container.ports.iter().map(move |port| (placed, port)))
    };
    let declared = of(Role::App).chain(of(Role::Sidecar));
    match target {
        TargetPort::Number(number, wanted) => {
            declared.filter(|(_, port)| port.container_port == Some(*number) && protocol(port) == wanted).collect()
        }
        TargetPort::Name(name) => declared.filter(|(_, port)| port.name == **name).take(1).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::json::from_object;

    #[test]
    fn by_number_and_by_name() {
        let spec: PodSpec = from_object(
            r#"{"initContainers": [{"name": "i", "ports": [{"containerPort": 80, "name": "http"}]},
                  {"name": "s", "restartPolicy": "Always", "ports": [{"containerPort": 81, "name": "http"}, {"containerPort": 90, "name": "admin"}]}],
                "containers": [{"name": "a", "ports": [{"containerPort": 80, "name": "http"}, {"containerPort": 53, "protocol": "UDP"}]}],
                "ephemeralContainers": [{"name": "e", "ports": [{"containerPort": 80}]}]}"#,
        )
        .unwrap();
        let names = |target: TargetPort| -> Vec<(&str, Option<i64>)> {
            let found = serving(&spec, &target).into_iter();
            found.map(|(placed, port)| (&*placed.container.name, port.container_port)).collect()
        };
        let number = |number, protocol: &str| names(TargetPort::Number(number, protocol.to_owned()));
        let name = |name: &str| names(TargetPort::Name(name.to_owned()));
        assert_eq!(number(80, "TCP"), [("a", Some(80))]);
        assert_eq!(number(81, "TCP"), [("s", Some(81))]);
        assert_eq!(number(53, "UDP"), [("a", Some(53))]);
        assert_eq!(number(53, "TCP"), []);
        assert_eq!(name("http"), [("a", Some(80))]);
        assert_eq!(name("admin"), [("s", Some(90))]);
        assert_eq!(name("none"), []);
    }
}
