//! Where AccuAuth is reached.

use std::borrow::Cow;

use standing_core::operation::Service;

/// The hosts, one for each country. The documentation names no host for tests.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Site {
    /// `cloudapi.indonesia.accuauth.com`.
    #[default]
    Indonesia,
    /// `cloudapi.accuauth.in`.
    India,
    /// `cloudapi.philippine.accuauth.com`.
    Philippines,
    /// `cloudapi.mexico.accuauth.com`.
    Mexico,
    /// `cloudapi.peru.accuauth.com`.
    Peru,
}

impl Site {
    pub(crate) fn host<'s>(&self, service: &'s Service) -> Cow<'s, str> {
        match self {
            Self::Indonesia => service.host.into(),
            Self::India => "cloudapi.accuauth.in".into(),
            Self::Philippines => "cloudapi.philippine.accuauth.com".into(),
            Self::Mexico => "cloudapi.mexico.accuauth.com".into(),
            Self::Peru => "cloudapi.peru.accuauth.com".into(),
        }
    }
}

/// How fields travel in a body. The documentation does not say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum BodyEncoding {
    /// `application/x-www-form-urlencoded`, which most clients in public use.
    #[default]
    Form,
    /// One JSON object, which others use.
    Json,
}
