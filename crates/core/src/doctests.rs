//! A client refuses operations of another provider at compile time. Both examples have the same text
//! but for the operation's provider, so the second can fail for no other reason.

macro_rules! send_operation_of {
    ($provider:literal, $fence:literal) => {
        #[doc = concat!("```", $fence)]
        /// use standing_core::operation::{Method, OperationInfo, Service};
        /// use standing_core::provider::{CredentialVariables, Provider, Request, SigningContext};
        /// use standing_core::{Client, Credentials, CredentialsError, Error, Operation};
        ///
        /// macro_rules! provider {
        ///     ($name:ident) => {
        ///         #[derive(Default)]
        ///         struct $name;
        ///
        ///         impl Provider for $name {
        ///             const NAME: &'static str = stringify!($name);
        ///             const VARIABLES: CredentialVariables = CredentialVariables::new("ID", "SECRET");
        ///
        ///             fn sign(
        ///                 &self,
        ///                 _: &mut Request,
        ///                 _: &OperationInfo,
        ///                 _: &Credentials,
        ///                 _: &SigningContext,
        ///             ) -> Result<(), CredentialsError> {
        ///                 Ok(())
        ///             }
        ///         }
        ///     };
        /// }
        /// provider!(Own);
        /// provider!(Other);
        ///
        /// static SERVICE: Service = Service::new("p", "s", "example.com");
        ///
        /// #[derive(Clone, serde::Serialize)]
        /// struct Ask {}
        ///
        /// impl Operation for Ask {
        #[doc = concat!("    type Provider = ", $provider, ";")]
        ///     type Output = ();
        ///     const INFO: OperationInfo = OperationInfo::new(&SERVICE, "Ask", Method::Post, "/");
        /// }
        ///
        /// async fn send(client: Client<Own>) -> Result<(), Error> {
        ///     client.send(&Ask {}).await?;
        ///     Ok(())
        /// }
        /// ```
        const _: () = ();
    };
}

mod own_provider_compiles {
    send_operation_of!("Own", "");
}

mod other_provider_is_a_type_error {
    send_operation_of!("Other", "compile_fail,E0271");
}
