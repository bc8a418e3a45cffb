//! Commands about an entitlement.

use super::players::known_player;
use super::sentences::Sentences;
use super::{Answer, OperationError, Order, Plan, carry_out, view};
use crate::App;
use crate::api::{ChangedEntitlement, FoundEntitlement};
use crate::domain::{
    EntitlementId, HoldReason, NotPossible, Offer, Ordered, PlayerId, Status, Timestamp, moved_note,
};
use crate::flow::fulfillment::report::speaker;
use crate::flow::rows::{offer_sku, told_unreadable, unless_corrupt};
use crate::store::{Audit, Changes, Reassignment, Record, Release, StoreError, Subject};

/// `entitlement.get`: an entitlement by Amazon's id alone. `sentences` are those for the player.
///
/// # Errors
/// See [`OperationError`].
pub async fn get_entitlement(
    app: &App,
    id: &EntitlementId,
    sentences: &Sentences,
) -> Result<Answer, OperationError> {
    let holders = app.fulfillments.holders_of(id).await?;
    let mut unreadable = holders.unreadable;
    let mut also = Vec::new();
    let mut entitlement = None;
    for player in holders.owner.into_iter().chain(holders.others) {
        if entitlement.is_some() {
            also.push(player);
            continue;
        }
        let record = app.fulfillments.get(&player, id).await;
        match unless_corrupt(record, &mut unreadable)? {
            Some(record) => entitlement = record,
            None => also.push(player),
        }
    }
    if entitlement.is_none()
        && let Some(error) = unreadable.pop()
    {
        return Err(error.into());
    }
    let entitlement = entitlement.ok_or_else(|| {
        let erased = if holders.was_erased {
            "; the player who had it was erased"
        } else {
            ""
        };
        OperationError::NotFound(format!("no player has the entitlement {id}{erased}"))
    })?;
    let judged = view::entitlement_in(app, sentences, entitlement).await?;
    unreadable.extend(judged.unreadable);
    Ok(Answer::of(&FoundEntitlement {
        entitlement: judged.entitlements,
        also,
        unreadable: told_unreadable(&unreadable),
    }))
}

/// `entitlement.release`: what only an operator releases becomes `pending`.
///
/// # Errors
/// See [`OperationError`].
pub async fn release(
    app: &App,
    order: &Order,
    player: &PlayerId,
    id: &EntitlementId,
) -> Result<Answer, OperationError> {
    carry_out(app, order, async |now| {
        let known = known_record(app, player, id).await?;
        let (changes, after, note) = releasing(app, known, now).await?;
        plan(app, changes, after, player, note).await
    })
    .await
}

/// What releasing it changes, the record as it will be, and a note.
async fn releasing(
    app: &App,
    known: Record,
    now: Timestamp,
) -> Result<(Changes, Record, Option<String>), OperationError> {
    let ordered = known.present(now).release()?;
    is_no_others(app, &known.player, &known.id).await?;
    let offer = match ordered {
        // An earlier version may have held it without its content.
        Ordered::AsBefore if known.content.is_some() => None,
        Ordered::AsBefore | Ordered::Anew => Some(offer_of(app, &known).await?),
    };
    let release = by(app, offer.as_ref(), now);
    let (changes, after) = app.fulfillments.release_changes(&known, release);
    Ok((changes, after, released_note(&known)))
}

/// The plan that releases one of many that are held for this reason. The answer shows no verdict of it.
pub(super) async fn release_plan(
    app: &App,
    player: &PlayerId,
    id: &EntitlementId,
    reason: HoldReason,
    now: Timestamp,
) -> Result<Plan<()>, OperationError> {
    let known = known_record(app, player, id).await?;
    if known.reason != Some(reason) {
        return Err(not_possible("it was changed meanwhile"));
    }
    let (changes, _, note) = releasing(app, known, now).await?;
    Ok(Plan {
        changes,
        audits: vec![about(player, id, note)],
        body: (),
    })
}

/// The plan by which the next run of `reconcile` tries what has attention. What is held for an unknown
/// word only loses its attention: the next check that still finds the word gives it attention again.
pub(super) async fn try_now_plan(
    app: &App,
    player: &PlayerId,
    id: &EntitlementId,
    now: Timestamp,
) -> Result<Plan<()>, OperationError> {
    let known = known_record(app, player, id).await?;
    known.present(now).try_now(known.attention_at)?;
    let changes = match known.status {
        Status::Held => app.fulfillments.unmark_attention_changes(&known, now),
        _ => app.fulfillments.due_now_changes(&known, now).0,
    };
    Ok(Plan {
        changes,
        audits: vec![about(player, id, None)],
        body: (),
    })
}

fn released_note(known: &Record) -> Option<String> {
    (known.reason == Some(HoldReason::DuplicateOffer)).then(|| {
        format!(
            "a duplicate_offer: it takes a place in the guard of {} beyond the limit",
            known.sku.as_deref().unwrap_or("its SKU")
        )
    })
}

/// `entitlement.hold`: what is `pending` and is not being delivered is held.
///
/// # Errors
/// See [`OperationError`].
pub async fn hold(
    app: &App,
    order: &Order,
    player: &PlayerId,
    id: &EntitlementId,
) -> Result<Answer, OperationError> {
    carry_out(app, order, async |now| {
        let known = known_record(app, player, id).await?;
        known.present(now).hold()?;
        let (changes, after) = app.fulfillments.hold_changes(&known, now);
        plan(app, changes, after, player, None).await
    })
    .await
}

