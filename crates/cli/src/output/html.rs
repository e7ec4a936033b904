//! The report as one self-contained page for a browser.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::io::{self, Write};

use rust_decimal::Decimal;
use standing_core::Amount;

use crate::error_object::ErrorObject;
use crate::output::escape::plain;
use crate::providers::PROVIDERS;
use crate::row::ReportRow;
use crate::summary::{Counts, Summary};
use crate::verdict::{self, Verdict};

/// The maximum number of rows on a page: more of them make browsers slow.
const MAX_ROWS: usize = 5_000;
/// The maximum number of errors on a page.
const MAX_ERRORS: usize = 50;

/// The verdicts in the order of the rows, and their meaning.
const VERDICTS: [(Verdict, &str); 5] = [
    (Verdict::Missing, "there is no answer"),
    (Verdict::Blocked, "stopped or nothing left"),
    (Verdict::Watch, "something will soon need attention"),
    (Verdict::Unknown, "the answer does not say"),
    (Verdict::Ok, "nothing speaks against the customer"),
];

/// The columns of the rows, and the sort key if it is not the text.
const COLUMNS: [(&str, &str); 8] = [
    ("Customer", ""),
    ("Verdict", "verdict"),
    ("Provider", ""),
    ("ID", ""),
    ("Credit", "number"),
    ("Left", "number"),
    ("% left", "number"),
    ("Why", ""),
];

/// Ranges of the share of credit left.
const SHARES: [&str; 8] = [
    "overdrawn",
    "nothing left",
    "below 10 %",
    "10 to 25 %",
    "25 to 50 %",
    "50 to 75 %",
    "75 to 100 %",
    "above 100 %",
];

/// Builds a page: counts all rows and keeps the worst ones.
#[derive(Default)]
pub(crate) struct Page {
    generated_at: Option<String>,
    seed: Option<u64>,
    /// Sorted by `settle`; later rows are at the end.
    rows: Vec<ReportRow>,
    count: u64,
    /// Numbers of customers by the share of credit left.
    shares: [u64; SHARES.len()],
    /// Numbers of customers without a share, by provider.
    without: BTreeMap<Cow<'static, str>, u64>,
}

impl Page {
    pub(crate) fn new(generated_at: Option<String>, seed: Option<u64>) -> Self {
        Self {
            generated_at,
            seed,
            ..Self::default()
        }
    }

    /// Adds a row. Rows of one provider keep their order.
    pub(crate) fn add(&mut self, row: ReportRow) {
        self.count += 1;
        // Customers without an answer are not in the chart.
        if row.verdict != Verdict::Missing {
            match Share::of(&row).and_then(|share| self.shares.get_mut(share.place())) {
                Some(count) => *count += 1,
                None => *self.without.entry(row.provider.clone()).or_default() += 1,
            }
        }
        self.rows.push(row);
        // Rarely, so that adding is cheap, but often enough to bound memory.
        if self.rows.len() >= 2 * MAX_ROWS {
            self.settle();
        }
    }

    /// Sorts the rows and drops all but the worst ones.
    fn settle(&mut self) {
        self.rows.sort_by_key(|row| {
            let verdict = VERDICTS.iter().position(|(v, _)| *v == row.verdict);
            let provider = PROVIDERS.iter().position(|p| p.name() == row.provider);
            (verdict, provider)
        });
        self.rows.truncate(MAX_ROWS);
    }

