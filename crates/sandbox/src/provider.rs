//! The providers that the sandbox emulates.

use std::fmt;

/// A provider that the sandbox emulates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Provider {
    /// Tencent Cloud International: `QueryCustomersCredit` as `ip` 2021-04-09 and
    /// `intlpartnersmgt` 2022-09-28.
    ///
    /// Verifies TC3-HMAC-SHA256 (JSON in a POST, a form in the query of a GET) and version 1 of
    /// the signature (HmacSHA1 and HmacSHA256, a form in either). A signature may cover the host
    /// with or without its port. The credential scope of TC3 names the product or, outside the
    /// provider's own domain, the endpoint up to its first dot, as the vendor's Node SDK does.
    ///
    /// **Assumptions:** A page has 10 rows by default and 1,000 at most. Ids match exactly; names,
    /// remarks and mail addresses match any part. `FilterType` and `Filter` must be set together
    /// and are case-sensitive. Another `Content-Type` under TC3 is `UnsupportedProtocol`, and a
    /// repeated parameter is `InvalidParameter`. A nonce may be used again, because no documented
    /// code rejects it.
    Tencent,
    /// Huawei Cloud: `ListSubCustomerNewTag`, and `POST /v3/auth/tokens` of IAM.
    ///
    /// **Assumptions:** The newest customers come first, and each id once even if the request
    /// repeats it. Only wrong signatures count towards the lock-out of a key, expired ones do not.
    /// There is one indirect partner with twelve customers.
    Huawei,
    /// Alibaba Cloud: `GetCustomerAccountInfo`, 2017-12-14.
    ///
    /// **Assumptions:** `OwnerId` defaults to the first customer; an id of no customer is
    /// `NotAuthorized`. No rate limit is published, so none applies unless [`Builder::rate`] sets
    /// one.
    ///
    /// [`Builder::rate`]: crate::Builder::rate
    Alibaba,
    /// AccuAuth: `check/debts_report`, as `CheckDebtsReport`.
    ///
    /// **Assumptions:** Every number and every MD5 has a result; a number has that of the MD5 of
    /// its digits with the country code, `62…`. About half of all are `NOT_HIT`. Every look-up
    /// that runs uses quota. No rate limit is published, so none applies unless [`Builder::rate`]
    /// sets one.
    ///
    /// [`Builder::rate`]: crate::Builder::rate
    AccuAuth,
}

impl Provider {
    /// All providers that the sandbox emulates.
    pub const ALL: [Self; 4] = [Self::Tencent, Self::Huawei, Self::Alibaba, Self::AccuAuth];

    /// The provider's name in lower case.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Tencent => "tencent",
            Self::Huawei => "huawei",
            Self::Alibaba => "alibaba",
            Self::AccuAuth => "accuauth",
        }
    }
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
