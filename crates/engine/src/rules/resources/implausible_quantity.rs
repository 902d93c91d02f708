//! # What it does
//!
//! Finds amounts that the API server takes and nobody means, in requests and limits of containers and of the Pod as a whole:
//!
//! - memory or ephemeral storage in thousandths of a byte: `512m` is half a byte. What comes to 1Mi or more is left alone: Kubernetes itself
//!   writes `1.6Gi` as `1717986918400m`.
//! - a memory limit below 4Mi, such as `512` without a unit. A limit of 0 means none.
//! - 1000 cpus or more: `1000` is a thousand whole cpus, and one cpu is `1000m`.
//!
//! # Why it is bad
//!
//! A container gets no further than its memory limit: below 4Mi mostly not as far as its own first line, as the runtime that starts it
//! needs some as well. A memory request of half a byte is no request, which makes the Pod one of the first to be evicted. A request of a
//! thousand cpus fits on hardly any node, and the Pod stays Pending.
//!
//! # Examples
//!
//! ```yaml
//! apiVersion: v1
//! kind: Pod
//! metadata: {name: web}
//! spec:
//!   containers:
//!   - name: app
//!     image: example.com/app:1
//!     resources:
//!       requests:
//!         cpu: 100Mi # finding: container "app" requests 100Mi cpu, 104857600 whole cpus; did you mean 100m?
//!         memory: 512m # finding: container "app" requests 512m memory, thousandths of a byte; did you mean 512Mi?
//!       limits:
//!         memory: 512 # finding: container "app" has a memory limit of 512 bytes, less than 4Mi, in which hardly anything starts; did you mean 512Mi?
//! ```
//!
//! # Use instead
//!
//! ```yaml
//! apiVersion: v1
//! kind: Pod
//! metadata: {name: web}
//! spec:
//!   containers:
//!   - name: app
//!     image: example.com/app:1
//!     resources:
//!       requests:
//!         cpu: 100m
//!         memory: 512Mi
//!       limits:
//!         memory: 512Mi
//! ```
//!
//! # References
//!
//! - <https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/#meaning-of-memory>
//! - <https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/#meaning-of-cpu>
//! - `warningsForPodSpecAndMeta` of the API server, which warns of parts of a byte as well

use crate::{
    lifecycle::{resources::Whose, stages},
    model::{Amount, Quantity, ResourceList, Review},
    rules::rule::{Check, Report, rule},
    syntax::Path,
};

rule! {
    id: "implausible-quantity",
    summary: "an amount that nobody means: thousandths of a byte, a memory limit of a few bytes, a thousand cpus",
    level: Warn,
    since: "0.1.0",
    page: "implausible_quantity.rs",
    check: ImplausibleQuantity {},
}

/// A limit below this is the number of a larger unit: the runtime that starts the container needs about as much for itself.
const LEAST_MEMORY_LIMIT: Amount = mebibytes(4);
/// Parts of a byte of what comes to this much are what is left of a fraction of a larger unit.
const LEAST_WITH_PARTS: Amount = mebibytes(1);
/// More than all but the largest machines have.
const MOST_CPUS: i128 = 1000;
const ONE: i128 = 1_000_000_000;

const fn mebibytes(number: i128) -> Amount {
    Amount(number * 1024 * 1024 * ONE)
}

impl Check for ImplausibleQuantity {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        for (template, placed) in stages::all(&review.new) {
            let resources = &placed.container.resources;
            let at = || placed.path(template).key("resources");
            let who = Whose::Container(&placed.container.name);
            check_list(&resources.requests, who, "requests", at, out);
            check_list(&resources.limits, who, "limits", at, out);
        }
        for template in &review.new.templates {
            let resources = &template.spec.resources;
            let at = || template.spec_path("resources");
            check_list(&resources.requests, Whose::Pod, "requests", at, out);
            check_list(&resources.limits, Whose::Pod, "limits", at, out);
        }
    }
}

fn check_list(
    list: &ResourceList<'_>,
    who: Whose<'_>,
    field: &'static str,
    at: impl Fn() -> Path,
    out: &mut Report<'_>,
) {
    let is_limit = field == "limits";
    for (name, quantity) in list.iter() {
        let Some(flaw) = Flaw::of(name, quantity, is_limit) else { continue };
        let meant = meant(name, quantity);
        let has = if is_limit { "has a limit of" } else { "requests" };
        let at = at().key(field).key(name.to_owned());
        match flaw {
            Flaw::PartsOfAByte => {
                out.at(at, format_args!("{who} {has} {quantity} {name}, thousandths of a byte{meant}"));
            }
            Flaw::FewBytes => out.at(
                at,
                format_args!(
                    "{who} has a memory limit of {quantity}{}, less than 4Mi, in which hardly anything starts{meant}",
                    if ends_in_a_digit(quantity) { " bytes" } else { "" }
                ),
            ),
            Flaw::ManyCpus(cpus) => {
                out.at(at, format_args!("{who} {has} {quantity} cpu, {cpus} whole cpus{meant}"));
            }
        }
    }
}

/// Says what is odd about an amount.
enum Flaw {
    PartsOfAByte,
    FewBytes,
    ManyCpus(i128),
}

impl Flaw {
    fn of(resource: &str, quantity: &Quantity<'_>, is_limit: bool) -> Option<Self> {
        let amount = quantity.amount().filter(|amount| *amount > Amount::default())?;
        let is_memory = resource == "memory";
        if is_memory || resource == "ephemeral-storage" {
            // 1000m is a whole byte, and as odd.
            let in_parts = || !amount.is_whole() || quantity.to_string().trim_end().ends_with('m');
            if amount < LEAST_WITH_PARTS && in_parts() {
                return Some(Self::PartsOfAByte);
            }
            return (is_memory && is_limit && amount < LEAST_MEMORY_LIMIT).then_some(Self::FewBytes);
        }
        (resource == "cpu" && amount >= Amount(MOST_CPUS * ONE)).then_some(Self::ManyCpus(amount.0 / ONE))
    }
}

fn ends_in_a_digit(quantity: &Quantity<'_>) -> bool {
    quantity.to_string().ends_with(|char: char| char.is_ascii_digit())
}

/// Returns the amount that was meant, as a question: memory in Mi and cpu in thousandths of one, where the number fits.
fn meant(resource: &str, quantity: &Quantity<'_>) -> String {
    let text = quantity.to_string();
    let number = text.trim_end_matches(|char: char| char.is_ascii_alphabetic());
    let unit = text.get(number.len()..).unwrap_or_default();
    let is_number = (1..=4).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit());
    match (resource, unit) {
        _ if !is_number => String::new(),
        ("cpu", "" | "M" | "Mi") => format!("; did you mean {number}m?"),
        ("memory" | "ephemeral-storage", "" | "m") => format!("; did you mean {number}Mi?"),
        _ => String::new(),
    }
}
