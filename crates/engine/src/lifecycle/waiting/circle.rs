//! Circles: objects that wait for each other, so that none of them ever starts.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Limits the objects that are looked at from one: what waits for more, in a circle or not, is not looked through.
pub const MAX_OBJECTS: usize = 1000;

/// Holds what has to be there before an object is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Needs<N> {
    /// All of these: what a workload waits for. It waits for nothing where the list is empty.
    All(Vec<N>),
    /// One of these: the workloads behind a Service. Nothing is known of them where the list is empty, and they may come.
    Any(Vec<N>),
}

impl<N> Needs<N> {
    fn objects(&self) -> &[N] {
        match self {
            Self::All(objects) | Self::Any(objects) => objects,
        }
    }
}

/// Returns the shortest circle that holds `start` and of which no object ever comes: each needs the next one, and the last one
/// needs `start`, which is the first one; an object that needs itself is a circle of one. `needs` is asked once of each object that
/// `start` leads to, and of [`MAX_OBJECTS`] at most: others may come.
///
/// A Service behind which one workload does not wait for the circle ends it, and an object that only leads to a circle is on none.
pub fn circle<N: Clone + Ord>(start: &N, mut needs: impl FnMut(&N) -> Needs<N>) -> Option<Vec<N>> {
    let mut needed = BTreeMap::new();
    let mut next = VecDeque::from([start.clone()]);
    while let Some(object) = next.pop_front() {
        if needed.len() == MAX_OBJECTS {
            break;
        }
        if !needed.contains_key(&object) {
            let of_object = needs(&object);
            next.extend(of_object.objects().iter().filter(|other| !needed.contains_key(*other)).cloned());
            needed.insert(object, of_object);
        }
    }
    let stuck = stuck(&needed);
    // Breadth first, among what never comes: the first way that is back is a shortest.
    let mut from: BTreeMap<&N, &N> = BTreeMap::new();
    let mut next: VecDeque<&N> = stuck.get(start).copied().into_iter().collect();
    while let Some(object) = next.pop_front() {
        for other in needed.get(object).map(Needs::objects).unwrap_or_default() {
            if other == start {
                let way = std::iter::successors(Some(object), |object| from.get(object).copied());
                let mut way: Vec<N> = way.cloned().collect();
                way.reverse();
                return Some(way);
            }
            if stuck.contains(other) && !from.contains_key(other) {
                from.insert(other, object);
                next.push_back(other);
            }
        }
    }
    None
}

/// Returns the objects that never come: all of what they need or, where one is enough, none of it does without them. What is not among
/// the keys comes.
fn stuck<N: Ord>(needed: &BTreeMap<N, Needs<N>>) -> BTreeSet<&N> {
    // Of each object how many of those that it needs have still to come, and who needs it.
    let mut missing: BTreeMap<&N, usize> = BTreeMap::new();
    let mut needed_by: BTreeMap<&N, Vec<&N>> = BTreeMap::new();
    let mut come: Vec<&N> = Vec::new();
    for (object, needs) in needed {
        let known = || needs.objects().iter().filter(|other| needed.contains_key(*other));
        let others = needs.objects().len() - known().count();
        let wanted = match needs {
            Needs::Any(objects) if !objects.is_empty() => usize::from(others == 0),
            Needs::Any(_) => 0,
            Needs::All(_) => known().count(),
        };
        if wanted == 0 {
            come.push(object);
            continue;
        }
        missing.insert(object, wanted);
        for other in known() {
            needed_by.entry(other).or_default().push(object);
        }
    }
    while let Some(object) = come.pop() {
        for waiting in needed_by.remove(object).into_iter().flatten() {
            if let Some(wanted) = missing.get_mut(waiting) {
                *wanted -= 1;
                if *wanted == 0 {
                    missing.remove(waiting);
                    come.push(waiting);
                }
            }
        }
    }
    missing.into_keys().collect()
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// Looks for a circle in `a:b c` (a needs b and c) and `s?a b` (s needs a or b).
    fn found(start: &str, edges: &[&str]) -> Option<String> {
        let needs = |object: &String| {
            let of_object = edges.iter().find_map(|edge| {
                let (name, needed) = edge.split_once([':', '?'])?;
                (name == object).then(|| (edge.contains('?'), needed.split(' ').map(ToOwned::to_owned).collect()))
            });
            match of_object {
                Some((true, needed)) => Needs::Any(needed),
                Some((false, needed)) => Needs::All(needed),
                None => Needs::All(Vec::new()),
            }
        };
        circle(&start.to_owned(), needs).map(|way| way.join(" "))
    }

    #[test]
    fn circles_are_found_from_each_of_their_objects() {
        let edges = ["a:x b", "b:c", "c:a", "d:a", "e:e"];
        assert_eq!(found("a", &edges).as_deref(), Some("a b c"));
        assert_eq!(found("b", &edges).as_deref(), Some("b c a"));
        assert_eq!(found("e", &edges).as_deref(), Some("e"));
        assert_eq!(found("d", &edges), None, "it leads to a circle and is on none");
        assert_eq!(found("x", &edges), None);
    }

    #[test]
    fn the_shortest_is_found() {
        assert_eq!(found("a", &["a:b d", "b:c", "c:a", "d:a"]).as_deref(), Some("a d"));
    }

    #[test]
    fn one_workload_behind_a_service_is_enough() {
        assert_eq!(found("a", &["a:s", "s?b", "b:a"]).as_deref(), Some("a s b"));
        assert_eq!(found("a", &["a:s", "s?b free", "b:a"]), None);
        assert_eq!(found("a", &["a:s", "s?b c", "b:a", "c:b"]).as_deref(), Some("a s b"));
        assert_eq!(found("a", &["a:s", "s?a"]).as_deref(), Some("a s"));
        assert_eq!(found("a", &["a:s", "s?a a"]).as_deref(), Some("a s"), "the same twice is one");
    }

    #[test]
    fn long_ways_are_asked_once_an_object_and_end() {
        let asked = Cell::new(0);
        let long = |length: usize| {
            asked.set(0);
            let way = circle(&0, |object| {
                asked.set(asked.get() + 1);
                Needs::All(vec![(object + 1) % length, (object + 2) % length])
            });
            (way.map(|way| way.len()), asked.get())
        };
        assert_eq!(long(MAX_OBJECTS), (Some(MAX_OBJECTS / 2), MAX_OBJECTS));
        assert_eq!(long(MAX_OBJECTS * 100), (None, MAX_OBJECTS));
    }
}
