//! What waits for an operator, and why.

use super::entitlement::HoldReason;
use super::time::Timestamp;

/// Why an entitlement waits for an operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waiting {
    /// It has made no progress for 7 days: the service still tries it, once a day, or it is held for
    /// an unknown word of Amazon's.
    Attention,
    /// It is held for a reason that only an operator ends.
    Held(HoldReason),
}

impl Waiting {
    /// All of them, those first that need a person soon.
    pub const ALL: [Self; 6] = [
        Self::Attention,
        Self::Held(HoldReason::DeliveryRefused),
        Self::Held(HoldReason::DeliveryUnknown),
        Self::Held(HoldReason::DuplicateOffer),
        Self::Held(HoldReason::OtherPlayer),
        Self::Held(HoldReason::Operator),
    ];

    /// Those for which the alarm `Attention` rings. The others are decisions of the service, or of an
    /// operator, that may well stay as they are.
    pub const ALARMING: [Self; 3] = [
        Self::Attention,
        Self::Held(HoldReason::DeliveryRefused),
        Self::Held(HoldReason::DeliveryUnknown),
    ];

    /// The word in a command and in the index.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Attention => "attention",
            Self::Held(reason) => reason.as_str(),
        }
    }

    /// The one with that word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == word)
    }

    /// What a hold for this reason waits for; `None` if it ends without an operator.
    #[must_use]
    pub const fn held(reason: HoldReason) -> Option<Self> {
        if reason.is_looked_at_again() {
            None
        } else {
            Some(Self::Held(reason))
        }
    }

    /// Whether `attention.release` ends it. What another player was handed only
    /// `entitlement.reassign` moves.
    #[must_use]
    pub fn is_releasable(self) -> bool {
        self != Self::Held(HoldReason::OtherPlayer)
    }

    /// Whether an entitlement waits for an operator, and since when: one that is held for `reason`
    /// since `held_at`, or has attention since `attention_at`.
    #[must_use]
    pub fn of(
        reason: Option<HoldReason>,
        held_at: Timestamp,
        attention_at: Option<Timestamp>,
    ) -> Option<(Self, Timestamp)> {
        let held = reason.and_then(Self::held);
        held.map(|waiting| (waiting, held_at))
            .or(attention_at.map(|at| (Self::Attention, at)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_hold_either_waits_for_an_operator_or_is_looked_at_again() {
        for reason in HoldReason::ALL {
            let waiting = Waiting::held(reason);
            assert_eq!(
                waiting.is_some(),
                !reason.is_looked_at_again(),
                "{reason:?}"
            );
            if let Some(waiting) = waiting {
                assert!(Waiting::ALL.contains(&waiting));
                assert_eq!(Waiting::parse(reason.as_str()), Some(waiting));
            }
        }
        assert_eq!(Waiting::parse("attention"), Some(Waiting::Attention));
        assert_eq!(Waiting::parse("withdrawn"), None);
    }

    #[test]
    fn it_waits_since_it_was_held_or_since_it_has_attention() {
        let (held_at, attention_at) = (Timestamp::from_millis(5), Timestamp::from_millis(7));
        let operator = HoldReason::Operator;
        for (reason, attention, waiting) in [
            (None, None, None),
            (
                None,
                Some(attention_at),
                Some((Waiting::Attention, attention_at)),
            ),
            (
                Some(operator),
                None,
                Some((Waiting::Held(operator), held_at)),
            ),
            (
                Some(operator),
                Some(attention_at),
                Some((Waiting::Held(operator), held_at)),
            ),
            (Some(HoldReason::Withdrawn), None, None),
            (
                Some(HoldReason::UnknownInstruction),
                Some(attention_at),
                Some((Waiting::Attention, attention_at)),
            ),
        ] {
            assert_eq!(Waiting::of(reason, held_at, attention), waiting);
        }
    }
}
