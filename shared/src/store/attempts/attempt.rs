//! A browser's attempt to link a player. Keys hold hashes of secrets. Reads check the expiry;
//! DynamoDB's TTL only cleans up.
//!
//! ```text
//! ticket ──POST /link/start──▶ started ──callback──▶ consumed ──▶ linked | failed
//!                                 │
//!                                 └─ void, once the form is posted again
//! ```
//!
//! The ticket's row decides which attempt of a ticket may go on: see [`super::ticket`]. A row
//! without `ticket` was written by an older version; its ticket has no other attempt.

use aws_sdk_dynamodb::types::TransactWriteItem;
use url::Url;

use crate::budget::LINGER;
use crate::domain::{LinkFailure, PlayerId, Timestamp};
use crate::seal::Sealed;
use crate::store::dynamo::{
    Committed, Item, Reader, attempt_key, hash, s, ticket_key, time, transact,
};
use crate::store::error::StoreError;
use crate::store::tables::Links;

/// An attempt of a browser to link a player.
#[derive(Clone, Debug)]
pub struct Attempt {
    hash: String,
    attempt_id: String,
    /// The hash of the ticket's secret.
    ticket: Option<String>,
    /// Whose link is to be made.
    pub player: PlayerId,
    /// What the pages call the player, beside the id.
    pub player_name: Option<String>,
    /// Where the browser goes at the end.
    pub return_to: Option<String>,
    /// The hash of the browser's id.
    pub browser: String,
    /// The sealed PKCE verifier.
    pub verifier: Sealed,
    /// The `redirect_uri` that was sent to Amazon.
    pub redirect_uri: Url,
    /// When it expires.
    pub expires_at: Timestamp,
    /// How far it is.
    pub state: AttemptState,
}

/// How far an attempt is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttemptState {
    /// The browser is at Amazon.
    Started,
    /// The browser came back. Its request began then, and may still be at work.
    Consumed(Timestamp),
    /// It ended with a link.
    Linked,
    /// It ended without a link.
    Failed(LinkFailure),
}

const STARTED: &str = "started";
const CONSUMED: &str = "consumed";
const LINKED: &str = "linked";

impl AttemptState {
    /// The word in the table. A failure is stored as its code.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Started => STARTED,
            Self::Consumed(_) => CONSUMED,
            Self::Linked => LINKED,
            Self::Failed(failure) => failure.code(),
        }
    }
}

/// What became of consuming an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consumed {
    /// It is ours to finish.
    Ours,
    /// Another request was first.
    Before,
    /// Its ticket does not let it be consumed.
    Not(Standing),
}

/// What an attempt's ticket says about an attempt that was not consumed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It can be consumed.
    Newest,
    /// The form was posted again after it.
    Void,
    /// A request is at work on another attempt of the ticket.
    Waiting,
    /// Another attempt of the ticket has linked.
    Linked,
}

