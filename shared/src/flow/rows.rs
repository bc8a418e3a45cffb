//! Reading several records of a player at once: one that can't be read does not stop the others.

use crate::App;
use crate::domain::{EntitlementId, HoldReason, PlayerId, Sku};
use crate::signals::event;
use crate::store::{Record, StoreError};

/// A player's open records.
#[derive(Debug, Default)]
pub(super) struct Open {
    /// The records that can be read, oldest first.
    pub(super) records: Vec<Record>,
    /// Whether there are also records that can't be read.
    pub(super) has_unreadable: bool,
}

impl Open {
    /// Whether nothing is open. A record that can't be read may be open.
    pub(super) fn is_nothing(&self) -> bool {
        self.records.is_empty() && !self.has_unreadable
    }
}

/// Reads the player's open records.
///
/// # Errors
/// See [`StoreError`].
pub(super) async fn read_open(app: &App, player: &PlayerId) -> Result<Open, StoreError> {
    let found = app.fulfillments.open(player).await?;
    found.unreadable.iter().for_each(log_unreadable);
    Ok(Open {
        records: found.records,
        has_unreadable: !found.unreadable.is_empty(),
    })
}

/// An operator has to look at every row that can't be read. The error names the row and the
/// attribute, and no value.
pub(super) fn log_unreadable(error: &StoreError) {
    tracing::error!(event = event::UNREADABLE_ROW, %error);
}

/// Logs these rows, and gives what an operator is told of them. Several reads may have met the same row.
pub(super) fn told_unreadable(unreadable: &[StoreError]) -> Vec<String> {
    let mut told = Vec::new();
    for error in unreadable {
        let text = error.to_string();
        if !told.contains(&text) {
            log_unreadable(error);
            told.push(text);
        }
    }
    told
}

/// What was read; `None` if its row can't be read, which `unreadable` then has.
///
/// # Errors
/// Every other error of the database.
pub(super) fn unless_corrupt<T>(
    read: Result<T, StoreError>,
    unreadable: &mut Vec<StoreError>,
) -> Result<Option<T>, StoreError> {
    match read {
        Ok(read) => Ok(Some(read)),
        Err(error @ StoreError::Corrupt { .. }) => {
            unreadable.push(error);
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// What every line about an entitlement says of it: the player, its id and its SKU.
pub(in crate::flow) fn about(record: &Record) -> (&PlayerId, &EntitlementId, Option<&str>) {
    (&record.player, &record.id, record.sku.as_deref())
}

/// The SKU of the record's offer; `None`: Amazon sent none that an offer can have.
pub(in crate::flow) fn offer_sku(record: &Record) -> Option<Sku> {
    record.sku.as_deref().and_then(|sku| Sku::new(sku).ok())
}

/// Logs that a record is held. `counted`: the alarm on failing deliveries counts it.
pub(super) fn log_held(record: &Record, reason: HoldReason, counted: bool) {
    let (player_id, entitlement_id, sku) = about(record);
    let reason = reason.as_str();
    tracing::warn!(event = event::HELD, reason, %player_id, %entitlement_id, sku, counted);
}
