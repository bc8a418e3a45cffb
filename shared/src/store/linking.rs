//! Making and ending a link. One Amazon account has at most one player and one player at most one
//! Amazon account, at every moment: `PLAYER#` and `AMAZON#` change together or not at all.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem};

use super::StoreError;
use super::attempts::{Attempt, AttemptState};
use super::devices::Device;
use super::due::ChoreKind;
use super::fulfillments::Fulfillments;
use super::item::{n, s, time, ttl};
use super::links::{Links, amazon_key, player_key};
use super::record::{Inherited, Link, PlayerRow};
use super::remnants::{Remnant, remnant_key};
use super::write::{Change, Committed, transact};
use crate::domain::{AmazonUserId, DeviceStatus, LinkId, PlayerId, Timestamp};
use crate::seal::Sealed;

/// How often a link is tried whose account has entitlements parked or woken, or is unlinked, at the
/// same moment.
pub(super) const LINK_TRIES: u32 = 4;

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
    /// From when on the service makes the first check by itself; `None`: it leaves that to the
    /// game.
    pub first_check_at: Option<Timestamp>,
    /// The link of another Amazon account that this one takes the place of. Without it, a player
    /// who is linked to another account has to unlink first.
    pub replaces: Option<Replaced<'a>>,
}

/// A link that a new one takes the place of.
#[derive(Clone, Copy, Debug)]
pub struct Replaced<'a> {
    /// The player's row, as it was read.
    pub row: &'a PlayerRow,
    /// The link in it.
    pub link: &'a Link,
    /// How long what is left of that link is kept, if it may have reports to make.
    pub remnant: Option<RemnantTimes>,
}

/// What a new link ends: it and the link are written together or not at all.
#[derive(Clone, Copy, Debug)]
pub enum Ending<'a> {
    /// A browser's attempt, consumed by `owner`.
    Attempt {
        /// The attempt.
        attempt: &'a Attempt,
        /// Who consumed it.
        owner: &'a str,
    },
    /// A device session, polled by `owner`.
    Device {
        /// The session.
        device: &'a Device,
        /// Who polls it.
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
    /// What it was to end was ended by someone else meanwhile.
    AttemptOver,
}

/// How long what is left of a link is kept.
#[derive(Clone, Copy, Debug)]
pub struct RemnantTimes {
    /// When it is first looked after.
    pub due_at: Timestamp,
    /// When it is forgotten, whatever is left to report.
    pub expires_at: Timestamp,
}

/// What became of unlinking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unlinked {
    /// There is no link any more.
    Done,
    /// The link changed meanwhile: look again.
    Changed,
}

