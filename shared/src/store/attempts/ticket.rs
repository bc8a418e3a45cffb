//! The ticket that a game hands to a browser.
//!
//! A ticket that a studio's server got for a login ticket is called a continue code. It works only
//! in the browser that the login ticket was given to. Any other ticket is bound to the browser that
//! posts the form first.
//!
//! The form may be posted again until the ticket expires, and each post starts an attempt of its
//! own. The ticket's row decides which attempt may go on:
//!
//! - `attempt` is the newest attempt: the one of the last post that the gateway received, at
//!   `posted_at`. The two posts of a double click may be written in the other order, and the
//!   browser follows the answer to the last one. An older attempt that has not been consumed is
//!   void.
//! - `at_work` is the attempt that a request is at work on, since `at_work_since`. Meanwhile no other
//!   attempt can be consumed.
//! - `linked_by` is the attempt that has linked. After it no attempt is started or consumed.
//! - `attempts` are all attempts of the ticket.

use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem};
use url::Url;

use super::attempt::AttemptState;
use super::is_not_erased;
use super::login::LoginTicket;
use super::open::{COUNT_TRIES, MAX_OPEN, first_end, open_attempts, tickets};
use crate::budget::{LINGER, POSTS_APART};
use crate::domain::{PlayerId, Timestamp, random_token};
use crate::seal::Sealed;
use crate::store::dynamo::{
    Committed, Item, Reader, attempt_key, contend, hash, only, open_key, s, ticket_key, time,
    transact, ttl,
};
use crate::store::error::StoreError;
use crate::store::operations::Changes;
use crate::store::tables::Links;

/// What a ticket is made of.
pub struct NewTicket<'a> {
    /// The secret in the start address.
    pub secret: &'a str,
    /// Whose link is to be made.
    pub player: &'a PlayerId,
    /// What the page calls the player, beside the id.
    pub player_name: Option<&'a str>,
    /// Where the browser goes at the end.
    pub return_to: Option<&'a str>,
    /// The login ticket that it is exchanged for. The same transaction uses the login ticket up,
    /// and only its browser can use the ticket.
    pub login: Option<&'a LoginTicket>,
    /// When it expires.
    pub expires_at: Timestamp,
}

/// What became of storing a ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TicketStored {
    /// It can be used.
    Stored,
    /// The player has too many open attempts, until then. Nothing was written.
    TooManyOpen(Timestamp),
    /// The login ticket was used up meanwhile. Nothing was written.
    LoginUsed,
}

/// A ticket that can still be used.
#[derive(Clone, Debug)]
pub struct Ticket {
    hash: String,
    attempt_id: String,
    /// Whose link is to be made.
    pub player: PlayerId,
    /// What the page calls the player, beside the id.
    pub player_name: Option<String>,
    /// Where the browser goes at the end.
    pub return_to: Option<String>,
    /// The hash of the id of the only browser that can use it; `None` until a browser posts the
    /// form.
    pub browser: Option<String>,
    /// Whether it was given for a login ticket.
    pub is_continue_code: bool,
}

/// What became of starting an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttemptStarted {
    /// It is stored, and the newest one of its ticket.
    Started,
    /// It is stored, and void: a later post was written first.
    Overtaken,
    /// An attempt of this ticket has linked.
    Linked,
    /// The ticket belongs to another browser, or is gone.
    TicketTaken,
    /// The player has too many open attempts, until then.
    TooManyOpen(Timestamp),
}

/// What an attempt is made of, besides its ticket.
pub struct NewAttempt<'a> {
    /// OAuth's `state`.
    pub state: &'a str,
    /// The hash of the browser's id.
    pub browser: &'a str,
    /// The sealed PKCE verifier.
    pub verifier: &'a Sealed,
    /// The `redirect_uri` that is sent to Amazon, and again with the code.
    pub redirect_uri: &'a Url,
    /// When the gateway received the form.
    pub posted_at: Timestamp,
    /// When it expires.
    pub expires_at: Timestamp,
}

