//! The modules above those of the operations: of a provider and of each of its services.

use std::fmt::Write as _;

use crate::model::{Envelope, ErrorCode, Lists, Provider, Service, Success};

use super::comment::Comment;
use super::literal::quoted;
use super::types;

/// Everything in `standing_core::generated` is imported: it is what generated code may name.
pub(super) const IMPORTS: &str = "use standing_core::generated::*;\n\n";

/// The root of a provider's operations: what all services share, and the list of all operations.
pub(super) fn provider(provider: &Provider) -> String {
    let mut out = String::new();
    Comment::inner()
        .text("The operations, by service.")
        .text(&provider.doc)
        .write(&mut out);
    out.push('\n');
    for service in &provider.services {
        let _ = writeln!(out, "pub mod {};", service.name);
    }
    let _ = write!(out, "\n{IMPORTS}");
    Comment::outer(0)
        .text("Every operation of this crate, by service and name.")
        .write(&mut out);
    let _ = writeln!(
        out,
        "pub const OPERATIONS: &[ErasedOperation<crate::{}>] = &[",
        provider.marker
    );
    for service in &provider.services {
        for operation in &service.operations {
            let kind = match operation.pagination {
                Some(_) => "paged",
                None => "of",
            };
            let _ = writeln!(
                out,
                "ErasedOperation::{kind}::<{}::{}>(),",
                service.name, operation.name
            );
        }
    }
    out.push_str("];\n\n");
    envelope(
        &mut out,
        "pub ",
        "Where an answer keeps its payload, its error and its request id.",
        &provider.envelope,
    );
    errors(
        &mut out,
        "pub ",
        "The codes that any operation may return.",
        &provider.errors,
    );
    out
}

/// A service: its facts and its operations.
pub(super) fn service(provider: &Provider, service: &Service) -> String {
    let mut out = String::new();
    Comment::inner()
        .text(&service.doc.text)
        .provenance(service.doc.notes.sentences())
        .write(&mut out);
    out.push('\n');
    for operation in &service.operations {
        let _ = writeln!(out, "mod {};", operation.module);
    }
    out.push('\n');
    for operation in &service.operations {
        let _ = writeln!(out, "pub use {}::*;", operation.module);
    }
    let _ = write!(out, "\n{IMPORTS}");
    Comment::outer(0)
        .text("The facts that all operations of this service share.")
        .write(&mut out);
    let _ = write!(
        out,
        "pub static SERVICE: Service = Service::new({}, {}, {})",
        quoted(&provider.name),
        quoted(&service.name),
        quoted(&service.host)
    );
    if let Some(version) = &service.version {
        let _ = write!(out, ".version({})", quoted(version));
    }
    if provider.lists == Lists::Numbered {
        out.push_str(".lists(Lists::Numbered)");
    }
    out.push_str(".provider_errors(super::ERRORS)");
    if !service.errors.is_empty() {
        out.push_str(".errors(ERRORS)");
    }
    out.push_str(match service.envelope {
        Some(_) => ".envelope(&ENVELOPE);\n\n",
        None => ".envelope(&super::ENVELOPE);\n\n",
    });
    errors(
        &mut out,
        "pub ",
        "The codes that any operation of this service may return, in addition to the provider's.",
        &service.errors,
    );
    if let Some(own) = &service.envelope {
        let doc =
            "Where an answer of this service keeps its payload, its error and its request id.";
        envelope(&mut out, "pub ", doc, own);
    }
    for shared in &service.types {
        types::enumeration(&mut out, shared);
    }
    out
}

/// Writes a table of error codes, one to a line, if there are any.
pub(super) fn errors(out: &mut String, visibility: &str, doc: &str, errors: &[ErrorCode]) {
    if errors.is_empty() {
        return;
    }
    Comment::outer(0).text(doc).write(out);
    let _ = writeln!(
        out,
        "#[rustfmt::skip]\n{visibility}const ERRORS: &[ErrorCode] = &["
    );
    for error in errors {
        for sentence in error.doc.notes.sentences() {
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
pub(super) fn envelope(out: &mut String, visibility: &str, doc: &str, of: &Envelope) {
    let success = match &of.success {
        Success::Absent(at) => format!("Absent({})", quoted(at)),
        Success::Equals(at, text) => format!("Equals({}, {})", quoted(at), quoted(text)),
    };
    let request_id = match &of.request_id {
        Some(at) => format!("Some({})", quoted(at)),
        None => "None".to_owned(),
    };
    Comment::outer(0)
        .text(doc)
        .provenance(of.notes.sentences())
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
        quoted(&of.payload),
        quoted(&of.code),
        quoted(&of.message)
    );
}
