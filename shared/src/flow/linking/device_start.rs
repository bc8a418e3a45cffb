//! A console or TV asks for a code that its player types in elsewhere.

use std::time::Duration;

use secrecy::ExposeSecret;
use url::Url;

use super::comeback::unless_erased;
use super::establish::log_outcome;
use crate::App;
use crate::amazon::TokenError;
use crate::domain::{LinkFailure, PlayerId, Timestamp, random_token};
use crate::flow::tokens::{OpenCodes, seal_codes};
use crate::signals::event;
use crate::store::{NewDevice, Slot, StoreError};

/// What a device gets to show, and to poll with.
pub struct DeviceSession {
    /// The secret to poll with.
    pub id: String,
    /// What the player types in.
    pub user_code: String,
    /// Where the player types it in.
    pub verification_uri: Url,
    /// The same with the code in it, for a QR picture: where Amazon gives one, or
    /// `DEVICE_LINK_QR` is `on`.
    pub verification_uri_complete: Option<Url>,
    /// How long to wait between two polls.
    pub interval: Duration,
    /// When the code expires.
    pub expires_at: Timestamp,
}

/// Why a device gets no code.
#[derive(Debug, thiserror::Error)]
pub enum DeviceRefused {
    /// The player has an open code.
    #[error("the player has an open code; it ends in {0:?}")]
    AlreadyOpen(Duration),
    /// Amazon gave none.
    #[error("Amazon gave no code pair: {0}")]
    NoCodePair(#[source] TokenError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Starts a device session for this player. A player has at most one open session.
///
/// A crash between Amazon's answer and our write loses a code pair that no player has seen.
///
/// # Errors
/// See [`DeviceRefused`].
pub async fn start_device(app: &App, player: &PlayerId) -> Result<DeviceSession, DeviceRefused> {
    let now = app.clock.now();
    let already_open = |until: Timestamp| DeviceRefused::AlreadyOpen(until.since(now));
    let slot = match app.links.device_slot(player, now).await? {
        Slot::Ours(slot) => slot,
        Slot::Taken { until } => return Err(already_open(until)),
    };
    let client_id = &app.config.lwa.device_client_id;
    let pair = app.lwa.create_code_pair(client_id, now).await;
    let mut pair = pair.map_err(|error| no_pair(player, error))?;
    if app.config.linking.device_qr && pair.verification_uri_complete.is_none() {
        pair.verification_uri_complete = Some(pair.composed_uri());
    }
    let session = DeviceSession {
        id: random_token(),
        user_code: pair.user_code.expose_secret().to_owned(),
        interval: pair.interval,
        // Counted from before the call: our session ends no later than Amazon's code pair.
        expires_at: now + pair.expires_in,
        verification_uri: pair.verification_uri,
        verification_uri_complete: pair.verification_uri_complete,
    };
    let codes = OpenCodes {
        device: pair.device_code,
        user: pair.user_code,
    };
    let new = NewDevice {
        id: &session.id,
        player,
        client_id,
        pair: &seal_codes(app, player, &codes),
        interval: session.interval,
        expires_at: session.expires_at,
    };
    let unless_erased = unless_erased(app, player, now);
    let stored = app.links.create_device(&slot, &new, &unless_erased, now);
    match stored.await {
        Ok(Slot::Ours(())) => {}
        Ok(Slot::Taken { until }) => return Err(already_open(until)),
        // The row may exist although the answer was lost. It would block the next session, so this
        // session goes on.
        Err(error) => match app.links.device(&session.id, now).await {
            Ok(Some(_)) => {}
            _ => return Err(error.into()),
        },
    }
    Ok(session)
}

fn no_pair(player: &PlayerId, error: TokenError) -> DeviceRefused {
    tracing::warn!(event = event::CODE_PAIR_FAILED, %error);
    log_outcome(player, Err(LinkFailure::AmazonUnavailable));
    DeviceRefused::NoCodePair(error)
}
