//! The tags of any number of customers, by their ids.

use std::collections::{BTreeMap, BTreeSet};

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

/// Asks for the tags of customers in calls of 200 ids, each id once however often it is given. No
/// ids make no call, where a request without ids means everybody. `request` says what else is asked
/// for, such as the indirect partner; its ids, offset and limit do not matter.
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
/// As [`Client::send`](standing_core::Client::send). Ids that break a limit are found before
/// anything is sent; after a failure midway it is safe to ask for all of them again.
pub async fn tags_of(
    client: &Client,
    request: &ListSubCustomerNewTag,
    ids: impl IntoIterator<Item = impl Into<String>>,
) -> Result<Tags, Error> {
    let ids: Vec<String> = ids.into_iter().map(Into::into).collect();
    let mut seen = BTreeSet::new();
    let once: Vec<&str> = ids
        .iter()
        .map(String::as_str)
        .filter(|id| seen.insert(*id))
        .collect();
    let calls: Vec<ListSubCustomerNewTag> = once
        .chunks(CHUNK)
        .map(|chunk| {
            let request = request.clone().with_customer_ids(chunk.iter().copied());
            // Unless told so, Huawei Cloud answers for ten of them.
            request.with_offset(0).with_limit(CHUNK as u64)
        })
        .collect();
    calls.iter().try_for_each(|call| client.check(call))?;
    let mut rows: BTreeMap<String, Vec<NewCustomerTag>> = BTreeMap::new();
    for call in &calls {
        for row in client.send(call).await?.into_inner().new_customer_tags {
            let id = row.customer_id.clone().unwrap_or_default();
            rows.entry(id).or_default().push(row);
        }
    }
    let missing = once
        .iter()
        .filter(|id| !rows.contains_key(**id))
        .map(|id| (*id).to_owned());
    Ok(Tags {
        missing: missing.collect(),
        by_id: ids
            .into_iter()
            .map(|id| {
                let found = rows.get(&id).cloned().unwrap_or_default();
                (id, found)
            })
            .collect(),
    })
}