    /// Writes the page.
    pub(crate) fn finish(
        mut self,
        summary: &Summary,
        errors: &[ErrorObject],
        out: &mut impl io::Write,
    ) -> io::Result<()> {
        self.settle();
        let mut out = io::BufWriter::new(out);
        out.write_all(
            b"<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
            <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; \
            style-src 'unsafe-inline'; script-src 'unsafe-inline'\">\n\
            <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n",
        )?;
        writeln!(
            out,
            "<title>Standing of customers</title>\n<style>\n{}</style>\n</head>\n<body>\n\
            <header>\n<h1>Standing of customers</h1>",
            include_str!("report.css")
        )?;
        match (&self.generated_at, self.seed) {
            (Some(time), _) => {
                // Whole seconds are precise enough.
                let time = time.get(..19).unwrap_or(time).replace('T', " ");
                writeln!(out, "<p class=\"soft\">as of {} UTC</p>", Text(&time))?;
            }
            (None, Some(seed)) => writeln!(
                out,
                "<p class=\"soft\">invented customers of the sandbox · seed {seed}</p>"
            )?,
            (None, None) => {}
        }
        out.write_all(b"</header>\n<main>\n")?;
        alert(summary.all.missing, errors, &mut out)?;
        tiles(&summary.all, &mut out)?;
        out.write_all(b"<div class=\"panels\">\n")?;
        totals(summary, &mut out)?;
        self.chart(summary, &mut out)?;
        out.write_all(b"</div>\n")?;
        self.table(summary, &mut out)?;
        writeln!(
            out,
            "</main>\n<script>\n{}</script>\n</body>\n</html>",
            include_str!("report.js")
        )?;
        out.flush()
    }

    /// Writes the chart of customers by credit left.
    fn chart(&self, summary: &Summary, out: &mut impl io::Write) -> io::Result<()> {
        let charted: u64 = self.shares.iter().sum();
        let most = self.shares.iter().max().copied().unwrap_or_default();
        out.write_all(
            b"<section aria-labelledby=\"left\">\n<h2 id=\"left\">Credit left</h2>\n<table>\n\
            <thead><tr><th scope=\"col\">Share left</th>\
            <th scope=\"col\" class=\"number\">Customers</th><td></td></tr></thead>\n<tbody>\n",
        )?;
        for (share, count) in SHARES.iter().zip(self.shares) {
            write!(
                out,
                "<tr><th scope=\"row\">{}</th><td class=\"number\">{}</td><td class=\"bar\">",
                Text(share),
                Count(count)
            )?;
            if count > 0 {
                write!(out, "<i style=\"width:{}\"></i>", Width(count, most))?;
            }
            out.write_all(b"</td></tr>\n")?;
        }
        let providers = summary.providers.iter().filter_map(|line| {
            let count = self.without.get(line.provider)?;
            Some(format!("{} {}", line.provider, Count(*count)))
        });
        let without: Vec<_> = providers.collect();
        write!(
            out,
            "</tbody>\n</table>\n<p class=\"soft\">{} of {} customers are in this chart.",
            Count(charted),
            Count(summary.all.customers)
        )?;
        if !without.is_empty() {
            write!(
                out,
                " The others have no credit, or the provider does not report it: {}.",
                Text(&without.join(", "))
            )?;
        }
        out.write_all(b"</p>\n</section>\n")
    }

    /// Writes the rows and their filters.
    fn table(&self, summary: &Summary, out: &mut impl io::Write) -> io::Result<()> {
        out.write_all(
            b"<section aria-labelledby=\"customers\">\n<h2 id=\"customers\">Customers</h2>\n",
        )?;
        let shown = self.rows.len() as u64;
        if shown < self.count {
            writeln!(
                out,
                "<p><strong>{} of {} rows shown</strong>, the worst ones; \
                all are counted above, and --format csv has every row.</p>",
                Count(shown),
                Count(self.count)
            )?;
        }
        let options = |words: &mut dyn Iterator<Item = &'static str>| {
            words.fold(String::new(), |mut all, word| {
                // Writing to a string never fails.
                let _ = write!(all, "<option>{}</option>", Text(word));
                all
            })
        };
        writeln!(
            out,
            "<div class=\"filters\" id=\"filters\" role=\"search\" hidden>\n\
            <label>Filter <input type=\"search\" autocomplete=\"off\"></label>\n\
            <label>Provider <select><option value=\"\">all</option>{}</select></label>\n\
            <label>Verdict <select><option value=\"\">all</option>{}</select></label>\n\
            <output></output>\n</div>",
            options(&mut summary.providers.iter().map(|line| line.provider)),
            options(&mut VERDICTS.iter().map(|(verdict, _)| verdict.as_str())),
        )?;
        out.write_all(
            b"<div class=\"scroll\" role=\"region\" aria-labelledby=\"customers\" tabindex=\"0\">\n\
            <table id=\"rows\">\n<thead><tr>",
        )?;
        for (name, by) in COLUMNS {
            let looks = match by {
                "" => String::new(),
                "number" => format!(" class=\"number\" data-by=\"{by}\""),
                _ => format!(" data-by=\"{by}\""),
            };
            write!(out, "<th scope=\"col\"{looks}>{name}</th>")?;
        }
        out.write_all(b"</tr></thead>\n<tbody>\n")?;
        for row in &self.rows {
            write_row(row, out)?;
        }
        out.write_all(b"</tbody>\n</table>\n</div>\n</section>\n")
    }
}

