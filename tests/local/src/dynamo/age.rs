//! Time that passes for what is stored, without waiting.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::DisplayErrorContext;
use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};

use crate::Error;

/// Times that do not move: the first is part of the sort key of two indexes, and the others are in
/// the body of the webhook, which never changes.
const FIXED: [&str; 3] = ["first_seen_at", "updated_at", "ordered_at"];

/// How the names of times end. `ttl` is none: DynamoDB may take days to clean up, and nothing relies on it.
const ENDINGS: [&str; 3] = ["_at", "_until", "_since"];

/// How many rows one request may change.
const BATCH: usize = 25;

type Item = HashMap<String, AttributeValue>;

/// Every point in time in every row of these tables moves back by `by`: exactly as if so much time had
/// passed. No process may write meanwhile.
///
/// # Errors
/// When a table can't be read or changed; the message names it.
pub async fn age(client: &Client, tables: &[&str], by: Duration) -> Result<(), Error> {
    let by = i64::try_from(by.as_millis())?;
    for table in tables {
        let aged = age_table(client, table, by).await;
        aged.map_err(|error| format!("table {table}: {error}"))?;
    }
    Ok(())
}

async fn age_table(client: &Client, table: &str, by: i64) -> Result<(), Error> {
    let scan = client.scan().table_name(table).consistent_read(true);
    let items = scan.into_paginator().items().send();
    let items: Result<Vec<Item>, _> = items.collect().await;
    let items = items.map_err(|error| DisplayErrorContext(error).to_string())?;
    let mut requests = Vec::new();
    for mut item in items {
        make_older(&mut item, by);
        let put = PutRequest::builder().set_item(Some(item)).build()?;
        requests.push(WriteRequest::builder().put_request(put).build());
    }
    for batch in requests.chunks(BATCH) {
        let write = client.batch_write_item();
        let written = write.request_items(table, batch.to_vec()).send().await;
        let written = written.map_err(|error| DisplayErrorContext(error).to_string())?;
        let left = written.unprocessed_items();
        if left.is_some_and(|left| !left.is_empty()) {
            return Err("it was changed by halves".into());
        }
    }
    Ok(())
}

fn make_older(item: &mut Item, by: i64) {
    for (name, value) in item {
        let is_time = name == "until" || ENDINGS.iter().any(|ending| name.ends_with(ending));
        let at: Option<i64> = value.as_n().ok().and_then(|at| at.parse().ok());
        if let Some(at) = at
            && is_time
            && !FIXED.contains(&name.as_str())
        {
            *value = AttributeValue::N((at - by).to_string());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_move_back_and_nothing_else_does() {
        let number = |n: i64| AttributeValue::N(n.to_string());
        let mut item = Item::from([
            ("next_check_at".to_owned(), number(5000)),
            ("refresh_until".to_owned(), number(9000)),
            ("until".to_owned(), number(9500)),
            ("failing_since".to_owned(), number(3000)),
            ("first_seen_at".to_owned(), number(4000)),
            ("token_version".to_owned(), number(7)),
            (
                "expires_at".to_owned(),
                AttributeValue::S("never".to_owned()),
            ),
        ]);
        make_older(&mut item, 1000);
        assert_eq!(item["next_check_at"], number(4000));
        assert_eq!(item["refresh_until"], number(8000));
        assert_eq!(item["until"], number(8500));
        assert_eq!(item["failing_since"], number(2000));
        assert_eq!(item["first_seen_at"], number(4000));
        assert_eq!(item["token_version"], number(7));
        assert_eq!(item["expires_at"], AttributeValue::S("never".to_owned()));
    }
}
