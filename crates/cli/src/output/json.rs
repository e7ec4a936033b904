//! A report as JSON.

use std::io::Write;

use crate::failure::Failure;
use crate::output::to_json::as_json;
use crate::summary::Report;

/// Writes the report as one object, row by row, so that memory does not grow with the rows.
pub(crate) fn write_report(
    report: &Report,
    generated_at: Option<&str>,
    seed: Option<u64>,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let errors = report.errors();
    write!(
        out,
        r#"{{"generated_at":{},"seed":{},"complete":{},"rows":["#,
        as_json(&generated_at),
        as_json(&seed),
        errors.is_empty()
    )?;
    let mut comma = "";
    report.each_row(&mut |row| {
        write!(out, "{comma}{}", as_json(&row))?;
        comma = ",";
        Ok(())
    })?;
    let (summary, errors) = (as_json(&report.summary()), as_json(&errors));
    Ok(writeln!(
        out,
        r#"],"summary":{summary},"errors":{errors}}}"#
    )?)
}

/// Writes each row as an object on a line of its own.
pub(crate) fn write_lines(report: &Report, out: &mut impl Write) -> Result<(), Failure> {
    report.each_row(&mut |row| Ok(writeln!(out, "{}", as_json(&row))?))
}
