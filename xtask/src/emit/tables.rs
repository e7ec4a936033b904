//! The constants that a provider, a service or an operation has: error codes and envelope.

use std::fmt::Write as _;

use crate::model::{Envelope, ErrorCode, Success};

use super::comment::Comment;
use super::literal::quoted;

/// Writes a table of error codes, one to a line, if there are any.
pub(super) fn errors(out: &mut String, visibility: &str, doc: &str, errors: &[ErrorCode]) {
    if errors.is_empty() {
        return;
    }
    Comment::outer(0).text(doc).write(out);
    // rustfmt would break an entry into several lines.
    let _ = writeln!(
        out,
        "#[rustfmt::skip]\n{visibility}const ERRORS: &[ErrorCode] = &["
    );
    for error in errors {
        for sentence in error.doc.provenance.sentences() {
            let _ = writeln!(out, "    // {sentence}");
        }
        let status = error
            .status
            .map(|status| format!(".status({status})"))
            .unwrap_or_default();
        let _ = writeln!(
            out,
            "    ErrorCode::new({}, CodeKind::{:?}, {}){status},",
            quoted(&error.code),
            error.kind,
            quoted(&error.doc.text)
        );
    }
    out.push_str("];\n\n");
}

/// Writes an envelope.
pub(super) fn envelope(out: &mut String, visibility: &str, doc: &str, envelope: &Envelope) {
    let success = match &envelope.success {
        Success::Absent(pointer) => format!("Absent({})", quoted(pointer)),
        Success::Equals(pointer, text) => format!("Equals({}, {})", quoted(pointer), quoted(text)),
    };
    let request_id = match &envelope.request_id {
        Some(pointer) => format!("Some({})", quoted(pointer)),
        None => "None".to_owned(),
    };
    Comment::outer(0)
        .text(doc)
        .provenance(envelope.provenance.sentences())
        .write(out);
    let _ = writeln!(
        out,
        "{visibility}static ENVELOPE: Envelope = Envelope {{
            payload: {},
            success: Success::{success},
            code: {},
            message: {},
            request_id: {request_id},
        }};\n",
        quoted(&envelope.payload),
        quoted(&envelope.code),
        quoted(&envelope.message)
    );
}
