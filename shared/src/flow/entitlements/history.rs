//! A player's history: every entitlement that was ever seen, or those of one status, newest first.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::App;
use crate::api::{Entitlement, EntitlementPage};
use crate::domain::{PlayerId, Status};
use crate::flow::fulfillment::paused::{Pauses, as_checked, is_to_ask};
use crate::flow::rows::log_unreadable;
use crate::flow::standing;
use crate::store::{Listed, Record, StoreError};

/// The most rows that are read for one page. A page then ends even if it is not full, and its cursor
/// continues there.
const MOST_READ: usize = 500;

/// How many rows are read at once where only some of them belong on the page.
const READ_AT_ONCE: usize = 100;

/// Which page is asked for.
#[derive(Debug)]
pub struct HistoryPage {
    /// How many entitlements it has at most.
    pub limit: usize,
    /// Where the page before ended.
    pub cursor: Option<Cursor>,
    /// The one status that it shows; `None`: all.
    pub status: Option<Status>,
}

/// The cursor is not from a response of ours.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("cursor must be the next_cursor of an earlier answer, unchanged")]
pub struct InvalidCursor;

/// A position in the history, as it travels to the game and back.
#[derive(Debug)]
pub struct Cursor(String);

impl Cursor {
    const VERSION: &'static str = "1:";

    /// Reads a cursor that came back.
    ///
    /// # Errors
    /// If no response can have given it.
    pub fn parse(text: &str) -> Result<Self, InvalidCursor> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| InvalidCursor)?;
        let text = String::from_utf8(bytes).map_err(|_| InvalidCursor)?;
        let position = text.strip_prefix(Self::VERSION).ok_or(InvalidCursor)?;
        if is_position(position) {
            Ok(Self(position.to_owned()))
        } else {
            Err(InvalidCursor)
        }
    }

    /// The cursor of the page after this position; `None` if such a cursor would be refused.
    pub(in crate::flow) fn after(position: &str) -> Option<String> {
        is_position(position).then(|| Self::show(position))
    }

    /// The position that it stands for.
    pub(in crate::flow) fn position(&self) -> &str {
        &self.0
    }

    fn show(position: &str) -> String {
        URL_SAFE_NO_PAD.encode(format!("{}{position}", Self::VERSION))
    }
}

/// Whether this is a position that the store gives: the time of first sight and the id.
fn is_position(text: &str) -> bool {
    text.len() <= 15 + 1 + 512
        && text.split_once('#').is_some_and(|(time, id)| {
            time.len() == 15 && time.bytes().all(|b| b.is_ascii_digit()) && !id.is_empty()
        })
}

/// One page of the player's history. It may be short or even empty without being the last.
///
/// # Errors
/// See [`StoreError`].
pub async fn history(
    app: &App,
    player: &PlayerId,
    page: HistoryPage,
) -> Result<EntitlementPage, StoreError> {
    let HistoryPage {
        limit,
        cursor,
        status,
    } = page;
    let listed = match status {
        None | Some(Status::Reported) => Listed::All,
        Some(_) => Listed::Open,
    };
    let now = app.clock.now();
    // What is `pending` of a paused offer counts as held.
    let needs_pauses = matches!(status, None | Some(Status::Pending | Status::Held));
    let mut pauses = Pauses::default();
    let mut entitlements = Vec::new();
    let mut read = 0;
    let mut after = cursor.map(|cursor| cursor.0);
    // A row with a position of another form can't be the end of a page: its cursor would be refused.
    let mut end = None;
    'page: loop {
        let wanted = match status {
            None => limit - entitlements.len(),
            Some(_) => READ_AT_ONCE,
        };
        let rows = app
            .fulfillments
            .history(player, listed, at_most(wanted), after.as_deref())
            .await?;
        let count = rows.rows.len();
        let records: Vec<_> = rows
            .rows
            .into_iter()
            .map(|row| (row.position, row.record.map(|record| seen(app, record))))
            .collect();
        if needs_pauses {
            let pending = records
                .iter()
                .filter_map(|(_, record)| record.as_ref().ok())
                .filter(|record| is_to_ask(record, now));
            let skus = pending.filter_map(|record| record.sku.as_deref());
            Box::pin(pauses.learn(app, skus)).await;
        }
        for (index, (position, record)) in records.into_iter().enumerate() {
            after = Some(position);
            if after.as_deref().is_some_and(is_position) {
                end.clone_from(&after);
            }
            match record.map(|record| as_checked(&pauses, record, now)) {
                Ok(Some(record))
                    if status.is_none_or(|status| status == record.status)
                        && standing::is_shown(app, &record) =>
                {
                    entitlements.push(Entitlement::from(record));
                }
                Ok(_) => {}
                Err(error) => log_unreadable(&error),
            }
            let is_last = index + 1 == count && !rows.more;
            if entitlements.len() == limit && !is_last {
                break 'page;
            }
        }
        if !rows.more {
            end = None;
            break;
        }
        read += count;
        if read >= MOST_READ {
            break;
        }
    }
    Ok(EntitlementPage {
        entitlements,
        next_cursor: end.as_deref().map(Cursor::show),
    })
}

/// The record as the game may see it.
fn seen(app: &App, record: Record) -> Record {
    match app.webhook {
        Some(_) => record,
        None => record.for_the_game(),
    }
}

fn at_most(rows: usize) -> i32 {
    i32::try_from(rows).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_own_cursors_are_taken() {
        let cursor = Cursor::show("001769851800125#ent-1");
        assert_eq!(
            Cursor::parse(&cursor).expect("our own").0,
            "001769851800125#ent-1"
        );
        for foreign in [
            "",
            "%",
            "abc",
            &URL_SAFE_NO_PAD.encode("1:x#y"),
            &cursor[1..],
        ] {
            assert!(Cursor::parse(foreign).is_err(), "{foreign}");
        }
    }
}
