//! Makes a link. At every moment an Amazon account has at most one player, and a player at most one
//! Amazon account: `PLAYER#` and `AMAZON#` change together or not at all.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::TransactWriteItem;

use super::inherited::{Earlier, Inherited};
use super::link::{Link, PlayerRow, Remnant};
use super::unlinking::RemnantTimes;
use crate::domain::{AmazonUserId, DeviceStatus, LinkId, LinkStatus, PlayerId, Timestamp};
use crate::seal::Sealed;
use crate::store::accounts::{HousekeepingKind, ParkedFor};
use crate::store::attempts::{Attempt, AttemptState, Device};
use crate::store::dynamo::{
    Committed, amazon_key, contend, n, player_key, remnant_key, s, time, transact,
};
use crate::store::error::StoreError;
use crate::store::operations::Changes;
use crate::store::tables::{Fulfillments, Links};

/// How often a link is tried while other requests park, wake or unlink for the same account.
pub(in crate::store) const LINK_TRIES: u32 = 4;

/// What a new link is made of.
#[derive(Clone, Copy, Debug)]
pub struct NewLink<'a> {
    /// The player who asked for it.
    pub player: &'a PlayerId,
    /// The Amazon account that Amazon named.
    pub amazon_user_id: &'a AmazonUserId,
    /// The LWA client that the tokens were issued to.
    pub client_id: &'a str,
    /// The sealed tokens.
    pub tokens: &'a Sealed,
    /// When the access token expires.
    pub access_expires_at: Timestamp,
    /// When the service makes the first check; `None`: it leaves that to the game.
    pub first_check_at: Option<Timestamp>,
    /// The link of another Amazon account that this one replaces. Without it, a player that is
    /// linked to another account has to unlink first.
    pub replaces: Option<Replaced<'a>>,
    /// What it needs of an erasure of the player, and what it gives back to a player who was erased.
    pub erasure: &'a Changes,
}

/// A link that a new one replaces.
#[derive(Clone, Copy, Debug)]
pub struct Replaced<'a> {
    /// The player's row, as it was read.
    pub row: &'a PlayerRow,
    /// The link in it.
    pub link: &'a Link,
    /// How long the remnant of that link is kept, if it may have reports to make.
    pub remnant: Option<RemnantTimes>,
}

/// What a new link comes from. The transaction that makes the link also ends this as `linked`.
#[derive(Clone, Copy, Debug)]
pub enum LinkOrigin<'a> {
    /// A browser's attempt, consumed by `owner`.
    Attempt {
        /// The attempt.
        attempt: &'a Attempt,
        /// The request that consumed it.
        owner: &'a str,
    },
    /// A device session, polled by `owner`.
    Device {
        /// The session.
        device: &'a Device,
        /// The request that polls it.
        owner: &'a str,
    },
}

/// What became of a new link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkOutcome {
    /// It is stored.
    Linked,
    /// The player has another Amazon account.
    PlayerAlreadyLinked,
    /// The Amazon account belongs to another player.
    AmazonAccountTaken,
    /// The attempt or session was ended by another request meanwhile.
    AttemptOver,
    /// An erasure of the player has begun meanwhile.
    Erased,
}

