//! What the rows of the tables mean. A row that does not parse is an error of its own.

use std::collections::BTreeSet;

use super::StoreError;
use super::item::{Item, Reader};
use super::remnants::Remnant;
use crate::domain::{
    AmazonUserId, Content, EntitlementId, Failing, HoldReason, LinkId, LinkStatus, PlayerId,
    Status, Timestamp,
};
use crate::seal::Sealed;

/// What is stored of a player in the links table.
#[derive(Clone, Debug, Default)]
pub struct PlayerRow {
    /// The player's link, if there is one.
    pub link: Option<Link>,
    /// Whether the player may have entitlements that are not `reported`: `false` is certain,
    /// `true` is worth a look.
    pub has_open: bool,
    /// Changes with every new open entitlement, so that `has_open` is only cleared by who has
    /// seen them all.
    pub open_mark: Option<String>,
}

impl PlayerRow {
    /// The status of the link.
    #[must_use]
    pub fn status(&self) -> LinkStatus {
        self.link
            .as_ref()
            .map_or(LinkStatus::Unlinked, |link| match link.state {
                LinkState::Linked => LinkStatus::Linked,
                LinkState::RelinkRequired => LinkStatus::RelinkRequired,
            })
    }
}

/// The state of a link that exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkState {
    /// As far as we know Amazon accepts it.
    Linked,
    /// Amazon refused it. Where tokens are still held, it is tried again now and then.
    RelinkRequired,
}

impl LinkState {
    /// The word in the table.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Linked => LinkStatus::Linked.as_str(),
            Self::RelinkRequired => LinkStatus::RelinkRequired.as_str(),
        }
    }
}

/// Which row holds a link's tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Home {
    /// The player's: the link exists.
    Player,
    /// The Amazon account's remnant: the link was ended, and still has reports to make.
    Remnant,
}

/// Who refreshes a link's tokens, and until when nobody else does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefreshLease {
    pub(super) owner: String,
    pub(super) until: Timestamp,
}

/// Tokens that Amazon called `invalid_grant`. They are kept aside for a second look, because a
/// wrong setting or an incident at Amazon can make it say so of tokens that are good.
#[derive(Clone, Debug)]
pub struct DeadTokens {
    /// The sealed tokens.
    pub sealed: Sealed,
    /// When they are tried next; not before.
    pub next_look_at: Timestamp,
    /// When they are forgotten.
    pub until: Timestamp,
}

impl DeadTokens {
    /// Whether they may be tried at `now`.
    #[must_use]
    pub fn may_be_tried(&self, now: Timestamp) -> bool {
        self.next_look_at <= now && now < self.until
    }
}

/// The stored bond of one player with one Amazon account.
#[derive(Clone, Debug)]
pub struct Link {
    /// Where it is stored.
    pub home: Home,
    /// Whose it is.
    pub player: PlayerId,
    /// Which link this is: new for every link.
    pub id: LinkId,
    /// Its state.
    pub state: LinkState,
    /// The Amazon account.
    pub amazon_user_id: AmazonUserId,
    /// The LWA client that the tokens were issued to; refreshing needs the same one.
    pub client_id: String,
    /// The sealed tokens; `None` once Amazon has said `invalid_grant`.
    pub tokens: Option<Sealed>,
    /// What Amazon said that of, while it is kept for a second look.
    pub dead: Option<DeadTokens>,
    /// Counts the tokens of this link: whoever stores new ones must have exchanged this version.
    pub token_version: u64,
    /// When the access token expires.
    pub access_expires_at: Timestamp,
    /// When it was made.
    pub linked_at: Timestamp,
    /// When Amazon was last asked for this player.
    pub checked_at: Option<Timestamp>,
    /// Not before this time may the next check ask Amazon.
    pub next_check_at: Option<Timestamp>,
    /// Amazon's `Retry-After`: no call for this player before it.
    pub retry_at: Option<Timestamp>,
    /// The lease on refreshing its tokens, also one that has run out.
    pub refresh: Option<RefreshLease>,
    /// For whom its account may have reports to make beside its own player.
    pub inherited: Inherited,
}

