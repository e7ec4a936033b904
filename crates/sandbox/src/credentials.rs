//! The credentials that the sandbox accepts.

use std::fmt;

use crate::provider::Provider;

/// A key that a provider of the sandbox accepts. `Debug` hides the secrets.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Key {
    /// The public half.
    pub id: String,
    /// The secret half.
    pub secret: String,
    /// The token that every request must carry, for temporary keys. A key without one accepts any
    /// token.
    pub session_token: Option<String>,
    /// Huawei: a token that replaces the signature and never expires.
    pub auth_token: Option<String>,
}

impl Key {
    /// Creates a key for [`Builder::key`](crate::Builder::key).
    #[must_use]
    pub fn new(id: impl Into<String>, secret: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            secret: secret.into(),
            session_token: None,
            auth_token: None,
        }
    }

    /// Makes the key a temporary one.
    #[must_use]
    pub fn with_session_token(mut self, token: impl Into<String>) -> Self {
        self.session_token = Some(token.into());
        self
    }

    /// Sets a token that replaces the signature. Only Huawei accepts such tokens.
    #[must_use]
    pub fn with_auth_token(mut self, token: impl Into<String>) -> Self {
        self.auth_token = Some(token.into());
        self
    }

    /// The key that the provider accepts in every sandbox.
    pub(crate) fn of(provider: Provider) -> Self {
        let key = Self::new(
            format!("sandbox-{provider}-id"),
            format!("sandbox-{provider}-secret-that-opens-nothing"),
        );
        match provider {
            Provider::Tencent | Provider::Alibaba | Provider::AccuAuth => key,
            Provider::Huawei => key.with_auth_token("sandbox-huawei-token-that-opens-nothing"),
        }
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// The user to whom Huawei's IAM issues tokens, for a password or for the agency. `Debug` hides
/// the password.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct IamUser {
    /// The name of the account: `domain.name` in a request.
    pub account: String,
    /// The name of the user.
    pub name: String,
    /// The password of the user.
    pub password: String,
    /// The agency that the user can assume.
    pub agency: String,
}

impl IamUser {
    pub(crate) fn of_sandbox() -> Self {
        Self {
            account: "sandbox-account".to_owned(),
            name: "sandbox-user".to_owned(),
            password: "sandbox-password-that-opens-nothing".to_owned(),
            agency: "sandbox-agency".to_owned(),
        }
    }
}

impl fmt::Debug for IamUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IamUser")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_output_contains_no_secret() {
        let key = Key::of(Provider::Huawei).with_session_token("sandbox-session-token");
        let shown = format!("{key:?} {:?}", IamUser::of_sandbox());
        for hidden in ["secret", "token", "password"] {
            assert!(!shown.contains(hidden), "{shown}");
        }
    }
}
