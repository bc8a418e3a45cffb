//! `OPEN#<player_id>`: the count of a player's open attempts. A ticket and its attempts share one
//! place in it, and a player has at most [`MAX_OPEN`] places. `tickets` lists the tickets until TTL
//! sweeps them, so that `player.erase` finds them.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem};

use crate::budget::{LINGER, SWEPT_AFTER};
use crate::domain::{PlayerId, Timestamp};
use crate::store::dynamo::{Item, n, open_key, time, ttl};
use crate::store::tables::Links;

/// The most open link attempts of one player.
pub(super) const MAX_OPEN: usize = 10;

/// The most tickets that are listed. A player who makes more of them within [`SWEPT_AFTER`] has the
/// oldest ones left to TTL.
const MOST_TICKETS: usize = 100;

/// How often a change of the count is tried while other requests change it too.
pub(super) const COUNT_TRIES: u32 = 8;

impl Links {
    /// The part of a transaction that replaces the count by `open`, if it is still as it was read
    /// in `count`. `tickets`: the tickets, where there is a new one.
    pub(super) fn replace_open(
        &self,
        player: &PlayerId,
        count: &Item,
        open: HashMap<String, Timestamp>,
        tickets: Option<HashMap<String, Timestamp>>,
        expires_at: Timestamp,
    ) -> TransactWriteItem {
        self.change(open_key(player))
            .only_if_as_in(count, &["version"])
            .set("attempts", map(open))
            .set_some("tickets", tickets.map(map))
            // An attempt may start at the end of its ticket's life, and lives as long again. TTL must not
            // sweep the list before the tickets.
            .set("ttl", ttl(expires_at + LINGER + LINGER + SWEPT_AFTER))
            .add("version", n(1))
            .in_transaction()
    }

    /// The part of a transaction that counts an attempt in the place of its ticket. An earlier
    /// attempt that failed has given the place back; then it is taken again, if one is free.
    /// The first try does not read the row, so it has no `count`; if the row refuses it, that refusal
    /// brings `count` for the next try. Gives `None` if no place is free.
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
        Some(self.replace_open(player, count, open, None, expires_at))
    }

    /// The part of a transaction that frees an attempt's place in the count.
    pub(super) fn give_back_place(&self, player: &PlayerId, attempt_id: &str) -> TransactWriteItem {
        self.change(open_key(player))
            .when("attribute_exists(#attempts)")
            .remove_entry("attempts", attempt_id)
            .add("version", n(1))
            .in_transaction()
    }
}

fn map(times: HashMap<String, Timestamp>) -> AttributeValue {
    let times = times.into_iter();
    AttributeValue::M(times.map(|(id, until)| (id, time(until))).collect())
}

/// The entries of the count that have not expired, with their ends.
pub(super) fn open_attempts(count: &Item, now: Timestamp) -> HashMap<String, Timestamp> {
    times_after(count, "attempts", now)
}

/// The hashes of the player's tickets that TTL may not have swept, with the ends of their lives.
pub(super) fn tickets(count: &Item, now: Timestamp) -> HashMap<String, Timestamp> {
    let mut tickets = times_after(count, "tickets", now - SWEPT_AFTER);
    while tickets.len() >= MOST_TICKETS {
        let first = tickets.iter().min_by_key(|(_, until)| **until);
        let Some(first) = first.map(|(hash, _)| hash.clone()) else {
            break;
        };
        tickets.remove(&first);
    }
    tickets
}

fn times_after(count: &Item, field: &str, after: Timestamp) -> HashMap<String, Timestamp> {
    count
        .get(field)
        .and_then(|times| times.as_m().ok())
        .into_iter()
        .flatten()
        .filter_map(|(id, until)| {
            let until = Timestamp::from_millis(until.as_n().ok()?.parse().ok()?);
            (until > after).then(|| (id.clone(), until))
        })
        .collect()
}

/// When the first of them ends, and frees its place.
pub(super) fn first_end(open: &HashMap<String, Timestamp>, now: Timestamp) -> Timestamp {
    open.values().copied().min().unwrap_or(now)
}