/// `entitlement.reassign`: moves what was not delivered to a player's new game account.
///
/// # Errors
/// See [`OperationError`].
pub async fn reassign(
    app: &App,
    order: &Order,
    id: &EntitlementId,
    from: &PlayerId,
    to: &PlayerId,
) -> Result<Answer, OperationError> {
    carry_out(app, order, async |now| {
        let known = known_record(app, from, id).await?;
        let ordered = known.present(now).reassign()?;
        is_no_others(app, from, id).await?;
        let theirs = app.fulfillments.get(to, id).await?;
        if theirs
            .as_ref()
            .is_some_and(|it| it.reason != Some(HoldReason::OtherPlayer))
        {
            return Err(not_possible("the new player has it already"));
        }
        let offer = offer_of(app, &known).await?;
        let used = app.fulfillments.used(to, offer.sku.as_str(), id).await?;
        if let Some(most) = offer.per_player.0
            && used >= usize::try_from(most).unwrap_or(usize::MAX)
        {
            return Err(not_possible("the new player has used the offer up"));
        }
        // The new player may never have called: a link is not needed.
        let row = app.links.get(to).await?;
        if row.link.is_none() && was_erased(app, to).await? {
            // Linking brings back what the player has used up.
            return Err(not_possible(
                "the new player was erased, and has to link again first",
            ));
        }
        let is_anew = ordered == Ordered::Anew || known.content.is_none();
        let (changes, after) = app.fulfillments.reassign_changes(Reassignment {
            from: &known,
            to,
            known: theirs.as_ref(),
            link: row.link.as_ref().map(|link| &link.id),
            offer: &offer,
            release: by(app, is_anew.then_some(&offer), now),
        });
        let changes = changes
            .and(app.links.open_changes(to, &row))
            .and(owed(app, &known, to).await?);
        let note = Some(moved_note(from, to, known.handed_out_at));
        let body = ChangedEntitlement {
            entitlement: view::entitlement(app, after).await?,
            note: note.clone(),
        };
        let audits = [from, to].map(|player| about(player, id, note.clone()));
        Ok(Plan {
            changes,
            audits: audits.into(),
            body,
        })
    })
    .await
}

/// `entitlement.rereport`: Amazon is told once more of what was delivered.
///
/// # Errors
/// See [`OperationError`].
pub async fn rereport(
    app: &App,
    order: &Order,
    player: &PlayerId,
    id: &EntitlementId,
) -> Result<Answer, OperationError> {
    carry_out(app, order, async |now| {
        let known = known_record(app, player, id).await?;
        known.present(now).rereport()?;
        let (changes, after) = app.fulfillments.rereport_changes(&known, now);
        let mut plan = plan(app, changes, after, player, None).await?;
        if known.status == Status::Reported {
            let row = app.links.get(player).await?;
            plan.changes = plan
                .changes
                .and(app.links.open_changes(player, &row))
                .and(owed(app, &known, player).await?);
        }
        Ok(plan)
    })
    .await
}

/// The account's link notes that it has a report to make for `player`, unless it is the player's own.
async fn owed(app: &App, record: &Record, player: &PlayerId) -> Result<Changes, StoreError> {
    let speaker = speaker(app, &record.amazon_user_id).await?;
    Ok(speaker.map_or_else(Changes::default, |link| {
        app.links.inherit_changes(&link, player)
    }))
}

async fn was_erased(app: &App, player: &PlayerId) -> Result<bool, StoreError> {
    match app.erased_id(player) {
        Some(id) => Ok(app.erasures.get(&id).await?.is_some()),
        None => Ok(false),
    }
}

async fn known_record(
    app: &App,
    player: &PlayerId,
    id: &EntitlementId,
) -> Result<Record, OperationError> {
    if let Some(record) = app.fulfillments.get(player, id).await? {
        return Ok(record);
    }
    known_player(app, player).await?;
    Err(OperationError::NotFound(format!(
        "the player {player} has no entitlement {id}"
    )))
}

/// Needs that no other player was handed the entitlement.
async fn is_no_others(
    app: &App,
    player: &PlayerId,
    id: &EntitlementId,
) -> Result<(), OperationError> {
    let holders = app.fulfillments.holders_of(id).await?.whole()?;
    if holders.was_erased {
        return Err(not_possible("a player who was erased was handed it"));
    }
    match holders.owner {
        Some(owner) if owner != *player => Err(not_possible("another player was handed it")),
        _ => Ok(()),
    }
}

/// The offer of the record's SKU, as it is now.
async fn offer_of(app: &App, record: &Record) -> Result<Offer, OperationError> {
    let Some(sku) = offer_sku(record) else {
        return Err(not_possible("Amazon sent no SKU that can have an offer"));
    };
    let offer = app.offers.stored().one(&sku).await?;
    offer.ok_or_else(|| not_possible(&format!("there is no offer {sku}; put it first")))
}

fn by<'a>(app: &App, offer: Option<&'a Offer>, now: Timestamp) -> Release<'a> {
    Release {
        offer,
        by_webhook: app.webhook.is_some(),
        now,
    }
}

async fn plan(
    app: &App,
    changes: Changes,
    after: Record,
    player: &PlayerId,
    note: Option<String>,
) -> Result<Plan<ChangedEntitlement>, OperationError> {
    Ok(Plan {
        changes,
        audits: vec![about(player, &after.id, note.clone())],
        body: ChangedEntitlement {
            entitlement: view::entitlement(app, after).await?,
            note,
        },
    })
}

/// The audit record of a change of one entitlement.
pub(super) fn about(player: &PlayerId, id: &EntitlementId, note: Option<String>) -> Audit {
    Audit {
        subject: Subject::Player(player.clone()),
        entitlement_id: Some(id.clone()),
        note,
    }
}

fn not_possible(why: &str) -> OperationError {
    OperationError::Conflict(NotPossible(why.to_owned()))
}
