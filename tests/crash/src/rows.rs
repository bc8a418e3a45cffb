//! What is stored, looked at past the functions, and made older.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::{AttributeValue, DeleteRequest, PutRequest, WriteRequest};
use local::dynamo::age;

use crate::{Outcome, keys};

pub(crate) const LINKS: &str = "links";
pub(crate) const FULFILLMENTS: &str = "fulfillments";
pub(crate) const ERASURES: &str = "erasures";

/// The tables with rows of players.
const TABLES: [&str; 3] = [LINKS, FULFILLMENTS, ERASURES];

/// How many rows one request may change.
const BATCH: usize = 25;

type Item = HashMap<String, AttributeValue>;

/// The rows of the tables that are restored together.
#[derive(Clone, Debug)]
pub struct Backup([(&'static str, Vec<Item>); 2]);

/// The tables, read and written without a proxy.
#[derive(Clone, Debug)]
pub(crate) struct Rows(Client);

impl Rows {
    pub(crate) fn new(client: Client) -> Self {
        Self(client)
    }

    /// Every point in time in every row moves back by `by`. No process may write meanwhile.
    pub(crate) async fn age(&self, by: Duration) -> Outcome {
        let aged = age(&self.0, &TABLES, by).await;
        aged.map_err(|error| error.to_string())
    }

    /// Takes every row of players and accounts away, so that the next story begins with none.
    pub(crate) async fn forget(&self) -> Outcome {
        for table in TABLES {
            self.empty(table).await?;
        }
        Ok(())
    }

    async fn empty(&self, table: &str) -> Outcome {
        let gone = self.all(table).await?.into_iter().map(|item| {
            let delete = DeleteRequest::builder().set_key(Some(key(&item))).build();
            delete.map(|delete| WriteRequest::builder().delete_request(delete).build())
        });
        self.write(table, gone).await
    }

    async fn put(&self, table: &str, rows: Vec<Item>) -> Outcome {
        let puts = rows.into_iter().map(|item| {
            let put = PutRequest::builder().set_item(Some(item)).build();
            put.map(|put| WriteRequest::builder().put_request(put).build())
        });
        self.write(table, puts).await
    }

    pub(crate) async fn backup(&self) -> Outcome<Backup> {
        let (links, fulfillments) = (self.all(LINKS).await?, self.all(FULFILLMENTS).await?);
        Ok(Backup([(LINKS, links), (FULFILLMENTS, fulfillments)]))
    }

    /// What was written since the backup is gone.
    pub(crate) async fn restore(&self, Backup(tables): Backup) -> Outcome {
        for (table, rows) in tables {
            self.empty(table).await?;
            self.put(table, rows).await?;
        }
        Ok(())
    }

    /// Every link's tokens are as before the first key came.
    pub(crate) async fn seal_with_the_old_key(&self) -> Outcome {
        let mut rows = self.all(LINKS).await?;
        for row in &mut rows {
            let player = text(row, "pk").and_then(|pk| pk.strip_prefix("PLAYER#"));
            let Some(player) = player.map(str::to_owned) else {
                continue;
            };
            for field in keys::SEALED {
                if let Some(sealed) = text(row, field) {
                    let before = keys::sealed_before(sealed, &player)?;
                    row.insert(field.to_owned(), AttributeValue::S(before));
                }
            }
        }
        self.put(LINKS, rows).await
    }

    /// How many values of links the first key has sealed, and how many another one.
    pub(crate) async fn sealed(&self) -> Outcome<(usize, usize)> {
        let rows = self.all(LINKS).await?;
        let of_links = rows
            .iter()
            .filter(|row| text(row, "pk").is_some_and(|pk| pk.starts_with("PLAYER#")));
        let sealed = of_links.flat_map(|row| keys::SEALED.map(|field| text(row, field)));
        let (first, others): (Vec<_>, Vec<_>) =
            sealed.flatten().partition(|it| keys::is_by_the_first(it));
        Ok((first.len(), others.len()))
    }

    async fn write(
        &self,
        table: &str,
        requests: impl Iterator<Item = Result<WriteRequest, BuildError>>,
    ) -> Outcome {
        let requests: Result<Vec<_>, _> = requests.collect();
        let requests = requests.map_err(|error| error.to_string())?;
        for batch in requests.chunks(BATCH) {
            let write = self.0.batch_write_item();
            let written = write.request_items(table, batch.to_vec()).send().await;
            let written =
                written.map_err(|error| format!("{table} can't be changed: {error:?}"))?;
            if written
                .unprocessed_items()
                .is_some_and(|left| !left.is_empty())
            {
                return Err(format!("{table} was changed by halves"));
            }
        }
        Ok(())
    }

    /// The keys of the rows in the table of links that begin like this.
    pub(crate) async fn links_like(&self, beginning: &str) -> Outcome<Vec<String>> {
        let rows = self.all(LINKS).await?;
        let keys = rows.iter().filter_map(|row| text(row, "pk"));
        let alike = keys.filter(|pk| pk.starts_with(beginning));
        Ok(alike.map(ToOwned::to_owned).collect())
    }

    /// Which tokens are stored for the player: the link, and how often they were renewed.
    pub(crate) async fn tokens(&self, player: &str) -> Outcome<Option<(String, String)>> {
        let row = self.get(LINKS, format!("PLAYER#{player}"), None).await?;
        Ok(row.and_then(|row| {
            let version = row.get("token_version")?.as_n().ok()?.clone();
            Some((text(&row, "link_id")?.to_owned(), version))
        }))
    }

    /// The commands of the audit records in this partition, in their order.
    pub(crate) async fn audits(&self, pk: &str) -> Outcome<Vec<String>> {
        let rows = self.all(FULFILLMENTS).await?;
        let is_audit = |row: &&Item| {
            text(row, "pk") == Some(pk) && text(row, "sk").is_some_and(|sk| sk.starts_with("A#"))
        };
        let audits = rows.iter().filter(is_audit);
        let commands = audits.filter_map(|row| text(row, "command"));
        Ok(commands.map(ToOwned::to_owned).collect())
    }

    /// The keys of the rows that have one of these texts anywhere in them.
    pub(crate) async fn naming(&self, names: &[&str]) -> Outcome<Vec<String>> {
        let mut keys = Vec::new();
        for table in TABLES {
            for row in self.all(table).await? {
                let shown = format!("{row:?}");
                if names.iter().any(|name| shown.contains(name)) {
                    let part = |name| text(&row, name).unwrap_or_default();
                    keys.push(format!("{table} {} {}", part("pk"), part("sk")));
                }
            }
        }
        Ok(keys)
    }

    /// The receipts of erasures that have an audit record.
    pub(crate) async fn receipts(&self) -> Outcome<BTreeSet<String>> {
        let rows = self.all(FULFILLMENTS).await?;
        let keys = rows.iter().filter_map(|row| text(row, "pk"));
        let receipts = keys.filter_map(|pk| pk.strip_prefix("RECEIPT#"));
        Ok(receipts.map(ToOwned::to_owned).collect())
    }

    async fn all(&self, table: &str) -> Outcome<Vec<Item>> {
        let scan = self.0.scan().table_name(table).consistent_read(true);
        let items = scan.into_paginator().items().send();
        let items = items.collect::<Result<_, _>>().await;
        items.map_err(|error| format!("{table} can't be read: {error:?}"))
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
