//! The way back from Amazon. The order of the steps is the protection: the state is known, the
//! browser is the one that started, the state is consumed by one conditional write, and only
//! then is the code exchanged.

use std::time::Duration;

use secrecy::SecretString;

use super::budget::{Budget, REQUEST_LIFE};
use super::tokens::{OpenTokens, open, seal_tokens};
use crate::App;
use crate::amazon::{IdentifyError, TokenError, Tokens};
use crate::domain::{AmazonUserId, LinkFailure, random_token};
use crate::store::{Attempt, AttemptState, Consumed, LinkOutcome, NewLink, StoreError};

/// How often a second request looks for the first one's outcome.
const OUTCOME_PAUSE: Duration = Duration::from_millis(250);

/// What the browser brought back from Amazon.
#[derive(Debug)]
pub enum Callback {
    /// Amazon's authorization code, and the scopes that it says it granted.
    Code {
        /// The code.
        code: SecretString,
        /// Space separated; `None` where Amazon said nothing, which is as asked (RFC 6749, 5.1).
        scope: Option<String>,
    },
    /// OAuth's error word.
    Error(String),
}

/// How an attempt ended.
#[derive(Debug)]
pub struct Ended {
    /// Linked, or why not.
    pub outcome: Result<(), LinkFailure>,
    /// What the page calls the player; empty where that is not for this browser to know.
    pub player_name: String,
    /// Where the browser goes; `None`: it sees a page.
    pub return_to: Option<String>,
}

impl Ended {
    fn without_attempt(failure: LinkFailure) -> Self {
        Self {
            outcome: Err(failure),
            player_name: String::new(),
            return_to: None,
        }
    }

    fn of(attempt: &Attempt, outcome: Result<(), LinkFailure>) -> Self {
        Self {
            outcome,
            player_name: attempt.shown_name().to_owned(),
            return_to: attempt.return_to.clone(),
        }
    }
}

/// Finishes the link that this `state` began. `browser` is the hash of the browser's id.
/// The same browser coming back sees the same ending again; nothing is exchanged twice.
///
/// # Errors
/// If the database does not answer, or a row is corrupt, before the state was consumed.
pub async fn finish_link(
    app: &App,
    budget: Budget,
    state: &str,
    callback: Callback,
    browser: Option<&str>,
) -> Result<Ended, StoreError> {
    let Some(attempt) = app.links.attempt(state).await? else {
        return Ok(Ended::without_attempt(LinkFailure::InvalidState));
    };
    if browser != Some(attempt.browser.as_str()) {
        tracing::warn!(event = "wrong_browser", player_id = %attempt.player);
        return Ok(Ended::without_attempt(LinkFailure::WrongBrowser));
    }
    let now = app.clock.now();
    if attempt.expires_at <= now {
        return Ok(Ended::without_attempt(LinkFailure::AttemptExpired));
    }
    let owner = random_token();
    let attempt = match attempt.state {
        AttemptState::Started => match app.links.consume_attempt(&attempt, &owner, now).await? {
            Consumed::Ours => {
                let work = Work {
                    app,
                    budget,
                    state,
                    attempt: &attempt,
                    owner: &owner,
                };
                let outcome = work.end(callback).await;
                return Ok(Ended::of(&attempt, outcome));
            }
            Consumed::Before(attempt) => *attempt,
        },
        _ => attempt,
    };
    let outcome = outcome_of(app, budget, state, &attempt).await?;
    Ok(Ended::of(&attempt, outcome))
}

/// The ending that another request gave the attempt, or is about to.
async fn outcome_of(
    app: &App,
    budget: Budget,
    state: &str,
    attempt: &Attempt,
) -> Result<Result<(), LinkFailure>, StoreError> {
    let mut state_now = attempt.state;
    while budget.allows_a_step() {
        match state_now {
            AttemptState::Linked => return Ok(Ok(())),
            AttemptState::Failed(failure) => return Ok(Err(failure)),
            AttemptState::Consumed(at) if app.clock.now().since(at) > REQUEST_LIFE => break,
            AttemptState::Started | AttemptState::Consumed(_) => {}
        }
        tokio::time::sleep(OUTCOME_PAUSE).await;
        match app.links.attempt(state).await? {
            Some(attempt) => state_now = attempt.state,
            None => break,
        }
    }
    // Whoever consumed it is gone, or too slow, and the code is used up: only a new attempt helps.
    Ok(Err(LinkFailure::Internal))
}

/// An attempt that is ours to end, one way or the other.
struct Work<'a> {
    app: &'a App,
    budget: Budget,
    state: &'a str,
    attempt: &'a Attempt,
    owner: &'a str,
}

