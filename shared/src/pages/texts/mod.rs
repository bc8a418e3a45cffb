//! What the pages say: one file for each language, with one constant. A language that lacks a text
//! does not compile.
//!
//! To add a language: copy `en.rs`, translate it, and add it to [`LANGUAGES`]. Write `{program}` for
//! the name of the programme, which is a setting.

mod de;
mod en;

use http::header::ACCEPT_LANGUAGE;

use crate::api::ErrorCode;
use crate::domain::LinkStatus;
use crate::http::Request;

/// Every language, by its primary tag (RFC 5646). The first is for browsers that ask for no other.
const LANGUAGES: [&Texts; 2] = [&en::TEXTS, &de::TEXTS];

/// The place in a text of the programme's name.
pub(super) const PROGRAM: &str = "{program}";

/// Every text, in one language.
pub(super) struct Texts {
    /// The language's tag, as in `<html lang>`.
    pub(super) language: &'static str,
    pub(super) consent: Consent,
    pub(super) linked: Linked,
    pub(super) under_way: UnderWay,
    pub(super) back_to_game: BackToGame,
    /// Before the codes that support asks for.
    pub(super) for_support: &'static str,
    /// The link to the studio's help.
    pub(super) support: &'static str,
    pub(super) failures: Failures,
}

/// The consent page, before Amazon.
pub(super) struct Consent {
    pub(super) title: &'static str,
    pub(super) heading: AroundName,
    /// Before the id, where the heading has a name.
    pub(super) player_id: &'static str,
    /// Where the posted form was not this browser's.
    pub(super) ask_again: &'static str,
    pub(super) what_happens: &'static str,
    pub(super) only_if_yours: &'static str,
    /// Where the player is linked.
    pub(super) already_linked: &'static str,
    /// Where the player has to link again.
    pub(super) link_again: &'static str,
    pub(super) button: &'static str,
    pub(super) password: &'static str,
}

impl Consent {
    /// What a player with such a link should know before going on.
    pub(super) fn notice(&self, link: LinkStatus) -> Option<&'static str> {
        match link {
            LinkStatus::Unlinked => None,
            LinkStatus::Linked => Some(self.already_linked),
            LinkStatus::RelinkRequired => Some(self.link_again),
        }
    }
}

/// A sentence with a player's name in it.
pub(super) struct AroundName {
    pub(super) before: &'static str,
    pub(super) after: &'static str,
}

/// The page that says that the player is linked.
pub(super) struct Linked {
    pub(super) title: &'static str,
    pub(super) whose: AroundName,
    pub(super) next: &'static str,
}

/// The page that waits for another request of the same browser.
pub(super) struct UnderWay {
    pub(super) title: &'static str,
    pub(super) text: &'static str,
}

/// The page with one button that opens the game.
pub(super) struct BackToGame {
    pub(super) linked: &'static str,
    pub(super) button: &'static str,
}

/// A page that tells what went wrong.
pub(super) struct Failure {
    pub(super) title: &'static str,
    /// What happened.
    pub(super) happened: &'static str,
    /// The one thing to do next.
    pub(super) next: &'static str,
}

/// Every failure that a page can tell.
pub(super) struct Failures {
    pub(super) invalid_ticket: Failure,
    pub(super) invalid_state: Failure,
    pub(super) attempt_expired: Failure,
    pub(super) wrong_browser: Failure,
    pub(super) access_denied: Failure,
    pub(super) permission_missing: Failure,
    pub(super) identity_mismatch: Failure,
    pub(super) amazon_account_taken: Failure,
    pub(super) player_already_linked: Failure,
    pub(super) amazon_unavailable: Failure,
    pub(super) internal: Failure,
    pub(super) too_many_attempts: Failure,
    pub(super) not_found: Failure,
    pub(super) payload_too_large: Failure,
}

