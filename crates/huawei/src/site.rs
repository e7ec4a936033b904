//! Where Huawei Cloud is reached.

use std::borrow::Cow;

use standing_core::operation::Service;

/// The hosts of an account system. An account belongs to one of them; the other refuses it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Site {
    /// `<service>.myhuaweicloud.com`: mainland China.
    #[default]
    Mainland,
    /// `<service>.myhuaweicloud.eu`: Europe, for calls by [`Client::raw`](crate::Client::raw). It has
    /// none of the operations of this crate.
    Europe,
}

impl Site {
    pub(crate) fn host<'s>(&self, service: &'s Service) -> Cow<'s, str> {
        match (self, service.name) {
            (Self::Mainland, _) => service.host.into(),
            // The host of IAM in Europe has the name of the region.
            (Self::Europe, "iam") => "iam.eu-west-101.myhuaweicloud.eu".into(),
            (Self::Europe, _) => format!("{}.myhuaweicloud.eu", service.name).into(),
        }
    }
}
