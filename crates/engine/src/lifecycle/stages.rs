//! The order of containers and which of them run at the same time.
//!
//! Init containers start one after the other. A regular one runs to completion before the next starts; a sidecar (an init
//! container with `restartPolicy: Always`, KEP-753) is started and stays until the Pod ends. App containers start together
//! once every regular init container has succeeded. Ephemeral containers join a running Pod.

use crate::{
    model::{Container, Object, PodSpec, Template},
    syntax::Path,
};

/// Tells what part a container plays in its Pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// A regular init container: runs to completion.
    Init,
    /// An init container with `restartPolicy: Always`.
    Sidecar,
    /// One of `containers`.
    App,
    /// One of `ephemeralContainers`.
    Ephemeral,
}

/// A container with its place in the Pod.
#[derive(Debug, Clone, Copy)]
pub struct Placed<'p, 'a> {
    /// The container.
    pub container: &'p Container<'a>,
    /// Holds what part it plays.
    pub role: Role,
    /// Its index in its own list.
    pub index: usize,
}

impl Placed<'_, '_> {
    /// Returns where it stands in the object that holds `template`.
    pub fn path(&self, template: &Template<'_>) -> Path {
        if template.is_container {
            return template.path.clone();
        }
        let list = match self.role {
            Role::Init | Role::Sidecar => "initContainers",
            Role::App => "containers",
            Role::Ephemeral => "ephemeralContainers",
        };
        template.spec_path(list).index(self.index)
    }

    /// Returns whether it is still running when the containers after it start: all but regular init containers are. Of two
    /// containers in the order in which they start, the earlier [`runs_with`](Self::runs_with) the later exactly then.
    pub fn keeps_running(&self) -> bool {
        self.role != Role::Init
    }

    /// Returns whether this container and `other`, of the same Pod, can run at the same time.
    ///
    /// Apps, sidecars and ephemeral containers all run together. A regular init container runs only with the sidecars that
    /// stand before it. (Kubernetes documentation, "Sidecar Containers" and "Init Containers".)
    pub fn runs_with(&self, other: &Placed<'_, '_>) -> bool {
        match (self.role, other.role) {
            (Role::Init, Role::Sidecar) => other.index < self.index,
            (Role::Sidecar, Role::Init) => self.index < other.index,
            (Role::Init, _) | (_, Role::Init) => false,
            _ => true,
        }
    }
}

/// Every container of every template of an object, with its template, in the order in which they start.
pub fn all<'o, 'a>(object: &'o Object<'a>) -> impl Iterator<Item = (&'o Template<'a>, Placed<'o, 'a>)> {
    object.templates.iter().flat_map(|template| containers(&template.spec).map(move |placed| (template, placed)))
}

/// All containers in the order in which they start: init containers and sidecars, apps, ephemeral containers.
pub fn containers<'p, 'a>(spec: &'p PodSpec<'a>) -> impl Iterator<Item = Placed<'p, 'a>> {
    let init = spec.init_containers.iter().enumerate().map(|(index, container)| {
        let role = if is_sidecar(container) { Role::Sidecar } else { Role::Init };
        Placed { container, role, index }
    });
    let apps = placed(&spec.containers, Role::App);
    init.chain(apps).chain(placed(&spec.ephemeral_containers, Role::Ephemeral))
}

/// Returns whether an init container is a sidecar: its `restartPolicy` is `Always`. Any other value leaves it a regular one.
pub fn is_sidecar(init_container: &Container<'_>) -> bool {
    init_container.restart_policy.as_deref() == Some("Always")
}

fn placed<'p, 'a>(list: &'p [Container<'a>], role: Role) -> impl Iterator<Item = Placed<'p, 'a>> {
    list.iter().enumerate().map(move |(index, container)| Placed { container, role, index })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::json::from_object;

    #[test]
    fn who_runs_with_whom() {
        let spec: PodSpec = from_object(
            r#"{"initContainers": [{"name": "i0"}, {"name": "s1", "restartPolicy": "Always"}, {"name": "i2"},
                {"name": "s3", "restartPolicy": "Always"}, {"name": "i4", "restartPolicy": "OnFailure"}],
                "containers": [{"name": "a"}, {"name": "b"}], "ephemeralContainers": [{"name": "e"}]}"#,
        )
        .unwrap();
        let all: Vec<Placed> = containers(&spec).collect();
        let together = |one: &str| -> Vec<&str> {
            let one = all.iter().find(|placed| placed.container.name == one).unwrap();
            let others = all.iter().filter(|other| other.container.name != one.container.name && one.runs_with(other));
            others.map(|other| &*other.container.name).collect()
        };
        assert_eq!(together("i0"), [] as [&str; 0]);
        assert_eq!(together("s1"), ["i2", "s3", "i4", "a", "b", "e"]);
        assert_eq!(together("i2"), ["s1"]);
        assert_eq!(together("s3"), ["s1", "i4", "a", "b", "e"]);
        assert_eq!(together("i4"), ["s1", "s3"]);
        assert_eq!(together("a"), ["s1", "s3", "b", "e"]);
        assert_eq!(together("e"), ["s1", "s3", "a", "b"]);
        for (place, earlier) in all.iter().enumerate() {
            for later in &all[place + 1..] {
                assert_eq!(earlier.runs_with(later), earlier.keeps_running(), "{earlier:?} {later:?}");
            }
        }
    }
}
