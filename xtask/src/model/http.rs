//! How a call is sent.

use super::provenance::Provenance;

/// How a call is sent.
#[derive(Debug, Clone)]
pub struct Http {
    /// Method.
    pub method: Method,
    /// Path, possibly with `{field}`.
    pub path: String,
    /// Where fields without a place are sent.
    pub params: Params,
    /// How lists are written in a query or a form.
    pub lists: Lists,
    /// Its provenance.
    pub provenance: Provenance,
}

/// An HTTP method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// `GET`
    Get,
    /// `POST`
    Post,
    /// `PUT`
    Put,
    /// `DELETE`
    Delete,
}

impl Method {
    /// All methods with their spelling.
    pub const ALL: [(&'static str, Self); 4] = [
        (Self::Get.name(), Self::Get),
        (Self::Post.name(), Self::Post),
        (Self::Put.name(), Self::Put),
        (Self::Delete.name(), Self::Delete),
    ];

    /// The method as it is sent.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
        }
    }

    /// Whether a request has a body.
    pub fn has_body(self) -> bool {
        matches!(self, Self::Post | Self::Put)
    }
}

/// Where request fields without a place of their own are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Params {
    /// In a JSON body.
    Json,
    /// In a form body.
    Form,
    /// In the query.
    Query,
}

impl Params {
    /// Where a field without a place is sent.
    pub fn default_place(self) -> Place {
        match self {
            Self::Query => Place::Query,
            Self::Json | Self::Form => Place::Body,
        }
    }
}

/// Where a request field is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In the body.
    Body,
    /// In the query.
    Query,
    /// In the path.
    Path,
    /// As a header.
    Header,
}

/// How a list is written in a query or a form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lists {
    /// `a=1&a=2`
    Repeated,
    /// `a.1=1&a.2=2`
    Numbered,
}
