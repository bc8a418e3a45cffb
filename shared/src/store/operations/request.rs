//! The ids of operators' requests. The row of one has the answer that was given, until it expires.

use aws_sdk_dynamodb::types::TransactWriteItem;

use crate::budget::REQUEST_KEPT;
use crate::domain::Timestamp;
use crate::store::dynamo::{Reader, hash, request_key, s, time, ttl};
use crate::store::error::StoreError;
use crate::store::tables::Links;

/// The id that an operator has given to a command, so that repeating it does nothing twice.
#[derive(Clone, Debug)]
pub struct Request {
    id: String,
    digest: String,
}

impl Request {
    /// `fields` is the rest of the command, in one form, whatever the order in which it was written.
    #[must_use]
    pub fn new(id: impl Into<String>, fields: &str) -> Self {
        Self {
            id: id.into(),
            digest: hash(fields),
        }
    }

    /// The id as the operator gave it.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }
}

/// What is known of a request id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recalled {
    /// It is new, or was used so long ago that it counts as new.
    Nothing,
    /// This command was carried out under it, with this answer.
    Answer(String),
    /// A command with other fields was carried out under it.
    Reused,
}

impl Links {
    /// What became of the command with this request id.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn recall(&self, request: &Request, now: Timestamp) -> Result<Recalled, StoreError> {
        let Some(item) = self.item(request_key(&hash(&request.id))).await? else {
            return Ok(Recalled::Nothing);
        };
        let reader = Reader::new(&self.table, &item);
        Ok(if reader.need_time("expires_at")? <= now {
            Recalled::Nothing
        } else if reader.need_text("digest")? == request.digest {
            Recalled::Answer(reader.need_text("answer")?.to_owned())
        } else {
            Recalled::Reused
        })
    }

    /// The part of a transaction that remembers the answer. It needs that the id is not in use.
    pub(super) fn request_part(
        &self,
        request: &Request,
        answer: &str,
        now: Timestamp,
    ) -> TransactWriteItem {
        let expires_at = now + REQUEST_KEPT;
        self.change(request_key(&hash(&request.id)))
            .when("attribute_not_exists(#pk) OR #expires_at <= :now")
            .value(":now", time(now))
            .set("digest", s(&request.digest))
            .set("answer", s(answer))
            .set("expires_at", time(expires_at))
            .set("ttl", ttl(expires_at))
            .in_transaction()
    }
}
