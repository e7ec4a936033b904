//! Suggestions for misspelt names.

/// The known name that is nearest to a misspelt one, or `None` if none is near.
pub fn nearest<'k>(name: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let name = name.to_ascii_lowercase();
    known
        .into_iter()
        .map(|candidate| (distance(&name, &candidate.to_ascii_lowercase()), candidate))
        .filter(|(distance, candidate)| *distance <= 1 + candidate.len() / 4)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// The Levenshtein distance in bytes. Written here because the crate `strsim` would be one more
/// dependency of every provider crate.
fn distance(a: &str, b: &str) -> usize {
    let mut distance = b.len();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        distance = i + 1;
        let mut row = vec![distance];
        for ((y, diagonal), above) in b.bytes().zip(&above).zip(above.iter().skip(1)) {
            distance = (distance + 1)
                .min(above + 1)
                .min(diagonal + usize::from(x != y));
            row.push(distance);
        }
        above = row;
    }
    distance
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_counts_insertions_deletions_and_replacements() {
        for (a, b, want) in [
            ("", "", 0),
            ("", "abc", 3),
            ("abc", "", 3),
            ("abc", "abc", 0),
            ("nmae", "name", 2),
            ("kitten", "sitting", 3),
            ("flaw", "lawn", 2),
        ] {
            assert_eq!(distance(a, b), want, "{a} {b}");
            assert_eq!(distance(b, a), want, "{b} {a}");
        }
    }

    #[test]
    fn nearest_ignores_case_and_refuses_distant_names() {
        assert_eq!(nearest("NMAE", ["Id", "Name"]), Some("Name"));
        assert_eq!(nearest("zzzzzzzz", ["Id", "Name"]), None);
    }
}
