//! A link as it is stored.

use super::inherited::Inherited;
use crate::domain::{AmazonUserId, LinkId, LinkStatus, PlayerId, Timestamp};
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
    pub(in crate::store) const fn as_str(self) -> &'static str {
        match self {
            Self::Linked => LinkStatus::Linked.as_str(),
            Self::RelinkRequired => LinkStatus::RelinkRequired.as_str(),
        }
    }
}

/// Which row holds a link's tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenRow {
    /// The player's: the link exists.
    Player,
    /// The Amazon account's remnant: the link was ended, and still has reports to make.
    Remnant,
}

/// Who refreshes a link's tokens, and until when nobody else does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefreshLease {
    pub(in crate::store) owner: String,
    pub(in crate::store) until: Timestamp,
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
    pub token_row: TokenRow,
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

/// What is left of a link.
#[derive(Clone, Debug)]
pub struct Remnant {
    /// The link as it was, with its tokens.
    pub link: Link,
    /// When they are not to be used any more.
    pub expires_at: Timestamp,
}
