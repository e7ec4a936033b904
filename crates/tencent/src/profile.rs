//! Where Tencent Cloud is reached.

use std::borrow::Cow;

use standing_core::Service;

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
    /// `<service>.<region>.tencentcloudapi.com`: a matter of latency, not the region parameter.
    Regional(String),
}

impl Site {
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
