//! The tags of any number of customers, by their ids.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::bss::ListSubCustomerNewTag;
use crate::bss::NewCustomerTag;
use crate::{Client, Error};

/// How many ids one call takes, and how many rows it gives at most.
const CHUNK: usize = 200;

/// What [`tags_of`] found.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Tags {
    /// Every id that was asked for, in that order and as often, with its rows. Those of
    /// [`missing`](Self::missing) have none.
    pub by_id: Vec<(String, Vec<NewCustomerTag>)>,
    /// The ids that did not come back, each once: they are not those of customers of the partner.
    pub missing: Vec<String>,
}

/// The call that ended [`tags_of`], with what came before it. `?` makes an [`Error`] of it.
#[derive(Debug)]
#[non_exhaustive]
pub struct TagsError {
    /// Why the call failed.
    pub error: Error,
    /// The tags of the ids that were answered by then, and of no others.
    pub tags: Tags,
    /// The ids without an answer, each once and in their order: what to ask for again.
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

/// Asks for the tags of customers in calls of 200 ids, each id once however often it is given, several
/// calls at a time within the client's rate. No ids make no call, where a request without ids means
/// everybody. `request` says what else is asked for, such as the indirect partner; its ids, offset and
/// limit do not matter.
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
    // By default, Huawei Cloud answers for ten of them.
    let request = request.clone().with_offset(0).with_limit(CHUNK as u64);
    let mut pages = client.pages(request.with_customer_ids(&ids));
    let mut rows: BTreeMap<String, Vec<NewCustomerTag>> = BTreeMap::new();
    let mut answered = 0;
    let failed = loop {
        match pages.next().await {
            None => break None,
            Some(Err(error)) => break Some(error),
            Some(Ok(page)) => {
                answered += CHUNK;
                for row in page.items {
                    let id = row.customer_id.clone().unwrap_or_default();
                    rows.entry(id).or_default().push(row);
                }
            }
        }
    };
    let mut seen = BTreeSet::new();
    let once: Vec<&String> = ids.iter().filter(|id| seen.insert(*id)).collect();
    let unanswered = match failed {
        Some(_) => once.get(answered..).unwrap_or_default(),
        None => &[],
    };
    let open: BTreeSet<&String> = unanswered.iter().copied().collect();
    let tags = Tags {
        by_id: ids
            .iter()
            .filter(|id| !open.contains(id))
            .map(|id| (id.clone(), rows.get(id).cloned().unwrap_or_default()))
            .collect(),
        missing: pages.missing().to_vec(),
    };
    match failed {
        None => Ok(tags),
        Some(error) => Err(TagsError {
            error,
            tags,
            unanswered: unanswered.iter().map(|id| (*id).clone()).collect(),
        }),
    }
}
