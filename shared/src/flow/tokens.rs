//! A link's LWA tokens, and a device's code pair, sealed for the table and opened for a call.

use std::fmt;

use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use crate::App;
use crate::domain::PlayerId;
use crate::seal::{OpenError, Sealed};

/// The sealed text. The names are short, because they are stored with every link.
#[derive(Deserialize, Serialize)]
struct Stored {
    a: String,
    r: String,
}

/// The tokens of a link, opened.
#[derive(Clone)]
pub(super) struct OpenTokens {
    pub(super) access: SecretString,
    pub(super) refresh: SecretString,
}

impl fmt::Debug for OpenTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OpenTokens([redacted])")
    }
}

/// Seals tokens for this player: a row copied to another player does not open.
pub(super) fn seal_tokens(app: &App, player: &PlayerId, tokens: &OpenTokens) -> Sealed {
    let stored = Stored {
        a: tokens.access.expose_secret().to_owned(),
        r: tokens.refresh.expose_secret().to_owned(),
    };
    let plain = serde_json::to_vec(&stored).expect("two strings are always JSON");
    seal(app, player, "tokens", &plain)
}

/// Opens the tokens of this player.
pub(super) async fn open_tokens(
    app: &App,
    player: &PlayerId,
    sealed: &Sealed,
) -> Result<OpenTokens, OpenError> {
    let plain = open(app, player, "tokens", sealed).await?;
    let stored: Stored =
        serde_json::from_str(plain.expose_secret()).map_err(|_| OpenError::Broken)?;
    Ok(OpenTokens {
        access: stored.a.into(),
        refresh: stored.r.into(),
    })
}

/// The sealed text of a code pair.
#[derive(Deserialize, Serialize)]
struct StoredCodes {
    d: String,
    u: String,
}

/// A device's code pair, opened.
pub(super) struct OpenCodes {
    pub(super) device: SecretString,
    pub(super) user: SecretString,
}

/// Seals a code pair for this player.
pub(super) fn seal_codes(app: &App, player: &PlayerId, codes: &OpenCodes) -> Sealed {
    let stored = StoredCodes {
        d: codes.device.expose_secret().to_owned(),
        u: codes.user.expose_secret().to_owned(),
    };
    let plain = serde_json::to_vec(&stored).expect("two strings are always JSON");
    seal(app, player, "code pair", &plain)
}

/// Opens the code pair of this player.
pub(super) async fn open_codes(
    app: &App,
    player: &PlayerId,
    sealed: &Sealed,
) -> Result<OpenCodes, OpenError> {
    let plain = open(app, player, "code pair", sealed).await?;
    let stored: StoredCodes =
        serde_json::from_str(plain.expose_secret()).map_err(|_| OpenError::Broken)?;
    Ok(OpenCodes {
        device: stored.d.into(),
        user: stored.u.into(),
    })
}

/// Seals a text of this player for one purpose.
pub(super) fn seal(app: &App, player: &PlayerId, purpose: &str, plain: &[u8]) -> Sealed {
    app.secrets
        .current()
        .token_keys
        .seal(plain, &[purpose, player.as_str()])
}

/// Opens what was sealed for this place. If this process does not know the key, it reads the secret
/// again: the key may have been added since the process started.
pub(super) async fn open_place(
    app: &App,
    sealed: &Sealed,
    associated: &[&str],
) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    let used = app.secrets.current();
    let opened = used.token_keys.open(sealed, associated);
    if matches!(opened, Err(OpenError::UnknownKey(_)))
        && app.secrets.is_newer_than(&used, app.clock.now()).await
    {
        return app.secrets.current().token_keys.open(sealed, associated);
    }
    opened
}

/// Opens what [`seal`] made.
pub(super) async fn open(
    app: &App,
    player: &PlayerId,
    purpose: &str,
    sealed: &Sealed,
) -> Result<SecretString, OpenError> {
    let opened = open_place(app, sealed, &[purpose, player.as_str()]).await?;
    let text = String::from_utf8(opened.to_vec());
    text.map(SecretString::from).map_err(|_| OpenError::Broken)
}
