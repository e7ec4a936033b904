//! Where Tencent Cloud is reached.

use std::borrow::Cow;

use standing_core::operation::Service;

/// The hosts of an account system. The name that is signed for a service is the same at all of
/// them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Site {
    /// The host that each service's documentation names: `ip.tencentcloudapi.com` and
    /// `intlpartnersmgt.intl.tencentcloudapi.com`.
    #[default]
    Documented,
    /// `<service>.intl.tencentcloudapi.com`, which the current international SDKs use.
    International,
    /// `<service>.tencentcloudapi.com`, which older international documents name.
    Root,
    /// `<service>.<region>.tencentcloudapi.com`: a matter of latency, not the region parameter. The
    /// region is a name such as `ap-guangzhou`: 1 to 63 lower-case letters, digits and hyphens; a
    /// client is not built with any other.
    Regional(String),
}

impl Site {
    /// Checks that the region can be a part of a host name and cannot change which host it is.
    pub(crate) fn check(&self) -> Result<(), String> {
        let Self::Regional(region) = self else {
            return Ok(());
        };
        let known = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let problem = if region.is_empty() {
            "is empty"
        } else if region.len() > 63 {
            "is longer than 63 characters"
        } else if !region.chars().all(known) {
            "has characters other than lower-case letters, digits and hyphens"
        } else if region.starts_with('-') || region.ends_with('-') {
            "begins or ends with a hyphen"
        } else {
            return Ok(());
        };
        Err(format!("the region of Site::Regional {problem}"))
    }

    pub(crate) fn host<'s>(&self, service: &'s Service) -> Cow<'s, str> {
        let name = service.name;
        match self {
            Self::Documented => service.host.into(),
            Self::International => format!("{name}.intl.tencentcloudapi.com").into(),
            Self::Root => format!("{name}.tencentcloudapi.com").into(),
            Self::Regional(region) => format!("{name}.{region}.tencentcloudapi.com").into(),
        }
    }
}
