//! Stored rows, as an operator sees them.

use crate::App;
use crate::api::{Entitlement, OperatorEntitlement, OperatorLink};
use crate::flow::standing;
use crate::store::{PlayerRow, Record};

pub(super) fn entitlement(record: Record) -> OperatorEntitlement {
    OperatorEntitlement {
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
