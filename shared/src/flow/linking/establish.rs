//! Establishes a link from tokens, in the same way for browsers and devices: checks what was granted
//! and which Amazon account the tokens belong to. Then one transaction writes the player, the account
//! and the attempt or device that asked for the link.

use secrecy::SecretString;

use super::comeback::comeback;
use super::persist::persist;
use super::remnant::remnant;
use crate::App;
use crate::amazon::{IdentifyError, Tokens};
use crate::budget::{Budget, NoTimeLeft};
use crate::domain::{AmazonUserId, LinkFailure, PlayerId, Timestamp};
use crate::flow::entitlements::first_check;
use crate::flow::standing;
use crate::flow::tokens::OpenTokens;
use crate::seal::Sealed;
use crate::signals::event;
use crate::store::{Changes, LinkOrigin, LinkOutcome, NewLink, Replaced, StoreError};

/// Tokens that are good enough for a link.
pub(in crate::flow) struct Accepted {
    pub(in crate::flow) tokens: OpenTokens,
    pub(in crate::flow) access_expires_at: Timestamp,
}

/// What a link is to be made of.
pub(in crate::flow) struct Candidate<'a> {
    pub(in crate::flow) player: &'a PlayerId,
    /// The LWA client that the tokens were issued to.
    pub(in crate::flow) client_id: &'a str,
    pub(in crate::flow) access: &'a SecretString,
    pub(in crate::flow) sealed: &'a Sealed,
    pub(in crate::flow) access_expires_at: Timestamp,
}

/// Why there is no link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::flow) enum NotMade {
    /// These tokens will never make one.
    Final(LinkFailure),
    /// Amazon or the database did not answer: trying again with the same tokens may help.
    Passing(LinkFailure),
}

impl NotMade {
    pub(in crate::flow) const fn failure(self) -> LinkFailure {
        match self {
            Self::Final(failure) | Self::Passing(failure) => failure,
        }
    }
}

/// Accepts the tokens that Amazon gave for a code, if they are all that a link needs.
pub(in crate::flow) fn accept(app: &App, tokens: Tokens) -> Result<Accepted, LinkFailure> {
    has_scopes(app, tokens.scope.as_deref())?;
    let Some(refresh) = tokens.refresh_token else {
        tracing::error!(event = event::NO_REFRESH_TOKEN, "is the client secret set?");
        return Err(LinkFailure::Internal);
    };
    Ok(Accepted {
        tokens: OpenTokens {
            access: tokens.access_token,
            refresh,
        },
        access_expires_at: app.clock.now() + tokens.expires_in,
    })
}

/// Whether all scopes that were asked for were granted. `None`: Amazon said nothing, which is as
/// asked (RFC 6749, 5.1).
pub(in crate::flow) fn has_scopes(app: &App, granted: Option<&str>) -> Result<(), LinkFailure> {
    let Some(granted) = granted else {
        return Ok(());
    };
    let has = |scope| granted.split_ascii_whitespace().any(|it| it == scope);
    if app.config.lwa.scope.split_ascii_whitespace().all(has) {
        Ok(())
    } else {
        Err(LinkFailure::PermissionMissing)
    }
}

/// A step that is begun is awaited, so none is begun without time for it.
pub(in crate::flow) fn has_time(budget: Budget) -> Result<(), LinkFailure> {
    budget.step().map_err(|NoTimeLeft| {
        tracing::error!(event = event::NO_TIME_LEFT);
        LinkFailure::AmazonUnavailable
    })
}

