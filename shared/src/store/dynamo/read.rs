//! Reads one item, or many of one table at once.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::KeysAndAttributes;
use aws_sdk_dynamodb::types::builders::KeysAndAttributesBuilder;

use super::failure::unavailable;
use super::item::Item;
use super::write::pause;
use crate::store::error::{Cause, StoreError};

/// Reads the item with this key, strongly.
pub(in crate::store) async fn get(
    client: &Client,
    table: &str,
    key: Item,
) -> Result<Option<Item>, StoreError> {
    client
        .get_item()
        .table_name(table)
        .set_key(Some(key))
        .consistent_read(true)
        .send()
        .await
        .map(|output| output.item)
        .map_err(|error| unavailable("GetItem", &error))
}

/// The items that `query` finds, page by page, but at most `most`.
pub(in crate::store) async fn query_up_to(
    query: QueryFluentBuilder,
    most: usize,
) -> Result<Vec<Item>, StoreError> {
    let mut items = Vec::new();
    let mut start: Option<Item> = None;
    loop {
        let page = query
            .clone()
            .set_exclusive_start_key(start)
            .send()
            .await
            .map_err(|error| unavailable("Query", &error))?;
        items.extend(page.items.unwrap_or_default());
        start = page.last_evaluated_key;
        if start.is_none() || items.len() >= most {
            items.truncate(most);
            return Ok(items);
        }
    }
}

/// How many keys one `BatchGetItem` takes: DynamoDB's limit.
pub(in crate::store) const BATCH: usize = 100;

/// What a batch read gave.
#[derive(Debug, Default)]
pub(in crate::store) struct Batch {
    /// The items that exist, in no order.
    pub(in crate::store) items: Vec<Item>,
    /// The keys that DynamoDB left unread at every try.
    pub(in crate::store) unread: Vec<Item>,
}

impl Batch {
    /// The items, if DynamoDB has read every key.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub(in crate::store) fn whole(self) -> Result<Vec<Item>, StoreError> {
        if self.unread.is_empty() {
            return Ok(self.items);
        }
        Err(StoreError::Unavailable {
            operation: "BatchGetItem",
            source: Cause::Unprocessed,
        })
    }
}

/// Reads the items with these keys, at most [`BATCH`], strongly. What DynamoDB leaves unread is
/// asked for again, until there were `tries` requests.
///
/// # Errors
/// See [`StoreError`].
pub(in crate::store) async fn batch_get(
    client: &Client,
    table: &str,
    keys: Vec<Item>,
    tries: u32,
) -> Result<Batch, StoreError> {
    let how = KeysAndAttributes::builder().consistent_read(true);
    batch_get_as(client, table, keys, tries, &how).await
}

/// As [`batch_get`], but with the consistency and the attributes that `how` asks for.
///
/// # Errors
/// See [`StoreError`].
pub(in crate::store) async fn batch_get_as(
    client: &Client,
    table: &str,
    keys: Vec<Item>,
    tries: u32,
    how: &KeysAndAttributesBuilder,
) -> Result<Batch, StoreError> {
    let mut batch = Batch {
        items: Vec::new(),
        unread: keys,
    };
    for tried in 0..tries {
        if batch.unread.is_empty() {
            break;
        }
        if tried > 0 {
            pause(tried).await;
        }
        let keys = how
            .clone()
            .set_keys(Some(std::mem::take(&mut batch.unread)))
            .build()
            .expect("keys are set");
        let output = client
            .batch_get_item()
            .request_items(table, keys)
            .send()
            .await
            .map_err(|error| unavailable("BatchGetItem", &error))?;
        let items = output.responses.unwrap_or_default().remove(table);
        batch.items.extend(items.unwrap_or_default());
        let unread = output.unprocessed_keys.unwrap_or_default().remove(table);
        batch.unread = unread.map(|keys| keys.keys).unwrap_or_default();
    }
    Ok(batch)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use crate::net;
    use crate::net::testing::{Reply, Server};
    use crate::store::dynamo::s;

    fn dynamodb(server: &Server) -> Client {
        let endpoint = server.url("").to_string();
        let client = net::Client::new(Clock::system()).expect("a client");
        let sdk = net::sdk_config_from(client, move |name| {
            Some(match name {
                "AWS_ENDPOINT_URL_DYNAMODB" => endpoint.clone(),
                "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => "local".to_owned(),
                "AWS_REGION" => "eu-central-1".to_owned(),
                _ => return None,
            })
        });
        Client::new(&sdk.expect("everything is there"))
    }

    fn keys(ids: &[&str]) -> Vec<Item> {
        ids.iter()
            .map(|id| Item::from([("sku".to_owned(), s(*id))]))
            .collect()
    }

    const FIRST: &str = r#"{"Responses": {"t": [{"sku": {"S": "a"}}]},
        "UnprocessedKeys": {"t": {"Keys": [{"sku": {"S": "b"}}], "ConsistentRead": true}}}"#;

    #[tokio::test]
    async fn what_dynamodb_leaves_unread_is_asked_for_again() {
        let second = r#"{"Responses": {"t": [{"sku": {"S": "b"}}]}, "UnprocessedKeys": {}}"#;
        let server = Server::start([Reply::json(200, FIRST), Reply::json(200, second)]);
        let batch = batch_get(&dynamodb(&server), "t", keys(&["a", "b", "c"]), 2).await;
        let batch = batch.expect("an answer");
        assert_eq!(batch.items, keys(&["a", "b"]));
        assert_eq!(batch.unread, keys(&[]));
        let requests = server.requests();
        assert_eq!(requests.len(), 2);
        assert!(
            requests[0].contains(r#""S":"a""#) && requests[0].contains(r#""ConsistentRead":true"#)
        );
        assert!(!requests[1].contains(r#""S":"a""#), "{}", requests[1]);
    }

    #[tokio::test]
    async fn after_the_last_try_it_says_what_is_unread() {
        let server = Server::start([Reply::json(200, FIRST), Reply::json(200, FIRST)]);
        let batch = batch_get(&dynamodb(&server), "t", keys(&["a", "b"]), 2).await;
        assert_eq!(batch.expect("an answer").unread, keys(&["b"]));
        assert_eq!(server.requests().len(), 2);
    }
}
