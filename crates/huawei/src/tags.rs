//! The tags of any number of customers, by their ids.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::bss::ListSubCustomerNewTag;
use crate::bss::NewCustomerTag;
use crate::{Client, Error};

/// The maximum number of ids and of rows of one call.
const CHUNK: usize = 200;

/// The result of [`tags_of`].
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Tags {
    /// A list of every requested id with its rows, in the order of the request, repetitions included.
    /// The ids of [`missing`](Self::missing) have no rows.
    pub by_id: Vec<(String, Vec<NewCustomerTag>)>,
    /// The ids that no response had, each once: they are not ids of customers of the partner.
    pub missing: Vec<String>,
}

/// The error of [`tags_of`], with the tags of the ids before the failed call. `?` converts it to an [`Error`].
#[derive(Debug)]
#[non_exhaustive]
pub struct TagsError {
    /// Why the call failed.
    pub error: Error,
    /// The tags of the ids that were answered before the error, and of no others.
    pub tags: Tags,
    /// The ids without an answer, each once, in their order: the ids to request again.
    pub unanswered: Vec<String>,
}

impl fmt::Display for TagsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ids without an answer", self.unanswered.len())
    }
}

impl std::error::Error for TagsError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}

impl From<TagsError> for Error {
    fn from(error: TagsError) -> Self {
        error.error
    }
}

/// Requests the tags of customers in calls of 200 ids, each id once, several calls at a time within the
/// client's rate limit; their results are put in the order of the ids. Without ids it sends nothing,
/// because a request without ids would return all customers. `request` has the other parameters, such
/// as the indirect partner; its ids, offset and limit are ignored.
///
/// ```no_run
/// # async fn example(client: standing_huawei::Client) -> Result<(), standing_huawei::Error> {
/// use standing_huawei::{bss::ListSubCustomerNewTag, tags_of};
///
/// let tags = tags_of(&client, &ListSubCustomerNewTag::new(), ["id-1", "id-2"]).await?;
/// println!("{} of them are not our customers", tags.missing.len());
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// [`TagsError`] for the first call that failed, as [`Client::send`](standing_core::Client::send), with
/// the tags that came before. Ids that break a limit are found before anything is sent; after a failure
/// midway it is safe to ask for all of them again.
pub async fn tags_of(
    client: &Client,
    request: &ListSubCustomerNewTag,
    ids: impl IntoIterator<Item = impl Into<String>>,
) -> Result<Tags, TagsError> {
    let ids: Vec<String> = ids.into_iter().map(Into::into).collect();
    if ids.is_empty() {
        return Ok(Tags::default());
    }
    // Without a limit, Huawei Cloud returns the rows of the first ten ids of a call.
    let request = request.clone().with_offset(0).with_limit(CHUNK as u64);
    let mut pages = client.pages(request.with_customer_ids(&ids));
    let mut rows: BTreeMap<String, Vec<NewCustomerTag>> = BTreeMap::new();
    // The walk removes repeated ids, and its pages are the tags of `CHUNK` ids each, in their order.
    let mut pages_done = 0;
    let failed = loop {
        match pages.next().await {
            None => break None,
            Some(Err(error)) => break Some(error),
            Some(Ok(page)) => {
                pages_done += 1;
                for row in page.items {
                    if let Some(id) = row.customer_id.clone() {
                        rows.entry(id).or_default().push(row);
                    }
                }
            }
        }
    };
    let mut seen = BTreeSet::new();
    let distinct = ids.iter().filter(|id| seen.insert(*id));
    let unanswered: Vec<&String> = match failed {
        Some(_) => distinct.skip(pages_done * CHUNK).collect(),
        None => Vec::new(),
    };
    let without_answer: BTreeSet<&String> = unanswered.iter().copied().collect();
    let tags = Tags {
        by_id: ids
            .iter()
            .filter(|id| !without_answer.contains(id))
            .map(|id| (id.clone(), rows.get(id).cloned().unwrap_or_default()))
            .collect(),
        missing: pages.missing().to_vec(),
    };
    match failed {
        None => Ok(tags),
        Some(error) => Err(TagsError {
            error,
            tags,
            unanswered: unanswered.into_iter().cloned().collect(),
        }),
    }
}
