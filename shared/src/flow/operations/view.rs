//! Stored rows, as an operator sees them.

use super::sentences::Sentences;
use super::verdicts::{Context, verdict};
use crate::App;
use crate::api::{Entitlement, OperatorEntitlement, OperatorLink};
use crate::flow::standing;
use crate::store::{PlayerRow, Record, StoreError};

/// One entitlement, in English.
pub(super) async fn entitlement(
    app: &App,
    record: Record,
) -> Result<OperatorEntitlement, StoreError> {
    entitlement_in(app, Sentences::usual(), record).await
}

/// One entitlement, in this language.
pub(super) async fn entitlement_in(
    app: &App,
    sentences: &Sentences,
    record: Record,
) -> Result<OperatorEntitlement, StoreError> {
    let row = app.links.get(&record.player).await?;
    let context = Context::read(app, &row, &[&record]).await?;
    Ok(judged(app, &context, sentences, record))
}

/// Entitlements of the player of this row, in this language.
pub(super) async fn entitlements(
    app: &App,
    sentences: &Sentences,
    row: &PlayerRow,
    records: Vec<Record>,
) -> Result<Vec<OperatorEntitlement>, StoreError> {
    let context = Context::read(app, row, &records.iter().collect::<Vec<_>>()).await?;
    let judged = records
        .into_iter()
        .map(|record| judged(app, &context, sentences, record));
    Ok(judged.collect())
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
