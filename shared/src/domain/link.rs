//! The life of a link, and the ways in which making one can end.

use serde::{Deserialize, Serialize};

use super::time::Timestamp;
use crate::budget::FOREIGN_PAUSE;

/// What a player's link is now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkStatus {
    /// Amazon can be asked for this player.
    Linked,
    /// There is no link.
    Unlinked,
    /// Amazon no longer accepts what we hold: the player has to link again.
    RelinkRequired,
}

impl LinkStatus {
    /// The word in the API and in the table.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Linked => "linked",
            Self::Unlinked => "unlinked",
            Self::RelinkRequired => "relink_required",
        }
    }

    /// The status of that word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Linked, Self::Unlinked, Self::RelinkRequired]
            .into_iter()
            .find(|status| status.as_str() == word)
    }
}

/// Why a report with the tokens of a link would be in vain now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InVain {
    /// Its tokens are worthless: the account has to be linked again.
    Dead,
    /// It can't be used before then.
    Until(Timestamp),
}

impl InVain {
    /// `None`: a report is worth a try. `is_ours` says whether the tokens were issued to one of our
    /// client ids, and `refused_until` how long a link that Amazon refused is left alone.
    #[must_use]
    pub fn of(
        has_tokens: bool,
        is_ours: bool,
        refused_until: Option<Timestamp>,
        now: Timestamp,
    ) -> Option<Self> {
        if !has_tokens {
            return Some(Self::Dead);
        }
        if !is_ours {
            return Some(Self::Until(now + FOREIGN_PAUSE));
        }
        refused_until.filter(|until| *until > now).map(Self::Until)
    }
}

/// Why a link was not made. Each has a code, which is stored too, and a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkFailure {
    /// The ticket is unknown, used or expired.
    InvalidTicket,
    /// `state` is missing, repeated or unknown.
    InvalidState,
    /// The player came back too late, or the code was too old.
    AttemptExpired,
    /// Not the browser that started it.
    WrongBrowser,
    /// Refused at Amazon.
    AccessDenied,
    /// Amazon did not grant both scopes.
    PermissionMissing,
    /// The token is not for this app, or not of the profile's user.
    IdentityMismatch,
    /// The Amazon account belongs to another player.
    AmazonAccountTaken,
    /// The player has another Amazon account.
    PlayerAlreadyLinked,
    /// Amazon did not answer.
    AmazonUnavailable,
    /// Our fault.
    Internal,
}

impl LinkFailure {
    /// Every one.
    pub const ALL: [Self; 11] = [
        Self::InvalidTicket,
        Self::InvalidState,
        Self::AttemptExpired,
        Self::WrongBrowser,
        Self::AccessDenied,
        Self::PermissionMissing,
        Self::IdentityMismatch,
        Self::AmazonAccountTaken,
        Self::PlayerAlreadyLinked,
        Self::AmazonUnavailable,
        Self::Internal,
    ];

    /// The code in pages, at `return_to` and in the table.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::InvalidTicket => "invalid_ticket",
            Self::InvalidState => "invalid_state",
            Self::AttemptExpired => "attempt_expired",
            Self::WrongBrowser => "wrong_browser",
            Self::AccessDenied => "access_denied",
            Self::PermissionMissing => "permission_missing",
            Self::IdentityMismatch => "identity_mismatch",
            Self::AmazonAccountTaken => "amazon_account_taken",
            Self::PlayerAlreadyLinked => "player_already_linked",
            Self::AmazonUnavailable => "amazon_unavailable",
            Self::Internal => "internal",
        }
    }

    /// The failure of that code.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|failure| failure.code() == code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_worth_a_try_with_good_tokens_of_ours_that_amazon_does_not_refuse() {
        let now = Timestamp::from_millis(0) + FOREIGN_PAUSE;
        let (before, after) = (now - FOREIGN_PAUSE, now + FOREIGN_PAUSE);
        for (has_tokens, is_ours, refused_until, in_vain) in [
            (true, true, None, None),
            (true, true, Some(before), None),
            (true, true, Some(now), None),
            (true, true, Some(after), Some(InVain::Until(after))),
            (true, false, None, Some(InVain::Until(now + FOREIGN_PAUSE))),
            (false, true, None, Some(InVain::Dead)),
            (false, false, Some(after), Some(InVain::Dead)),
        ] {
            let is = InVain::of(has_tokens, is_ours, refused_until, now);
            assert_eq!(is, in_vain, "{has_tokens} {is_ours} {refused_until:?}");
        }
    }

    #[test]
    fn every_code_leads_back_to_its_failure() {
        for failure in LinkFailure::ALL {
            assert_eq!(LinkFailure::parse(failure.code()), Some(failure));
        }
        assert_eq!(LinkFailure::parse("linked"), None);
    }
}
