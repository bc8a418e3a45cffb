//! An entitlement as the API shows it.

use serde::Serialize;

use crate::domain::{Content, HoldReason, Status, Timestamp};
use crate::store::Record;

/// An entitlement as the API shows it.
#[derive(Debug, Serialize)]
pub struct EntitlementView {
    entitlement_id: String,
    sku: Option<String>,
    title: Option<String>,
    content: Option<Content>,
    status: Status,
    reason: Option<HoldReason>,
    first_seen_at: Timestamp,
    delivered_at: Option<Timestamp>,
    reported_at: Option<Timestamp>,
    updated_at: Timestamp,
}

impl From<Record> for EntitlementView {
    fn from(record: Record) -> Self {
        Self {
            entitlement_id: record.id.into(),
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