fn write_row(row: &ReportRow, out: &mut impl io::Write) -> io::Result<()> {
    let text = |text: &Option<String>| Text(text.as_deref().unwrap_or("-")).to_string();
    let mut names = [&row.name, &row.email, &row.mobile].into_iter().flatten();
    let name = names.next().map_or("-", |name| name);
    write!(out, "<tr><td><bdi>{}</bdi>", Text(name))?;
    let contact: Vec<_> = names
        .map(|name| format!("<bdi>{}</bdi>", Text(name)))
        .collect();
    if !contact.is_empty() {
        write!(out, "<small>{}</small>", contact.join(" · "))?;
    }
    let percent = Share::of(row).map(|share| verdict::shown(share.percent).to_string());
    writeln!(
        out,
        "</td><td class=\"{verdict}\">{verdict}</td><td>{}</td><td>{}</td>\
        <td class=\"number\">{}</td><td class=\"number\">{}</td><td class=\"number\">{}</td>\
        <td>{}</td></tr>",
        Text(&row.provider),
        text(&row.id),
        text(&row.credit),
        text(&row.left),
        text(&percent),
        Text(&row.why),
        verdict = Text(row.verdict.as_str()),
    )
}

/// Writes what is missing, at the top of the page.
fn alert(missing: Option<u64>, errors: &[ErrorObject], out: &mut impl io::Write) -> io::Result<()> {
    if missing == Some(0) && errors.is_empty() {
        return Ok(());
    }
    out.write_all(b"<div class=\"alert\" role=\"alert\">\n<strong>Rows are missing: ")?;
    match missing {
        Some(missing) => write!(out, "{}", Count(missing))?,
        None => out.write_all(b"unknown number")?,
    }
    out.write_all(b".</strong> This report is not complete.\n<ul>\n")?;
    for error in errors.iter().take(MAX_ERRORS) {
        writeln!(out, "<li>{}</li>", Text(&error.to_string()))?;
    }
    if let Some(more) = errors
        .len()
        .checked_sub(MAX_ERRORS)
        .filter(|more| *more > 0)
    {
        writeln!(out, "<li>and {} more errors</li>", Count(more as u64))?;
    }
    out.write_all(b"</ul>\n</div>\n")
}

/// Writes the total counts.
fn tiles(counts: &Counts, out: &mut impl io::Write) -> io::Result<()> {
    writeln!(
        out,
        "<ul class=\"tiles\">\n<li><b>{}</b>customers</li>",
        Count(counts.customers)
    )?;
    for (verdict, meaning) in VERDICTS {
        writeln!(
            out,
            "<li class=\"{verdict}\"><b>{}</b>{verdict} <span class=\"soft\">{meaning}</span></li>",
            count(counts, verdict),
            verdict = verdict.as_str()
        )?;
    }
    out.write_all(b"</ul>\n")
}

