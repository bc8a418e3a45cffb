//! A link as it is stored.

use super::inherited::Inherited;
use crate::domain::{AmazonUserId, LinkId, LinkStatus, PlayerId, Timestamp};
use crate::seal::Sealed;

/// What is stored of a player in the links table.
#[derive(Clone, Debug, Default)]
pub struct PlayerRow {
    /// The player's link, if there is one.
    pub link: Option<Link>,
    /// Whether the player may have entitlements that are not `reported`. `false` is certain; `true`
    /// may be out of date.
    pub has_open: bool,
    /// Changes with every new open entitlement, so that `has_open` is cleared only by a request
    /// that has seen them all.
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
    /// Amazon accepts it, as far as we know.
    Linked,
    /// Amazon refused it. Tokens that are still stored are tried again now and then.
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
    /// The player's row: the link exists.
    Player,
    /// The Amazon account's remnant: the link has ended, and still has reports to make.
    Remnant,
}

/// The lease on refreshing a link's tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefreshLease {
    pub(in crate::store) owner: String,
    pub(in crate::store) until: Timestamp,
}

/// Tokens that Amazon called `invalid_grant`. They are kept for a second look, because a wrong
/// setting or an incident at Amazon can make Amazon say so of good tokens.
#[derive(Clone, Debug)]
pub struct DeadTokens {
    /// The sealed tokens.
    pub sealed: Sealed,
    /// The earliest time of their next try.
    pub next_look_at: Timestamp,
    /// When they are deleted.
    pub until: Timestamp,
}

impl DeadTokens {
    /// Whether they may be tried at `now`.
    #[must_use]
    pub fn may_be_tried(&self, now: Timestamp) -> bool {
        self.next_look_at <= now && now < self.until
    }
}

/// The link of one player with one Amazon account, as it is stored.
#[derive(Clone, Debug)]
pub struct Link {
    /// The row that holds it.
    pub token_row: TokenRow,
    /// Its player.
    pub player: PlayerId,
    /// The id of this link: new for every link.
    pub id: LinkId,
    /// Its state.
    pub state: LinkState,
    /// The Amazon account.
    pub amazon_user_id: AmazonUserId,
    /// The LWA client that the tokens were issued to; refreshing needs the same one.
    pub client_id: String,
    /// The sealed tokens; `None` once Amazon has said `invalid_grant`.
    pub tokens: Option<Sealed>,
    /// The tokens that Amazon called `invalid_grant`, while they are kept for a second look.
    pub dead: Option<DeadTokens>,
    /// The fencing token: the version of the tokens. Storing new ones needs the version that was
    /// exchanged.
    pub token_version: u64,
    /// When the access token expires.
    pub access_expires_at: Timestamp,
    /// When it was made.
    pub linked_at: Timestamp,
    /// When Amazon was last asked for this player.
    pub checked_at: Option<Timestamp>,
    /// The next check may not ask Amazon before this time.
    pub next_check_at: Option<Timestamp>,
    /// Amazon's `Retry-After`: no call for this player before it.
    pub retry_at: Option<Timestamp>,
    /// The lease on refreshing its tokens, even if it has run out.
    pub refresh: Option<RefreshLease>,
    /// The reports that its account may have to make for other players.
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

/// What is left of a link that has ended.
#[derive(Clone, Debug)]
pub struct Remnant {
    /// The link as it was, with its tokens.
    pub link: Link,
    /// When its tokens may no longer be used.
    pub expires_at: Timestamp,
}

impl Remnant {
    /// The link, while its tokens may be used.
    #[must_use]
    pub fn usable(self, now: Timestamp) -> Option<Link> {
        (self.expires_at > now).then_some(self.link)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn sealed(text: &str) -> Sealed {
        Sealed::from(text.to_owned())
    }

    fn link() -> Link {
        Link {
            token_row: TokenRow::Player,
            player: PlayerId::new("p1").expect("an id"),
            id: LinkId::random(),
            state: LinkState::Linked,
            amazon_user_id: AmazonUserId::new("amzn1.account.A").expect("an id"),
            client_id: "client".to_owned(),
            tokens: Some(sealed("good")),
            dead: None,
            token_version: 1,
            access_expires_at: at(100),
            linked_at: at(1),
            checked_at: None,
            next_check_at: None,
            retry_at: None,
            refresh: None,
            inherited: Inherited::None,
        }
    }

    fn dead(next_look_at: i64, until: i64) -> Link {
        Link {
            tokens: None,
            dead: Some(DeadTokens {
                sealed: sealed("dead"),
                next_look_at: at(next_look_at),
                until: at(until),
            }),
            ..link()
        }
    }

    #[test]
    fn a_check_asks_amazon_at_the_latest_of_the_times_that_bind_it() {
        let with = |next_check_at, retry_at, link| Link {
            next_check_at,
            retry_at,
            ..link
        };
        for (link, may_ask_at) in [
            (with(None, None, link()), Some(at(1))),
            (with(Some(at(5)), None, link()), Some(at(5))),
            (with(Some(at(5)), Some(at(9)), link()), Some(at(9))),
            (with(Some(at(5)), None, dead(7, 20)), Some(at(7))),
            (with(Some(at(8)), None, dead(7, 20)), Some(at(8))),
            (with(None, None, dead(20, 20)), None),
            (
                Link {
                    tokens: None,
                    ..link()
                },
                None,
            ),
        ] {
            assert_eq!(link.may_ask_at(), may_ask_at, "{link:?}");
        }
    }

    #[test]
    fn dead_tokens_are_usable_from_their_next_look_until_their_end() {
        let text = |link: &Link, now| link.usable_tokens(at(now)).map(|it| it.as_str().to_owned());
        assert_eq!(text(&link(), 0).as_deref(), Some("good"));
        for (now, found) in [(6, None), (7, Some("dead")), (19, Some("dead")), (20, None)] {
            assert_eq!(text(&dead(7, 20), now).as_deref(), found, "{now}");
        }
    }
}
