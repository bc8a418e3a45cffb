//! Finds out with which keys stored values are sealed, and stores what was sealed again.

use super::link::{DeadTokens, Link};
use crate::domain::{PlayerId, Timestamp};
use crate::seal::Sealed;
use crate::store::dynamo::{Item, Reader, s, unavailable};
use crate::store::error::StoreError;
use crate::store::outcome::WriteOutcome;
use crate::store::tables::Links;

/// The attributes that hold a sealed value, in any row.
const SEALED: [&str; 4] = ["tokens", "dead_tokens", "verifier", "pair"];

/// A row that holds sealed values.
#[derive(Debug)]
pub struct SealedRow {
    /// The player whose link it is; `None` for a row that expires within a day.
    pub player: Option<PlayerId>,
    /// The ids of the keys, one for each value.
    pub keys: Vec<String>,
    /// Whether it has tokens that Amazon called `invalid_grant`.
    pub has_dead: bool,
}

/// A position in the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedPosition(pub String);

/// Some rows of the table.
#[derive(Debug)]
pub struct SealedPage {
    /// Those that hold sealed values.
    pub rows: Vec<SealedRow>,
    /// How many rows were read.
    pub read: usize,
    /// Where to go on; `None` at the end of the table.
    pub next: Option<SealedPosition>,
}

impl Links {
    /// Reads at most `limit` rows, from after this position, and gives those that hold sealed values
    /// and have not expired. It reads the whole table, so it is for operators only.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn sealed(
        &self,
        after: Option<&SealedPosition>,
        limit: usize,
        now: Timestamp,
    ) -> Result<SealedPage, StoreError> {
        let start = after.map(|position| Item::from([("pk".to_owned(), s(&position.0))]));
        let page = self
            .client
            .scan()
            .table_name(&self.table)
            .projection_expression("pk, tokens, dead_tokens, verifier, pair, expires_at")
            .set_exclusive_start_key(start)
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
            .send()
            .await
            .map_err(|error| unavailable("Scan", &error))?;
        let rows = page
            .items()
            .iter()
            .filter_map(|item| self.sealed_row(item, now));
        let next = page.last_evaluated_key().and_then(|key| {
            let pk = Reader::new(&self.table, key).text("pk")?;
            Some(SealedPosition(pk.to_owned()))
        });
        Ok(SealedPage {
            rows: rows.collect(),
            read: usize::try_from(page.scanned_count).unwrap_or(0),
            next,
        })
    }

    fn sealed_row(&self, item: &Item, now: Timestamp) -> Option<SealedRow> {
        let reader = Reader::new(&self.table, item);
        let values = SEALED.iter().filter_map(|field| reader.text(field));
        let keys: Vec<_> = values
            .map(|value| Sealed::from(value.to_owned()).key_id().to_owned())
            .collect();
        let expires_at = reader.time("expires_at").ok().flatten();
        let is_expired = expires_at.is_some_and(|at| at <= now);
        (!keys.is_empty() && !is_expired).then(|| SealedRow {
            player: reader.player().ok(),
            keys,
            has_dead: reader.text("dead_tokens").is_some(),
        })
    }

    /// About how many rows the table has. DynamoDB counts them every few hours.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn about_how_many(&self) -> Result<u64, StoreError> {
        let table = self
            .client
            .describe_table()
            .table_name(&self.table)
            .send()
            .await
            .map_err(|error| unavailable("DescribeTable", &error))?
            .table;
        let count = table.and_then(|table| table.item_count).unwrap_or(0);
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// Stores a link's tokens, sealed with another key. They are the same tokens, so their version
    /// stays. [`WriteOutcome::Changed`]: the link or its tokens are others now.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn store_resealed(
        &self,
        link: &Link,
        before: &Sealed,
        after: &Sealed,
    ) -> Result<WriteOutcome, StoreError> {
        let field = match &link.dead {
            Some(DeadTokens { sealed, .. }) if sealed == before => "dead_tokens",
            _ => "tokens",
        };
        let written = self
            .change_tokens(link, &format!(" AND #{field} = :before"))
            .value(":before", s(before.as_str()))
            .set(field, s(after.as_str()))
            .apply(&self.client)
            .await?;
        // Sealing is random, so no other write stores the same text.
        let written = written.claimed_by(field, after.as_str());
        Ok(written.outcome())
    }
}