impl Links {
    /// Makes the link and ends what it was made by as `linked`, all in one transaction. Linking
    /// the same pair again renews it.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn link(
        &self,
        fulfillments: &Fulfillments,
        ending: Ending<'_>,
        new: &NewLink<'_>,
        now: Timestamp,
    ) -> Result<LinkOutcome, StoreError> {
        for _ in 0..LINK_TRIES {
            let parked = fulfillments.parked_for(new.amazon_user_id).await?;
            let has_parked = parked.is_some();
            let remnant = self.remnant(new.amazon_user_id).await?;
            let link_id = LinkId::random();
            let inherited = inherited(new.player, remnant.as_ref(), parked);
            let mut parts = self.link_parts(new, &link_id, remnant.as_ref(), &inherited, now);
            if let Some(Replaced { link, remnant, .. }) = new.replaces {
                parts.extend(self.end_parts(fulfillments, link, remnant));
            }
            parts.extend(new.first_check_at.map(|due_at| {
                let (account, player) = (new.amazon_user_id, new.player);
                let kind = ChoreKind::FirstCheck;
                fulfillments.link_chore_part(kind, account, player, &link_id, due_at)
            }));
            match ending {
                Ending::Attempt { attempt, owner } => {
                    parts.extend(self.end_linked(attempt, owner));
                }
                Ending::Device { device, owner } => {
                    let ended = self.ended(device, owner, DeviceStatus::Linked);
                    parts.push(ended.in_transaction());
                }
            }
            parts.push(fulfillments.wake_part(new.amazon_user_id, has_parked, now));
            let Committed::Nothing(refusals) = transact(&self.client, parts).await? else {
                return Ok(LinkOutcome::Linked);
            };
            let refused = |part: usize| matches!(refusals.get(part), Some(Some(_)));
            if refused(0) {
                return Ok(LinkOutcome::PlayerAlreadyLinked);
            }
            if refused(1) {
                return Ok(LinkOutcome::AmazonAccountTaken);
            }
            // The remnant, and the last part: something changed there since we looked.
            if !refused(2) && !refused(refusals.len() - 1) {
                return Ok(LinkOutcome::AttemptOver);
            }
        }
        Err(StoreError::Unavailable {
            operation: "TransactWriteItems",
            cause: "what the account has left changes again and again".to_owned(),
        })
    }

    /// The link itself. It takes over what an earlier link of the account has left: its reports,
    /// and the rest that Amazon asked for.
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
            .set("status", s("linked"))
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
        let player = match remnant.and_then(|remnant| remnant.link.retry_at) {
            Some(retry_at) => player.set("retry_at", time(retry_at)),
            None => player,
        };
        // What a link that is renewed has inherited, it keeps; what it replaces is of another account.
        let player = match new.replaces {
            Some(_) => owes_only(player, inherited),
            None => owes(player, inherited),
        };
        let player = player.in_transaction();
        let account = self
            .change(amazon_key(new.amazon_user_id))
            .when("attribute_not_exists(#player_id) OR #player_id = :player_id")
            .set("player_id", s(new.player.as_str()))
            .set("link_id", s(link_id.as_str()))
            .in_transaction();
        let taken_over = self.change(remnant_key(new.amazon_user_id));
        let taken_over = match remnant {
            Some(remnant) => taken_over
                .when("#link_id = :expected_link")
                .value(":expected_link", s(remnant.link.id.as_str()))
                .delete_in_transaction(),
            None => taken_over.when("attribute_not_exists(#pk)").check(),
        };
        vec![player, account, taken_over]
    }

    /// Whether this ended with a link: after the answer to [`Links::link`] was lost.
    ///
    /// # Errors
    /// If the database does not answer, or the row is corrupt.
    pub async fn ended_linked(&self, ending: Ending<'_>) -> Result<bool, StoreError> {
        Ok(match ending {
            Ending::Attempt { attempt, .. } => {
                self.attempt_state(attempt).await? == Some(AttemptState::Linked)
            }
            Ending::Device { device, .. } => {
                self.device_status(device).await? == Some(DeviceStatus::Linked)
            }
        })
    }

    /// Ends the link. The player's row stays, as `unlinked`, while there may be open
    /// entitlements, so that they are still handed out. With `remnant`, the tokens are kept under
    /// the account for the reports that it still has to make; a refresh that is under way lands
    /// there. Needs the row as it was read: what came since, the caller has not seen.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn unlink(
        &self,
        fulfillments: &Fulfillments,
        row: &PlayerRow,
        link: &Link,
        remnant: Option<RemnantTimes>,
    ) -> Result<Unlinked, StoreError> {
        let player = self.change_as_read(row, link);
        let player = if row.has_open {
            [
                "link_id",
                "amazon_user_id",
                "client_id",
                "tokens",
                "token_version",
                "access_expires_at",
                "linked_at",
                "checked_at",
                "next_check_at",
                "check_owner",
                "retry_at",
                "refresh_owner",
                "refresh_until",
                "owes",
                "owes_for",
                "owes_more",
            ]
            .into_iter()
            .fold(player, Change::remove)
            .without_dead_tokens()
            .set("status", s("unlinked"))
            .in_transaction()
        } else {
            player.delete_in_transaction()
        };
        let mut parts = vec![player];
        parts.extend(self.end_parts(fulfillments, link, remnant));
        Ok(match transact(&self.client, parts).await? {
            Committed::All => Unlinked::Done,
            Committed::Nothing(_) => Unlinked::Changed,
        })
    }

    /// The parts of a transaction that end a link, beside the player's own row.
    fn end_parts(
        &self,
        fulfillments: &Fulfillments,
        link: &Link,
        remnant: Option<RemnantTimes>,
    ) -> Vec<TransactWriteItem> {
        let account = self
            .change(amazon_key(&link.amazon_user_id))
            .when("#link_id = :expected_link")
            .value(":expected_link", s(link.id.as_str()))
            .delete_in_transaction();
        let mut parts = vec![account];
        if let (Some(remnant), Some(tokens)) = (remnant, &link.tokens) {
            parts.push(self.remnant_of(link, tokens, remnant.expires_at));
            parts.push(fulfillments.remnant_part(&link.amazon_user_id, remnant.due_at));
        }
        parts
    }

    /// A change that needs the link, its tokens and who refreshes them, and what is open, to be
    /// as they were read.
    fn change_as_read(&self, row: &PlayerRow, link: &Link) -> Change {
        let mark = match row.open_mark {
            Some(_) => "#open_mark = :mark",
            None => "attribute_not_exists(#open_mark)",
        };
        let refresh = match link.refresh {
            Some(_) => "#refresh_owner = :refresher",
            None => "attribute_not_exists(#refresh_owner)",
        };
        let condition = format!(" AND #token_version = :expected_version AND {mark} AND {refresh}");
        let mut change = self
            .change_link(link, &condition)
            .value(":expected_version", n(link.token_version));
        if let Some(mark) = &row.open_mark {
            change = change.value(":mark", s(mark));
        }
        if let Some(lease) = &link.refresh {
            change = change.value(":refresher", s(&lease.owner));
        }
        change
    }

    fn remnant_of(&self, link: &Link, tokens: &Sealed, expires_at: Timestamp) -> TransactWriteItem {
        let lease = link.refresh.as_ref();
        let remnant = self
            .change(remnant_key(&link.amazon_user_id))
            .set("status", s(link.state.as_str()))
            .set("player_id", s(link.player.as_str()))
            .set("link_id", s(link.id.as_str()))
            .set("amazon_user_id", s(link.amazon_user_id.as_str()))
            .set("client_id", s(&link.client_id))
            .set("tokens", s(tokens.as_str()))
            .set("token_version", n(link.token_version))
            .set("access_expires_at", time(link.access_expires_at))
            .set("linked_at", time(link.linked_at))
            .set_or_remove("next_check_at", link.next_check_at.map(time))
            .set_or_remove("retry_at", link.retry_at.map(time))
            .set_or_remove("refresh_owner", lease.map(|lease| s(&lease.owner)))
            .set_or_remove("refresh_until", lease.map(|lease| time(lease.until)))
            .set("expires_at", time(expires_at))
            .set("ttl", ttl(expires_at));
        owes(remnant, &link.inherited).in_transaction()
    }
}