/// Makes the link, and ends the attempt or device session that asked for it.
pub(in crate::flow) async fn make_link(
    app: &App,
    budget: Budget,
    candidate: &Candidate<'_>,
    origin: LinkOrigin<'_>,
) -> Result<(), NotMade> {
    has_time(budget).map_err(NotMade::Passing)?;
    let amazon_user_id = identify(app, budget, candidate).await?;
    let now = app.clock.now();
    let new = NewLink {
        player: candidate.player,
        amazon_user_id: &amazon_user_id,
        client_id: candidate.client_id,
        tokens: candidate.sealed,
        access_expires_at: candidate.access_expires_at,
        first_check_at: first_check::due_at(app, now),
        replaces: None,
        erasure: &Changes::default(),
    };
    let mut made = link(app, origin, new, now).await;
    if matches!(made, Ok(LinkOutcome::Erased)) {
        made = link(app, origin, new, now).await;
    }
    let passing = match made {
        Ok(LinkOutcome::Linked) => return Ok(()),
        Ok(LinkOutcome::PlayerAlreadyLinked) => {
            return Err(NotMade::Final(LinkFailure::PlayerAlreadyLinked));
        }
        Ok(LinkOutcome::AmazonAccountTaken) => {
            return Err(NotMade::Final(LinkFailure::AmazonAccountTaken));
        }
        Ok(LinkOutcome::AttemptOver | LinkOutcome::Erased) => false,
        Err(error) => {
            tracing::error!(event = event::LINK_NOT_STORED, %error);
            true
        }
    };
    // The link may exist although the answer was lost. The attempt or device session knows, because
    // both are written in one transaction.
    match app.links.has_linked(origin).await {
        Ok(true) => Ok(()),
        _ if passing => Err(NotMade::Passing(LinkFailure::Internal)),
        _ => Err(NotMade::Final(LinkFailure::Internal)),
    }
}

/// How often replacing a link is tried while other requests change it.
const REPLACE_TRIES: u32 = 3;

/// Stores the link. A link of the player to another Amazon account prevents that, unless it was made
/// with a client id that is no longer ours: Amazon gives an account another id for every security
/// profile, so the same account looks like another one.
async fn link(
    app: &App,
    origin: LinkOrigin<'_>,
    new: NewLink<'_>,
    now: Timestamp,
) -> Result<LinkOutcome, StoreError> {
    let erasure = comeback(app, new.player).await?;
    let new = NewLink {
        erasure: &erasure,
        ..new
    };
    let mut outcome = app.links.link(&app.fulfillments, origin, &new, now).await?;
    for _ in 0..REPLACE_TRIES {
        if outcome != LinkOutcome::PlayerAlreadyLinked {
            break;
        }
        let row = app.links.get(new.player).await?;
        let foreign = row
            .link
            .as_ref()
            .filter(|link| !standing::is_ours(app, link));
        let Some(link) = foreign else { break };
        let replaces = Replaced {
            row: &row,
            link,
            remnant: remnant(app, &row, link).await?,
        };
        let new = NewLink {
            replaces: Some(replaces),
            ..new
        };
        outcome = app.links.link(&app.fulfillments, origin, &new, now).await?;
    }
    Ok(outcome)
}

async fn identify(
    app: &App,
    budget: Budget,
    candidate: &Candidate<'_>,
) -> Result<AmazonUserId, NotMade> {
    let Candidate {
        client_id, access, ..
    } = candidate;
    let (identified, _) = persist(budget, IdentifyError::passing, || {
        app.lwa.identify(client_id, access, app.clock.now())
    })
    .await;
    identified.map_err(|error| {
        tracing::warn!(event = event::IDENTIFY_FAILED, %error);
        match error {
            IdentifyError::Mismatch(_) => NotMade::Final(LinkFailure::IdentityMismatch),
            IdentifyError::PermissionMissing => NotMade::Final(LinkFailure::PermissionMissing),
            IdentifyError::Unavailable { .. } => NotMade::Passing(LinkFailure::AmazonUnavailable),
        }
    })
}

/// Logs how linking ended. Alarms and support look for these lines.
pub(in crate::flow) fn log_outcome(player_id: &PlayerId, outcome: Result<(), LinkFailure>) {
    match outcome {
        Ok(()) => tracing::info!(event = event::LINKED, %player_id),
        Err(failure) => {
            tracing::warn!(event = event::LINK_FAILED, code = failure.code(), %player_id);
        }
    }
}
