//! Did you mean …?

/// Returns ` (did you mean "…"?)` for a word that is meant: the form of every such hint.
pub fn meant(word: &str) -> String {
    format!(" (did you mean \"{word}\"?)")
}

/// Returns ` (did you mean "…"?)` for the known word nearest to `word`, or nothing where none is near.
pub fn did_you_mean<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> String {
    nearest(word, known).map(meant).unwrap_or_default()
}

/// Returns the known word nearest to `word`, where one is near.
pub fn nearest<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let (length, most) = (word.chars().count(), |known: &str| (known.len() / 3).max(1));
    let distance = |known: &'k str| {
        // What is known is ASCII. Words differ by as many letters as one is longer, at least.
        let distance = (length.abs_diff(known.len()) <= most(known)).then(|| strsim::osa_distance(word, known))?;
        (distance <= most(known)).then_some((distance, known))
    };
    known.into_iter().filter_map(distance).min_by_key(|(distance, _)| *distance).map(|(_, known)| known)
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
