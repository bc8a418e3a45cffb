//! The short-lived rows of a player's linking: tickets, attempts, device sessions. They name the
//! player, so an erasure does not leave them to TTL.
//!
//! `OPEN#<player>` lists the tickets, a ticket its attempts, `DEVICES#<player>` the latest session, and
//! a session the one before it. Rows of an older version of the service are in no list; their own
//! expiry ends them.

use std::collections::BTreeSet;

use crate::domain::PlayerId;
use crate::store::dynamo::{Item, Reader, attempt_key, device_key, open_key, slot_key, ticket_key};
use crate::store::error::StoreError;
use crate::store::tables::Links;

/// The most sessions of devices that are followed back.
const MOST_SESSIONS: usize = 500;

/// The short-lived rows of a player's linking, in the order in which they can be deleted: what leads
/// to another row comes after it.
#[derive(Debug, Default)]
pub struct LinkingRows(pub(super) Vec<(Item, Item)>);

impl LinkingRows {
    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The names of the player that the rows have.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let names = self.0.iter().filter_map(|(_, item)| {
            let name = item.get("player_name")?.as_s().ok()?;
            Some(name.clone())
        });
        names.collect::<BTreeSet<_>>().into_iter().collect()
    }
}

impl Links {
    /// The short-lived rows of this player's linking.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn linking_rows(&self, player: &PlayerId) -> Result<LinkingRows, StoreError> {
        let mut rows = Vec::new();
        if let Some(open) = self.item(open_key(player)).await? {
            let tickets = open.get("tickets").and_then(|tickets| tickets.as_m().ok());
            for ticket in tickets.into_iter().flat_map(|tickets| tickets.keys()) {
                let Some(item) = self.item(ticket_key(ticket)).await? else {
                    continue;
                };
                for attempt in self.attempts_of(&item) {
                    let key = attempt_key(&attempt);
                    if let Some(item) = self.item(key.clone()).await? {
                        rows.push((key, item));
                    }
                }
                rows.push((ticket_key(ticket), item));
            }
            rows.push((open_key(player), open));
        }
        if let Some(slot) = self.item(slot_key(player)).await? {
            let mut sessions = Vec::new();
            let mut next = Reader::new(&self.table, &slot)
                .text("session")
                .map(str::to_owned);
            while let Some(session) = next.take_if(|_| sessions.len() < MOST_SESSIONS) {
                let key = device_key(&session);
                let Some(item) = self.item(key.clone()).await? else {
                    break;
                };
                next = Reader::new(&self.table, &item)
                    .text("previous")
                    .map(str::to_owned);
                sessions.push((key, item));
            }
            rows.extend(sessions.into_iter().rev());
            rows.push((slot_key(player), slot));
        }
        Ok(LinkingRows(rows))
    }

    fn attempts_of(&self, ticket: &Item) -> BTreeSet<String> {
        let reader = Reader::new(&self.table, ticket);
        let noted = reader.texts("attempts").unwrap_or_default().iter().cloned();
        // An older version notes no others.
        let named = ["attempt", "at_work", "linked_by"];
        let named = named.iter().filter_map(|field| reader.text(field));
        noted.chain(named.map(str::to_owned)).collect()
    }

    /// Deletes these rows. An attempt that is gone can't link.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn erase_linking(&self, rows: LinkingRows) -> Result<(), StoreError> {
        for (key, _) in rows.0 {
            self.change(key)
                .when("attribute_exists(#pk)")
                .delete(&self.client)
                .await
                .map(drop)?;
        }
        Ok(())
    }
}
