//! Requests that a vendor's SDK has signed; a provider's signer is compared with them stage by stage.

use std::sync::Arc;

use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Iso8601;

use crate::credentials::Credentials;
use crate::endpoint::Endpoint;
use crate::operation::{Method, OperationInfo};
use crate::provider::{Provider, SigningContext};
use crate::request::{Body, Request};

/// A request that a vendor's SDK has signed, with the stages of its signature. Each method panics if a
/// member is missing or of another type.
#[derive(Debug)]
pub struct SigningVector(Value);

/// The stages of a signature.
#[derive(Debug)]
pub struct SigningStages {
    /// The canonical request.
    pub canonical_request: String,
    /// The text that is signed.
    pub string_to_sign: String,
    /// The value of the header `authorization`.
    pub authorization: String,
}

impl SigningVector {
    /// Reads lists of vectors from a file of `fixtures/signing`.
    pub fn read(file: &str, lists: &[&str]) -> Vec<Self> {
        let mut file: Value = serde_json::from_str(file).expect("the file is JSON");
        let mut take = |list: &&str| file[*list].take();
        let lists = lists.iter().map(|list| match take(list) {
            Value::Array(vectors) => vectors,
            _ => panic!("the file lacks the list {list}"),
        });
        lists.flatten().map(Self).collect()
    }

    /// A member; null if it is missing.
    pub fn member(&self, name: &str) -> &Value {
        &self.0[name]
    }

    /// A member that is text.
    pub fn text(&self, name: &str) -> &str {
        let text = self.member(name).as_str();
        text.unwrap_or_else(|| panic!("the vector lacks the text {name}: {:#}", self.0))
    }

    /// A member that is an object of texts or a list of pairs.
    pub fn pairs(&self, name: &str) -> Vec<(&str, &str)> {
        match self.member(name) {
            Value::Object(members) => members
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str().expect("text")))
                .collect(),
            Value::Array(pairs) => pairs
                .iter()
                .map(|pair| (&pair[0], &pair[1]))
                .map(|(name, value)| (name.as_str().expect("text"), value.as_str().expect("text")))
                .collect(),
            _ => panic!("the vector lacks the pairs {name}: {:#}", self.0),
        }
    }

    /// The credentials in two members.
    pub fn credentials(&self, id: &str, secret: &str) -> Credentials {
        Credentials::new(self.text(id), self.text(secret))
    }

    /// The request before it is signed. A content type comes with the body, no content type without.
    pub fn request(&self, content_type: Option<&str>) -> Request {
        let method = match self.text("method").to_uppercase().as_str() {
            "GET" => Method::Get,
            "POST" => Method::Post,
            other => panic!("the method {other}"),
        };
        let query = self.pairs("query").into_iter();
        let query = query.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let endpoint = Endpoint::parse(&format!("https://{}", self.text("host")));
        let body = match content_type {
            Some(name) => Body::Bytes(self.text("body").to_owned().into(), name.to_owned().leak()),
            None => Body::Empty,
        };
        Request::new(
            method,
            Arc::new(endpoint.expect("a host")),
            self.text("path"),
            query.collect(),
            body,
        )
    }

    /// The time in a member, of either form of ISO 8601, and the nonce, empty if there is none.
    pub fn context(&self, time: &str) -> SigningContext {
        let time = OffsetDateTime::parse(self.text(time), &Iso8601::DEFAULT);
        SigningContext {
            time: time.expect("a time"),
            nonce: self.member("nonce").as_str().unwrap_or("").to_owned(),
        }
    }

    /// Asserts that a member is this text.
    ///
    /// # Panics
    ///
    /// If the assertion fails.
    pub fn assert(&self, member: &str, text: &str) {
        assert_eq!(text, self.text(member), "{member} of {}", self.text("name"));
    }
}

/// Asserts that each vector is signed as the vendor does, at each of three stages.
///
/// # Panics
///
/// If the assertion fails.
pub fn assert_stages(vectors: &[SigningVector], sign: impl Fn(&SigningVector) -> SigningStages) {
    for vector in vectors {
        let stages = sign(vector);
        vector.assert("canonical_request", &stages.canonical_request);
        vector.assert("string_to_sign", &stages.string_to_sign);
        vector.assert("authorization", &stages.authorization);
    }
}

/// Signs a request as an attempt does.
///
/// # Panics
///
/// If the credentials cannot sign.
pub fn signed<P: Provider>(
    provider: &P,
    mut request: Request,
    info: &OperationInfo,
    credentials: &Credentials,
    context: &SigningContext,
) -> Request {
    let signed = provider.sign(&mut request, info, credentials, context);
    signed.expect("the credentials can sign");
    request
}
