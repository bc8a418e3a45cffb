//! What is stored, looked at past the functions, and made older.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;

use crate::Outcome;

pub(crate) const LINKS: &str = "links";
pub(crate) const FULFILLMENTS: &str = "fulfillments";

/// The sort key of two indexes is made of it, and a key does not grow older.
const FIXED: &str = "first_seen_at";

type Item = HashMap<String, AttributeValue>;

/// The tables, read and written without a proxy.
#[derive(Clone, Debug)]
pub(crate) struct Rows(Client);

impl Rows {
    pub(crate) fn new(client: Client) -> Self {
        Self(client)
    }

    /// Every point in time in the rows that mention one of `whose` moves back by `by`: exactly as
    /// if so much time had passed.
    pub(crate) async fn age(&self, whose: &[&str], by: Duration) -> Outcome {
        let by = i64::try_from(by.as_millis()).map_err(|error| error.to_string())?;
        for table in [LINKS, FULFILLMENTS] {
            for item in self.mentioning(table, whose).await? {
                self.age_item(table, &item, by).await?;
            }
        }
        Ok(())
    }

    /// Takes the rows away that mention one of `whose`: who is done with them need not read them
    /// again and again.
    pub(crate) async fn forget(&self, whose: &[&str]) -> Outcome {
        for table in [LINKS, FULFILLMENTS] {
            for item in self.mentioning(table, whose).await? {
                let delete = self.0.delete_item().table_name(table);
                let delete = delete.set_key(Some(key(&item)));
                let deleted = delete.send().await;
                deleted.map_err(|error| format!("a row could not be deleted: {error:?}"))?;
            }
        }
        Ok(())
    }

    /// Which tokens are stored for the player: the link, and how often they were renewed.
    pub(crate) async fn tokens(&self, player: &str) -> Outcome<Option<(String, String)>> {
        let row = self.get(LINKS, format!("PLAYER#{player}"), None).await?;
        Ok(row.and_then(|row| {
            let version = row.get("token_version")?.as_n().ok()?.clone();
            Some((text(&row, "link_id")?.to_owned(), version))
        }))
    }

    async fn age_item(&self, table: &str, item: &Item, by: i64) -> Outcome {
        let older = item.iter().filter_map(|(name, value)| {
            let is_time = name.ends_with("_at") || name.ends_with("_until");
            let at: i64 = value.as_n().ok()?.parse().ok()?;
            (is_time && name != FIXED).then(|| (name.clone(), at - by))
        });
        let mut update = self.0.update_item().table_name(table);
        let mut sets = Vec::new();
        for (number, (name, at)) in older.enumerate() {
            sets.push(format!("#n{number} = :v{number}"));
            update = update
                .expression_attribute_names(format!("#n{number}"), name)
                .expression_attribute_values(
                    format!(":v{number}"),
                    AttributeValue::N(at.to_string()),
                );
        }
        if sets.is_empty() {
            return Ok(());
        }
        update
            .set_key(Some(key(item)))
            .update_expression(format!("SET {}", sets.join(", ")))
            .send()
            .await
            .map(drop)
            .map_err(|error| format!("a row could not be made older: {error:?}"))
    }

    async fn mentioning(&self, table: &str, whose: &[&str]) -> Outcome<Vec<Item>> {
        let mentions = |item: &Item| {
            let mut texts = item.values().filter_map(|value| value.as_s().ok());
            texts.any(|text| whose.iter().any(|who| text.contains(who)))
        };
        let mut found = Vec::new();
        let mut pages = self
            .0
            .scan()
            .table_name(table)
            .consistent_read(true)
            .into_paginator()
            .items()
            .send();
        while let Some(item) = pages.next().await {
            let item = item.map_err(|error| format!("{table} can't be read: {error:?}"))?;
            if mentions(&item) {
                found.push(item);
            }
        }
        Ok(found)
    }

    async fn get(&self, table: &str, pk: String, sk: Option<&str>) -> Outcome<Option<Item>> {
        let mut get = self
            .0
            .get_item()
            .table_name(table)
            .consistent_read(true)
            .key("pk", AttributeValue::S(pk));
        if let Some(sk) = sk {
            get = get.key("sk", AttributeValue::S(sk.to_owned()));
        }
        let answer = get.send().await;
        answer
            .map(|answer| answer.item)
            .map_err(|error| format!("{table} can't be read: {error:?}"))
    }

    /// The status of an entitlement at the player that owns it.
    pub(crate) async fn status(&self, entitlement: &str) -> Outcome<Option<String>> {
        let owner = format!("ENTITLEMENT#{entitlement}");
        let owner = self.get(FULFILLMENTS, owner, Some("OWNER")).await?;
        let Some(player) = owner.as_ref().and_then(|owner| text(owner, "player_id")) else {
            return Ok(None);
        };
        let record = format!("E#{entitlement}");
        let record = self
            .get(FULFILLMENTS, format!("PLAYER#{player}"), Some(&record))
            .await?;
        Ok(record.and_then(|record| text(&record, "status").map(ToOwned::to_owned)))
    }

    /// The row of the player and the row of the Amazon account say the same: both name the other
    /// under one link, or neither is there.
    pub(crate) async fn agree(&self, player: &str, account: &str) -> Outcome {
        let of_player = self.get(LINKS, format!("PLAYER#{player}"), None).await?;
        let of_account = self.get(LINKS, format!("AMAZON#{account}"), None).await?;
        let linked = of_player.filter(|row| text(row, "amazon_user_id").is_some());
        let agreed = match (&linked, &of_account) {
            (None, None) => true,
            (Some(player_row), Some(account_row)) => {
                text(player_row, "amazon_user_id") == Some(account)
                    && text(account_row, "player_id") == Some(player)
                    && text(player_row, "link_id") == text(account_row, "link_id")
            }
            (None, Some(account_row)) => text(account_row, "player_id") != Some(player),
            (Some(_), None) => false,
        };
        if agreed {
            return Ok(());
        }
        let named = |row: &Option<Item>| {
            row.as_ref()
                .map(|row| text(row, "link_id").map(str::to_owned))
        };
        let (player_has, account_has) = (named(&linked), named(&of_account));
        Err(format!(
            "player and Amazon account disagree about their link: {player_has:?}, {account_has:?}"
        ))
    }
}

fn key(item: &Item) -> Item {
    let parts = ["pk", "sk"].into_iter();
    parts
        .filter_map(|name| Some((name.to_owned(), item.get(name)?.clone())))
        .collect()
}

fn text<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    item.get(name)?.as_s().ok().map(String::as_str)
}
