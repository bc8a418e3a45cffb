//! The way in from the Prime Gaming page: a browser comes without a session of a game. So the studio
//! logs the player in, and its server names the player.
//!
//! ```text
//! GET /link ──login ticket──▶ the studio's login page ──its server──▶ POST /v1/link/login
//!                                                                           │ continue code
//!                      our consent page ◀── GET /link/continue ◀── the same browser
//! ```
//!
//! The login ticket and the continue code are both bound to the browser that opened `GET /link`. This
//! prevents login CSRF. An attacker can mail a login ticket to a victim, but then the victim's browser
//! gets the code, and the service refuses it there. The attacker's browser, in which the code would
//! work, never sees it.

use url::Url;

use super::start::{StartRefused, store};
use crate::App;
use crate::budget::LINKING_LIFE;
use crate::domain::{PlayerId, random_token};
use crate::store::{NewTicket, StoreError};

/// Makes a login ticket for the browser with this hash.
///
/// # Errors
/// See [`StoreError`].
pub async fn begin_login(app: &App, browser: &str) -> Result<String, StoreError> {
    let login_ticket = random_token();
    let expires_at = app.clock.now() + LINKING_LIFE;
    app.links
        .create_login(&login_ticket, browser, expires_at)
        .await?;
    Ok(login_ticket)
}

/// The studio has logged this player in, in the browser of this login ticket. Uses the ticket up, and
/// gives the code with which that browser continues.
///
/// # Errors
/// See [`StartRefused`].
pub async fn continue_login(
    app: &App,
    login_ticket: &str,
    player: &PlayerId,
    player_name: Option<&str>,
) -> Result<String, StartRefused> {
    let now = app.clock.now();
    let login = app.links.login(login_ticket, now).await?;
    let login = login.ok_or(StartRefused::InvalidLogin)?;
    let code = random_token();
    let new = NewTicket {
        secret: &code,
        player,
        player_name,
        return_to: app.config.linking.done_url.as_ref().map(Url::as_str),
        login: Some(&login),
        expires_at: now + LINKING_LIFE,
    };
    store(app, &new, now).await?;
    Ok(code)
}
