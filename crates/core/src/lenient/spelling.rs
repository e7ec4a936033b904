//! The nearest known name to a misspelt one.

/// The nearest of `known` to a misspelt `name`, if any is near.
pub(super) fn nearest<'k>(name: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let name = name.to_ascii_lowercase();
    known
        .into_iter()
        .map(|candidate| (distance(&name, &candidate.to_ascii_lowercase()), candidate))
        .filter(|(distance, candidate)| *distance <= 1 + candidate.len() / 4)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Levenshtein distance over bytes.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut left = i + 1;
        let mut diagonal = i;
        for (j, y) in b.bytes().enumerate() {
            let above = row.get(j + 1).copied().unwrap_or(usize::MAX - 1);
            let cell = (left + 1)
                .min(above + 1)
                .min(diagonal + usize::from(x != y));
            if let Some(permit) = row.get_mut(j) {
                *permit = left;
            }
            diagonal = above;
            left = cell;
        }
        if let Some(permit) = row.last_mut() {
            *permit = left;
        }
    }
    row.last().copied().unwrap_or_default()
}
