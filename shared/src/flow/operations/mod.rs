//! Operators' commands: one file for each thing that they are about.
//!
//! A command that changes something plans first: it reads, decides and makes the changes with their
//! answer. A dry run ends there. Else one transaction writes the changes, their audit records and
//! the answer's request id. Where a row has changed meanwhile, it plans again.

pub(super) mod accounts;
pub(super) mod attention;
pub(super) mod corrections;
mod cursor;
pub(super) mod entitlements;
pub(super) mod erase;
pub(super) mod erase_again;
mod erasing;
pub(super) mod export;
pub(super) mod keys;
pub(super) mod offers;
pub(super) mod players;
pub(super) mod sentences;
mod verdicts;
mod view;

use std::collections::HashSet;

use serde::Serialize;
use serde_json::value::RawValue;

use crate::App;
use crate::domain::{EntitlementId, ErasedId, NotPossible, Timestamp};
use crate::flow::entitlements::history::InvalidCursor;
use crate::signals::event;
use crate::store::{Audit, Changes, Recalled, Request, StoreError, Subject, Warrant};

/// How often a command is planned while other requests change the same rows.
const TRIES: u32 = 8;

/// What all commands that change something have in common.
#[derive(Clone, Debug)]
pub struct Order {
    /// The command's name.
    pub command: &'static str,
    /// The operator.
    pub actor: Option<String>,
    /// The operator's reason.
    pub reason: Option<String>,
    /// The id of the operator's request.
    pub request: Option<Request>,
    /// Whether nothing is to be changed.
    pub dry_run: bool,
    /// What the operator should know, although the command is carried out.
    pub warnings: Vec<String>,
}

/// A command's answer: a JSON object.
#[derive(Debug)]
pub struct Answer(Box<RawValue>);

impl Answer {
    /// The answer of a command that changes nothing.
    #[must_use]
    pub fn of(body: &impl Serialize) -> Self {
        Self::whole(true, false, &[], body)
    }

    /// The answer of a command that looks at something, and has found it well or not.
    #[must_use]
    pub fn found(is_well: bool, body: &impl Serialize) -> Self {
        Self::whole(is_well, false, &[], body)
    }

    /// The answer of a command that changes something.
    fn written(dry_run: bool, warnings: &[String], body: &impl Serialize) -> Self {
        Self::whole(true, dry_run, warnings, body)
    }

    fn whole(ok: bool, dry_run: bool, warnings: &[String], body: &impl Serialize) -> Self {
        let answer = Written {
            ok,
            dry_run,
            body,
            warnings,
        };
        Self(serde_json::value::to_raw_value(&answer).expect("an answer is always JSON"))
    }

    fn stored(text: String) -> Option<Self> {
        RawValue::from_string(text).ok().map(Self)
    }

    /// The JSON text.
    #[must_use]
    pub fn into_json(self) -> Box<RawValue> {
        self.0
    }
}

#[derive(Serialize)]
struct Written<'a, B> {
    ok: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    dry_run: bool,
    #[serde(flatten)]
    body: &'a B,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    warnings: &'a [String],
}

