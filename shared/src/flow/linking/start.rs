//! The way to Amazon: a game asks for a ticket, a browser brings it, and the player agrees on our
//! consent page.

use std::time::Duration;

use secrecy::ExposeSecret;
use url::Url;

use super::callback::AttemptResult;
use super::comeback::unless_erased;
use super::error::LinkError;
use crate::App;
use crate::amazon::Lwa;
use crate::budget::LINKING_LIFE;
use crate::config::InvalidReturnTo;
use crate::domain::{LinkFailure, PlayerId, Timestamp, random_token};
use crate::flow::tokens::seal;
use crate::signals::event;
use crate::store::{AttemptStarted, NewAttempt, NewTicket, StoreError, Ticket, TicketStored};

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
        expires_at: now + LINKING_LIFE,
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
pub(in crate::flow) async fn store(
    app: &App,
    new: &NewTicket<'_>,
    now: Timestamp,
) -> Result<(), StartRefused> {
    let unless_erased = unless_erased(app, new.player, now);
    match app.links.create_ticket(new, &unless_erased, now).await? {
        TicketStored::Stored => Ok(()),
        TicketStored::TooManyOpen(until) => Err(StartRefused::TooManyAttempts(until.since(now))),
        TicketStored::LoginUsed => Err(StartRefused::InvalidLogin),
    }
}

/// The ticket that a browser brings, if it can still be used in this browser. Uses nothing up.
/// `browser` is the hash of the browser's id.
///
/// # Errors
/// [`LinkFailure::InvalidTicket`] or [`LinkFailure::WrongBrowser`], or if the database fails.
pub async fn usable_ticket(
    app: &App,
    secret: &str,
    browser: Option<&str>,
) -> Result<Ticket, LinkError> {
    let ticket = app.links.ticket(secret, app.clock.now()).await?;
    let ticket = ticket.ok_or(LinkFailure::InvalidTicket)?;
    if ticket.browser.is_some() && ticket.browser.as_deref() != browser {
        tracing::warn!(event = event::WRONG_BROWSER, player_id = %ticket.player);
        // The first post has bound a game's ticket to its browser; for another one it is used up.
        let failure = if ticket.is_continue_code {
            LinkFailure::WrongBrowser
        } else {
            LinkFailure::InvalidTicket
        };
        return Err(failure.into());
    }
    Ok(ticket)
}

/// Where the browser goes after the player agreed on our consent page.
#[derive(Debug)]
pub enum Authorization {
    /// To Amazon's consent page, at this address.
    Amazon(Url),
    /// An earlier attempt of this ticket has linked the player already.
    AlreadyLinked(AttemptResult),
}

/// The player agreed on our consent page: binds the ticket to this browser and starts an attempt.
/// The player may agree again, by a double click or after coming back from Amazon. `browser` is the
/// hash of the browser's id, and `posted_at` is when the gateway received the form.
///
/// # Errors
/// [`LinkFailure::InvalidTicket`], [`LinkError::TooManyAttempts`], or if the database fails.
pub async fn authorize(
    app: &App,
    ticket: &Ticket,
    browser: &str,
    redirect_uri: &Url,
    posted_at: Option<Timestamp>,
) -> Result<Authorization, LinkError> {
    let now = app.clock.now();
    let state = random_token();
    let verifier = Lwa::new_verifier();
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
        posted_at: posted_at.unwrap_or(now),
        expires_at: now + LINKING_LIFE,
    };
    let unless_erased = unless_erased(app, &ticket.player, now);
    let started = app.links.start_attempt(ticket, &new, &unless_erased, now);
    match started.await? {
        // The browser follows the response to its last post, never that to an overtaken one.
        AttemptStarted::Started | AttemptStarted::Overtaken => {
            tracing::info!(event = event::LINK_STARTED, player_id = %ticket.player);
            let redirect_uri = redirect_uri.as_str();
            let url = app.lwa.authorize_url(redirect_uri, &state, &verifier);
            Ok(Authorization::Amazon(url))
        }
        AttemptStarted::Linked => {
            let result = AttemptResult::linked_by(ticket);
            Ok(Authorization::AlreadyLinked(result))
        }
        AttemptStarted::TicketTaken => Err(LinkFailure::InvalidTicket.into()),
        AttemptStarted::TooManyOpen(until) => Err(LinkError::TooManyAttempts(until.since(now))),
    }
}