impl Failures {
    /// The text for this code.
    pub(super) const fn of(&self, code: ErrorCode) -> &Failure {
        match code {
            ErrorCode::InvalidTicket => &self.invalid_ticket,
            ErrorCode::InvalidState => &self.invalid_state,
            ErrorCode::AttemptExpired => &self.attempt_expired,
            ErrorCode::WrongBrowser => &self.wrong_browser,
            ErrorCode::AccessDenied => &self.access_denied,
            ErrorCode::PermissionMissing => &self.permission_missing,
            ErrorCode::IdentityMismatch => &self.identity_mismatch,
            ErrorCode::AmazonAccountTaken => &self.amazon_account_taken,
            ErrorCode::PlayerAlreadyLinked => &self.player_already_linked,
            ErrorCode::AmazonUnavailable => &self.amazon_unavailable,
            ErrorCode::TooManyAttempts => &self.too_many_attempts,
            ErrorCode::NotFound => &self.not_found,
            ErrorCode::PayloadTooLarge => &self.payload_too_large,
            ErrorCode::Internal | ErrorCode::Unavailable => &self.internal,
            // The routes of browsers have no token, no cursor and no JSON.
            ErrorCode::InvalidRequest
            | ErrorCode::InvalidCursor
            | ErrorCode::InvalidReturnTo
            | ErrorCode::InvalidToken
            | ErrorCode::Forbidden => &self.internal,
        }
    }
}

impl Texts {
    /// The texts in the language that this browser likes best.
    pub(super) fn for_request(request: &Request) -> &'static Self {
        Self::preferred(request.header(&ACCEPT_LANGUAGE).unwrap_or_default())
    }

    /// RFC 9110, 12.5.4, by primary tags: `de-AT` gets `de`. Of equal wishes the first counts, and a
    /// malformed one is ignored.
    fn preferred(accepted: &str) -> &'static Self {
        let [first, ..] = LANGUAGES;
        let mut best = (0.0, first);
        for wish in accepted.split(',') {
            let (tag, quality) = match wish.split_once(';') {
                None => (wish, 1.0),
                Some((tag, parameter)) => (tag, quality(parameter).unwrap_or_default()),
            };
            let primary = tag.split('-').next().unwrap_or_default().trim();
            let known = match primary {
                "*" => Some(first),
                _ => LANGUAGES
                    .into_iter()
                    .find(|texts| texts.language.eq_ignore_ascii_case(primary)),
            };
            if let Some(texts) = known.filter(|_| quality > best.0) {
                best = (quality, texts);
            }
        }
        best.1
    }
}

fn quality(parameter: &str) -> Option<f32> {
    let (name, value) = parameter.split_once('=')?;
    let value: f32 = value.trim().parse().ok()?;
    (name.trim().eq_ignore_ascii_case("q") && (0.0..=1.0).contains(&value)).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_gets_the_language_that_it_likes_best() {
        for (accepted, language) in [
            ("", "en"),
            ("de", "de"),
            ("DE-at", "de"),
            ("de-DE,de;q=0.9,en;q=0.8", "de"),
            ("en-GB,en;q=0.9,de;q=0.8", "en"),
            ("en;q=0.3,de;q=0.7", "de"),
            ("fr,de;q=0.5", "de"),
            ("fr;q=0.9, de ; q=0.5", "de"),
            ("fr,es", "en"),
            ("*,de;q=0.5", "en"),
            ("de,en", "de"),
            ("de;q=0", "en"),
            ("de;q=2,en;q=0.1", "en"),
            ("de;q=NaN", "en"),
            ("de;q=", "en"),
            ("de;level=1", "en"),
            ("den", "en"),
            (",;,=;q=1,-,de", "de"),
        ] {
            assert_eq!(Texts::preferred(accepted).language, language, "{accepted}");
        }
    }

    #[test]
    fn every_language_has_a_tag_of_its_own() {
        let tags: std::collections::BTreeSet<_> =
            LANGUAGES.iter().map(|texts| texts.language).collect();
        assert_eq!(tags.len(), LANGUAGES.len());
    }
}