/// Why a command was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum OperationError {
    /// There is no such player, entitlement, account or offer.
    #[error("{0}")]
    NotFound(String),
    /// Its state does not allow the command.
    #[error(transparent)]
    Conflict(#[from] NotPossible),
    /// The cursor is not from an earlier answer.
    #[error(transparent)]
    Cursor(#[from] InvalidCursor),
    /// The work was more than fits into one call. Repeating the command goes on with it.
    #[error("{0}")]
    Unfinished(&'static str),
    /// The request id was used for another command.
    #[error("this request_id was used for a command with other fields; choose a new one")]
    RequestIdReused,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a command would do: the changes, what is remembered of them, and the answer.
pub(super) struct Plan<B> {
    pub(super) changes: Changes,
    pub(super) audits: Vec<Audit>,
    pub(super) body: B,
}

/// Plans and carries out a command.
pub(super) async fn carry_out<B: Serialize>(
    app: &App,
    order: &Order,
    mut plan: impl AsyncFnMut(Timestamp) -> Result<Plan<B>, OperationError>,
) -> Result<Answer, OperationError> {
    until_written(async || {
        if let Some(answer) = recall(app, order).await? {
            return Ok(Some(answer));
        }
        let now = app.clock.now();
        let Plan {
            changes,
            audits,
            body,
        } = plan(now).await?;
        let answer = Answer::written(order.dry_run, &order.warnings, &body);
        let is_done =
            order.dry_run || write(app, order, changes, &audits, Some(&answer), now).await?;
        Ok(is_done.then_some(answer))
    })
    .await
}

/// Plans and carries out one of the many changes of a command, with audit records of its own. A
/// request id is remembered only when the whole command is done, with [`remember`].
pub(super) async fn carry_out_part<B>(
    app: &App,
    order: &Order,
    mut plan: impl AsyncFnMut(Timestamp) -> Result<Plan<B>, OperationError>,
) -> Result<B, OperationError> {
    until_written(async || {
        let now = app.clock.now();
        let Plan {
            changes,
            audits,
            body,
        } = plan(now).await?;
        let is_done = order.dry_run || write(app, order, changes, &audits, None, now).await?;
        Ok(is_done.then_some(body))
    })
    .await
}

/// Tries until a try has written its changes. A try gives `None` if a row has changed since it was
/// read; the next one plans again.
async fn until_written<T>(
    mut attempt: impl AsyncFnMut() -> Result<Option<T>, OperationError>,
) -> Result<T, OperationError> {
    for _ in 0..TRIES {
        if let Some(done) = attempt().await? {
            return Ok(done);
        }
    }
    let what = "what the command is about";
    Err(StoreError::Contended { what }.into())
}

/// The answer of a command of many changes. Its request id is remembered with it, and with audit
/// records of the whole.
pub(super) async fn remember(
    app: &App,
    order: &Order,
    audits: &[Audit],
    body: &impl Serialize,
) -> Result<Answer, OperationError> {
    let answer = Answer::written(order.dry_run, &order.warnings, body);
    if order.dry_run || (order.request.is_none() && audits.is_empty()) {
        return Ok(answer);
    }
    let (changes, now) = (Changes::default(), app.clock.now());
    if write(app, order, changes, audits, Some(&answer), now).await? {
        return Ok(answer);
    }
    // Another command with this request id came first.
    recall(app, order).await?.ok_or_else(|| {
        let what = "the request id";
        StoreError::Contended { what }.into()
    })
}

/// The changes, with the condition that no erasure of these players has begun since the command was
/// planned: it would leave something of an erased player.
fn unless_erased(app: &App, changes: Changes, audits: &[Audit], now: Timestamp) -> Changes {
    erased_ids(app, audits).fold(changes, |changes, id| {
        changes.and(app.erasures.unless_erased_since(&id, now))
    })
}

fn erased_ids(app: &App, audits: &[Audit]) -> impl Iterator<Item = ErasedId> {
    let players = audits.iter().filter_map(|audit| match &audit.subject {
        Subject::Player(player) => app.erased_id(player),
        Subject::Offer(_) | Subject::Keys | Subject::Receipt(_) => None,
    });
    players.collect::<HashSet<_>>().into_iter()
}

async fn is_not_being_erased(app: &App, audits: &[Audit]) -> Result<(), OperationError> {
    for id in erased_ids(app, audits) {
        let marker = app.erasures.get(&id).await?;
        if marker.is_some_and(|marker| marker.is_running) {
            let why = "the player is being erased; repeat player.erase until it has ended";
            return Err(NotPossible(why.to_owned()).into());
        }
    }
    Ok(())
}

/// The answer that this command has had, if it was carried out before.
async fn recall(app: &App, order: &Order) -> Result<Option<Answer>, OperationError> {
    let Some(request) = &order.request else {
        return Ok(None);
    };
    match app.links.recall(request, app.clock.now()).await? {
        Recalled::Nothing => Ok(None),
        Recalled::Answer(text) => Ok(Answer::stored(text)),
        Recalled::Reused => Err(OperationError::RequestIdReused),
    }
}

/// Writes what was planned, all or nothing. `false`: a row has changed since it was read, or
/// another command with this request id came first. An erasure of a player whom it is about, and which
/// has begun since it was planned, is an error.
async fn write(
    app: &App,
    order: &Order,
    changes: Changes,
    audits: &[Audit],
    answer: Option<&Answer>,
    now: Timestamp,
) -> Result<bool, OperationError> {
    let changes = unless_erased(app, changes, audits, now);
    let warrant = Warrant {
        command: order.command,
        actor: order.actor.as_deref(),
        reason: order.reason.as_deref(),
        request: order.request.as_ref(),
    };
    let answer = answer.map(|answer| answer.0.get());
    let store = &app.fulfillments;
    let written = store.carry_out(&app.links, changes, warrant, audits, answer, now);
    let is_done = written.await?.is_done();
    if is_done {
        audits.iter().for_each(|audit| log_done(order, audit));
    } else {
        is_not_being_erased(app, audits).await?;
    }
    Ok(is_done)
}

/// The reason is an operator's free text, so it is in the audit record only.
fn log_done(order: &Order, audit: &Audit) {
    let (player_id, sku) = match &audit.subject {
        Subject::Player(player) => (Some(player.as_str()), None),
        Subject::Offer(sku) => (None, Some(sku.as_str())),
        // An erasure does not write the player's id down once more.
        Subject::Keys | Subject::Receipt(_) => (None, None),
    };
    let (command, actor) = (order.command, order.actor.as_deref());
    let entitlement_id = audit.entitlement_id.as_ref().map(EntitlementId::as_str);
    tracing::info!(
        event = event::COMMAND_DONE,
        command,
        actor,
        player_id,
        entitlement_id,
        sku
    );
}
