//! The hosts of Acme.

use std::borrow::Cow;

use standing_core::operation::Service;

/// The hosts of an account system. An account belongs to one of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Site {
    /// `api.acme.example`: accounts opened in Europe.
    #[default]
    Europe,
    /// `api.asia.acme.example`: accounts opened in Asia.
    Asia,
}

impl Site {
    pub(crate) fn host<'s>(&self, service: &'s Service) -> Cow<'s, str> {
        match self {
            Self::Europe => service.host.into(),
            Self::Asia => "api.asia.acme.example".into(),
        }
    }
}
