//! The way back from Amazon. The order of the steps is the protection. First it checks that the `state`
//! is known, and that the browser is the one that started: this prevents CSRF and login CSRF. Then one
//! conditional write consumes the state. Only then is the code exchanged.
//!
//! A request may find another one at work, on this attempt or on another one of the same ticket. Then
//! it looks for the result of that one for a short time, and after that asks the browser to come
//! again.

use secrecy::SecretString;
use tokio::time::Instant;

use super::establish::{Candidate, NotMade, accept, has_scopes, log_outcome, make_link};
use super::exchange::exchange;
use crate::App;
use crate::budget::{Budget, LEASE, NoTimeLeft, OUTCOME_WATCH, OUTCOME_WATCH_PAUSE};
use crate::domain::{LinkFailure, PlayerId, random_token};
use crate::flow::entitlements::first_check;
use crate::flow::tokens::seal_tokens;
use crate::signals::event;
use crate::store::{Attempt, AttemptState, Consumed, LinkOrigin, Standing, StoreError, Ticket};

/// What the browser brought back from Amazon.
#[derive(Debug)]
pub enum Callback {
    /// Amazon's authorization code, and the scopes that it says it granted.
    Code {
        /// The code.
        code: SecretString,
        /// Separated by spaces. `None`: Amazon said nothing, and granted what we asked for (RFC 6749,
        /// 5.1).
        scope: Option<String>,
    },
    /// OAuth's error word.
    Error(String),
}

/// The player that a page names after the link was made.
#[derive(Debug)]
pub struct LinkedPlayer {
    /// The player's id.
    pub id: PlayerId,
    /// The player's name.
    pub name: Option<String>,
}

/// How an attempt ended.
#[derive(Debug)]
pub struct AttemptResult {
    /// Linked, or why not.
    pub outcome: Result<LinkedPlayer, LinkFailure>,
    /// Where the browser goes; `None`: it sees a page.
    pub return_to: Option<String>,
}

impl AttemptResult {
    fn without_attempt(failure: LinkFailure) -> Self {
        Self {
            outcome: Err(failure),
            return_to: None,
        }
    }

    fn of(attempt: &Attempt, outcome: Result<(), LinkFailure>) -> Self {
        Self {
            outcome: outcome.map(|()| LinkedPlayer {
                id: attempt.player.clone(),
                name: attempt.player_name.clone(),
            }),
            return_to: attempt.return_to.clone(),
        }
    }

    /// The result of the attempt that linked the player by this ticket.
    pub(in crate::flow) fn linked_by(ticket: &Ticket) -> Self {
        Self {
            outcome: Ok(LinkedPlayer {
                id: ticket.player.clone(),
                name: ticket.player_name.clone(),
            }),
            return_to: ticket.return_to.clone(),
        }
    }
}

/// The result of a callback.
#[derive(Debug)]
pub enum CallbackResult {
    /// How the attempt ended.
    Ended(AttemptResult),
    /// Another request is still at work: come again soon.
    UnderWay,
}

/// Finishes the attempt with this `state`. `browser` is the hash of the browser's id. The same browser
/// sees the same result if it comes again, and a code is exchanged by one request only.
///
/// # Errors
/// See [`StoreError`]; only before the state was consumed.
pub async fn callback(
    app: &App,
    budget: Budget,
    state: &str,
    callback: Callback,
    browser: Option<&str>,
) -> Result<CallbackResult, StoreError> {
    let owner = random_token();
    let watch_until = Instant::now() + OUTCOME_WATCH;
    loop {
        let ended = match look(app, state, &owner, browser).await? {
            Found::Ended(ended) => ended,
            Found::Ours(attempt) => {
                tracing::info!(event = event::LINK_RETURNED, player_id = %attempt.player);
                let work = Work {
                    app,
                    budget,
                    attempt: &attempt,
                    owner: &owner,
                };
                let outcome = work.end(callback).await;
                if outcome.is_ok() {
                    first_check::in_request(app, budget, &attempt.player).await;
                }
                AttemptResult::of(&attempt, outcome)
            }
            Found::UnderWay if Instant::now() < watch_until => {
                tokio::time::sleep(OUTCOME_WATCH_PAUSE).await;
                continue;
            }
            Found::UnderWay => return Ok(CallbackResult::UnderWay),
        };
        return Ok(CallbackResult::Ended(ended));
    }
}

/// What a request with this `state` finds.
enum Found {
    /// An attempt that this request has consumed, and has to end.
    Ours(Box<Attempt>),
    /// A result.
    Ended(AttemptResult),
    /// Another request is at work.
    UnderWay,
}