impl Links {
    /// Makes the link and ends its origin as `linked`, in one transaction. Linking the same pair
    /// again renews the link.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn link(
        &self,
        fulfillments: &Fulfillments,
        origin: LinkOrigin<'_>,
        new: &NewLink<'_>,
        now: Timestamp,
    ) -> Result<LinkOutcome, StoreError> {
        contend(LINK_TRIES, "what the account has left", async || {
            self.try_link(fulfillments, origin, new, now).await
        })
        .await
    }

    /// One try. `None`: what the account has left changed after it was read.
    async fn try_link(
        &self,
        fulfillments: &Fulfillments,
        origin: LinkOrigin<'_>,
        new: &NewLink<'_>,
        now: Timestamp,
    ) -> Result<Option<LinkOutcome>, StoreError> {
        let account = new.amazon_user_id;
        let parked = fulfillments.parked_for(account).await?;
        let remnant = self.remnant(account).await?;
        let link_id = LinkId::random();
        let inherited = inherited(new.player, remnant.as_ref(), parked.as_ref());
        let mut parts = self.link_parts(new, &link_id, remnant.as_ref(), &inherited, now);
        let erasure = parts.len()..parts.len() + new.erasure.0.len();
        parts.extend(new.erasure.0.iter().cloned());
        if let Some(Replaced { link, remnant, .. }) = new.replaces {
            parts.extend(self.end_parts(fulfillments, link, remnant));
        }
        parts.extend(new.first_check_at.map(|due_at| {
            let kind = HousekeepingKind::FirstCheck;
            fulfillments.link_housekeeping_part(kind, account, new.player, &link_id, due_at)
        }));
        match origin {
            LinkOrigin::Attempt { attempt, owner } => {
                parts.extend(self.end_linked(attempt, owner));
            }
            LinkOrigin::Device { device, owner } => {
                let ended = self.ended(device, owner, DeviceStatus::Linked);
                parts.push(ended.in_transaction());
            }
        }
        // One parked entry for each player whom the new link lists.
        let needed = match &inherited {
            Inherited::From(players) => parked.as_ref().map(|parked| parked.of(players)),
            Inherited::None | Inherited::Unlisted => None,
        };
        let needed = needed.unwrap_or_default();
        parts.push(fulfillments.wake_part(account, parked.is_some(), &needed, now));
        let Committed::Nothing(refusals) = transact(&self.client, parts).await? else {
            return Ok(Some(LinkOutcome::Linked));
        };
        let refused = |part: usize| matches!(refusals.get(part), Some(Some(_)));
        // The remnant, and the note of what is parked.
        let has_changed = refused(2) || refused(refusals.len() - 1);
        Ok(if refused(0) {
            Some(LinkOutcome::PlayerAlreadyLinked)
        } else if refused(1) {
            Some(LinkOutcome::AmazonAccountTaken)
        } else if erasure.into_iter().any(refused) {
            Some(LinkOutcome::Erased)
        } else if has_changed {
            None
        } else {
            Some(LinkOutcome::AttemptOver)
        })
    }

    /// The parts that make the link. It takes over what an earlier link of the account has left:
    /// its reports, and the rest that Amazon asked for.
    fn link_parts(
        &self,
        new: &NewLink<'_>,
        link_id: &LinkId,
        remnant: Option<&Remnant>,
        inherited: &Inherited,
        now: Timestamp,
    ) -> Vec<TransactWriteItem> {
        let player = match new.replaces {
            Some(Replaced { row, link, .. }) => self.change_as_read(row, link),
            None => self
                .change(player_key(new.player))
                .when("attribute_not_exists(#amazon_user_id) OR #amazon_user_id = :amazon_user_id"),
        };
        let player = player
            .set("status", s(LinkStatus::Linked.as_str()))
            .set("link_id", s(link_id.as_str()))
            .set("amazon_user_id", s(new.amazon_user_id.as_str()))
            .set("client_id", s(new.client_id))
            .set("tokens", s(new.tokens.as_str()))
            .set("token_version", n(1))
            .set("access_expires_at", time(new.access_expires_at))
            .set("linked_at", time(now))
            .remove("checked_at")
            .remove("next_check_at")
            .remove("check_owner")
            .without_refresh_lease()
            .without_dead_tokens();
        let retry_at = remnant.and_then(|remnant| remnant.link.retry_at);
        let player = player.set_some("retry_at", retry_at.map(time));
        let earlier = match new.replaces {
            // The replaced link is of another account.
            Some(_) => Earlier::Dropped,
            None => Earlier::Kept,
        };
        let player = inherited.write(player, earlier).in_transaction();
        let account = self
            .change(amazon_key(new.amazon_user_id))
            .when("attribute_not_exists(#player_id) OR #player_id = :player_id")
            .set("player_id", s(new.player.as_str()))
            .set("link_id", s(link_id.as_str()))
            .in_transaction();
        let taken_over = self.change(remnant_key(new.amazon_user_id));
        let taken_over = match remnant {
            Some(remnant) => {
                let taken_over = taken_over
                    .when("#link_id = :expected_link")
                    .value(":expected_link", s(remnant.link.id.as_str()));
                let inherited = &remnant.link.inherited;
                inherited.still(taken_over).delete_in_transaction()
            }
            None => taken_over.when("attribute_not_exists(#pk)").check(),
        };
        vec![player, account, taken_over]
    }

    /// Whether this attempt or session has linked. It is for a caller that lost the answer to
    /// [`Links::link`].
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn has_linked(&self, origin: LinkOrigin<'_>) -> Result<bool, StoreError> {
        Ok(match origin {
            LinkOrigin::Attempt { attempt, .. } => {
                self.attempt_state(attempt).await? == Some(AttemptState::Linked)
            }
            LinkOrigin::Device { device, .. } => {
                self.device_status(device).await? == Some(DeviceStatus::Linked)
            }
        })
    }
}

/// What a new link of `player` inherits: from the account's remnant, and from what is parked for
/// the account.
fn inherited(
    player: &PlayerId,
    remnant: Option<&Remnant>,
    parked: Option<&ParkedFor>,
) -> Inherited {
    let of_remnant = remnant.map(|remnant| &remnant.link).map(|link| {
        let own = Inherited::of(BTreeSet::from([link.player.clone()]));
        own.and(link.inherited.clone(), player)
    });
    let of_parked = Inherited::of(parked.map(ParkedFor::players).unwrap_or_default());
    of_remnant.unwrap_or_default().and(of_parked, player)
}
