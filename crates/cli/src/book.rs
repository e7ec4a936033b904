//! The customers to ask about, from a CSV file with the columns `provider`, `id` and `name`. What
//! `standing report --format csv` writes is such a file, but for ids that it masks.

use std::path::Path;

use crate::failure::Failure;
use crate::sweep::Whom;

/// The customers of one provider. Messages name the line and repeat no value.
pub(crate) fn read(path: &Path, provider: &str) -> Result<Vec<Whom>, Failure> {
    let refused = |problem: String| Failure::config(format!("the book {problem}"));
    let bytes = std::fs::read(path)
        .map_err(|error| refused(format!("cannot be read: {}", error.kind())))?;
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .from_reader(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes));
    let heads = reader
        .headers()
        .map_err(|_| refused("has no line of column names".to_owned()))?
        .clone();
    let column = |name: &str| {
        heads
            .iter()
            .position(|head| head.eq_ignore_ascii_case(name))
    };
    let needed = |name: &str| column(name).ok_or_else(|| refused(format!("has no column {name}")));
    let (of, id, name) = (needed("provider")?, needed("id")?, column("name"));
    let mut whom = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| {
            let line = error.position().map_or(0, csv::Position::line);
            refused(format!("is no CSV in line {line}"))
        })?;
        if record.get(of) != Some(provider) {
            continue;
        }
        let line = record.position().map_or(0, csv::Position::line);
        let filled = |place: usize| record.get(place).filter(|text| !text.is_empty());
        whom.push(Whom {
            id: filled(id)
                .ok_or_else(|| refused(format!("has no id in line {line}")))?
                .to_owned(),
            name: name.and_then(filled).map(str::to_owned),
        });
    }
    Ok(whom)
}
