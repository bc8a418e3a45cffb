//! A player's history: everything that was ever seen, newest first.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;

use super::view::EntitlementView;
use crate::App;
use crate::domain::PlayerId;
use crate::store::StoreError;

/// One page.
#[derive(Debug, Serialize)]
pub struct HistoryAnswer {
    entitlements: Vec<EntitlementView>,
    next_cursor: Option<String>,
}

/// The cursor is not one that an answer gave.
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
    /// If an answer could not have given it.
    pub fn parse(text: &str) -> Result<Self, InvalidCursor> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| InvalidCursor)?;
        let text = String::from_utf8(bytes).map_err(|_| InvalidCursor)?;
        let position = text.strip_prefix(Self::VERSION).ok_or(InvalidCursor)?;
        let is_position = position.len() <= 15 + 1 + 512
            && position.split_once('#').is_some_and(|(time, id)| {
                time.len() == 15 && time.bytes().all(|b| b.is_ascii_digit()) && !id.is_empty()
            });
        if is_position {
            Ok(Self(position.to_owned()))
        } else {
            Err(InvalidCursor)
        }
    }

    fn show(position: &str) -> String {
        URL_SAFE_NO_PAD.encode(format!("{}{position}", Self::VERSION))
    }
}

/// One page of the player's history.
///
/// # Errors
/// If the database does not answer, or a row is corrupt.
pub async fn history(
    app: &App,
    player: &PlayerId,
    limit: u8,
    cursor: Option<&Cursor>,
) -> Result<HistoryAnswer, StoreError> {
    let after = cursor.map(|cursor| cursor.0.as_str());
    let page = app
        .fulfillments
        .history(player, i32::from(limit), after)
        .await?;
    Ok(HistoryAnswer {
        entitlements: page
            .records
            .into_iter()
            .map(EntitlementView::from)
            .collect(),
        next_cursor: page.next.as_deref().map(Cursor::show),
    })
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
