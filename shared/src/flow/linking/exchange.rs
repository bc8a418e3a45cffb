//! A code becomes tokens. It can't be had twice, so a failure that passes is tried again.

use secrecy::SecretString;

use super::establish::has_time;
use super::persist::persist;
use crate::App;
use crate::amazon::{TokenError, Tokens};
use crate::budget::Budget;
use crate::domain::LinkFailure;
use crate::flow::tokens::open;
use crate::net::Unavailable;
use crate::secrets::SecretValues;
use crate::signals::event;
use crate::store::Attempt;

/// Exchanges the code that belongs to `attempt`.
pub(super) async fn exchange(
    app: &App,
    budget: Budget,
    attempt: &Attempt,
    code: &SecretString,
) -> Result<Tokens, LinkFailure> {
    let verifier = open(app, &attempt.player, "verifier", &attempt.verifier)
        .await
        .map_err(|error| {
            tracing::error!(event = event::VERIFIER_UNREADABLE, player_id = %attempt.player, %error);
            LinkFailure::Internal
        })?;
    has_time(budget)?;
    let used = app.secrets.current();
    let mut answer = ask_for_tokens(app, budget, attempt, code, &verifier, &used).await;
    // Amazon decided this before it looked at the code. The secret may have been rotated.
    if matches!(answer, Err(TokenError::InvalidClient))
        && app.secrets.is_newer_than(&used, app.clock.now()).await
    {
        has_time(budget)?;
        let newer = app.secrets.current();
        answer = ask_for_tokens(app, budget, attempt, code, &verifier, &newer).await;
    }
    answer.map_err(|error| {
        tracing::warn!(event = event::CODE_NOT_EXCHANGED, %error);
        match error {
            TokenError::InvalidGrant => LinkFailure::AttemptExpired,
            TokenError::Unavailable(_) => LinkFailure::AmazonUnavailable,
            TokenError::InvalidClient | TokenError::Rejected { .. } => LinkFailure::Internal,
        }
    })
}

async fn ask_for_tokens(
    app: &App,
    budget: Budget,
    attempt: &Attempt,
    code: &SecretString,
    verifier: &SecretString,
    secrets: &SecretValues,
) -> Result<Tokens, TokenError> {
    let lwa = &app.config.lwa;
    let secret = secrets.secret_for(&lwa.client_id, lwa);
    let redirect_uri = attempt.redirect_uri.as_str();
    let (answer, tries) = persist(budget, TokenError::passing, || {
        let now = app.clock.now();
        app.lwa
            .exchange_code(&secret, code, redirect_uri, verifier, now)
    })
    .await;
    match answer {
        // An earlier try reached Amazon, although a gateway answered that it did not.
        Err(TokenError::InvalidGrant) if tries > 1 => {
            let cause = "an answer was lost, and the code is used up";
            Err(Unavailable::because(cause).into())
        }
        answer => answer,
    }
}