/// Looks once at the attempt of this `state`, and consumes it if that is possible.
async fn look(
    app: &App,
    state: &str,
    owner: &str,
    browser: Option<&str>,
) -> Result<Found, StoreError> {
    let now = app.clock.now();
    // A request that began before this time has ended, even if it has written no result.
    let dead = now - LEASE;
    let page = |failure| Ok(Found::Ended(AttemptResult::without_attempt(failure)));
    let Some(attempt) = app.links.attempt(state, now).await? else {
        return page(LinkFailure::InvalidState);
    };
    if browser != Some(attempt.browser.as_str()) {
        tracing::warn!(event = event::WRONG_BROWSER, player_id = %attempt.player);
        return page(LinkFailure::WrongBrowser);
    }
    let outcome = match attempt.state {
        AttemptState::Linked => Ok(()),
        AttemptState::Failed(failure) => Err(failure),
        AttemptState::Consumed(at) if at >= dead => return Ok(Found::UnderWay),
        // The code is used up: only a new attempt helps.
        AttemptState::Consumed(_) => Err(LinkFailure::Internal),
        AttemptState::Started => {
            let standing = if attempt.expires_at <= now {
                app.links.standing(&attempt, dead).await?
            } else {
                match app
                    .links
                    .consume_attempt(&attempt, owner, now, dead)
                    .await?
                {
                    Consumed::Ours => return Ok(Found::Ours(Box::new(attempt))),
                    Consumed::Before => return Ok(Found::UnderWay),
                    Consumed::Not(standing) => standing,
                }
            };
            match standing {
                Standing::Void => return page(LinkFailure::InvalidState),
                Standing::Linked => Ok(()),
                Standing::Waiting => return Ok(Found::UnderWay),
                Standing::Newest => Err(LinkFailure::AttemptExpired),
            }
        }
    };
    Ok(Found::Ended(AttemptResult::of(&attempt, outcome)))
}

/// The work on an attempt that this request has consumed.
struct Work<'a> {
    app: &'a App,
    budget: Budget,
    attempt: &'a Attempt,
    owner: &'a str,
}

impl Work<'_> {
    async fn end(&self, callback: Callback) -> Result<(), LinkFailure> {
        let player_id = &self.attempt.player;
        // Work that is cut off may still have stored the link. The attempt has one result, the first.
        let outcome = self
            .budget
            .at_most(self.make_link(callback))
            .await
            .unwrap_or_else(|| {
                tracing::error!(event = event::LINK_CUT_SHORT, %player_id);
                Err(LinkFailure::Internal)
            });
        log_outcome(player_id, outcome);
        if let Err(failure) = outcome {
            let links = &self.app.links;
            let failed = links.fail_attempt(self.attempt, self.owner, failure);
            match self.budget.at_most(failed).await {
                Some(Ok(())) => {}
                Some(Err(error)) => tracing::warn!(event = event::LINK_ENDING_NOT_STORED, %error),
                None => tracing::warn!(event = event::LINK_ENDING_NOT_STORED, error = %NoTimeLeft),
            }
        }
        outcome
    }

    async fn make_link(&self, callback: Callback) -> Result<(), LinkFailure> {
        let Self {
            app,
            attempt,
            owner,
            ..
        } = self;
        let (code, scope) = match callback {
            Callback::Code { code, scope } => (code, scope),
            Callback::Error(word) => return Err(refusal(&word)),
        };
        has_scopes(app, scope.as_deref())?;
        let accepted = accept(app, exchange(app, self.budget, attempt, &code).await?)?;
        let candidate = Candidate {
            player: &attempt.player,
            client_id: &app.config.lwa.client_id,
            access: &accepted.tokens.access,
            sealed: &seal_tokens(app, &attempt.player, &accepted.tokens),
            access_expires_at: accepted.access_expires_at,
        };
        let origin = LinkOrigin::Attempt { attempt, owner };
        let made = make_link(app, self.budget, &candidate, origin).await;
        // The code is used up, so a failure that passes ends this attempt too.
        made.map_err(NotMade::failure)
    }
}

/// What an error word of Amazon's consent page means for the player.
fn refusal(word: &str) -> LinkFailure {
    match word {
        "access_denied" => LinkFailure::AccessDenied,
        // The client id is not allow-listed for Prime Gaming.
        "invalid_scope" => LinkFailure::PermissionMissing,
        "server_error" | "temporarily_unavailable" => LinkFailure::AmazonUnavailable,
        "invalid_request" | "unauthorized_client" | "unsupported_response_type" => {
            tracing::error!(event = event::AUTHORIZE_FAILED, error = word);
            LinkFailure::Internal
        }
        // A caller can write anything here, so the log does not repeat it.
        _ => {
            tracing::error!(event = event::AUTHORIZE_FAILED, error = "unknown");
            LinkFailure::Internal
        }
    }
}