/// The players for whom an account may have reports to make that earlier links of it have left.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Inherited {
    /// There are none.
    #[default]
    None,
    /// These; what is stored of them tells whether there still is a report to make.
    From(BTreeSet<PlayerId>),
    /// There are some, and too many to list; or an earlier version has not listed them.
    Unlisted,
}

impl Inherited {
    /// The most players that are listed.
    const MOST: usize = 50;

    /// From these players.
    #[must_use]
    pub fn of(players: BTreeSet<PlayerId>) -> Self {
        match players.len() {
            0 => Self::None,
            1..=Self::MOST => Self::From(players),
            _ => Self::Unlisted,
        }
    }

    /// From both, but for `player`, whose own they are.
    #[must_use]
    pub(super) fn and(self, other: Self, player: &PlayerId) -> Self {
        let players = match (self, other) {
            (Self::Unlisted, _) | (_, Self::Unlisted) => return Self::Unlisted,
            (Self::From(mut players), Self::From(more)) => {
                players.extend(more);
                players
            }
            (Self::From(players), Self::None) | (Self::None, Self::From(players)) => players,
            (Self::None, Self::None) => return Self::None,
        };
        Self::of(players.into_iter().filter(|it| it != player).collect())
    }

    fn read(reader: &Reader<'_>) -> Self {
        if !reader.flag("owes") {
            return Self::None;
        }
        let listed = reader
            .texts("owes_for")
            .filter(|_| !reader.flag("owes_more"));
        let players: Option<BTreeSet<_>> = listed
            .map(|texts| texts.iter().map(|text| PlayerId::new(text).ok()).collect())
            .unwrap_or_default();
        players.map_or(Self::Unlisted, Self::of)
    }
}

impl Link {
    /// The earliest time at which a check may ask Amazon; `None` if no check will, because the
    /// player has to link again first.
    #[must_use]
    pub fn may_ask_at(&self) -> Option<Timestamp> {
        let second_look = match (&self.tokens, &self.dead) {
            (Some(_), _) => None,
            (None, Some(dead)) if dead.next_look_at < dead.until => Some(dead.next_look_at),
            (None, _) => return None,
        };
        Some(
            second_look
                .max(self.next_check_at)
                .max(self.retry_at)
                .unwrap_or(self.linked_at),
        )
    }

    /// The tokens that Amazon may be asked with at `now`: the link's own, or those that are due
    /// for a second look.
    #[must_use]
    pub fn usable_tokens(&self, now: Timestamp) -> Option<&Sealed> {
        let dead = self.dead.as_ref().filter(|dead| dead.may_be_tried(now));
        self.tokens.as_ref().or(dead.map(|dead| &dead.sealed))
    }
}

pub(super) fn player_row(table: &str, item: &Item) -> Result<PlayerRow, StoreError> {
    if item.is_empty() {
        return Ok(PlayerRow::default());
    }
    let reader = Reader::new(table, item);
    let status = reader
        .word("status", LinkStatus::parse)?
        .ok_or_else(|| reader.corrupt("status"))?;
    let state = match status {
        LinkStatus::Linked => Some(LinkState::Linked),
        LinkStatus::RelinkRequired => Some(LinkState::RelinkRequired),
        LinkStatus::Unlinked => None,
    };
    let link = match state {
        None => None,
        Some(state) => Some(link(&reader, Home::Player, player_of(&reader)?, state)?),
    };
    Ok(PlayerRow {
        link,
        has_open: reader.flag("has_open"),
        open_mark: reader.text("open_mark").map(ToOwned::to_owned),
    })
}

/// The link that is left in this item.
pub(super) fn remnant(table: &str, item: &Item) -> Result<Option<Remnant>, StoreError> {
    if item.is_empty() {
        return Ok(None);
    }
    let reader = Reader::new(table, item);
    let state = match reader.word("status", LinkStatus::parse)? {
        Some(LinkStatus::Linked) => LinkState::Linked,
        Some(LinkStatus::RelinkRequired) => LinkState::RelinkRequired,
        _ => return Err(reader.corrupt("status")),
    };
    Ok(Some(Remnant {
        link: link(&reader, Home::Remnant, reader.id("player_id")?, state)?,
        expires_at: reader.need_time("expires_at")?,
    }))
}

