//! A browser's attempt to link a player. Secrets in keys are stored as hashes. Expiry is checked on
//! read; DynamoDB's TTL only cleans up.
//!
//! ```text
//! ticket ──POST /link/start──▶ started ──callback──▶ consumed ──▶ linked | failed
//! ```

use aws_sdk_dynamodb::types::TransactWriteItem;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use url::Url;

use super::StoreError;
use super::item::{Item, Reader, n, s, time};
use super::links::{Links, key};
use super::write::{Written, transact};
use crate::domain::{LinkFailure, PlayerId, Timestamp};
use crate::seal::Sealed;

/// An attempt of a browser to link a player.
#[derive(Clone, Debug)]
pub struct Attempt {
    hash: String,
    attempt_id: String,
    /// Whose link is to be made.
    pub player: PlayerId,
    /// What the pages call the player.
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
    /// The browser came back; its request is being worked on since then.
    Consumed(Timestamp),
    /// It ended with a link.
    Linked,
    /// It ended without.
    Failed(LinkFailure),
}

/// What became of consuming an attempt.
#[derive(Debug)]
pub enum Consumed {
    /// It is ours to finish.
    Ours,
    /// Another request was first; this is the attempt as it is.
    Before(Box<Attempt>),
}

impl Attempt {
    /// What the pages call the player.
    #[must_use]
    pub fn shown_name(&self) -> &str {
        self.player_name.as_deref().unwrap_or(self.player.as_str())
    }
}

impl Links {
    /// The attempt of this `state`, also one that has expired or ended.
    ///
    /// # Errors
    /// If the database does not answer, or the row is corrupt.
    pub async fn attempt(&self, state: &str) -> Result<Option<Attempt>, StoreError> {
        let hash = hash(state);
        let item = self.item(attempt_key(&hash)).await?;
        if item.is_empty() {
            return Ok(None);
        }
        self.read_attempt(hash, &item).map(Some)
    }

    /// How far this attempt is in the table.
    pub(super) async fn attempt_state(
        &self,
        attempt: &Attempt,
    ) -> Result<Option<AttemptState>, StoreError> {
        let item = self.item(attempt_key(&attempt.hash)).await?;
        if item.is_empty() {
            return Ok(None);
        }
        let stored = self.read_attempt(attempt.hash.clone(), &item)?;
        Ok(Some(stored.state))
    }

    /// Consumes the `state`: of all requests that bring it, one gets [`Consumed::Ours`].
    ///
    /// # Errors
    /// If the database does not answer, or the row is corrupt.
    pub async fn consume_attempt(
        &self,
        attempt: &Attempt,
        owner: &str,
        now: Timestamp,
    ) -> Result<Consumed, StoreError> {
        let written = self
            .change(attempt_key(&attempt.hash))
            .when("#status = :started")
            .value(":started", s("started"))
            .set("status", s("consumed"))
            .set("owner", s(owner))
            .set("consumed_at", time(now))
            .apply(&self.client)
            .await?;
        match written {
            Written::Done(_) => Ok(Consumed::Ours),
            Written::Refused(item) => {
                let now_is = self.read_attempt(attempt.hash.clone(), &item)?;
                let reader = Reader::new(&self.table, &item);
                let is_ours = reader.text("owner") == Some(owner)
                    && matches!(now_is.state, AttemptState::Consumed(_));
                Ok(if is_ours {
                    Consumed::Ours
                } else {
                    Consumed::Before(Box::new(now_is))
                })
            }
        }
    }

    /// Ends the attempt without a link. Does nothing to one that has ended.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn fail_attempt(
        &self,
        attempt: &Attempt,
        owner: &str,
        failure: LinkFailure,
    ) -> Result<(), StoreError> {
        let parts = self.end_attempt(attempt, owner, failure.code()).into();
        transact(&self.client, parts).await.map(drop)
    }

    /// The parts of a transaction that end an attempt which is ours.
    pub(super) fn end_attempt(
        &self,
        attempt: &Attempt,
        owner: &str,
        outcome: &str,
    ) -> [TransactWriteItem; 2] {
        let end = self
            .change(attempt_key(&attempt.hash))
            .when("#status = :consumed AND #owner = :owner")
            .value(":consumed", s("consumed"))
            .value(":owner", s(owner))
            .set("status", s(outcome))
            // Nobody needs it any more.
            .remove("verifier")
            .in_transaction();
        let count = self
            .change(open_key(&attempt.player))
            .when("attribute_exists(#attempts)")
            .remove_entry("attempts", &attempt.attempt_id)
            .add("version", n(1))
            .in_transaction();
        [end, count]
    }

    fn read_attempt(&self, hash: String, item: &Item) -> Result<Attempt, StoreError> {
        let reader = Reader::new(&self.table, item);
        let state = match reader.need_text("status")? {
            "started" => AttemptState::Started,
            "consumed" => AttemptState::Consumed(reader.need_time("consumed_at")?),
            "linked" => AttemptState::Linked,
            code => AttemptState::Failed(
                LinkFailure::parse(code).ok_or_else(|| reader.corrupt("status"))?,
            ),
        };
        Ok(Attempt {
            hash,
            attempt_id: reader.need_text("attempt_id")?.to_owned(),
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

pub(super) fn hash(secret: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, secret.as_bytes()))
}

pub(super) fn attempt_key(hash: &str) -> Item {
    key(format!("ATTEMPT#{hash}"))
}

pub(super) fn open_key(player: &PlayerId) -> Item {
    key(format!("OPEN#{player}"))
}
