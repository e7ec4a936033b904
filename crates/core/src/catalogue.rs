//! Operations without their types, with JSON in and JSON out, for a command line.

use std::fmt;
use std::pin::Pin;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::client::Client;
use crate::error::{Error, ErrorKind};
use crate::lenient::decode_strict;
use crate::operation::OperationInfo;
use crate::pages::Pages;
use crate::paginated::Paginated;
use crate::provider::Provider;
use crate::typed::Operation;

type Future<'f, T> = Pin<Box<dyn std::future::Future<Output = T> + Send + 'f>>;

/// An operation of a provider, without its types.
pub struct ErasedOperation<P> {
    /// Its facts.
    pub info: OperationInfo,
    call: fn(Client<P>, String) -> Future<'static, Result<String, Error>>,
    walk: Option<WalkFn<P>>,
}

type WalkFn<P> = fn(Client<P>, &str, Option<&str>) -> Result<JsonPages, Error>;

impl<P: Provider> ErasedOperation<P> {
    /// Erases the types of an operation.
    pub const fn of<O>() -> Self
    where
        O: Operation<Provider = P, Output: Serialize + Sync> + DeserializeOwned,
    {
        Self {
            info: O::INFO,
            call: call::<P, O>,
            walk: None,
        }
    }

    /// Erases the types of an operation with pages.
    pub const fn paged<O>() -> Self
    where
        O: Paginated<Provider = P, Output: Serialize + Sync> + DeserializeOwned,
    {
        Self {
            // A type that is written by hand may not say so itself.
            info: O::INFO.paged(),
            call: call::<P, O>,
            walk: Some(walk::<P, O>),
        }
    }

    /// Makes a call with parameters as one JSON object in the provider's own names; the output
    /// comes back in the same form, `null` for "no such record".
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidRequest`] for a parameter that the operation does not know or cannot
    /// take, with the nearest name that it knows; else as [`Client::send`].
    pub async fn call(&self, client: &Client<P>, parameters: &str) -> Result<String, Error> {
        (self.call)(client.clone(), parameters.to_owned()).await
    }

    /// Walks the pages, from a cursor if one is given.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Paging`] if the operation has no pages or the cursor is not its own;
    /// [`ErrorKind::InvalidRequest`] as for [`call`](Self::call).
    pub fn walk(
        &self,
        client: &Client<P>,
        parameters: &str,
        cursor: Option<&str>,
    ) -> Result<JsonPages, Error> {
        match self.walk {
            Some(walk) => walk(client.clone(), parameters, cursor),
            None => Err(client.error(
                &self.info,
                ErrorKind::Paging,
                "the operation does not answer in pages",
            )),
        }
    }
}

impl<P> fmt::Debug for ErasedOperation<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ErasedOperation")
            .field("info", &self.info)
            .finish_non_exhaustive()
    }
}

fn call<P, O>(client: Client<P>, parameters: String) -> Future<'static, Result<String, Error>>
where
    P: Provider,
    O: Operation<Provider = P, Output: Serialize + Sync> + DeserializeOwned,
{
    Box::pin(async move {
        let operation: O = parse(&client, &parameters)?;
        let response = client.send(&operation).await?;
        to_json(&client, &O::INFO, &*response)
    })
}

fn walk<P, O>(client: Client<P>, parameters: &str, cursor: Option<&str>) -> Result<JsonPages, Error>
where
    P: Provider,
    O: Paginated<Provider = P> + DeserializeOwned,
{
    let mut pages = client.pages(parse::<P, O>(&client, parameters)?);
    // Checked here because the walk sets the page size.
    pages.check()?;
    if let Some(cursor) = cursor {
        pages = pages.resume(cursor)?;
    }
    Ok(JsonPages(Box::new(Walk { pages, client })))
}

fn parse<P: Provider, O: Operation + DeserializeOwned>(
    client: &Client<P>,
    parameters: &str,
) -> Result<O, Error> {
    decode_strict(parameters).map_err(|error| {
        let whole = error.pointer.is_empty();
        let name = if whole {
            "the parameters"
        } else {
            error.pointer.trim_start_matches('/')
        };
        // Line and column help only if the text is not valid JSON.
        let place = if error.problem.contains("JSON") || error.cut {
            format!(" (line {}, column {})", error.line, error.column)
        } else {
            String::new()
        };
        client.error(
            &O::INFO,
            ErrorKind::InvalidRequest,
            format!("{name} {}{place}", error.problem),
        )
    })
}

fn to_json<P: Provider>(
    client: &Client<P>,
    info: &OperationInfo,
    value: &impl Serialize,
) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|_| {
        client.error(
            info,
            ErrorKind::Decode,
            "the output cannot be written as JSON",
        )
    })
}

/// The rows of a walk, a page at a time, each row one JSON text.
pub struct JsonPages(Box<dyn NextPage + Send>);

impl JsonPages {
    /// The rows of the next page, or `None` at the end of the walk.
    pub async fn next(&mut self) -> Option<Result<Vec<String>, Error>> {
        self.0.next().await
    }

    /// The field of the request that names the rows to return, where it has one, and its items for
    /// which no row came back so far: see [`Pages::missing`].
    pub fn missing(&self) -> Option<(&'static str, &[String])> {
        self.0.missing()
    }
}

impl fmt::Debug for JsonPages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JsonPages").finish_non_exhaustive()
    }
}

trait NextPage {
    fn next(&mut self) -> Future<'_, Option<Result<Vec<String>, Error>>>;

    fn missing(&self) -> Option<(&'static str, &[String])>;
}

struct Walk<P: Provider, O: Paginated<Provider = P>> {
    pages: Pages<O>,
    client: Client<P>,
}

impl<P, O> NextPage for Walk<P, O>
where
    P: Provider,
    O: Paginated<Provider = P>,
{
    fn next(&mut self) -> Future<'_, Option<Result<Vec<String>, Error>>> {
        Box::pin(async {
            let page = match self.pages.next().await? {
                Ok(page) => page,
                Err(error) => return Some(Err(error)),
            };
            Some(
                page.items
                    .iter()
                    .map(|item| to_json(&self.client, &O::INFO, item))
                    .collect(),
            )
        })
    }

    fn missing(&self) -> Option<(&'static str, &[String])> {
        Some((O::PAGING.batch?.field, self.pages.missing()))
    }
}