fn link(
    reader: &Reader<'_>,
    home: Home,
    player: PlayerId,
    state: LinkState,
) -> Result<Link, StoreError> {
    let refresh = match (reader.text("refresh_owner"), reader.time("refresh_until")?) {
        (Some(owner), Some(until)) => Some(RefreshLease {
            owner: owner.to_owned(),
            until,
        }),
        _ => None,
    };
    let id: LinkId = reader.id("link_id")?;
    let tokens = reader
        .text("tokens")
        .map(|text| Sealed::from(text.to_owned()));
    let dead = match (&tokens, reader.text("dead_tokens")) {
        // An older version of the service links again without removing the dead tokens of the
        // link before.
        (None, Some(sealed)) if reader.text("dead_link_id") == Some(id.as_str()) => {
            Some(DeadTokens {
                sealed: Sealed::from(sealed.to_owned()),
                next_look_at: reader.need_time("next_look_at")?,
                until: reader.need_time("dead_until")?,
            })
        }
        _ => None,
    };
    Ok(Link {
        home,
        player,
        id,
        state,
        amazon_user_id: reader.id("amazon_user_id")?,
        client_id: reader.need_text("client_id")?.to_owned(),
        tokens,
        dead,
        token_version: reader
            .number("token_version")?
            .ok_or_else(|| reader.corrupt("token_version"))?,
        access_expires_at: reader.need_time("access_expires_at")?,
        linked_at: reader.need_time("linked_at")?,
        checked_at: reader.time("checked_at")?,
        next_check_at: reader.time("next_check_at")?,
        retry_at: reader.time("retry_at")?,
        refresh,
        inherited: Inherited::read(reader),
    })
}

/// The player of an item whose key is `PLAYER#<player_id>`.
fn player_of(reader: &Reader<'_>) -> Result<PlayerId, StoreError> {
    reader
        .need_text("pk")?
        .strip_prefix("PLAYER#")
        .and_then(|id| PlayerId::new(id).ok())
        .ok_or_else(|| reader.corrupt("pk"))
}

/// What is stored of one entitlement of one player.
#[derive(Clone, Debug)]
pub struct Record {
    /// Whose it is.
    pub player: PlayerId,
    /// Amazon's id.
    pub id: EntitlementId,
    /// The SKU as Amazon sent it; `None` where it sent none.
    pub sku: Option<String>,
    /// Where it is in its life.
    pub status: Status,
    /// Why it is held.
    pub reason: Option<HoldReason>,
    /// The offer's title as it was when the entitlement became `pending`; `None` also where an
    /// earlier version wrote the row.
    pub title: Option<String>,
    /// The offer's content as it was when the entitlement became `pending`.
    pub content: Option<Content>,
    /// The Amazon account that it came from: only with its tokens can it be reported.
    pub amazon_user_id: AmazonUserId,
    /// When it was first seen.
    pub first_seen_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When it became `pending`, where the studio's backend may have been told that time.
    pub ordered_at: Option<Timestamp>,
    /// When the game or the studio's backend said that the player has it.
    pub delivered_at: Option<Timestamp>,
    /// When Amazon was told.
    pub reported_at: Option<Timestamp>,
    /// How often its present step has been tried, with the try that is under way: delivering it by
    /// webhook, or reporting it.
    pub attempts: u32,
    /// Since when that has been failing.
    pub failing: Failing,
    /// Since when Amazon has been listing it with a word that we do not know, where it is
    /// `delivered`.
    pub unclear_since: Option<Timestamp>,
    /// When an operator was first told that it makes no progress. It is tried still, but rarely.
    pub attention_at: Option<Timestamp>,
    /// Who is at it now, until `due_at`.
    pub owner: Option<String>,
    /// When it is to be worked on next.
    pub due_at: Option<Timestamp>,
    /// Whether it is noted under its Amazon account, for when that is linked again.
    pub is_noted: bool,
}

