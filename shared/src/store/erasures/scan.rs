//! Pages through whole tables, for `player.erase_again` alone: after a restore the service has no list
//! of the players whom the restore has brought back. A scan reads, and costs, every row.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;

use crate::domain::PlayerId;
use crate::store::accounts::read_entry;
use crate::store::dynamo::{Item, s, unavailable};
use crate::store::error::StoreError;
use crate::store::tables::{Fulfillments, Links};

/// How many rows one page has at most. Their players are kept in memory.
const PAGE: i32 = 1000;

/// Where a scan goes on: the key of the last row that was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScanPosition(Option<(String, Option<String>)>);

impl ScanPosition {
    /// After the row with this key.
    #[must_use]
    pub fn after(pk: String, sk: Option<String>) -> Self {
        Self(Some((pk, sk)))
    }

    /// The key; `None`: at the beginning.
    #[must_use]
    pub fn key(&self) -> Option<(&str, Option<&str>)> {
        let (pk, sk) = self.0.as_ref()?;
        Some((pk, sk.as_deref()))
    }

    fn start(&self) -> Option<Item> {
        let (pk, sk) = self.key()?;
        let mut key = Item::from([("pk".to_owned(), s(pk))]);
        if let Some(sk) = sk {
            key.insert("sk".to_owned(), s(sk));
        }
        Some(key)
    }
}

/// A page of a scan.
#[derive(Debug)]
pub struct ScanPage {
    /// The players that the rows name.
    pub players: BTreeSet<PlayerId>,
    /// Where the next page begins; `None`: there is none.
    pub next: Option<ScanPosition>,
}

impl Links {
    /// The players in a page of this table.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn scan_players(&self, position: &ScanPosition) -> Result<ScanPage, StoreError> {
        scan(&self.client, &self.table, "pk, player_id", position).await
    }
}

impl Fulfillments {
    /// The players in a page of this table.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn scan_players(&self, position: &ScanPosition) -> Result<ScanPage, StoreError> {
        scan(
            &self.client,
            &self.table,
            "pk, sk, player_id, records",
            position,
        )
        .await
    }
}

async fn scan(
    client: &Client,
    table: &str,
    fields: &str,
    position: &ScanPosition,
) -> Result<ScanPage, StoreError> {
    let page = client
        .scan()
        .table_name(table)
        .projection_expression(fields)
        .consistent_read(true)
        .limit(PAGE)
        .set_exclusive_start_key(position.start())
        .send()
        .await
        .map_err(|error| unavailable("Scan", &error))?;
    let players = page.items().iter().flat_map(players_of).collect();
    let text = |key: &Item, name: &str| key.get(name).and_then(|it| it.as_s().ok()).cloned();
    let next = page.last_evaluated_key.and_then(|key| {
        let pk = text(&key, "pk")?;
        Some(ScanPosition::after(pk, text(&key, "sk")))
    });
    Ok(ScanPage { players, next })
}

/// The players that a row names: by its key, as its player, or as one whose report waits.
fn players_of(item: &Item) -> Vec<PlayerId> {
    let text = |name: &str| item.get(name).and_then(|it| it.as_s().ok());
    let pk = text("pk").map_or("", String::as_str);
    let by_key = ["PLAYER#", "OPEN#", "DEVICES#"]
        .iter()
        .find_map(|prefix| pk.strip_prefix(prefix));
    let parked = item
        .get("records")
        .and_then(|it| AttributeValue::as_ss(it).ok());
    let parked = parked.into_iter().flatten();
    let named = by_key
        .into_iter()
        .chain(text("player_id").map(String::as_str));
    named
        .filter_map(|id| PlayerId::new(id).ok())
        .chain(parked.filter_map(|entry| Some(read_entry(entry)?.0)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_names_players_by_its_key_its_player_and_what_waits() {
        let parked = AttributeValue::Ss(vec!["p1 e1".to_owned(), "p2 e2".to_owned()]);
        for (row, players) in [
            (vec![("pk", s("PLAYER#p1"))], vec!["p1"]),
            (vec![("pk", s("OPEN#p1"))], vec!["p1"]),
            (vec![("pk", s("DEVICES#p1"))], vec!["p1"]),
            (
                vec![("pk", s("AMAZON#a")), ("player_id", s("p1"))],
                vec!["p1"],
            ),
            (
                vec![("pk", s("ACCOUNT#a")), ("records", parked)],
                vec!["p1", "p2"],
            ),
            (
                vec![("pk", s("ENTITLEMENT#e")), ("player_id", s("erased h"))],
                vec![],
            ),
            (vec![("pk", s("LOGIN#h"))], vec![]),
        ] {
            let item = row
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value));
            let found = players_of(&item.collect());
            let found: Vec<_> = found.iter().map(PlayerId::as_str).collect();
            assert_eq!(found, players);
        }
    }

    #[test]
    fn a_scan_goes_on_after_the_row_with_this_key() {
        assert_eq!(ScanPosition::default().start(), None);
        let start = ScanPosition::after("p".to_owned(), Some("s".to_owned())).start();
        let start = start.expect("a key");
        assert_eq!((&start["pk"], &start["sk"]), (&s("p"), &s("s")));
        let start = ScanPosition::after("p".to_owned(), None).start();
        assert!(!start.expect("a key").contains_key("sk"));
    }
}
