//! A stored record, as a game sees it.

use crate::api::Entitlement;
use crate::store::Record;

impl From<Record> for Entitlement {
    fn from(record: Record) -> Self {
        Self {
            entitlement_id: record.id,
            sku: record.sku,
            title: record.title,
            content: record.content,
            status: record.status,
            reason: record.reason,
            first_seen_at: record.first_seen_at,
            delivered_at: record.delivered_at,
            reported_at: record.reported_at,
            updated_at: record.updated_at,
        }
    }
}