impl Record {
    /// Whether someone else is at it at `now`.
    #[must_use]
    pub fn is_leased(&self, now: Timestamp) -> bool {
        self.owner.is_some() && self.due_at.is_some_and(|until| until > now)
    }

    /// Whether a report of it is to be made, now or later, with the tokens of this account.
    #[must_use]
    pub fn needs_report_by(&self, account: &AmazonUserId) -> bool {
        matches!(self.status, Status::Pending | Status::Delivered)
            && self.amazon_user_id == *account
    }

    /// Whether it left the due index: no tokens could speak for its Amazon account, or an earlier
    /// version had given it up.
    #[must_use]
    pub fn is_parked(&self) -> bool {
        self.status == Status::Delivered && self.due_at.is_none()
    }

    /// Whether a request that comes upon it may try it at `now`. What has an operator's attention
    /// waits for its time.
    #[must_use]
    pub fn may_be_tried(&self, now: Timestamp) -> bool {
        self.attention_at.is_none() || self.due_at.is_none_or(|at| at <= now)
    }

    /// Whether a webhook was called for it, as far as can be known, and it is not known to be
    /// delivered.
    #[must_use]
    pub fn may_have_been_delivered(&self) -> bool {
        self.attempts > 0 && matches!(self.status, Status::Pending | Status::Held)
    }

    /// The record as it is where the game delivers: what a webhook may have delivered is never the
    /// game's to deliver, whether or not that is written down yet.
    #[must_use]
    pub fn for_the_game(self) -> Self {
        if self.status == Status::Pending && self.may_have_been_delivered() {
            Self {
                status: Status::Held,
                reason: Some(HoldReason::DeliveryUnknown),
                ..self
            }
        } else {
            self
        }
    }

    /// Whether it is to be worked on at `now`.
    #[must_use]
    pub fn is_due(&self, now: Timestamp) -> bool {
        self.due_at.is_some_and(|at| at <= now)
    }
}

pub(super) fn record(table: &str, item: &Item) -> Result<Record, StoreError> {
    let reader = Reader::new(table, item);
    let status = reader
        .word("status", Status::parse)?
        .ok_or_else(|| reader.corrupt("status"))?;
    let reason = match status {
        Status::Held => Some(
            reader
                .word("reason", HoldReason::parse)?
                .ok_or_else(|| reader.corrupt("reason"))?,
        ),
        Status::Pending | Status::Delivered | Status::Reported => None,
    };
    let content = match reader.optional_text("content")? {
        Some(json) => Some(Content::stored(json).ok_or_else(|| reader.corrupt("content"))?),
        // There would be nothing to deliver.
        None if status == Status::Pending => return Err(reader.corrupt("content")),
        None => None,
    };
    let id = reader
        .need_text("sk")?
        .strip_prefix("E#")
        .and_then(|id| EntitlementId::new(id).ok())
        .ok_or_else(|| reader.corrupt("sk"))?;
    Ok(Record {
        player: player_of(&reader)?,
        id,
        sku: reader.optional_text("sku")?.map(ToOwned::to_owned),
        status,
        reason,
        title: reader.optional_text("title")?.map(ToOwned::to_owned),
        content,
        amazon_user_id: reader.id("amazon_user_id")?,
        first_seen_at: reader.need_time("first_seen_at")?,
        updated_at: reader.need_time("updated_at")?,
        ordered_at: reader.time("ordered_at")?,
        delivered_at: reader.time("delivered_at")?,
        reported_at: reader.time("reported_at")?,
        attempts: reader.number("attempts")?.unwrap_or(0),
        failing: Failing {
            since: reader.time("failing_since")?,
            waiting_since: reader.time("waiting_since")?,
        },
        unclear_since: reader.time("unclear_since")?,
        attention_at: reader.time("attention_at")?,
        owner: reader.text("owner").map(ToOwned::to_owned),
        due_at: reader.time("due_at")?,
        is_noted: reader.flag("noted"),
    })
}
