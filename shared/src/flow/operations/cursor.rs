//! Sealed cursors. A cursor may name a player, and the answer of a command is stored under its
//! request id: a reader of the table who has no key can't see which player it is.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::App;
use crate::flow::entitlements::history::InvalidCursor;
use crate::flow::tokens::open_place;
use crate::seal::Sealed;

/// The cursor of an answer about `list`.
pub(super) fn seal(app: &App, list: &str, position: &impl Serialize) -> String {
    let plain = serde_json::to_vec(position).expect("a position is always JSON");
    let keys = &app.secrets.current().token_keys;
    keys.seal(&plain, &["cursor", list]).as_str().to_owned()
}

/// The position in a cursor that [`seal`] has made for the same list.
///
/// # Errors
/// If it is another text.
pub(super) async fn open<T: DeserializeOwned>(
    app: &App,
    list: &str,
    cursor: &str,
) -> Result<T, InvalidCursor> {
    let sealed = Sealed::from(cursor.to_owned());
    let opened = open_place(app, &sealed, &["cursor", list]).await;
    let plain = opened.map_err(|_| InvalidCursor)?;
    serde_json::from_slice(&plain).map_err(|_| InvalidCursor)
}
