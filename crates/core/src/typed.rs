//! The trait of an operation whose request and output have types; [`operation`](crate::operation) has
//! the facts about it.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::operation::OperationInfo;
use crate::provider::Provider;
use crate::validate::InvalidRequest;

/// An operation of a provider. A value of the type is a request: the parameters of one call, which
/// [`Client::send`](crate::Client::send) sends. [`Output`](Self::Output) is what its response has.
pub trait Operation: Serialize + Clone + Send + Sync + 'static {
    /// The provider of this operation. Sending it with a client of another provider does not compile.
    type Provider: Provider;

    /// The output of a successful response; an `Option` if the provider can answer "no such record".
    type Output: DeserializeOwned + Send;

    /// The facts about the operation apart from its fields.
    const INFO: OperationInfo;

    /// Checks the limits that the provider documents. A client does so before it sends anything.
    ///
    /// # Errors
    ///
    /// Every broken limit, with the name of its field and without the value.
    fn validate(&self) -> Result<(), InvalidRequest> {
        Ok(())
    }
}