/// Writes the counts of each provider.
fn totals(summary: &Summary, out: &mut impl io::Write) -> io::Result<()> {
    out.write_all(
        b"<section aria-labelledby=\"providers\">\n<h2 id=\"providers\">Providers</h2>\n<table>\n\
        <thead><tr><th scope=\"col\">Provider</th><th scope=\"col\" class=\"number\">Customers</th>",
    )?;
    for (verdict, _) in VERDICTS {
        let name = verdict.as_str();
        write!(out, "<th scope=\"col\" class=\"number\">{name}</th>")?;
    }
    out.write_all(b"</tr></thead>\n<tbody>\n")?;
    for line in &summary.providers {
        write_counts(line.provider, &line.counts, out)?;
        out.write_all(b"\n")?;
    }
    out.write_all(b"</tbody>\n<tfoot>\n")?;
    write_counts("all", &summary.all, out)?;
    out.write_all(b"\n</tfoot>\n</table>\n</section>\n")
}

fn write_counts(name: &str, counts: &Counts, out: &mut impl io::Write) -> io::Result<()> {
    write!(
        out,
        "<tr><th scope=\"row\">{}</th><td class=\"number\">{}</td>",
        Text(name),
        Count(counts.customers)
    )?;
    for (verdict, _) in VERDICTS {
        let count = count(counts, verdict);
        write!(out, "<td class=\"number\">{count}</td>")?;
    }
    out.write_all(b"</tr>")
}

/// Formats the count of a verdict.
fn count(counts: &Counts, verdict: Verdict) -> String {
    let count = match verdict {
        Verdict::Ok => Some(counts.ok),
        Verdict::Unknown => Some(counts.unknown),
        Verdict::Watch => Some(counts.watch),
        Verdict::Blocked => Some(counts.blocked),
        Verdict::Missing => counts.missing,
    };
    count.map_or_else(|| "?".to_owned(), |count| Count(count).to_string())
}

/// The credit left, as amount and percentage.
struct Share {
    left: Decimal,
    percent: Decimal,
}

impl Share {
    /// `None` if a figure is missing, which is not the same as no credit left.
    fn of(row: &ReportRow) -> Option<Self> {
        let amount = |text: &Option<String>| {
            let amount: Option<Amount> = text.as_deref()?.parse().ok();
            amount.map(|amount| amount.decimal())
        };
        let (credit, left) = (amount(&row.credit)?, amount(&row.left)?);
        let percent = verdict::percent(credit, left).filter(|_| credit > Decimal::ZERO)?;
        Some(Self { left, percent })
    }

    /// The index in `SHARES`.
    fn place(&self) -> usize {
        let below = |percent: u8| self.percent < percent.into();
        match () {
            () if self.left < Decimal::ZERO => 0,
            () if self.left.is_zero() => 1,
            () if below(10) => 2,
            () if below(25) => 3,
            () if below(50) => 4,
            () if below(75) => 5,
            () if self.percent <= Decimal::ONE_HUNDRED => 6,
            () => 7,
        }
    }
}

/// Escapes a text for HTML, between tags and in quoted attributes.
struct Text<'t>(&'t str);

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in plain(self.0).chars() {
            match character {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                _ => f.write_char(character)?,
            }
        }
        Ok(())
    }
}

/// Formats a number as `1 000 000`, with no-break spaces.
struct Count(u64);

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.to_string();
        for (place, digit) in digits.chars().enumerate() {
            if place > 0 && (digits.len() - place).is_multiple_of(3) {
                f.write_char('\u{202F}')?;
            }
            f.write_char(digit)?;
        }
        Ok(())
    }
}

/// Formats a share as a CSS width.
struct Width(u64, u64);

impl fmt::Display for Width {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let share = u128::from(self.0) * 1_000 / u128::from(self.1.max(1));
        write!(f, "{}.{}%", share / 10, share % 10)
    }
}

#[cfg(test)]
mod tests {
    use standing_core::ErrorKind;

    use super::*;

    fn row(verdict: Verdict) -> ReportRow {
        ReportRow {
            provider: "tencent".into(),
            id: None,
            name: None,
            mobile: None,
            email: None,
            verdict,
            credit: None,
            left: None,
            why: String::new(),
        }
    }

