//! Stored rows, as an operator sees them.

use super::sentences::Sentences;
use super::verdicts::{Context, verdict};
use crate::App;
use crate::api::{Entitlement, OperatorEntitlement, OperatorLink};
use crate::flow::rows::unless_corrupt;
use crate::flow::standing;
use crate::store::{PlayerRow, Record, StoreError};

/// Entitlements with their verdicts.
pub(super) struct Judged<T> {
    /// The entitlements.
    pub(super) entitlements: T,
    /// Rows that a verdict depends on, and that can't be read.
    pub(super) unreadable: Vec<StoreError>,
}

/// One entitlement, in English. Nothing that its verdict depends on may be unreadable.
pub(super) async fn entitlement(
    app: &App,
    record: Record,
) -> Result<OperatorEntitlement, StoreError> {
    let judged = entitlement_in(app, Sentences::usual(), record).await?;
    match judged.unreadable.into_iter().next() {
        None => Ok(judged.entitlements),
        Some(error) => Err(error),
    }
}

/// One entitlement, in this language.
pub(super) async fn entitlement_in(
    app: &App,
    sentences: &Sentences,
    record: Record,
) -> Result<Judged<OperatorEntitlement>, StoreError> {
    let mut unreadable = Vec::new();
    let row = unless_corrupt(app.links.get(&record.player).await, &mut unreadable)?;
    let mut context = Context::read(app, row.as_ref(), &[&record]).await?;
    unreadable.append(&mut context.unreadable);
    Ok(Judged {
        entitlements: judged(app, &context, sentences, record),
        unreadable,
    })
}

/// Entitlements of the player of this row, in this language. `None`: the row can't be read.
pub(super) async fn entitlements(
    app: &App,
    sentences: &Sentences,
    row: Option<&PlayerRow>,
    records: Vec<Record>,
) -> Result<Judged<Vec<OperatorEntitlement>>, StoreError> {
    let context = Context::read(app, row, &records.iter().collect::<Vec<_>>()).await?;
    let entitlements = records
        .into_iter()
        .map(|record| judged(app, &context, sentences, record));
    Ok(Judged {
        entitlements: entitlements.collect(),
        unreadable: context.unreadable,
    })
}

fn judged(
    app: &App,
    context: &Context,
    sentences: &Sentences,
    record: Record,
) -> OperatorEntitlement {
    OperatorEntitlement {
        verdict: verdict(app, context, sentences, &record),
        player_id: record.player.clone(),
        amazon_user_id: record.amazon_user_id.clone(),
        attempts: record.attempts,
        last_cause: record.last_cause.clone(),
        handed_out_at: record.handed_out_at,
        attention_at: record.attention_at,
        entitlement: Entitlement::from(record),
    }
}

pub(super) fn link(app: &App, row: PlayerRow) -> OperatorLink {
    let status = Some(standing::status(app, &row));
    let Some(link) = row.link else {
        return OperatorLink {
            status,
            ..OperatorLink::default()
        };
    };
    OperatorLink {
        status,
        linked_at: Some(link.linked_at),
        amazon_user_id: Some(link.amazon_user_id),
        client_id: Some(link.client_id),
        checked_at: link.checked_at,
        next_check_at: link.next_check_at,
        retry_at: link.retry_at,
        next_look_at: link.dead.map(|dead| dead.next_look_at),
    }
}
