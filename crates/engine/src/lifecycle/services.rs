//! Which containers serve a Service.

use std::collections::HashMap;

use super::{
    ports::protocol,
    stages::{self, Placed, Role},
};
use crate::model::{PodSpec, inventory_object::TargetPort};

/// Tells which containers of a Pod serve which port.
///
/// A number is served by who declares it for the same protocol; a Pod need not declare its ports, so that nobody may be
/// known to serve one. A name is that of the first container that has a port of this name, apps before sidecars; no other
/// container is asked. (`endpointslice.FindPort`)
#[derive(Debug, Default)]
pub struct Serving<'p, 'a> {
    by_number: HashMap<(i64, &'p str), Vec<Placed<'p, 'a>>>,
    by_name: HashMap<&'p str, Placed<'p, 'a>>,
}

impl<'p, 'a> Serving<'p, 'a> {
    /// Reads what the containers of the Pod declare.
    pub fn of(spec: &'p PodSpec<'a>) -> Self {
        let of = |role| {
            let placed = stages::containers(spec).filter(move |placed| placed.role == role);
            placed.flat_map(|placed| placed.container.ports.iter().map(move |port| (placed, port)))
        };
        let mut serving = Self::default();
        for (placed, port) in of(Role::App).chain(of(Role::Sidecar)) {
            if let Some(number) = port.container_port {
                serving.by_number.entry((number, protocol(port))).or_default().push(placed);
            }
            serving.by_name.entry(&port.name).or_insert(placed);
        }
        serving
    }

    /// The containers that serve `target`; one stands there twice that declares the port twice.
    pub fn target<'s>(&'s self, target: &'s TargetPort) -> &'s [Placed<'p, 'a>] {
        match target {
            TargetPort::Number(number, protocol) => {
                self.by_number.get(&(*number, protocol.as_str())).map(Vec::as_slice).unwrap_or_default()
            }
            TargetPort::Name(name) => self.by_name.get(name.as_str()).map(std::slice::from_ref).unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::json::from_object;

    #[test]
    fn by_number_and_by_name() {
        let spec: PodSpec = from_object(
            r#"{"initContainers": [{"name": "i", "ports": [{"containerPort": 80, "name": "http"}]},
                  {"name": "s", "restartPolicy": "Always", "ports": [{"containerPort": 81, "name": "http"}, {"containerPort": 90, "name": "admin"}]}],
                "containers": [{"name": "a", "ports": [{"containerPort": 80, "name": "http"}, {"containerPort": 53, "protocol": "UDP"}]}],
                "ephemeralContainers": [{"name": "e", "ports": [{"containerPort": 80}]}]}"#,
        )
        .unwrap();
        let serving = Serving::of(&spec);
        let names = |target: TargetPort| -> Vec<&str> {
            serving.target(&target).iter().map(|placed| &*placed.container.name).collect()
        };
        let number = |number, protocol: &str| names(TargetPort::Number(number, protocol.to_owned()));
        let name = |name: &str| names(TargetPort::Name(name.to_owned()));
        assert_eq!(number(80, "TCP"), ["a"]);
        assert_eq!(number(81, "TCP"), ["s"]);
        assert_eq!(number(53, "UDP"), ["a"]);
        assert!(number(53, "TCP").is_empty());
        assert_eq!(name("http"), ["a"]);
        assert_eq!(name("admin"), ["s"]);
        assert!(name("none").is_empty());
    }
}
