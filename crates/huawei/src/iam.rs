//! Tokens of IAM, which stand in for keys.

use serde_json::{Value, json};
use standing_core::{
    ClientBuilder, Credentials, CredentialsError, CredentialsFuture, Method, OperationInfo, Place,
    ProvideCredentials, Provider, RawObject, Service,
};

use crate::{Client, Error, Huawei};

static SERVICE: Service =
    Service::new(Huawei::NAME, "iam", "iam.myhuaweicloud.com").errors(crate::ERRORS);
// An earlier token lives on beside a new one, so asking twice does no harm.
const CREATE_TOKEN: OperationInfo =
    OperationInfo::new(&SERVICE, "CreateToken", Method::Post, "/v3/auth/tokens")
        .places(&[("nocatalog", Place::Query)])
        .idempotent();

/// Tokens of IAM for [`ClientBuilder::credentials_provider`]. The client keeps a token until
/// shortly before its end, and gets another one, once, for a token that is refused.
///
/// They are for users that IAM knows in an account; a HUAWEI ID is none.
#[derive(Debug)]
pub struct IamTokens {
    client: Client,
    /// The account that the tokens are for.
    account: String,
    way: Grant,
}

#[derive(Debug)]
enum Grant {
    Password(Credentials),
    Agency(String),
}

impl IamTokens {
    /// Tokens for a user's password. `iam` says how IAM is reached, most often
    /// `Client::builder()`. Wrong passwords lock the account: a refused one is not tried again.
    ///
    /// # Errors
    ///
    /// As [`ClientBuilder::build`].
    pub fn password(
        iam: ClientBuilder<Huawei>,
        account: impl Into<String>,
        user: impl Into<String>,
        password: impl Into<String>,
    ) -> Result<Self, Error> {
        Ok(Self {
            client: iam.credentials(Credentials::anonymous()).build()?,
            account: account.into(),
            way: Grant::Password(Credentials::new(user, password)),
        })
    }

    /// Tokens of an agency that `account` has set up for yours. `own` gives the tokens of a user of
    /// yours who may assume it.
    ///
    /// # Errors
    ///
    /// As [`ClientBuilder::build`].
    pub fn agency(
        iam: ClientBuilder<Huawei>,
        account: impl Into<String>,
        agency: impl Into<String>,
        own: impl ProvideCredentials,
    ) -> Result<Self, Error> {
        Ok(Self {
            client: iam.credentials_provider(own).build()?,
            account: account.into(),
            way: Grant::Agency(agency.into()),
        })
    }

    fn identity(&self) -> Value {
        let domain = &self.account;
        match &self.way {
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
        let told = |error| CredentialsError::new(format!("IAM gave no token: {error}"));
        let answer = self
            .client
            .raw(&CREATE_TOKEN, &fields)
            .await
            .map_err(told)?;
        let end = RawObject::read(answer.as_str())
            .ok()
            .and_then(|root| root.object("token")?.text("expires_at"));
        match (answer.header("x-subject-token"), end) {
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
