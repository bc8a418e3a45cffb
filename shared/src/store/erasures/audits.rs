//! Takes an erased player out of audit records, the player's own and those of other players.

use aws_sdk_dynamodb::types::TransactWriteItem;

use super::marker::Erasing;
use super::rows::Stored;
use crate::budget::REQUEST_KEPT;
use crate::domain::{ERASED, PlayerId, Timestamp, is_about_many, players_of_move, without_names};
use crate::store::dynamo::{
    Item, Reader, erased_pk, hash, key, player_pk, request_key, s, unavailable,
};
use crate::store::error::StoreError;
use crate::store::operations::audit_sk;
use crate::store::tables::{Erasures, Fulfillments, Links};

/// What stays of an audit record as it is: when which operator did what.
const KEPT: [&str; 3] = ["at", "command", "actor"];

/// Of these only stays that there was one.
const BLANKED: [&str; 3] = ["reason", "note", "entitlement_id"];

/// Where an operator may have named the player.
const TEXTS: [&str; 3] = ["reason", "note", "request_id"];

impl Links {
    /// Takes the player out of the answer that is stored for this request id. `None`: it does not name
    /// the player.
    async fn answer_without(
        &self,
        request: &str,
        player: &PlayerId,
    ) -> Result<Option<TransactWriteItem>, StoreError> {
        let key = request_key(&hash(request));
        let item = self.item(key.clone()).await?.unwrap_or_default();
        let Some(answer) = Reader::new(&self.table, &item).text("answer") else {
            return Ok(None);
        };
        // The answer is JSON, and an id may have a quote in it.
        let quoted = serde_json::Value::from(player.as_str()).to_string();
        let without = without_names(answer, &[player.as_str(), quoted.trim_matches('"')]);
        let change = self
            .change(key)
            .when("#answer = :known")
            .value(":known", s(answer));
        Ok((without != answer).then(|| change.set("answer", s(without)).in_transaction()))
    }
}

impl Fulfillments {
    /// The record moves under the hash without ids, reason and note. The answer that is stored for its
    /// request id goes, because it shows the player. The answer of a command about many stays without
    /// the player's id: repeating that command must not do anything twice for the others. Where the
    /// command was about another player too, that player's record loses this player's name.
    pub(super) async fn audit_parts(
        &self,
        links: &Links,
        erasures: &Erasures,
        erasing: &Erasing<'_>,
        row: &Stored,
        now: Timestamp,
    ) -> Result<Vec<TransactWriteItem>, StoreError> {
        let mut parts = vec![
            row.change(self).delete_in_transaction(),
            erasures.running_part(erasing),
        ];
        parts.extend(self.copy_part(erasing, row));
        let at = row.written_at();
        if let (Some(note), Some(at)) = (row.text("note"), at) {
            for other in players_of_move(note, erasing.player) {
                parts.extend(self.others_parts(&other, at, erasing.player).await?);
            }
        }
        // A request id is kept for 30 days. After that another command may have taken it, so its row stays.
        if let Some(request) = row.text("request_id")
            && at.is_some_and(|at| at + REQUEST_KEPT > now)
        {
            if row.text("command").is_some_and(is_about_many) {
                parts.extend(links.answer_without(request, erasing.player).await?);
            } else {
                let answer = links
                    .change(request_key(&hash(request)))
                    .when("attribute_not_exists(#pk) OR attribute_exists(#answer)");
                parts.push(answer.delete_in_transaction());
            }
        }
        Ok(parts)
    }

    /// What stays of the record. `None`: nothing, because it can't be read.
    fn copy_part(&self, erasing: &Erasing<'_>, row: &Stored) -> Option<TransactWriteItem> {
        let stored = |field: &'static str| Some((field, row.0.get(field)?.clone()));
        let kept = KEPT.into_iter().filter_map(stored);
        let blanked = BLANKED.into_iter().filter_map(stored);
        let fields: Vec<_> = kept
            .chain(blanked.map(|(field, _)| (field, s(ERASED))))
            .collect();
        if fields.is_empty() {
            return None;
        }
        let sk = row.text("sk").unwrap_or_default().to_owned();
        // Where rows were brought back beside the others, the copy is there already, and is the same.
        let copy = self.change(key(erased_pk(erasing.id), sk));
        let copy = fields
            .into_iter()
            .fold(copy, |copy, (field, value)| copy.set(field, value));
        Some(copy.in_transaction())
    }

    /// Takes `player` out of the audit records of another player that were written at `at`.
    async fn others_parts(
        &self,
        other: &PlayerId,
        at: Timestamp,
        player: &PlayerId,
    ) -> Result<Vec<TransactWriteItem>, StoreError> {
        let page = self
            .partition(player_pk(other))
            .key_condition_expression("pk = :pk AND begins_with(sk, :at)")
            .expression_attribute_values(":at", s(audit_sk(at)))
            .send()
            .await
            .map_err(|error| unavailable("Query", &error))?;
        let records = page.items.unwrap_or_default();
        Ok(records
            .into_iter()
            .filter_map(|record| self.without_player(record, player))
            .collect())
    }

    /// `None`: the record does not name the player.
    fn without_player(&self, record: Item, player: &PlayerId) -> Option<TransactWriteItem> {
        let stored = Stored(record);
        let reader = Reader::new(&self.table, &stored.0);
        let changed: Vec<_> = TEXTS
            .iter()
            .filter_map(|field| {
                let text = reader.text(field)?;
                let without = without_names(text, &[player.as_str()]);
                (without != text).then_some((*field, without))
            })
            .collect();
        if changed.is_empty() {
            return None;
        }
        let change = stored.change(self);
        let change = changed
            .into_iter()
            .fold(change, |change, (field, text)| change.set(field, s(text)));
        Some(change.in_transaction())
    }
}
