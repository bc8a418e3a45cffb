//! `OPEN#<player_id>`: the count of a player's open attempts. It counts tickets and their attempts, one
//! for each ticket, so that there are never more than [`MAX_OPEN`].

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem};

use crate::budget::LINGER;
use crate::domain::{PlayerId, Timestamp};
use crate::store::dynamo::{Item, n, open_key, time, ttl};
use crate::store::tables::Links;

/// The most open link attempts of one player.
pub(super) const MAX_OPEN: usize = 10;

/// How often a count that others change too is tried.
pub(super) const COUNT_TRIES: u32 = 8;

impl Links {
    /// Writes the count as `open`, if it has not changed since it was read as `count`.
    pub(super) fn replace_open(
        &self,
        player: &PlayerId,
        count: &Item,
        open: HashMap<String, Timestamp>,
        expires_at: Timestamp,
    ) -> TransactWriteItem {
        let open = open
            .into_iter()
            .map(|(id, until)| (id, time(until)))
            .collect();
        let change = self.change(open_key(player));
        let change = match count.get("version") {
            Some(version) => change
                .when("#version = :expected_version")
                .value(":expected_version", version.clone()),
            None => change.when("attribute_not_exists(#version)"),
        };
        change
            .set("attempts", AttributeValue::M(open))
            // An attempt may live as long again as its ticket.
            .set("ttl", ttl(expires_at + LINGER + LINGER))
            .add("version", n(1))
            .in_transaction()
    }

    /// Counts the attempt in the place of its ticket. An earlier attempt that failed has given that
    /// place back; then it is taken again, if there is one. `count` is the row as it refused the
    /// change without a look at it. `None`: there is no place.
    pub(super) fn count_in(
        &self,
        player: &PlayerId,
        attempt_id: &str,
        expires_at: Timestamp,
        count: Option<&Item>,
        now: Timestamp,
    ) -> Option<TransactWriteItem> {
        let Some(count) = count else {
            let change = self
                .change(open_key(player))
                .when(
                    "attribute_exists(#attempts) AND \
                     (attribute_exists(#attempts.#entry) OR size(#attempts) < :most)",
                )
                .value(":most", n(MAX_OPEN as i128))
                .set_entry("attempts", attempt_id, time(expires_at))
                .add("version", n(1));
            return Some(change.in_transaction());
        };
        let mut open = open_attempts(count, now);
        if open.len() >= MAX_OPEN && !open.contains_key(attempt_id) {
            return None;
        }
        open.insert(attempt_id.to_owned(), expires_at);
        Some(self.replace_open(player, count, open, expires_at))
    }

    /// The attempt counts no longer as an open one of its player.
    pub(super) fn give_back_place(&self, player: &PlayerId, attempt_id: &str) -> TransactWriteItem {
        self.change(open_key(player))
            .when("attribute_exists(#attempts)")
            .remove_entry("attempts", attempt_id)
            .add("version", n(1))
            .in_transaction()
    }
}

/// The entries of the count that have not expired, with their ends.
pub(super) fn open_attempts(count: &Item, now: Timestamp) -> HashMap<String, Timestamp> {
    count
        .get("attempts")
        .and_then(|attempts| attempts.as_m().ok())
        .into_iter()
        .flatten()
        .filter_map(|(id, until)| {
            let until = Timestamp::from_millis(until.as_n().ok()?.parse().ok()?);
            (until > now).then(|| (id.clone(), until))
        })
        .collect()
}

/// When the first of them ends, and with it makes room.
pub(super) fn first_end(open: &HashMap<String, Timestamp>, now: Timestamp) -> Timestamp {
    open.values().copied().min().unwrap_or(now)
}
