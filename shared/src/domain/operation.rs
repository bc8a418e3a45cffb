//! What operators' commands may do with an entitlement, and what is remembered of them.

use serde::Serialize;

use super::entitlement::{HoldReason, Status};
use super::time::Timestamp;

/// The longest text of an operator: an actor, a reason, a request id. In characters.
pub const MAX_OPERATOR_CHARS: usize = 200;

/// Whether this text can be an actor, a reason or a request id: 1 to 200 characters, not only
/// spaces, and no control characters.
#[must_use]
pub fn is_operator_text(text: &str) -> bool {
    !text.trim().is_empty()
        && text.chars().count() <= MAX_OPERATOR_CHARS
        && !text.chars().any(char::is_control)
}

/// Whether a command of this name has one answer for many players, and an audit record for each.
#[must_use]
pub fn is_about_many(command: &str) -> bool {
    ["attention.release", "offers.correct"].contains(&command)
}

/// What is remembered of a command that changed something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AuditRecord {
    /// When.
    pub at: Timestamp,
    /// The command's name.
    pub command: String,
    /// The operator; `None` where a command that does not need one had none.
    pub actor: Option<String>,
    /// The operator's reason; `None` likewise.
    pub reason: Option<String>,
    /// The id that the operator gave to the request.
    pub request_id: Option<String>,
    /// The entitlement that the command was about.
    pub entitlement_id: Option<String>,
    /// What an operator should know beside.
    pub note: Option<String>,
}

/// An entitlement as operators' commands look at it.
#[derive(Clone, Copy, Debug)]
pub struct Present {
    /// Its status.
    pub status: Status,
    /// Why it is held.
    pub reason: Option<HoldReason>,
    /// Whether a request is at work on it.
    pub is_leased: bool,
    /// Whether the studio's backend may have delivered it already.
    pub may_be_delivered: bool,
}

/// Why a command can't be carried out: a sentence that says what is in its way.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotPossible(pub String);

/// With which content a released entitlement goes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ordered {
    /// With the content that it has: it was `pending` before.
    AsBefore,
    /// With the offer's present content: it was never `pending`.
    Anew,
}

impl Present {
    /// Whether it may become `pending` again because an operator says so.
    ///
    /// # Errors
    /// If it is not held, or its hold ends without an operator.
    pub fn release(self) -> Result<Ordered, NotPossible> {
        match (self.status, self.reason) {
            (Status::Held, Some(HoldReason::DuplicateOffer)) => Ok(Ordered::Anew),
            (
                Status::Held,
                Some(
                    HoldReason::DeliveryRefused
                    | HoldReason::DeliveryUnknown
                    | HoldReason::Operator,
                ),
            ) => Ok(Ordered::AsBefore),
            (Status::Held, Some(HoldReason::OtherPlayer)) => Err(NotPossible(
                "it is held because it was handed to another player; entitlement.reassign moves it"
                    .to_owned(),
            )),
            (Status::Held, Some(reason)) => Err(NotPossible(format!(
                "it is held for {}, which ends by itself: {}",
                reason.as_str(),
                ends_when(reason),
            ))),
            (status, _) => Err(NotPossible(format!(
                "it is {}; only a held one can be released",
                status.as_str()
            ))),
        }
    }

    /// Whether an operator may hold it.
    ///
    /// # Errors
    /// If it is not `pending`, or is being delivered.
    pub fn hold(self) -> Result<(), NotPossible> {
        match self.status {
            Status::Pending if self.is_leased => Err(being_delivered()),
            Status::Pending => Ok(()),
            status => Err(NotPossible(format!(
                "it is {}; only a pending one can be held",
                status.as_str()
            ))),
        }
    }

    /// Whether it may move to another player.
    ///
    /// # Errors
    /// If it was delivered or may have been, is being delivered, or is not the player's to give.
    pub fn reassign(self) -> Result<Ordered, NotPossible> {
        match (self.status, self.reason) {
            (Status::Pending, _) if self.is_leased => Err(being_delivered()),
            (Status::Held, Some(HoldReason::DeliveryRefused)) => Ok(Ordered::AsBefore),
            (Status::Pending, _) | (Status::Held, Some(HoldReason::Operator))
                if !self.may_be_delivered =>
            {
                Ok(Ordered::AsBefore)
            }
            (Status::Held, Some(HoldReason::DuplicateOffer)) => Ok(Ordered::Anew),
            (Status::Pending, _)
            | (Status::Held, Some(HoldReason::Operator | HoldReason::DeliveryUnknown)) => {
                Err(NotPossible(
                    "the studio's webhook was called for it and may have delivered it".to_owned(),
                ))
            }
            (Status::Held, Some(reason)) => Err(NotPossible(format!(
                "it is held for {}, so this player has nothing to give",
                reason.as_str()
            ))),
            (status, _) => Err(NotPossible(format!(
                "it is {}; only what was not delivered can move",
                status.as_str()
            ))),
        }
    }