impl Links {
    /// Stores a ticket, unless the player has too many open attempts, or is being erased.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn create_ticket(
        &self,
        new: &NewTicket<'_>,
        unless_erased: &Changes,
        now: Timestamp,
    ) -> Result<TicketStored, StoreError> {
        let attempt_id = random_token();
        contend(COUNT_TRIES, "the count of link sessions", async || {
            let count = self.item(open_key(new.player)).await?.unwrap_or_default();
            let mut open = open_attempts(&count, now);
            if open.len() >= MAX_OPEN {
                return Ok(Some(TicketStored::TooManyOpen(first_end(&open, now))));
            }
            open.insert(attempt_id.clone(), new.expires_at);
            let mut tickets = tickets(&count, now);
            tickets.insert(hash(new.secret), new.expires_at);
            let mut parts = vec![
                self.replace_open(new.player, &count, open, Some(tickets), new.expires_at),
                self.ticket_part(new, &attempt_id),
            ];
            parts.extend(new.login.map(|login| self.use_login(login)));
            parts.extend(unless_erased.0.clone());
            let Committed::Nothing(refused) = transact(&self.client, parts).await? else {
                return Ok(Some(TicketStored::Stored));
            };
            is_not_erased(unless_erased, &refused)?;
            // The third part is the login ticket, if there is one.
            let is_used = new.login.is_some() && matches!(refused.get(2), Some(Some(_)));
            Ok(is_used.then_some(TicketStored::LoginUsed))
        })
        .await
    }

    fn ticket_part(&self, new: &NewTicket<'_>, attempt_id: &str) -> TransactWriteItem {
        self.change(ticket_key(&hash(new.secret)))
            .when("attribute_not_exists(#pk)")
            .set("player_id", s(new.player.as_str()))
            .set_or_remove("player_name", new.player_name.map(s))
            .set_or_remove("return_to", new.return_to.map(s))
            .set_or_remove("browser", new.login.map(|login| s(login.browser.as_str())))
            .set("attempt_id", s(attempt_id))
            .set("expires_at", time(new.expires_at))
            .set("ttl", ttl(new.expires_at + LINGER))
            .in_transaction()
    }

    /// The ticket with this secret, if it can still be used.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn ticket(&self, secret: &str, now: Timestamp) -> Result<Option<Ticket>, StoreError> {
        let hash = hash(secret);
        let Some(item) = self.item(ticket_key(&hash)).await? else {
            return Ok(None);
        };
        let reader = Reader::new(&self.table, &item);
        if reader.need_time("expires_at")? <= now {
            return Ok(None);
        }
        Ok(Some(Ticket {
            hash,
            attempt_id: reader.need_text("attempt_id")?.to_owned(),
            player: reader.id("player_id")?,
            player_name: reader.text("player_name").map(ToOwned::to_owned),
            return_to: reader.text("return_to").map(ToOwned::to_owned),
            browser: reader.text("browser").map(ToOwned::to_owned),
            is_continue_code: reader.text("browser").is_some() && !reader.flag("bound_by_post"),
        }))
    }

    /// Binds the ticket to the browser and starts the attempt, in one transaction, unless the player is
    /// being erased. It becomes the ticket's newest attempt.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn start_attempt(
        &self,
        ticket: &Ticket,
        new: &NewAttempt<'_>,
        unless_erased: &Changes,
        now: Timestamp,
    ) -> Result<AttemptStarted, StoreError> {
        let mut count: Option<Item> = None;
        contend(COUNT_TRIES, "the count of link attempts", async || {
            let Some(counted) = self.count_in(
                &ticket.player,
                &ticket.attempt_id,
                new.expires_at,
                count.as_ref(),
                now,
            ) else {
                let open = open_attempts(&count.take().unwrap_or_default(), now);
                return Ok(Some(AttemptStarted::TooManyOpen(first_end(&open, now))));
            };
            let mut parts = vec![
                self.bind(ticket, new),
                self.attempt_part(ticket, new),
                counted,
            ];
            parts.extend(unless_erased.0.clone());
            let Committed::Nothing(refusals) = transact(&self.client, parts).await? else {
                return Ok(Some(AttemptStarted::Started));
            };
            is_not_erased(unless_erased, &refusals)?;
            if let Some(Some(item)) = refusals.first() {
                let reason = self.why_not(item, new);
                if reason == AttemptStarted::Overtaken {
                    let noted = self
                        .change(ticket_key(&ticket.hash))
                        .when("attribute_exists(#pk)")
                        .add("attempts", only(hash(new.state)));
                    let mut parts = vec![self.attempt_part(ticket, new), noted.in_transaction()];
                    parts.extend(unless_erased.0.clone());
                    transact(&self.client, parts).await?;
                }
                return Ok(Some(reason));
            }
            // The third part is the count. The next try reads what it says.
            count = refusals.into_iter().nth(2).flatten();
            Ok(None)
        })
        .await
    }

    /// The part of a transaction that binds the ticket to this browser and makes this its newest
    /// attempt.
    fn bind(&self, ticket: &Ticket, new: &NewAttempt<'_>) -> TransactWriteItem {
        let bound = (!ticket.is_continue_code).then_some(AttributeValue::Bool(true));
        self.change(ticket_key(&ticket.hash))
            .when(
                "attribute_exists(#pk) AND attribute_not_exists(#linked_by) \
                 AND (attribute_not_exists(#browser) OR #browser = :browser) \
                 AND (attribute_not_exists(#posted_at) OR #posted_at <= :posted_at \
                      OR #posted_at > :another_clock)",
            )
            .value(":another_clock", time(new.posted_at + POSTS_APART))
            .set("posted_at", time(new.posted_at))
            .set("browser", s(new.browser))
            .set_or_remove("bound_by_post", bound)
            .set("attempt", s(hash(new.state)))
            // By these `player.erase` finds the attempts.
            .add("attempts", only(hash(new.state)))
            // The ticket is kept as long as one of its attempts.
            .set("ttl", ttl(new.expires_at + LINGER))
            .in_transaction()
    }

    /// Why this ticket does not let this browser start an attempt.
    fn why_not(&self, ticket: &Item, new: &NewAttempt<'_>) -> AttemptStarted {
        let reader = Reader::new(&self.table, ticket);
        if reader.text("browser") != Some(new.browser) {
            AttemptStarted::TicketTaken
        } else if reader.text("linked_by").is_some() {
            AttemptStarted::Linked
        } else {
            AttemptStarted::Overtaken
        }
    }

    fn attempt_part(&self, ticket: &Ticket, new: &NewAttempt<'_>) -> TransactWriteItem {
        self.change(attempt_key(&hash(new.state)))
            .when("attribute_not_exists(#pk)")
            .set("status", s(AttemptState::Started.as_str()))
            .set("attempt_id", s(&ticket.attempt_id))
            .set("ticket", s(&ticket.hash))
            .set("player_id", s(ticket.player.as_str()))
            .set_or_remove("player_name", ticket.player_name.as_deref().map(s))
            .set_or_remove("return_to", ticket.return_to.as_deref().map(s))
            .set("browser", s(new.browser))
            .set("verifier", s(new.verifier.as_str()))
            .set("redirect_uri", s(new.redirect_uri.as_str()))
            .set("expires_at", time(new.expires_at))
            .set("ttl", ttl(new.expires_at + LINGER))
            .in_transaction()
    }
}
