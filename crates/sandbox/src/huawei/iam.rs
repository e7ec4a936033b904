//! `POST /v3/auth/tokens` of IAM: a token for a user's password, or for an agency that the user
//! assumes.

use serde_json::Value;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

use super::auth::{Authenticator, format_time};
use super::errors::iam;
use super::tokens::TOKEN_LIFETIME;
use crate::credentials::IamUser;
use crate::digest::constant_time_eq;
use crate::encoding::parse_form;
use crate::json::{array, object, string};
use crate::request::Request;
use crate::response::ErrorResponse;
use crate::seed::{Seed, Stream};

const DATE: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:6]Z");

/// A request for a token, after its credentials were verified.
#[derive(Debug)]
pub(super) struct TokenRequest {
    method: String,
    /// Whether the token is restricted to a domain.
    domain_scope: bool,
    /// Whether the response lists the services.
    catalog: bool,
}

impl TokenRequest {
    /// Reads the request and verifies its password, or its token for an agency.
    pub(super) fn authenticate(
        request: &Request,
        auth: &Authenticator,
        now: i64,
    ) -> Result<Self, ErrorResponse> {
        let body: Value = serde_json::from_slice(&request.body)
            .map_err(|_| iam(400, "The request body is not valid JSON.").unauthenticated())?;
        let identity = body.pointer("/auth/identity").unwrap_or(&Value::Null);
        let at = |pointer: &str| {
            identity
                .pointer(pointer)
                .and_then(Value::as_str)
                .unwrap_or_default()
        };
        let user = IamUser::of_sandbox();
        match at("/methods/0") {
            "password" => {
                let known = at("/password/user/domain/name") == user.account
                    && at("/password/user/name") == user.name;
                let password = at("/password/user/password");
                if !(constant_time_eq(password.as_bytes(), user.password.as_bytes()) && known) {
                    return Err(iam(401, "The username or password is wrong.").unauthenticated());
                }
            }
            "assume_role" => {
                let token = request.header("x-auth-token").unwrap_or_default();
                if auth.check_token(token, now).is_err() {
                    let message = "The request you have made requires authentication.";
                    return Err(iam(401, message).unauthenticated());
                }
                if at("/assume_role/agency_name") != user.agency {
                    return Err(iam(404, "Could not find the agency."));
                }
                if at("/assume_role/domain_name").is_empty()
                    && at("/assume_role/domain_id").is_empty()
                {
                    return Err(iam(400, "assume_role needs domain_id or domain_name."));
                }
            }
            _ => {
                let message = "identity.methods must be password or assume_role.";
                return Err(iam(400, message).unauthenticated());
            }
        }
        Ok(Self {
            method: at("/methods/0").to_owned(),
            domain_scope: body.pointer("/auth/scope/domain").is_some(),
            catalog: !parse_form(&request.query)
                .iter()
                .any(|(name, _)| name == "nocatalog"),
        })
    }

    /// The body of the response. The token itself is in a header.
    pub(super) fn body(&self, seed: Seed, now: i64) -> String {
        let user = IamUser::of_sandbox();
        let domain = object([
            (
                "id",
                string(&seed.uuid(Stream::Account, 0).replace('-', "")),
            ),
            ("name", string(&user.account)),
        ]);
        let expires = now.saturating_add(TOKEN_LIFETIME);
        let mut members = vec![
            ("expires_at", string(&format_time(expires, DATE))),
            ("issued_at", string(&format_time(now, DATE))),
            ("methods", array([string(&self.method)])),
            (
                "user",
                object([("domain", domain.clone()), ("name", string(&user.name))]),
            ),
            ("roles", array([])),
        ];
        if self.domain_scope {
            members.push(("domain", domain));
        }
        let services = self.catalog.then(|| {
            object([
                ("name", string("bss")),
                ("type", string("bssv1")),
                ("endpoints", array([])),
            ])
        });
        members.push(("catalog", array(services)));
        object([("token", object(members))])
    }
}