    fn written(page: Page, errors: &[ErrorObject]) -> String {
        let mut out = Vec::new();
        page.finish(&Summary::default(), errors, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn markup_in_a_value_is_escaped() {
        let evil = "</script></style><script>alert(\"1\")</script><b title='x' \u{1b}[31m\u{202e}\u{2028}\0&amp;";
        let some = || Some(evil.to_owned());
        let mut page = Page::new(some(), None);
        page.add(ReportRow {
            id: some(),
            name: some(),
            mobile: some(),
            email: some(),
            credit: some(),
            left: some(),
            why: evil.to_owned(),
            ..row(Verdict::Ok)
        });
        let html = written(page, &[ErrorObject::new(ErrorKind::Server, evil)]);
        let harmless = "&lt;/script&gt;&lt;/style&gt;&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;\
            &lt;b title=&#39;x&#39; \\u{1b}[31m\\u{202e}\\u{2028}\\u{0}&amp;amp;";
        assert_eq!(html.matches(harmless).count(), 8);
        for once in ["<script>", "</script>", "<style>", "</style>"] {
            assert_eq!(html.matches(once).count(), 1, "{once}");
        }
        for never in ["<b title", "\u{1b}", "\u{202e}", "\u{2028}", "\0"] {
            assert!(!html.contains(never), "{never:?}");
        }
    }

    #[test]
    fn page_keeps_the_worst_rows_in_order_and_counts_all() {
        let mut page = Page::new(None, None);
        let verdicts = [Verdict::Ok, Verdict::Watch, Verdict::Unknown];
        for (number, verdict) in (0..3 * MAX_ROWS).zip(verdicts.into_iter().cycle()) {
            page.add(ReportRow {
                id: Some(number.to_string()),
                credit: Some("3".to_owned()),
                left: Some("1".to_owned()),
                ..row(verdict)
            });
            assert!(page.rows.len() < 2 * MAX_ROWS);
        }
        page.add(row(Verdict::Blocked));
        page.settle();
        let ids = page.rows.iter().filter_map(|row| row.id.as_deref());
        let ids: Vec<usize> = ids.map(|id| id.parse().unwrap()).collect();
        assert_eq!(page.rows.first().unwrap().verdict, Verdict::Blocked);
        assert_eq!(ids.len(), MAX_ROWS - 1);
        assert!(ids.is_sorted() && ids.iter().all(|id| id % 3 == 1));
        let html = written(page, &[]);
        assert_eq!(html.matches("<tr><td>").count(), MAX_ROWS);
        assert!(html.contains("5\u{202f}000 of 15\u{202f}001 rows shown"));
        assert!(html.contains("25 to 50 %</th><td class=\"number\">15\u{202f}000<"));
    }

    #[test]
    fn missing_figure_is_not_zero() {
        let mut page = Page::new(None, None);
        for (credit, left) in [
            (Some("100"), Some("-0.01")),
            (Some("100"), Some("0.00")),
            (Some("100"), Some("0.000001")),
            (Some("100"), Some("10")),
            (Some("100"), Some("100.0")),
            (Some("79228162514264337593543950335"), Some("1")),
            (Some("100"), Some("100.01")),
            (None, Some("1")),
            (Some("100"), None),
            (None, None),
            (Some("0"), Some("0")),
            (Some("-5"), Some("1")),
        ] {
            let amount = |text: Option<&str>| text.map(str::to_owned);
            page.add(ReportRow {
                credit: amount(credit),
                left: amount(left),
                ..row(Verdict::Unknown)
            });
        }
        // A placeholder row, for an unknown number of customers.
        page.add(row(Verdict::Missing));
        assert_eq!(page.shares, [1, 1, 2, 1, 0, 0, 1, 1]);
        assert_eq!(page.without.get("tencent"), Some(&5));
        let html = written(page, &[]);
        assert_eq!(html.matches("<td class=\"number\">-</td>").count(), 12);
    }
}
