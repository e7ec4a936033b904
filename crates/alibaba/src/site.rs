//! Where Alibaba Cloud is reached.

use std::borrow::Cow;

use standing_core::operation::Service;

/// The hosts of an account system. The site where the account was created decides, not a region; the
/// other site answers `NotApplicable`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Site {
    /// `business.aliyuncs.com`: accounts of the China site.
    #[default]
    China,
    /// `business.ap-southeast-1.aliyuncs.com`: accounts of the international site.
    International,
}

impl Site {
    pub(crate) fn host<'s>(&self, service: &'s Service) -> Cow<'s, str> {
        match self {
            Self::China => service.host.into(),
            Self::International => "business.ap-southeast-1.aliyuncs.com".into(),
        }
    }
}
