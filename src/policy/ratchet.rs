//! The ratchet: of an UPDATE only what the old object did not already have counts.

use std::collections::HashMap;

use super::settings::Active;
use crate::{
    model::{Container, Object, Operation, Path, Review, path::Segment},
    rules::{Finding, Report},
};

/// Drops every finding that the old object had as well: same rule, same container by name, same field.
pub(super) fn drop_known(rules: &[Active], findings: &mut Vec<Finding>, review: &Review<'_>, old: &Object<'_>) {
    let before = Review {
        operation: Operation::Create,
        aspect: review.aspect,
        workload: review.workload,
        sub_resource: review.sub_resource.clone(),
        namespace: review.namespace.clone(),
        user: review.user.clone(),
        new: in_order_of(&review.new, old),
        old: None,
        inventory: review.inventory,
    };
    let mut known = Vec::new();
    for active in rules.iter().filter(|active| findings.iter().any(|finding| finding.rule == active.rule)) {
        (active.check)(&before, &mut Report::new(active.rule, active.levels, &mut known));
    }
    // A list may have moved by an item, so that the place alone does not tell which finding is new: each old one
    // excuses one new one, first of all the one that reads the same.
    let (old_lists, new_lists) = (container_lists(&before.new), container_lists(&review.new));
    let mut excuses: HashMap<(&str, String), Excuses> = HashMap::new();
    for finding in known {
        let excuses = excuses.entry((finding.rule.id, field_by_name(&finding.at, &old_lists))).or_default();
        excuses.left += 1;
        *excuses.by_message.entry(finding.message).or_default() += 1;
    }
    let mut is_known = |finding: &Finding, same_message: bool| {
        let field = field_by_name(&finding.at, &new_lists);
        let excuses = excuses.get_mut(&(finding.rule.id, field));
        excuses.is_some_and(|excuses| excuses.take(same_message.then_some(&*finding.message)))
    };
    findings.retain(|finding| !is_known(finding, true));
    findings.retain(|finding| !is_known(finding, false));
}

/// The old object, those of its `containers` that are still there in their new order. The order says nothing, but of two that
/// cannot be together a rule names the later one: that has to be the same one of both objects.
fn in_order_of<'a>(new: &Object<'a>, old: &Object<'a>) -> Object<'a> {
    let mut old = old.clone();
    for template in &mut old.templates {
        let Some(new) = new.templates.iter().find(|other| other.path == template.path) else { continue };
        let names = new.spec.containers.iter().map(|container| &*container.name);
        let order: HashMap<&str, usize> = names.zip(0..).collect();
        let place = |container: &Container<'_>| order.get(&*container.name).copied();
        let is_kept = |container: &&mut Container<'_>| place(container).is_some();
        let mut kept = template.spec.containers.to_vec();
        kept.retain(|container| place(container).is_some());
        kept.sort_by_key(place);
        let places = template.spec.containers.iter_mut().filter(is_kept);
        for (container, moved) in places.zip(kept) {
            *container = moved;
        }
    }
    old
}

/// What the old object had at one field against one rule.
#[derive(Default)]
struct Excuses {
    /// How many findings of a new object they still excuse.
    left: usize,
    /// How many of them read so and have not yet excused one that reads the same.
    by_message: HashMap<String, usize>,
}

impl Excuses {
    /// Uses one up, if there is one: one that reads `message`, or any.
    fn take(&mut self, message: Option<&str>) -> bool {
        let left = match message {
            Some(message) => self.by_message.get_mut(message).filter(|left| **left > 0),
            None => Some(&mut self.left).filter(|left| **left > 0),
        };
        let Some(left) = left else { return false };
        *left -= 1;
        if message.is_some() {
            self.left -= 1;
        }
        true
    }
}

/// Every list of containers by its place.
fn container_lists<'o, 'a>(object: &'o Object<'a>) -> HashMap<Path, &'o [Container<'a>]> {
    let lists = object.templates.iter().flat_map(|template| {
        let spec = &template.spec;
        [
            (template.spec_path("initContainers"), &*spec.init_containers),
            (template.spec_path("containers"), &*spec.containers),
            (template.spec_path("ephemeralContainers"), &*spec.ephemeral_containers),
        ]
    });
    lists.collect()
}

/// The path with containers by name instead of index and other items without index, so that it means the same field in
/// another version of the object.
fn field_by_name(path: &Path, lists: &HashMap<Path, &[Container<'_>]>) -> String {
    let mut field = String::new();
    let mut so_far = Path::default();
    for segment in path.segments() {
        match segment {
            Segment::Key(key) => {
                field.push('.');
                field.push_str(key);
                so_far = so_far.key(key.clone());
            }
            Segment::Index(index) => {
                let name = lists.get(&so_far).and_then(|list| list.get(*index)).map(|container| &*container.name);
                field.push('[');
                field.push_str(name.unwrap_or_default());
                field.push(']');
                so_far = so_far.index(*index);
            }
        }
    }
    field
}
