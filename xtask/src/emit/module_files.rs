//! The `mod.rs` of a provider's operations and of each of its services.

use std::fmt::Write as _;

use crate::model::{Lists, Provider, Service};

use super::comment::Comment;
use super::literal::quoted;
use super::{tables, types};

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
            let constructor = match operation.pagination {
                Some(_) => "paged",
                None => "of",
            };
            let _ = writeln!(
                out,
                "ErasedOperation::{constructor}::<{}::{}>(),",
                service.name, operation.name
            );
        }
    }
    out.push_str("];\n\n");
    tables::envelope(
        &mut out,
        "pub ",
        "Where a response keeps its payload, its error and its request id.",
        &provider.envelope,
    );
    tables::errors(
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
        .provenance(service.doc.provenance.sentences())
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
    tables::errors(
        &mut out,
        "pub ",
        "The codes that any operation of this service may return, in addition to the provider's.",
        &service.errors,
    );
    if let Some(own) = &service.envelope {
        let doc =
            "Where a response of this service keeps its payload, its error and its request id.";
        tables::envelope(&mut out, "pub ", doc, own);
    }
    for shared in &service.types {
        types::enumeration(&mut out, shared);
    }
    out
}
