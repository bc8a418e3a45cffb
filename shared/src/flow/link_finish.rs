//! The way back from Amazon. The order of the steps is the protection: the state is known, the
//! browser is the one that started, the state is consumed by one conditional write, and only
//! then is the code exchanged.

use std::time::Duration;

use secrecy::SecretString;

use super::tokens::{OpenTokens, open, seal_tokens};
use crate::App;
use crate::amazon::{IdentifyError, TokenError, Tokens};
use crate::domain::{LinkFailure, random_token};
use crate::store::{Attempt, AttemptState, Consumed, LinkOutcome, NewLink, StoreError};

/// A request that works on an attempt is dead after this time: no function lives longer.
const FUNCTION_LIMIT: Duration = Duration::from_secs(28);

/// How long a second request waits for the first one's outcome.
const OUTCOME_PAUSE: Duration = Duration::from_millis(250);
const OUTCOME_TRIES: u32 = 60;

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
                let outcome = work(app, &attempt, &owner, callback).await;
                return Ok(Ended::of(&attempt, outcome));
            }
            Consumed::Before(attempt) => *attempt,
        },
        _ => attempt,
    };
    let outcome = outcome_of(app, state, &attempt).await?;
    Ok(Ended::of(&attempt, outcome))
}

/// The ending that another request gave the attempt, or is about to.
async fn outcome_of(
    app: &App,
    state: &str,
    attempt: &Attempt,
) -> Result<Result<(), LinkFailure>, StoreError> {
    let mut state_now = attempt.state;
    for _ in 0..OUTCOME_TRIES {
        match state_now {
            AttemptState::Linked => return Ok(Ok(())),
            AttemptState::Failed(failure) => return Ok(Err(failure)),
            AttemptState::Consumed(at) if app.clock.now().since(at) > FUNCTION_LIMIT => break,
            AttemptState::Started | AttemptState::Consumed(_) => {}
        }
        tokio::time::sleep(OUTCOME_PAUSE).await;
        match app.links.attempt(state).await? {
            Some(attempt) => state_now = attempt.state,
            None => break,
        }
    }
    // Whoever consumed it is gone, and so is the code: only a new attempt helps.
    Ok(Err(LinkFailure::Internal))
}

/// The attempt is ours: ends it, one way or the other.
async fn work(
    app: &App,
    attempt: &Attempt,
    owner: &str,
    callback: Callback,
) -> Result<(), LinkFailure> {
    let outcome = make_link(app, attempt, owner, callback).await;
    match outcome {
        Ok(()) => tracing::info!(event = "linked", player_id = %attempt.player),
        Err(failure) => {
            tracing::warn!(
                event = "link_failed",
                code = failure.code(), player_id = %attempt.player
            );
            if let Err(error) = app.links.fail_attempt(attempt, owner, failure).await {
                tracing::warn!(event = "link_ending_not_stored", %error);
            }
        }
    }
    outcome
}

async fn make_link(
    app: &App,
    attempt: &Attempt,
    owner: &str,
    callback: Callback,
) -> Result<(), LinkFailure> {
    let (code, scope) = match callback {
        Callback::Code { code, scope } => (code, scope),
        Callback::Error(word) => return Err(refusal(&word)),
    };
    has_scopes(app, scope.as_deref())?;
    let tokens = exchange(app, attempt, &code).await?;
    has_scopes(app, tokens.scope.as_deref())?;
    let client_id = &app.config.login.client_id;
    let amazon_user_id = app
        .login
        .identify(client_id, &tokens.access_token)
        .await
        .map_err(|error| {
            tracing::warn!(event = "identify_failed", %error);
            match error {
                IdentifyError::Mismatch(_) => LinkFailure::IdentityMismatch,
                IdentifyError::Unavailable { .. } => LinkFailure::AmazonUnavailable,
            }
        })?;
    let Some(refresh) = tokens.refresh_token else {
        tracing::error!(event = "no_refresh_token", "is lwa_client_secret set?");
        return Err(LinkFailure::Internal);
    };
    let access_expires_at = app.clock.now() + tokens.expires_in;
    let open = OpenTokens {
        access: tokens.access_token,
        refresh,
    };
    let new = NewLink {
        player: &attempt.player,
        amazon_user_id: &amazon_user_id,
        client_id,
        tokens: &seal_tokens(app, &attempt.player, &open),
        access_expires_at,
    };
    match app.links.link(attempt, owner, &new, app.clock.now()).await {
        Ok(LinkOutcome::Linked) => Ok(()),
        Ok(LinkOutcome::PlayerAlreadyLinked) => Err(LinkFailure::PlayerAlreadyLinked),
        Ok(LinkOutcome::AmazonAccountTaken) => Err(LinkFailure::AmazonAccountTaken),
        Ok(LinkOutcome::AttemptOver) => Err(LinkFailure::Internal),
        Err(error) => {
            tracing::error!(event = "link_not_stored", %error);
            Err(LinkFailure::Internal)
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
        word => {
            let word: String = word.chars().take(64).collect();
            tracing::error!(event = "authorize_failed", error = ?word);
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

async fn exchange(
    app: &App,
    attempt: &Attempt,
    code: &SecretString,
) -> Result<Tokens, LinkFailure> {
    let verifier = open(app, &attempt.player, "verifier", &attempt.verifier)
        .await
        .map_err(|error| {
            tracing::error!(event = "verifier_unreadable", player_id = %attempt.player, %error);
            LinkFailure::Internal
        })?;
    let mut answer = ask_for_tokens(app, attempt, code, &verifier).await;
    // Decided before Amazon looked at the code; the secret may have been rotated.
    if matches!(answer, Err(TokenError::InvalidClient)) && app.secrets.reload(app.clock.now()).await
    {
        answer = ask_for_tokens(app, attempt, code, &verifier).await;
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
    app: &App,
    attempt: &Attempt,
    code: &SecretString,
    verifier: &SecretString,
) -> Result<Tokens, TokenError> {
    let secret = app
        .secrets
        .current()
        .secret_for(&app.config.login.client_id, &app.config.login);
    let redirect_uri = attempt.redirect_uri.as_str();
    app.login
        .exchange_code(&secret, code, redirect_uri, verifier, app.clock.now())
        .await
}