impl Work<'_> {
    async fn end(&self, callback: Callback) -> Result<(), LinkFailure> {
        let outcome = self.make_link(callback).await;
        let player_id = &self.attempt.player;
        match outcome {
            Ok(()) => tracing::info!(event = "linked", %player_id),
            Err(failure) => {
                tracing::warn!(event = "link_failed", code = failure.code(), %player_id);
                let links = &self.app.links;
                if let Err(error) = links.fail_attempt(self.attempt, self.owner, failure).await {
                    tracing::warn!(event = "link_ending_not_stored", %error);
                }
            }
        }
        outcome
    }

    async fn make_link(&self, callback: Callback) -> Result<(), LinkFailure> {
        let Self { app, attempt, .. } = self;
        let (code, scope) = match callback {
            Callback::Code { code, scope } => (code, scope),
            Callback::Error(word) => return Err(refusal(&word)),
        };
        has_scopes(app, scope.as_deref())?;
        let tokens = self.exchange(&code).await?;
        has_scopes(app, tokens.scope.as_deref())?;
        let amazon_user_id = self.identify(&tokens.access_token).await?;
        let Some(refresh) = tokens.refresh_token else {
            tracing::error!(event = "no_refresh_token", "is lwa_client_secret set?");
            return Err(LinkFailure::Internal);
        };
        let access_expires_at = app.clock.now() + tokens.expires_in;
        let open = OpenTokens {
            access: tokens.access_token,
            refresh,
        };
        self.store(&NewLink {
            player: &attempt.player,
            amazon_user_id: &amazon_user_id,
            client_id: &app.config.login.client_id,
            tokens: &seal_tokens(app, &attempt.player, &open),
            access_expires_at,
        })
        .await
    }

    /// What is begun is awaited, so nothing is begun that there is no time for.
    fn has_time(&self) -> Result<(), LinkFailure> {
        if self.budget.allows_a_step() {
            Ok(())
        } else {
            tracing::error!(event = "no_time_left");
            Err(LinkFailure::AmazonUnavailable)
        }
    }

    async fn exchange(&self, code: &SecretString) -> Result<Tokens, LinkFailure> {
        let Self { app, attempt, .. } = self;
        let verifier = open(app, &attempt.player, "verifier", &attempt.verifier)
            .await
            .map_err(|error| {
                tracing::error!(event = "verifier_unreadable", player_id = %attempt.player, %error);
                LinkFailure::Internal
            })?;
        self.has_time()?;
        let mut answer = self.ask_for_tokens(code, &verifier).await;
        // Decided before Amazon looked at the code; the secret may have been rotated.
        if matches!(answer, Err(TokenError::InvalidClient))
            && app.secrets.reload(app.clock.now()).await
        {
            self.has_time()?;
            answer = self.ask_for_tokens(code, &verifier).await;
        }
        answer.map_err(|error| {
            tracing::warn!(event = "code_not_exchanged", %error);
            match error {
                TokenError::InvalidGrant => LinkFailure::AttemptExpired,
                TokenError::Unavailable { .. } => LinkFailure::AmazonUnavailable,
                TokenError::InvalidClient | TokenError::Rejected { .. } => LinkFailure::Internal,
            }
        })
    }

    async fn ask_for_tokens(
        &self,
        code: &SecretString,
        verifier: &SecretString,
    ) -> Result<Tokens, TokenError> {
        let Self { app, attempt, .. } = self;
        let login = &app.config.login;
        let secret = app.secrets.current().secret_for(&login.client_id, login);
        let redirect_uri = attempt.redirect_uri.as_str();
        app.login
            .exchange_code(&secret, code, redirect_uri, verifier, app.clock.now())
            .await
    }

    async fn identify(&self, access_token: &SecretString) -> Result<AmazonUserId, LinkFailure> {
        self.has_time()?;
        let client_id = &self.app.config.login.client_id;
        let identified = self.app.login.identify(client_id, access_token).await;
        identified.map_err(|error| {
            tracing::warn!(event = "identify_failed", %error);
            match error {
                IdentifyError::Mismatch(_) => LinkFailure::IdentityMismatch,
                IdentifyError::PermissionMissing => LinkFailure::PermissionMissing,
                IdentifyError::Unavailable { .. } => LinkFailure::AmazonUnavailable,
            }
        })
    }

    async fn store(&self, new: &NewLink<'_>) -> Result<(), LinkFailure> {
        let links = &self.app.links;
        match links
            .link(
                &self.app.fulfillments,
                self.attempt,
                self.owner,
                new,
                self.app.clock.now(),
            )
            .await
        {
            Ok(LinkOutcome::Linked) => return Ok(()),
            Ok(LinkOutcome::PlayerAlreadyLinked) => return Err(LinkFailure::PlayerAlreadyLinked),
            Ok(LinkOutcome::AmazonAccountTaken) => return Err(LinkFailure::AmazonAccountTaken),
            Ok(LinkOutcome::AttemptOver) => {}
            Err(error) => tracing::error!(event = "link_not_stored", %error),
        }
        // The link may be there though its answer was lost: the attempt knows, for both are
        // written together.
        match links.attempt(self.state).await {
            Ok(Some(attempt)) if attempt.state == AttemptState::Linked => Ok(()),
            _ => Err(LinkFailure::Internal),
        }
    }
}

/// What an error word of Amazon's authorization page means for the player.
fn refusal(word: &str) -> LinkFailure {
    match word {
        "access_denied" => LinkFailure::AccessDenied,
        // The client id is not allow-listed for Prime Gaming.
        "invalid_scope" => LinkFailure::PermissionMissing,
        "server_error" | "temporarily_unavailable" => LinkFailure::AmazonUnavailable,
        "invalid_request" | "unauthorized_client" | "unsupported_response_type" => {
            tracing::error!(event = "authorize_failed", error = word);
            LinkFailure::Internal
        }
        // Anybody can write anything here, so it is not repeated.
        _ => {
            tracing::error!(event = "authorize_failed", error = "unknown");
            LinkFailure::Internal
        }
    }
}

fn has_scopes(app: &App, granted: Option<&str>) -> Result<(), LinkFailure> {
    let Some(granted) = granted else {
        return Ok(());
    };
    let has = |scope| granted.split_ascii_whitespace().any(|it| it == scope);
    if app.config.login.scope.split_ascii_whitespace().all(has) {
        Ok(())
    } else {
        Err(LinkFailure::PermissionMissing)
    }
}
