//! The way to Amazon: the game asks for a ticket, a browser brings it, the player says yes.

use std::time::Duration;

use secrecy::ExposeSecret;
use url::Url;

use super::tokens::seal;
use crate::App;
use crate::amazon::Login;
use crate::config::InvalidReturnTo;
use crate::domain::{LinkFailure, PlayerId, Timestamp, random_token};
use crate::store::{NewAttempt, NewTicket, StoreError, Ticket, TicketStored};

/// How long a ticket may be used, and after it an attempt may take.
pub(super) const LIFETIME: Duration = Duration::from_secs(600);

/// What a game gets to start a link.
pub struct LinkSession {
    /// The secret in the address to open.
    pub ticket: String,
    /// Until when it may be opened.
    pub expires_at: Timestamp,
}

/// Why a link can't be started.
#[derive(Debug, thiserror::Error)]
pub enum StartRefused {
    /// `return_to` is not on the allow-list.
    #[error(transparent)]
    InvalidReturnTo(#[from] InvalidReturnTo),
    /// The player has too many open attempts.
    #[error("the player has 10 open link attempts; the first of them ends in {0:?}")]
    TooManyAttempts(Duration),
    /// The login ticket is unknown, used or expired.
    #[error("the login ticket is unknown, was used, or has expired")]
    InvalidLogin,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Starts a link for this player.
///
/// # Errors
/// See [`StartRefused`].
pub async fn start_session(
    app: &App,
    player: &PlayerId,
    player_name: Option<&str>,
    return_to: Option<&str>,
) -> Result<LinkSession, StartRefused> {
    let return_to = return_to
        .map(|text| app.config.linking.return_origins.check(text))
        .transpose()?;
    let now = app.clock.now();
    let session = LinkSession {
        ticket: random_token(),
        expires_at: now + LIFETIME,
    };
    let new = NewTicket {
        secret: &session.ticket,
        player,
        player_name,
        return_to: return_to.as_ref().map(Url::as_str),
        login: None,
        expires_at: session.expires_at,
    };
    store(app, &new, now).await?;
    Ok(session)
}

/// Stores the ticket, or says why not.
pub(super) async fn store(
    app: &App,
    new: &NewTicket<'_>,
    now: Timestamp,
) -> Result<(), StartRefused> {
    match app.links.create_ticket(new, now).await? {
        TicketStored::Stored => Ok(()),
        TicketStored::TooManyOpen(until) => Err(StartRefused::TooManyAttempts(until.since(now))),
        TicketStored::LoginUsed => Err(StartRefused::InvalidLogin),
    }
}

/// The ticket that a browser brings, if it can still be used, in this browser. Uses nothing up.
/// `browser` is the hash of the browser's id.
///
/// # Errors
/// [`LinkFailure::InvalidTicket`] or [`LinkFailure::WrongBrowser`] inside; outside, if the
/// database does not answer.
pub async fn link_question(
    app: &App,
    secret: &str,
    browser: Option<&str>,
) -> Result<Result<Ticket, LinkFailure>, StoreError> {
    let Some(ticket) = app.links.ticket(secret, app.clock.now()).await? else {
        return Ok(Err(LinkFailure::InvalidTicket));
    };
    if ticket.browser.is_some() && ticket.browser.as_deref() != browser {
        tracing::warn!(event = "wrong_browser", player_id = %ticket.player);
        return Ok(Err(LinkFailure::WrongBrowser));
    }
    Ok(Ok(ticket))
}

/// The player has said yes: uses the ticket up, and gives Amazon's address to send the browser
/// to. `browser` is the hash of the browser's id.
///
/// # Errors
/// [`LinkFailure::InvalidTicket`] inside; outside, if the database does not answer.
pub async fn begin_link(
    app: &App,
    ticket: &Ticket,
    browser: &str,
    redirect_uri: &Url,
) -> Result<Result<Url, LinkFailure>, StoreError> {
    let state = random_token();
    let verifier = Login::new_verifier();
    let sealed = seal(
        app,
        &ticket.player,
        "verifier",
        verifier.expose_secret().as_bytes(),
    );
    let new = NewAttempt {
        state: &state,
        browser,
        verifier: &sealed,
        redirect_uri,
        expires_at: app.clock.now() + LIFETIME,
    };
    if app.links.start_attempt(ticket, &new).await? {
        Ok(Ok(app.login.authorize_url(
            redirect_uri.as_str(),
            &state,
            &verifier,
        )))
    } else {
        Ok(Err(LinkFailure::InvalidTicket))
    }
}
