//! The ticket that a game hands to a browser, and the count of a player's open attempts.
//!
//! A ticket that a studio's server got for a login ticket is called a continue code. It remembers
//! its browser, and is worth nothing in another one.
//!
//! `OPEN#<player_id>` counts them from ticket to ending, so that there are never more than
//! [`MAX_OPEN`].

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem};
use url::Url;

use super::StoreError;
use super::attempts::{attempt_key, hash, open_key};
use super::item::{Item, Reader, n, s, time, ttl};
use super::links::{Links, key};
use super::logins::LoginTicket;
use super::write::{Committed, transact};
use crate::domain::{PlayerId, Timestamp, random_token};
use crate::seal::Sealed;

/// The most open link attempts of one player.
const MAX_OPEN: usize = 10;

/// How long after its end a short-lived item may linger before TTL sweeps it.
pub(super) const LINGER: Duration = Duration::from_secs(3600);

/// How often a count that others change too is tried.
const COUNT_TRIES: u32 = 8;

/// What a ticket is made of.
pub struct NewTicket<'a> {
    /// The secret in the start address.
    pub secret: &'a str,
    /// Whose link is to be made.
    pub player: &'a PlayerId,
    /// What the page calls the player; `None`: the id.
    pub player_name: Option<&'a str>,
    /// Where the browser goes at the end.
    pub return_to: Option<&'a str>,
    /// The login ticket that it is given for: used up with it, and the browser that it names is
    /// the only one that can use the ticket.
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
    /// What the page calls the player.
    pub player_name: Option<String>,
    /// Where the browser goes at the end.
    pub return_to: Option<String>,
    /// The hash of the id of the only browser that can use it; `None`: whichever brings it.
    pub browser: Option<String>,
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
    /// When it expires.
    pub expires_at: Timestamp,
}

impl Ticket {
    /// What the page calls the player.
    #[must_use]
    pub fn shown_name(&self) -> &str {
        self.player_name.as_deref().unwrap_or(self.player.as_str())
    }
}

impl Links {
    /// Stores a ticket, if the player has not too many open attempts.
    ///
    /// # Errors
    /// If the database does not answer, or a row is corrupt.
    pub async fn create_ticket(
        &self,
        new: &NewTicket<'_>,
        now: Timestamp,
    ) -> Result<TicketStored, StoreError> {
        let attempt_id = random_token();
        let mut tries = 0;
        loop {
            let count = self.item(open_key(new.player)).await?;
            let mut open = open_attempts(&count, now);
            if open.len() >= MAX_OPEN {
                let until = open.values().copied().min().unwrap_or(now);
                return Ok(TicketStored::TooManyOpen(until));
            }
            open.insert(attempt_id.clone(), new.expires_at);
            let mut parts = vec![
                self.replace_open(new.player, &count, open, new.expires_at),
                self.ticket_part(new, &attempt_id),
            ];
            parts.extend(new.login.map(|login| self.use_login(login)));
            match transact(&self.client, parts).await? {
                Committed::All => return Ok(TicketStored::Stored),
                // The third part is the login ticket.
                Committed::Nothing(refused) if matches!(refused.get(2), Some(Some(_))) => {
                    return Ok(TicketStored::LoginUsed);
                }
                Committed::Nothing(_) => {}
            }
            tries += 1;
            if tries == COUNT_TRIES {
                return Err(StoreError::Unavailable {
                    operation: "TransactWriteItems",
                    cause: "too many link sessions are being started for one player".to_owned(),
                });
            }
        }
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

    fn replace_open(
        &self,
        player: &PlayerId,
        count: &Item,
        open: HashMap<String, Timestamp>,
        expires_at: Timestamp,
    ) -> TransactWriteItem {
        let open = open
            .into_iter()
            .map(|(id, until)| (id, time(until)))
            .collect();
        let change = self.change(open_key(player));
        let change = match count.get("version") {
            Some(version) => change
                .when("#version = :expected_version")
                .value(":expected_version", version.clone()),
            None => change.when("attribute_not_exists(#version)"),
        };
        change
            .set("attempts", AttributeValue::M(open))
            // An attempt may live as long again as its ticket.
            .set("ttl", ttl(expires_at + LINGER + LINGER))
            .add("version", n(1))
            .in_transaction()
    }

    /// The ticket with this secret, if it can still be used.
    ///
    /// # Errors
    /// If the database does not answer, or the row is corrupt.
    pub async fn ticket(&self, secret: &str, now: Timestamp) -> Result<Option<Ticket>, StoreError> {
        let hash = hash(secret);
        let item = self.item(ticket_key(&hash)).await?;
        if item.is_empty() {
            return Ok(None);
        }
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
        }))
    }

    /// Uses the ticket up and starts the attempt, in one transaction. `false`: it was used
    /// meanwhile.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn start_attempt(
        &self,
        ticket: &Ticket,
        new: &NewAttempt<'_>,
    ) -> Result<bool, StoreError> {
        let use_up = self
            .change(ticket_key(&ticket.hash))
            .when("attribute_exists(#pk)")
            .delete_in_transaction();
        let attempt = self
            .change(attempt_key(&hash(new.state)))
            .when("attribute_not_exists(#pk)")
            .set("status", s("started"))
            .set("attempt_id", s(&ticket.attempt_id))
            .set("player_id", s(ticket.player.as_str()))
            .set_or_remove("player_name", ticket.player_name.as_deref().map(s))
            .set_or_remove("return_to", ticket.return_to.as_deref().map(s))
            .set("browser", s(new.browser))
            .set("verifier", s(new.verifier.as_str()))
            .set("redirect_uri", s(new.redirect_uri.as_str()))
            .set("expires_at", time(new.expires_at))
            .set("ttl", ttl(new.expires_at + LINGER))
            .in_transaction();
        let count = self
            .change(open_key(&ticket.player))
            .when("attribute_exists(#attempts)")
            .set_entry("attempts", &ticket.attempt_id, time(new.expires_at))
            .add("version", n(1))
            .in_transaction();
        let committed = transact(&self.client, vec![use_up, attempt, count]).await?;
        Ok(matches!(committed, Committed::All))
    }
}

fn open_attempts(count: &Item, now: Timestamp) -> HashMap<String, Timestamp> {
    count
        .get("attempts")
        .and_then(|attempts| attempts.as_m().ok())
        .into_iter()
        .flatten()
        .filter_map(|(id, until)| {
            let until = Timestamp::from_millis(until.as_n().ok()?.parse().ok()?);
            (until > now).then(|| (id.clone(), until))
        })
        .collect()
}

fn ticket_key(hash: &str) -> Item {
    key(format!("TICKET#{hash}"))
}
