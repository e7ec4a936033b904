//! A provider that does not exist, with operations that are hard to generate.

mod operations;

pub use operations::*;
use standing_core::operation::OperationInfo;
use standing_core::provider::{CredentialVariables, Provider, Request, SigningContext};
pub use standing_core::{Amount, Json};
use standing_core::{Credentials, CredentialsError};

/// A client of the provider.
pub type Client = standing_core::Client<Obstacle>;

/// Signs nothing; core parses its answers by the envelope of their operation.
#[derive(Debug, Default)]
pub struct Obstacle;

impl Provider for Obstacle {
    const NAME: &'static str = "obstacle";
    const VARIABLES: CredentialVariables =
        CredentialVariables::new("OBSTACLE_ID", "OBSTACLE_SECRET");

    fn sign(
        &self,
        _request: &mut Request,
        _info: &OperationInfo,
        _key: &Credentials,
        _at: &SigningContext,
    ) -> Result<(), CredentialsError> {
        Ok(())
    }
}
