//! What differs between two texts, line by line.

/// Lines around a change that are shown, too.
const CONTEXT: usize = 2;

/// Beyond so many pairs of lines the shortest way is not looked for: all old ones go, all new ones
/// come.
const MOST_PAIRS: usize = 4_000_000;

/// A unified diff without line numbers.
pub fn unified(old: &str, new: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let changes = changes(&old, &new);
    let is_near = |at: usize| {
        let from = at.saturating_sub(CONTEXT);
        let near = changes.iter().skip(from).take(at - from + CONTEXT + 1);
        near.clone().any(|(sign, _)| *sign != ' ')
    };
    let mut text = String::new();
    let mut skipped = false;
    for (at, (sign, line)) in changes.iter().enumerate() {
        if !is_near(at) {
            skipped = true;
            continue;
        }
        if std::mem::take(&mut skipped) {
            text.push_str("…\n");
        }
        text.push(*sign);
        text.push_str(line);
        text.push('\n');
    }
    text
}

/// Every line with ' ', '-' or '+': the longest common sequence stays.
fn changes<'t>(old: &[&'t str], new: &[&'t str]) -> Vec<(char, &'t str)> {
    let same = |(a, b): &(&&str, &&str)| a == b;
    let head = old.iter().zip(new).take_while(same).count();
    let rest = old.len().min(new.len()) - head;
    let tail = old
        .iter()
        .rev()
        .zip(new.iter().rev())
        .take(rest)
        .take_while(same)
        .count();
    let part = |lines: &[&'t str]| {
        lines
            .get(head..lines.len() - tail)
            .map(<[_]>::to_vec)
            .unwrap_or_default()
    };
    let (gone, come) = (part(old), part(new));

    let mut all: Vec<(char, &str)> = old.iter().take(head).map(|line| (' ', *line)).collect();
    all.extend(middle(&gone, &come));
    all.extend(old.iter().skip(old.len() - tail).map(|line| (' ', *line)));
    all
}

fn middle<'t>(old: &[&'t str], new: &[&'t str]) -> Vec<(char, &'t str)> {
    let minus = |line: &&'t str| ('-', *line);
    let plus = |line: &&'t str| ('+', *line);
    if old.len() * new.len() > MOST_PAIRS {
        return old.iter().map(minus).chain(new.iter().map(plus)).collect();
    }
    // How many lines are common from here on, for every pair of positions.
    let width = new.len() + 1;
    let mut common = vec![0_u32; (old.len() + 1) * width];
    let at = |common: &[u32], i: usize, j: usize| common.get(i * width + j).copied().unwrap_or(0);
    for (i, a) in old.iter().enumerate().rev() {
        for (j, b) in new.iter().enumerate().rev() {
            let best = if a == b {
                at(&common, i + 1, j + 1) + 1
            } else {
                at(&common, i + 1, j).max(at(&common, i, j + 1))
            };
            if let Some(cell) = common.get_mut(i * width + j) {
                *cell = best;
            }
        }
    }
    let mut all = Vec::new();
    let (mut i, mut j) = (0, 0);
    loop {
        match (old.get(i), new.get(j)) {
            (Some(a), Some(b)) if a == b => {
                all.push((' ', *a));
                (i, j) = (i + 1, j + 1);
            }
            (Some(a), b) if b.is_none() || at(&common, i + 1, j) >= at(&common, i, j + 1) => {
                all.push(minus(a));
                i += 1;
            }
            (_, Some(b)) => {
                all.push(plus(b));
                j += 1;
            }
            _ => return all,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_common_lines_stay() {
        let old = "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n";
        let new = "a\nb\nc\nd\nE\nf\ng\nh\ni\nnew\nj\n";
        assert_eq!(
            unified(old, new),
            "…\n c\n d\n-e\n+E\n f\n g\n h\n i\n+new\n j\n"
        );
        assert_eq!(unified("a\n", "a\n"), "");
        assert_eq!(unified("", "a\n"), "+a\n");
        assert_eq!(unified("a\nb\n", ""), "-a\n-b\n");
        assert_eq!(unified("a\nb\na\n", "b\na\na\n"), "-a\n b\n+a\n a\n");
    }
}