    /// Whether what has attention since `attention_at` may be tried now.
    ///
    /// # Errors
    /// If it has no attention, or a request is at work on it.
    pub fn try_now(self, attention_at: Option<Timestamp>) -> Result<(), NotPossible> {
        if attention_at.is_none() {
            Err(NotPossible("it makes progress again".to_owned()))
        } else if self.is_leased {
            Err(NotPossible("a request is at work on it now".to_owned()))
        } else {
            Ok(())
        }
    }

    /// Whether Amazon may be told of it once more.
    ///
    /// # Errors
    /// If it was not delivered, or is being reported.
    pub fn rereport(self) -> Result<(), NotPossible> {
        match self.status {
            Status::Delivered if self.is_leased => Err(NotPossible(
                "a request is reporting it now; repeat the command in half a minute".to_owned(),
            )),
            Status::Delivered | Status::Reported => Ok(()),
            status => Err(NotPossible(format!(
                "it is {}; only a delivered or reported one can be reported",
                status.as_str()
            ))),
        }
    }
}

fn being_delivered() -> NotPossible {
    NotPossible("a request is delivering it now; repeat the command in half a minute".to_owned())
}

/// What ends a hold that no operator ends.
const fn ends_when(reason: HoldReason) -> &'static str {
    match reason {
        HoldReason::UnknownOffer => "put the offer, and the next fresh check releases it",
        HoldReason::OfferPaused => "resume the offer, and the next check releases it",
        _ => "when Amazon lists it with FULFILL, the next fresh check releases it",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Ordered::{Anew, AsBefore};

    fn held(reason: HoldReason) -> Present {
        Present {
            reason: Some(reason),
            ..is(Status::Held)
        }
    }

    fn is(status: Status) -> Present {
        Present {
            status,
            reason: None,
            is_leased: false,
            may_be_delivered: false,
        }
    }

    fn leased(present: Present) -> Present {
        Present {
            is_leased: true,
            ..present
        }
    }

    fn tried(present: Present) -> Present {
        Present {
            may_be_delivered: true,
            ..present
        }
    }

    #[test]
    fn an_operators_text_has_1_to_200_characters() {
        for (text, is_good) in [
            ("a".to_owned(), true),
            ("ü".repeat(200), true),
            ("ü".repeat(201), false),
            (String::new(), false),
            ("  ".to_owned(), false),
            ("a\nb".to_owned(), false),
        ] {
            assert_eq!(is_operator_text(&text), is_good, "{text:?}");
        }
    }

    #[test]
    fn an_operator_releases_the_holds_that_nothing_else_ends() {
        for reason in HoldReason::ALL {
            let released = held(reason).release();
            match reason {
                HoldReason::DuplicateOffer => assert_eq!(released, Ok(Anew)),
                HoldReason::DeliveryRefused
                | HoldReason::DeliveryUnknown
                | HoldReason::Operator => assert_eq!(released, Ok(AsBefore)),
                _ => assert!(released.is_err(), "{reason:?}"),
            }
            assert_eq!(
                released.is_ok() || reason == HoldReason::OtherPlayer,
                !reason.is_looked_at_again(),
                "a check or an operator ends it, and never both: {reason:?}"
            );
        }
        for status in [Status::Pending, Status::Delivered, Status::Reported] {
            assert!(is(status).release().is_err(), "{status:?}");
        }
    }

    #[test]
    fn only_what_is_pending_and_not_being_delivered_can_be_held() {
        for (present, is_possible) in [
            (is(Status::Pending), true),
            (tried(is(Status::Pending)), true),
            (leased(is(Status::Pending)), false),
            (is(Status::Delivered), false),
            (is(Status::Reported), false),
            (held(HoldReason::Operator), false),
        ] {
            assert_eq!(present.hold().is_ok(), is_possible, "{present:?}");
        }
    }

    #[test]
    fn only_what_was_surely_not_delivered_moves_to_another_player() {
        for (present, moved) in [
            (is(Status::Pending), Some(AsBefore)),
            (leased(is(Status::Pending)), None),
            (tried(is(Status::Pending)), None),
            (is(Status::Delivered), None),
            (is(Status::Reported), None),
            (held(HoldReason::Operator), Some(AsBefore)),
            (tried(held(HoldReason::Operator)), None),
            (tried(held(HoldReason::DeliveryRefused)), Some(AsBefore)),
            (tried(held(HoldReason::DeliveryUnknown)), None),
            (held(HoldReason::DuplicateOffer), Some(Anew)),
            (held(HoldReason::OtherPlayer), None),
            (held(HoldReason::Withdrawn), None),
            (held(HoldReason::OfferPaused), None),
        ] {
            assert_eq!(present.reassign().ok(), moved, "{present:?}");
        }
    }

    #[test]
    fn only_what_was_delivered_is_reported_again() {
        for (present, is_possible) in [
            (is(Status::Delivered), true),
            (leased(is(Status::Delivered)), false),
            (is(Status::Reported), true),
            (is(Status::Pending), false),
            (held(HoldReason::DeliveryUnknown), false),
        ] {
            assert_eq!(present.rereport().is_ok(), is_possible, "{present:?}");
        }
    }
}
