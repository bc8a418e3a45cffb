//! Fills the tables with linked players.
//!
//! One player goes the real way: links, claims, checks and confirms until Amazon knows. What the
//! store has written for that player is then written again and again, each time under other names
//! of the same length, and with the tokens sealed for the new player.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use local::Error;

use crate::World;

type Item = HashMap<String, AttributeValue>;

/// The one who goes the real way: an id as long as most accounts' ids are.
const PLAYER: &str = "5a1e0000-0000-4000-8000-000000000000";
const ACCOUNT: &str = "stored";
const SKU: &str = "stored-offer";

/// The most that DynamoDB takes at once.
const BATCH: usize = 25;

/// So many of a name's last characters are its player's number.
const DIGITS: usize = 8;

/// The rows of a player, and how many players have them.
pub struct Stored {
    rows: Vec<(String, Item)>,
    /// What is another player's own in these rows.
    names: Vec<String>,
    tokens: Vec<u8>,
    /// How many players are stored beside the first.
    pub players: u32,
}

impl Stored {
    /// Sends the first player through everything. The tables must be empty.
    ///
    /// # Errors
    /// If the first player does not come through.
    pub async fn begin(world: &World) -> Result<Self, Error> {
        world.offer(SKU).await;
        world.linked(PLAYER, ACCOUNT).await;
        let entitlement = world.amazon.claim(ACCOUNT, SKU);
        world.check(PLAYER).await;
        let results = world.confirm(PLAYER, &[&entitlement]).await;
        if results[0]["status"] != "reported" {
            return Err(format!("the first player's report ended so: {results}").into());
        }
        let link = world.stored_link(PLAYER).await;
        let sealed = link.tokens.ok_or("a link without tokens")?;
        let keys = &world.app.secrets.current().token_keys;
        let tokens = keys.open(&sealed, &place(PLAYER))?.to_vec();

        let mut rows = Vec::new();
        let tables = &world.app.config.tables;
        for table in [&tables.links, &tables.fulfillments] {
            let scan = world
                .dynamodb
                .scan()
                .table_name(table)
                .consistent_read(true);
            let items = scan.send().await?.items.unwrap_or_default();
            // What is left of the attempt to link is gone soon, on AWS. An offer's audit records are no
            // player's.
            let is_of_offer = |item: &Item| {
                let pk = item.get("pk").and_then(|pk| pk.as_s().ok());
                pk.is_some_and(|pk| pk.starts_with("OFFER#"))
            };
            let kept = items
                .into_iter()
                .filter(|item| !item.contains_key("ttl") && !is_of_offer(item));
            rows.extend(kept.map(|item| (table.clone(), item)));
        }
        let names = [
            PLAYER,
            &world.amazon.account_id(ACCOUNT),
            link.id.as_str(),
            &entitlement,
        ];
        Ok(Self {
            rows,
            names: names.map(str::to_owned).to_vec(),
            tokens,
            players: 0,
        })
    }

    /// What the tables hold of one player: the first word of each row's key, and its bytes.
    #[must_use]
    pub fn sizes(&self) -> Vec<(String, usize)> {
        let size = |item: &Item| -> usize {
            let of = |(name, value): (&String, &AttributeValue)| name.len() + bytes(value);
            item.iter().map(of).sum()
        };
        let label = |item: &Item| {
            let key = item.get("sk").or_else(|| item.get("pk"));
            let key = key
                .and_then(|key| key.as_s().ok())
                .map_or("", String::as_str);
            key.split('#').next().unwrap_or_default().to_owned()
        };
        let mut sizes: Vec<_> = self
            .rows
            .iter()
            .map(|(_, item)| (label(item), size(item)))
            .collect();
        sizes.sort();
        sizes
    }

    /// Stores more players, until there are so many.
    ///
    /// # Errors
    /// If the database does not take them.
    pub async fn fill(&mut self, world: &World, players: u32) -> Result<(), Error> {
        let mut batch = Vec::new();
        for number in self.players..players {
            for row in self.of_player(world, number)? {
                batch.push(row);
                if batch.len() == BATCH {
                    write(world, std::mem::take(&mut batch)).await?;
                }
            }
        }
        write(world, batch).await?;
        self.players = self.players.max(players);
        Ok(())
    }

    /// The id of the player with this number, who is stored if there are more players than that.
    #[must_use]
    pub fn player(&self, number: u32) -> String {
        renamed(PLAYER, number)
    }

    /// The rows of the player with this number.
    fn of_player(&self, world: &World, number: u32) -> Result<Vec<(String, Item)>, Error> {
        let new: Vec<_> = self
            .names
            .iter()
            .map(|name| renamed(name, number))
            .collect();
        let sealed = world
            .app
            .secrets
            .current()
            .token_keys
            .seal(&self.tokens, &place(&new[0]));
        let rename = |text: &str| {
            let pairs = self.names.iter().zip(&new);
            pairs.fold(text.to_owned(), |text, (old, new)| text.replace(old, new))
        };
        let mut rows = Vec::with_capacity(self.rows.len());
        for (table, item) in &self.rows {
            let mut row: Item = item
                .iter()
                .map(|(field, value)| (field.clone(), with(value, &rename)))
                .collect();
            if row.contains_key("tokens") {
                let text = sealed.as_str().to_owned();
                row.insert("tokens".to_owned(), AttributeValue::S(text));
            }
            if row.get("pk") == item.get("pk") {
                return Err("a row of the first player that no other can have".into());
            }
            rows.push((table.clone(), row));
        }
        Ok(rows)
    }
}

/// What a player's tokens are sealed for.
fn place(player: &str) -> [&str; 2] {
    ["tokens", player]
}

fn renamed(name: &str, number: u32) -> String {
    // Spread, as random names are.
    let number = number.wrapping_add(1).wrapping_mul(0x9e37_79b1);
    format!("{}{number:08x}", &name[..name.len() - DIGITS])
}

fn with(value: &AttributeValue, rename: &impl Fn(&str) -> String) -> AttributeValue {
    match value {
        AttributeValue::S(text) => AttributeValue::S(rename(text)),
        AttributeValue::Ss(texts) => {
            AttributeValue::Ss(texts.iter().map(|text| rename(text)).collect())
        }
        other => other.clone(),
    }
}

/// As DynamoDB counts them, nearly: what else there is takes a few.
fn bytes(value: &AttributeValue) -> usize {
    match value {
        AttributeValue::S(text) => text.len(),
        AttributeValue::N(digits) => digits.len() / 2 + 1,
        AttributeValue::Ss(texts) => texts.iter().map(String::len).sum(),
        _ => 1,
    }
}

async fn write(world: &World, rows: Vec<(String, Item)>) -> Result<(), Error> {
    let mut left: HashMap<String, Vec<WriteRequest>> = HashMap::new();
    for (table, row) in rows {
        let put = PutRequest::builder().set_item(Some(row)).build()?;
        let request = WriteRequest::builder().put_request(put).build();
        left.entry(table).or_default().push(request);
    }
    while !left.is_empty() {
        let batch = world
            .dynamodb
            .batch_write_item()
            .set_request_items(Some(left));
        left = batch.send().await?.unprocessed_items.unwrap_or_default();
    }
    Ok(())
}
