//! A provider of three operations, one of each class: a read, a write, and a look-up that is billed.
//!
//! Its responses are `{"status":"OK","id":"r-1","result":{…}}`; any other status is a code.

use serde::{Deserialize, Serialize};
use standing_core::operation::{
    CodeKind, Envelope, ErrorCode, Lists, Method, OperationInfo, RateLimit, Service, Success,
};
use standing_core::paginated::{Cursor, Paging};
use standing_core::provider::{CredentialVariables, Provider, Request, SigningContext};
use standing_core::{Credentials, CredentialsError, Operation, Paginated};

/// The provider.
#[derive(Debug, Default)]
pub struct Metered;

static ENVELOPE: Envelope = Envelope {
    payload: "/result",
    success: Success::Equals("/status", "OK"),
    code: "/status",
    message: "/reason",
    request_id: Some("/id"),
};

const ERRORS: &[ErrorCode] = &[
    ErrorCode::new("NOT_HIT", CodeKind::NoData, "No person was found.").status(400),
    ErrorCode::new("RATE_LIMIT", CodeKind::Throttled, "Too fast.").status(403),
    ErrorCode::new("OUT_OF_QUOTA", CodeKind::Quota, "All used up.").status(403),
    ErrorCode::new("KEY_EXPIRED", CodeKind::Auth, "The key is too old.").status(401),
    ErrorCode::new("TOKEN_EXPIRED", CodeKind::Token, "The token is too old.").status(401),
    ErrorCode::new("TIME", CodeKind::Clock, "The time is off.").status(400),
    ErrorCode::new("NONCE", CodeKind::Nonce, "The nonce was used.").status(400),
    ErrorCode::new("BROKEN", CodeKind::Server, "It broke.").status(500),
];

static SERVICE: Service = Service::new("metered", "all", "metered.invalid")
    .lists(Lists::Repeated)
    .errors(ERRORS)
    .envelope(&ENVELOPE);

impl Provider for Metered {
    const NAME: &'static str = "metered";
    const VARIABLES: CredentialVariables =
        CredentialVariables::new("METERED_ID", "METERED_SECRET").session_tokens(&["METERED_TOKEN"]);

    fn sign(
        &self,
        request: &mut Request,
        _: &OperationInfo,
        key: &Credentials,
        at: &SigningContext,
    ) -> Result<(), CredentialsError> {
        request.insert("x-time", at.time.unix_timestamp().to_string());
        request.insert("x-nonce", at.nonce.clone());
        request.insert_sensitive("x-id", key.id().to_owned());
        request.insert_sensitive("x-secret", key.secret().expose().to_owned());
        if let Some(token) = key.token() {
            request.insert_sensitive("x-token", token.expose().to_owned());
        }
        Ok(())
    }
}

/// The result of every operation.
#[derive(Clone, Serialize, Deserialize)]
pub struct Report {
    /// A number.
    pub number: u64,
}

impl std::fmt::Debug for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Report")
    }
}

macro_rules! operation {
    ($(#[$doc:meta])* $name:ident -> $output:ty, $info:expr) => {
        $(#[$doc])*
        #[derive(Clone, Serialize)]
        pub struct $name {
            /// Who is looked up.
            pub mobile: String,
        }

        impl $name {
            /// About this number.
            pub fn new(mobile: impl Into<String>) -> Self {
                Self { mobile: mobile.into() }
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(stringify!($name))
            }
        }

        impl Operation for $name {
            type Provider = Metered;
            type Output = $output;
            const INFO: OperationInfo = $info.sensitive(&["mobile"]);
        }
    };
}

operation!(
    /// A look-up that may be billed.
    LookUp -> Option<Report>,
    OperationInfo::new(&SERVICE, "LookUp", Method::Post, "/look-up").reads().metered().no_record(&["NOT_HIT"])
);
operation!(
    /// Changes something.
    Change -> Report,
    OperationInfo::new(&SERVICE, "Change", Method::Post, "/change")
);
operation!(
    /// Only reads.
    Ask -> Report,
    OperationInfo::new(&SERVICE, "Ask", Method::Post, "/ask").reads()
);
operation!(
    /// Only reads, twenty times a second.
    Paced -> Report,
    OperationInfo::new(&SERVICE, "Paced", Method::Post, "/paced").reads().rate_limit(RateLimit::new(20, 1))
);

/// A page of a list.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct Rows {
    /// The rows.
    #[serde(default)]
    pub rows: Vec<u64>,
    /// Rows on all pages.
    pub total: Option<u64>,
}

impl std::fmt::Debug for Rows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} rows", self.rows.len())
    }
}

macro_rules! list {
    ($(#[$doc:meta])* $name:ident, $paging:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, Serialize, Deserialize)]
        pub struct $name {
            /// Where the page begins.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub at: Option<u64>,
            /// How many rows it has.
            pub size: u64,
        }

        impl Operation for $name {
            type Provider = Metered;
            type Output = Rows;
            const INFO: OperationInfo =
                OperationInfo::new(&SERVICE, stringify!($name), Method::Post, "/list").reads().paged();
        }

        impl Paginated for $name {
            type Item = u64;
            const PAGING: Paging = $paging;

            fn cursor(&self) -> Option<Cursor> {
                self.at.map(Cursor::Number)
            }

            fn set_cursor(&mut self, cursor: Cursor) {
                if let Cursor::Number(at) = cursor {
                    self.at = Some(at);
                }
            }

            fn page_size(&self) -> Option<u64> {
                Some(self.size)
            }

            fn set_page_size(&mut self, size: u64) {
                self.size = size;
            }

            fn total(rows: &Rows) -> Option<u64> {
                rows.total
            }

            fn into_items(rows: Rows) -> Vec<u64> {
                rows.rows
            }
        }
    };
}

list!(
    /// A list by page number, from 1.
    ByPage, Paging::pages(1)
);
list!(
    /// A list by record offset, from 0.
    ByOffset, Paging::offsets(0)
);

/// A success.
pub const OK: &str = r#"{"status":"OK","id":"r-1","result":{"number":7}}"#;

/// A failure by this code, with a reason that repeats what was asked and with what.
pub fn failed(code: &str) -> String {
    use crate::watch::{KEY_SECRET, MOBILE};
    format!(r#"{{"status":"{code}","id":"r-1","reason":"no {MOBILE} for {KEY_SECRET}"}}"#)
}
