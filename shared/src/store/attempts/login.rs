//! The login ticket that a browser carries from the Prime Gaming page to the studio's login page.
//!
//! It names no player, only the browser that it was given to. The studio's server exchanges it for
//! a continue code, a [`Ticket`](super::Ticket) that no other browser can use.

use aws_sdk_dynamodb::types::TransactWriteItem;

use crate::budget::LINGER;
use crate::domain::Timestamp;
use crate::store::dynamo::{Reader, Written, hash, login_key, s, time, ttl};
use crate::store::error::StoreError;
use crate::store::tables::Links;

/// A login ticket that can still be used.
#[derive(Clone, Debug)]
pub struct LoginTicket {
    hash: String,
    /// The hash of the id of the browser that it was given to.
    pub browser: String,
}

impl Links {
    /// Stores a login ticket for the browser with this hash.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn create_login(
        &self,
        secret: &str,
        browser: &str,
        expires_at: Timestamp,
    ) -> Result<(), StoreError> {
        let written = self
            .change(login_key(&hash(secret)))
            // Where the SDK repeats a write whose answer was lost, it finds the row. No two secrets
            // are the same.
            .when("attribute_not_exists(#pk) OR #browser = :browser")
            .set("browser", s(browser))
            .set("expires_at", time(expires_at))
            .set("ttl", ttl(expires_at + LINGER))
            .apply(&self.client)
            .await?;
        match written {
            Written::Done(_) => Ok(()),
            Written::Refused(item) => Err(Reader::new(&self.table, &item).corrupt("browser")),
        }
    }

    /// The login ticket with this secret, if it can still be used.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn login(
        &self,
        secret: &str,
        now: Timestamp,
    ) -> Result<Option<LoginTicket>, StoreError> {
        let hash = hash(secret);
        let Some(item) = self.item(login_key(&hash)).await? else {
            return Ok(None);
        };
        let reader = Reader::new(&self.table, &item);
        if reader.need_time("expires_at")? <= now {
            return Ok(None);
        }
        let browser = reader.need_text("browser")?.to_owned();
        Ok(Some(LoginTicket { hash, browser }))
    }

    /// The part of a transaction that uses the login ticket up. Of all requests that bring it, one
    /// succeeds.
    pub(in crate::store) fn use_login(&self, login: &LoginTicket) -> TransactWriteItem {
        self.change(login_key(&login.hash))
            .when("attribute_exists(#pk)")
            .delete_in_transaction()
    }
}
