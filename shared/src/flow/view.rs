//! An entitlement as the API shows it.

use serde::Serialize;
use serde_json::Value;

use crate::domain::{HoldReason, Status, Timestamp};
use crate::store::Record;

/// An entitlement as the API shows it.
#[derive(Debug, Serialize)]
pub struct EntitlementView {
    entitlement_id: String,
    sku: Option<String>,
    content: Value,
    status: Status,
    reason: Option<HoldReason>,
    first_seen_at: Timestamp,
    updated_at: Timestamp,
}

impl From<Record> for EntitlementView {
    fn from(record: Record) -> Self {
        Self {
            entitlement_id: record.id.into(),
            sku: record.sku,
            content: record.content,
            status: record.status,
            reason: record.reason,
            first_seen_at: record.first_seen_at,
            updated_at: record.updated_at,
        }
    }
}
