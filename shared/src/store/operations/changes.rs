//! The transaction of an operator's command.

use aws_sdk_dynamodb::types::TransactWriteItem;

use super::audit::{Audit, Warrant};
use crate::domain::Timestamp;
use crate::store::dynamo::transact;
use crate::store::error::StoreError;
use crate::store::outcome::WriteOutcome;
use crate::store::tables::{Fulfillments, Links};

/// The parts of a transaction, each with the state that it needs. Nothing is written yet, so a dry
/// run makes them as well.
#[derive(Debug, Default)]
pub struct Changes(pub(in crate::store) Vec<TransactWriteItem>);

impl Changes {
    /// These changes and `others`, in one transaction.
    #[must_use]
    pub fn and(mut self, others: Self) -> Self {
        self.0.extend(others.0);
        self
    }
}

impl Fulfillments {
    /// Writes the changes of a command that wrote its audit record before, all or nothing.
    /// [`WriteOutcome::Changed`]: a row is no longer as it was read.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn apply(&self, changes: Changes) -> Result<WriteOutcome, StoreError> {
        Ok(transact(&self.client, changes.0).await?.outcome())
    }

    /// Writes the changes with their audit records, all or nothing. With `answer`, a later command
    /// with the same request id gets this answer and changes nothing.
    ///
    /// [`WriteOutcome::Changed`]: a row is no longer as it was read, or another command with this
    /// request id came first.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn carry_out(
        &self,
        links: &Links,
        changes: Changes,
        warrant: Warrant<'_>,
        audits: &[Audit],
        answer: Option<&str>,
        now: Timestamp,
    ) -> Result<WriteOutcome, StoreError> {
        let Changes(mut parts) = changes;
        parts.extend(
            audits
                .iter()
                .map(|audit| self.audit_part(audit, warrant, now)),
        );
        if let (Some(request), Some(answer)) = (warrant.request, answer) {
            parts.push(links.request_part(request, answer, now));
        }
        Ok(transact(&self.client, parts).await?.outcome())
    }
}
