//! Did you mean …?

/// ` (did you mean "…"?)` for the known word nearest to `word`, or nothing where none is near.
pub fn did_you_mean<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> String {
    let distance = |known: &'k str| (strsim::damerau_levenshtein(word, known), known);
    let nearest = known.into_iter().map(distance).min_by_key(|(distance, _)| *distance);
    match nearest {
        Some((distance, known)) if distance <= (known.len() / 3).max(1) => format!(" (did you mean \"{known}\"?)"),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_words_only() {
        let known = ["port-conflict", "naked-pod", "off"];
        assert_eq!(did_you_mean("port-conflikt", known), " (did you mean \"port-conflict\"?)");
        assert_eq!(did_you_mean("of", known), " (did you mean \"off\"?)");
        assert_eq!(did_you_mean("something", known), "");
        assert_eq!(did_you_mean("x", []), "");
    }
}