/// What a new link of `player` inherits: of what is left of the account's last link, and of what
/// is parked for it.
fn inherited(
    player: &PlayerId,
    remnant: Option<&Remnant>,
    parked: Option<BTreeSet<PlayerId>>,
) -> Inherited {
    let of_remnant = remnant.map(|remnant| &remnant.link).map(|link| {
        let own = Inherited::of(BTreeSet::from([link.player.clone()]));
        own.and(link.inherited.clone(), player)
    });
    let of_parked = Inherited::of(parked.unwrap_or_default());
    of_remnant.unwrap_or_default().and(of_parked, player)
}

/// With what is inherited, and nothing of what was inherited before.
fn owes_only(change: Change, inherited: &Inherited) -> Change {
    let yes = || AttributeValue::Bool(true);
    let (owes, players, more) = match inherited {
        Inherited::None => (None, None, None),
        Inherited::From(players) => {
            let players = players.iter().map(ToString::to_string).collect();
            (Some(yes()), Some(AttributeValue::Ss(players)), None)
        }
        Inherited::Unlisted => (Some(yes()), None, Some(yes())),
    };
    change
        .set_or_remove("owes", owes)
        .set_or_remove("owes_for", players)
        .set_or_remove("owes_more", more)
}

/// With what is inherited. `owes` is all that an earlier version knows of it.
fn owes(change: Change, inherited: &Inherited) -> Change {
    let yes = || AttributeValue::Bool(true);
    match inherited {
        Inherited::None => change,
        Inherited::From(players) => {
            let players = players.iter().map(ToString::to_string).collect();
            let players = AttributeValue::Ss(players);
            change.set("owes", yes()).add("owes_for", players)
        }
        Inherited::Unlisted => change.set("owes", yes()).set("owes_more", yes()),
    }
}
