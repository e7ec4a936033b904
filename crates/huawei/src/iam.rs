//! Tokens of IAM, in place of keys.

use serde_json::{Value, json};
use standing_core::operation::{Method, OperationInfo, Place, Service};
use standing_core::provider::{Provider, RawObject};

use crate::{
    Client, ClientBuilder, Credentials, CredentialsError, CredentialsFuture, Error, Huawei,
    ProvideCredentials,
};

static SERVICE: Service =
    Service::new(Huawei::NAME, "iam", "iam.myhuaweicloud.com").provider_errors(crate::ERRORS);
// A new token does not revoke an earlier one, so the request is idempotent.
const CREATE_TOKEN: OperationInfo =
    OperationInfo::new(&SERVICE, "CreateToken", Method::Post, "/v3/auth/tokens")
        .places(&[("nocatalog", Place::Query)])
        .idempotent();

/// Tokens of IAM for [`credentials_provider`](standing_core::ClientBuilder::credentials_provider).
/// The client keeps a token until shortly before it expires. If a token is rejected earlier, the client
/// gets another one and repeats the call once.
///
/// Only IAM users of an account can get tokens; a HUAWEI ID cannot.
#[derive(Debug)]
pub struct IamTokens {
    client: Client,
    /// The account that the tokens are for.
    account: String,
    grant: Grant,
}

#[derive(Debug)]
enum Grant {
    /// A user's name and password as id and secret, which keeps the password out of `Debug` output.
    Password(Credentials),
    /// The name of the agency.
    Agency(String),
}

impl IamTokens {
    /// Gets tokens with a user's password. `iam` sets up the client of IAM, most often
    /// `Client::builder()`. Wrong passwords lock the account, so a refused password is not retried.
    ///
    /// # Errors
    ///
    /// As [`ClientBuilder::build`](standing_core::ClientBuilder::build).
    pub fn password(
        iam: ClientBuilder,
        account: impl Into<String>,
        user: impl Into<String>,
        password: impl Into<String>,
    ) -> Result<Self, Error> {
        Ok(Self {
            // IAM's code for a wrong password is that for an expired token, which is retried only if
            // the credentials can be renewed. Fixed ones, such as these, cannot.
            client: iam.credentials(Credentials::anonymous()).build()?,
            account: account.into(),
            grant: Grant::Password(Credentials::new(user, password)),
        })
    }

    /// Gets tokens of an agency that `account` has created for your account. `user_tokens` provides
    /// the tokens of a user of your account who may assume the agency.
    ///
    /// # Errors
    ///
    /// As [`ClientBuilder::build`](standing_core::ClientBuilder::build).
    pub fn agency(
        iam: ClientBuilder,
        account: impl Into<String>,
        agency: impl Into<String>,
        user_tokens: impl ProvideCredentials,
    ) -> Result<Self, Error> {
        Ok(Self {
            client: iam.credentials_provider(user_tokens).build()?,
            account: account.into(),
            grant: Grant::Agency(agency.into()),
        })
    }

    fn identity(&self) -> Value {
        let domain = &self.account;
        match &self.grant {
            Grant::Password(login) => {
                let (name, password) = (login.id(), login.secret().expose());
                let user = json!({"domain": {"name": domain}, "name": name, "password": password});
                json!({"methods": ["password"], "password": {"user": user}})
            }
            Grant::Agency(agency) => {
                let role = json!({"domain_name": domain, "agency_name": agency});
                json!({"methods": ["assume_role"], "assume_role": role})
            }
        }
    }

    async fn token(&self) -> Result<Credentials, CredentialsError> {
        let scope = json!({"domain": {"name": self.account}});
        let auth = json!({"identity": self.identity(), "scope": scope});
        let fields = json!({"nocatalog": true, "auth": auth});
        let failed = |error| CredentialsError::new(format!("IAM gave no token: {error}"));
        let response = self
            .client
            .raw(&CREATE_TOKEN, &fields)
            .await
            .map_err(failed)?;
        let end = RawObject::read(response.as_str())
            .ok()
            .and_then(|root| root.object("token")?.text("expires_at"));
        match (response.header("x-subject-token"), end) {
            (Some(token), Some(end)) => Credentials::token_only(token).expiring_at_text(&end),
            _ => Err(CredentialsError::new(
                "IAM's answer lacks the token or its end",
            )),
        }
    }
}

impl ProvideCredentials for IamTokens {
    fn provide(&self) -> CredentialsFuture<'_> {
        Box::pin(self.token())
    }
}
