//! # What it does
//!
//! Finds amounts of resources that the API server refuses, in requests and limits of containers and of the Pod as a whole, in `overhead`
//! and in an emptyDir's `sizeLimit`:
//!
//! - what is no quantity: a unit that Kubernetes does not have (`512mb`, `1K`), a comma, a blank between number and unit.
//! - a negative one.
//! - a part of a resource that is only counted, such as `nvidia.com/gpu: 500m`.
//!
//! # Why it is bad
//!
//! The API server refuses the object. In the template of a custom workload (a Rollout, a CloneSet) it looks at nothing, and the
//! mistake shows only when no Pod appears.
//!
//! Units are k, M, G, T, P and E in powers of 1000, Ki, Mi, Gi, Ti, Pi and Ei in powers of 1024, and m, u and n for thousandths,
//! millionths and billionths. Case matters: `512m` of memory is half a byte.
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
//!         cpu: 100m
//!         memory: 512mb # finding: container "app" has memory request "512mb", which is no quantity; did you mean 512M or 512Mi?
//!       limits:
//!         nvidia.com/gpu: 500m # finding
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
//!         nvidia.com/gpu: 1
//! ```
//!
//! # References
//!
//! - <https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/>
//! - <https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/#meaning-of-memory>
//! - `ParseQuantity` and `ValidateResourceQuantityValue` of the API server

use std::fmt;

use crate::{
    lifecycle::{
        resources::{Whose, is_counted},
        stages,
    },
    model::{Quantity, ResourceList, Review},
    rules::rule::{Check, Report, rule},
    syntax::Path,
};

rule! {
    id: "invalid-quantity",
    summary: "an amount of a resource that the API server refuses",
    level: Deny,
    since: "0.1.0",
    page: "invalid_quantity.rs",
    check: InvalidQuantity {},
}

impl Check for InvalidQuantity {
    fn check(&self, review: &Review<'_>, out: &mut Report<'_>) {
        for (template, placed) in stages::all(&review.new) {
            let (resources, at) = (&placed.container.resources, || placed.path(template).key("resources"));
            let who = Whose::Container(&placed.container.name);
            check_list(&resources.requests, who, "request", || at().key("requests"), out);
            check_list(&resources.limits, who, "limit", || at().key("limits"), out);
        }
        for template in &review.new.templates {
            let (spec, at) = (&template.spec, || template.spec_path("resources"));
            check_list(&spec.resources.requests, Whose::Pod, "request", || at().key("requests"), out);
            check_list(&spec.resources.limits, Whose::Pod, "limit", || at().key("limits"), out);
            check_list(&spec.overhead, Whose::Pod, "overhead", || template.spec_path("overhead"), out);
            for (index, volume) in spec.volumes.iter().enumerate() {
                let limit = volume.empty_dir.as_ref().and_then(|empty_dir| empty_dir.size_limit.as_ref());
                let Some(limit) = limit else { continue };
                if let Some(flaw) = Flaw::of("", limit) {
                    out.at(
                        template.spec_path("volumes").index(index).keys(&["emptyDir", "sizeLimit"]),
                        format_args!("volume \"{}\" has sizeLimit \"{limit}\", {flaw}", volume.name),
                    );
                }
            }
        }
    }
}

fn check_list(list: &ResourceList<'_>, who: Whose<'_>, what: &str, at: impl Fn() -> Path, out: &mut Report<'_>) {
    for (name, quantity) in list.iter() {
        if let Some(flaw) = Flaw::of(name, quantity) {
            out.at(at().key(name.to_owned()), format_args!("{who} has {name} {what} \"{quantity}\", {flaw}"));
        }
    }
}

/// Says why the API server refuses a quantity.
enum Flaw {
    None { meant: Option<String> },
    Negative,
    NotWhole,
}

impl Flaw {
    fn of(resource: &str, quantity: &Quantity<'_>) -> Option<Self> {
        match quantity.amount() {
            None => Some(Self::None { meant: meant(&quantity.to_string()) }),
            Some(amount) if amount.is_negative() => Some(Self::Negative),
            Some(amount) if is_counted(resource) && !amount.is_whole() => Some(Self::NotWhole),
            Some(_) => None,
        }
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None { meant: Some(meant) } => write!(f, "which is no quantity; did you mean {meant}?"),
            Self::None { meant: None } => f.write_str("which is no quantity such as 500m, 2 or 512Mi"),
            Self::Negative => f.write_str("which may not be below 0"),
            Self::NotWhole => f.write_str("which has to be a whole number"),
        }
    }
}

/// Returns the quantity that was meant by a text that is none: a unit in another case or with `b`, a comma, a blank within.
fn meant(text: &str) -> Option<String> {
    // Longer than any that somebody meant.
    const MOST_BYTES: usize = 30;
    if text.len() > MOST_BYTES {
        return None;
    }
    let text = text.replace(' ', "").replace(',', ".");
    let (number, unit) = text.split_at(text.find(|char: char| char.is_ascii_alphabetic()).unwrap_or(text.len()));
    let unit = unit.to_ascii_lowercase();
    let unit = unit.strip_suffix('b').unwrap_or(&unit);
    let (powers_of_1000, powers_of_1024) = match unit.strip_suffix('i').unwrap_or(unit) {
        "" => ("", ""),
        "k" => ("k", "Ki"),
        "m" => ("M", "Mi"),
        "g" => ("G", "Gi"),
        "t" => ("T", "Ti"),
        "p" => ("P", "Pi"),
        _ => return None,
    };
    let is_quantity = number.ends_with(|char: char| char.is_ascii_digit())
        && Quantity::new(number.into()).amount().is_some_and(|amount| !amount.is_negative());
    is_quantity.then(|| match unit {
        "" => number.to_owned(),
        _ if unit.ends_with('i') => format!("{number}{powers_of_1024}"),
        _ => format!("{number}{powers_of_1000} or {number}{powers_of_1024}"),
    })
}

#[cfg(test)]
mod tests {
    use super::meant;

    #[test]
    fn what_was_meant() {
        for (text, expected) in [
            ("512mb", Some("512M or 512Mi")),
            ("1.5GB", Some("1.5G or 1.5Gi")),
            ("1gi", Some("1Gi")),
            ("64MIB", Some("64Mi")),
            ("1K", Some("1k or 1Ki")),
            ("1 Gi", Some("1Gi")),
            ("0,5", Some("0.5")),
            ("100b", Some("100")),
            ("lots", None),
            ("-1gb", None),
            ("1.2.3", None),
            ("Gb", None),
            ("", None),
            ("4cores", None),
            ("1000000000000000000000000000000000gb", None),
        ] {
            assert_eq!(meant(text).as_deref(), expected, "{text}");
        }
    }
}