impl Links {
    /// The attempt of this `state`. One that has ended or expired is found until an hour after it
    /// expires.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn attempt(
        &self,
        state: &str,
        now: Timestamp,
    ) -> Result<Option<Attempt>, StoreError> {
        let hash = hash(state);
        let Some(item) = self.item(attempt_key(&hash)).await? else {
            return Ok(None);
        };
        let attempt = self.read_attempt(hash, &item)?;
        Ok((now < attempt.expires_at + LINGER).then_some(attempt))
    }

    /// What the ticket says about an attempt that has not been consumed. A request that began
    /// before `dead` is over.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn standing(
        &self,
        attempt: &Attempt,
        dead: Timestamp,
    ) -> Result<Standing, StoreError> {
        match &attempt.ticket {
            None => Ok(Standing::Newest),
            Some(ticket) => {
                let item = self.item(ticket_key(ticket)).await?.unwrap_or_default();
                self.standing_in(&item, attempt, dead)
            }
        }
    }

    fn standing_in(
        &self,
        ticket: &Item,
        attempt: &Attempt,
        dead: Timestamp,
    ) -> Result<Standing, StoreError> {
        let reader = Reader::new(&self.table, ticket);
        Ok(if reader.text("attempt") != Some(&attempt.hash) {
            Standing::Void
        } else if reader.text("linked_by").is_some() {
            Standing::Linked
        } else if reader
            .time("at_work_since")?
            .is_some_and(|since| since >= dead)
        {
            Standing::Waiting
        } else {
            Standing::Newest
        })
    }

    /// How far this attempt is now, read from the table.
    pub(in crate::store) async fn attempt_state(
        &self,
        attempt: &Attempt,
    ) -> Result<Option<AttemptState>, StoreError> {
        let Some(item) = self.item(attempt_key(&attempt.hash)).await? else {
            return Ok(None);
        };
        let stored = self.read_attempt(attempt.hash.clone(), &item)?;
        Ok(Some(stored.state))
    }

    /// Consumes the `state`. Of all requests that bring it, one gets [`Consumed::Ours`]. A request
    /// that began before `dead` is over, so its turn on the ticket is free.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn consume_attempt(
        &self,
        attempt: &Attempt,
        owner: &str,
        now: Timestamp,
        dead: Timestamp,
    ) -> Result<Consumed, StoreError> {
        let consume = self
            .change(attempt_key(&attempt.hash))
            .when("#status = :started")
            .value(":started", s(STARTED))
            .set("status", s(CONSUMED))
            .set("owner", s(owner))
            .set("consumed_at", time(now));
        let mut parts = vec![consume.in_transaction()];
        parts.extend(attempt.ticket.as_ref().map(|ticket| {
            self.change(ticket_key(ticket))
                .when(
                    "#attempt = :at_work AND attribute_not_exists(#linked_by) \
                     AND (attribute_not_exists(#at_work) OR #at_work_since < :dead)",
                )
                .value(":dead", time(dead))
                .set("at_work", s(&attempt.hash))
                .set("at_work_since", time(now))
                .in_transaction()
        }));
        let Committed::Nothing(refusals) = transact(&self.client, parts).await? else {
            return Ok(Consumed::Ours);
        };
        Ok(match refusals.as_slice() {
            [Some(now_is), ..] => {
                let reader = Reader::new(&self.table, now_is);
                let is_ours =
                    reader.text("owner") == Some(owner) && reader.text("status") == Some(CONSUMED);
                if is_ours {
                    Consumed::Ours
                } else {
                    Consumed::Before
                }
            }
            [None, Some(ticket)] => Consumed::Not(self.standing_in(ticket, attempt, dead)?),
            _ => Consumed::Before,
        })
    }

    /// Ends the attempt without a link. An attempt that has ended stays as it is.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn fail_attempt(
        &self,
        attempt: &Attempt,
        owner: &str,
        failure: LinkFailure,
    ) -> Result<(), StoreError> {
        let end = self.end(attempt, owner, AttemptState::Failed(failure));
        let Some(ticket) = &attempt.ticket else {
            let parts = vec![
                end,
                self.give_back_place(&attempt.player, &attempt.attempt_id),
            ];
            return transact(&self.client, parts).await.map(drop);
        };
        let turn = |condition| {
            self.change(ticket_key(ticket))
                .when(condition)
                .value(":mine", s(&attempt.hash))
                .remove("at_work")
                .remove("at_work_since")
                .in_transaction()
        };
        let newest = turn("#at_work = :mine AND #attempt = :mine");
        let parts = vec![
            end.clone(),
            newest,
            self.give_back_place(&attempt.player, &attempt.attempt_id),
        ];
        if matches!(transact(&self.client, parts).await?, Committed::All) {
            return Ok(());
        }
        // The form was posted again meanwhile: that attempt keeps the ticket's place in the count.
        let parts = vec![end, turn("#at_work = :mine")];
        transact(&self.client, parts).await.map(drop)
    }

    /// The parts of a transaction that end our attempt with a link. After that, no attempt of its
    /// ticket can be consumed.
    pub(in crate::store) fn end_linked(
        &self,
        attempt: &Attempt,
        owner: &str,
    ) -> Vec<TransactWriteItem> {
        let mut parts = vec![
            self.end(attempt, owner, AttemptState::Linked),
            self.give_back_place(&attempt.player, &attempt.attempt_id),
        ];
        parts.extend(attempt.ticket.as_ref().map(|ticket| {
            self.change(ticket_key(ticket))
                .when("#at_work = :linked_by")
                .set("linked_by", s(&attempt.hash))
                .remove("at_work")
                .remove("at_work_since")
                .in_transaction()
        }));
        parts
    }

    fn end(&self, attempt: &Attempt, owner: &str, state: AttemptState) -> TransactWriteItem {
        self.change(attempt_key(&attempt.hash))
            .when("#status = :consumed AND #owner = :owner")
            .value(":consumed", s(CONSUMED))
            .value(":owner", s(owner))
            .set("status", s(state.as_str()))
            // The verifier has been used, or never will be.
            .remove("verifier")
            .in_transaction()
    }

    fn read_attempt(&self, hash: String, item: &Item) -> Result<Attempt, StoreError> {
        let reader = Reader::new(&self.table, item);
        let state = match reader.need_text("status")? {
            STARTED => AttemptState::Started,
            CONSUMED => AttemptState::Consumed(reader.need_time("consumed_at")?),
            LINKED => AttemptState::Linked,
            code => AttemptState::Failed(
                LinkFailure::parse(code).ok_or_else(|| reader.corrupt("status"))?,
            ),
        };
        Ok(Attempt {
            hash,
            attempt_id: reader.need_text("attempt_id")?.to_owned(),
            ticket: reader.text("ticket").map(ToOwned::to_owned),
            player: reader.id("player_id")?,
            player_name: reader.text("player_name").map(ToOwned::to_owned),
            return_to: reader.text("return_to").map(ToOwned::to_owned),
            browser: reader.need_text("browser")?.to_owned(),
            verifier: Sealed::from(reader.text("verifier").unwrap_or_default().to_owned()),
            redirect_uri: Url::parse(reader.need_text("redirect_uri")?)
                .map_err(|_| reader.corrupt("redirect_uri"))?,
            expires_at: reader.need_time("expires_at")?,
            state,
        })
    }
}
