//! How messages and documentation name things: the spelling that was probably meant, and lists.

/// The candidate that was probably meant.
pub fn closest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let folded = word.trim().to_lowercase();
    candidates
        .into_iter()
        .map(|candidate| {
            let distance = strsim::damerau_levenshtein(&folded, &candidate.to_lowercase());
            (distance, candidate)
        })
        .filter(|(distance, candidate)| {
            // At most one typo in three letters; more would make the guess noise.
            let length = candidate.chars().count();
            *distance < length && *distance <= word.chars().count().max(length).div_ceil(3)
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// The end of a message about a word that is not among the candidates: `; did you mean "x"?`, or the
/// candidates, or nothing if there are too many of them.
pub fn hint<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str> + Clone) -> String {
    if let Some(meant) = closest(word, candidates.clone()) {
        return format!("; did you mean {meant:?}?");
    }
    let all: Vec<&str> = candidates.into_iter().collect();
    if all.is_empty() || all.len() > 12 {
        return String::new();
    }
    format!("; expected {}", or_list(&all))
}

/// `a`, `a and b`, `a, b and c`, each in back-ticks.
pub fn and_list<S: AsRef<str>>(words: &[S]) -> String {
    list(words, " and ")
}

/// `a`, `a or b`, `a, b or c`, each in back-ticks.
pub fn or_list<S: AsRef<str>>(words: &[S]) -> String {
    list(words, " or ")
}

fn list<S: AsRef<str>>(words: &[S], before_last: &str) -> String {
    let mut text = String::new();
    for (index, word) in words.iter().enumerate() {
        if index > 0 {
            text.push_str(if index + 1 == words.len() {
                before_last
            } else {
                ", "
            });
        }
        text.push_str(&format!("`{}`", word.as_ref()));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closest_word_is_guessed_only_if_it_is_similar() {
        assert_eq!(closest("sevice", ["service", "device"]), Some("service"));
        assert_eq!(closest("Limit ", ["limit"]), Some("limit"));
        assert_eq!(
            closest("requierd", ["required", "nullable"]),
            Some("required")
        );
        assert_eq!(closest("foo", ["required", "nullable"]), None);
        assert_eq!(closest("anything", []), None);
    }

    #[test]
    fn hint_lists_the_choices_if_none_is_similar() {
        assert_eq!(
            hint("zzz", ["read", "write"]),
            "; expected `read` or `write`"
        );
        assert_eq!(hint("raed", ["read", "write"]), "; did you mean \"read\"?");
        assert_eq!(hint("zzz", []), "");
    }
}
