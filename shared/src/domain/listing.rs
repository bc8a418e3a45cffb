//! What Amazon's list of entitlements means for what we know.

use super::entitlement::{HoldReason, Status};

/// What Amazon wants done with an entitlement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Instruction {
    /// Deliver it, and report.
    Fulfill,
    /// Nothing is to be done.
    Noop,
    /// Another word, as it came, or nothing where there was none.
    Unknown(String),
}

/// What we know of an entitlement that Amazon lists.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    /// Its status.
    pub status: Status,
    /// Why it is held.
    pub reason: Option<HoldReason>,
    /// Whether it has not changed since Amazon was asked. A list says nothing about later changes.
    pub is_unchanged: bool,
    /// Whether it came from the Amazon account that was asked.
    pub is_of_account: bool,
    /// Whether an operator has to know now that its word has been unknown for so long.
    pub needs_attention: bool,
}

/// What an element of Amazon's list asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// It is new, or held until Amazon or the studio says something else: it becomes `pending`, or
    /// `held` for what is in its way.
    Admit,
    /// Amazon has taken back what was `pending`, or would be if its offer were not paused.
    Withdraw,
    /// It is held for a word of Amazon's that has been unknown for too long.
    Attention,
}

impl News {
    /// What `instruction` asks for, beside what is `known`; `None`: nothing.
    #[must_use]
    pub fn of(instruction: &Instruction, known: Option<Known>) -> Option<Self> {
        use Instruction::{Fulfill, Noop, Unknown};
        let Some(known) = known else {
            return (*instruction != Noop).then_some(Self::Admit);
        };
        match (instruction, known.status, known.reason) {
            (Fulfill | Unknown(_), _, Some(HoldReason::UnknownOffer)) => Some(Self::Admit),
            (Noop | Unknown(_), _, Some(HoldReason::OfferPaused)) => {
                (known.is_unchanged && known.is_of_account).then_some(Self::Withdraw)
            }
            (Fulfill, _, Some(reason)) if reason.is_looked_at_again() => {
                known.is_unchanged.then_some(Self::Admit)
            }
            (Unknown(_), _, Some(HoldReason::UnknownInstruction)) => {
                known.needs_attention.then_some(Self::Attention)
            }
            (Noop | Unknown(_), Status::Pending, _) => {
                (known.is_unchanged && known.is_of_account).then_some(Self::Withdraw)
            }
            _ => None,
        }
    }
}

/// What Amazon's list says about a report that was tried before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Amazon asks for it: report it (again).
    Wanted,
    /// Amazon does not ask for it any more: it was heard.
    Heard,
    /// Amazon says a word that we do not know: leave it alone.
    Unclear,
}

impl Verdict {
    /// `listed` is Amazon's instruction for it, and `is_telling` whether its absence says anything:
    /// every element could be read, and Amazon was asked after the delivery.
    #[must_use]
    pub fn of(listed: Option<&Instruction>, is_telling: bool) -> Self {
        match listed {
            Some(Instruction::Fulfill) => Self::Wanted,
            Some(Instruction::Unknown(_)) => Self::Unclear,
            Some(Instruction::Noop) => Self::Heard,
            None if is_telling => Self::Heard,
            None => Self::Wanted,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Instruction::{Fulfill, Noop};
    use super::*;

    fn unknown() -> Instruction {
        Instruction::Unknown("REVOKE".to_owned())
    }

    fn is(status: Status) -> Known {
        Known {
            status,
            reason: None,
            is_unchanged: true,
            is_of_account: true,
            needs_attention: false,
        }
    }

    fn held(reason: HoldReason) -> Known {
        Known {
            reason: Some(reason),
            ..is(Status::Held)
        }
    }

    #[test]
    fn what_is_new_is_admitted_unless_there_is_nothing_to_do() {
        for (instruction, news) in [
            (Fulfill, Some(News::Admit)),
            (unknown(), Some(News::Admit)),
            (Noop, None),
        ] {
            assert_eq!(News::of(&instruction, None), news, "{instruction:?}");
        }
    }

    #[test]
    fn what_is_held_waits_for_another_word() {
        use HoldReason::{
            DeliveryRefused, DuplicateOffer, OtherPlayer, UnknownInstruction, UnknownOffer,
            Withdrawn,
        };
        for (instruction, reason, news) in [
            (Fulfill, UnknownOffer, Some(News::Admit)),
            (unknown(), UnknownOffer, Some(News::Admit)),
            (Noop, UnknownOffer, None),
            (Fulfill, UnknownInstruction, Some(News::Admit)),
            (unknown(), UnknownInstruction, None),
            (Fulfill, Withdrawn, Some(News::Admit)),
            (Noop, Withdrawn, None),
            (Fulfill, DuplicateOffer, None),
            (Fulfill, OtherPlayer, None),
            (Fulfill, DeliveryRefused, None),
        ] {
            let known = Some(held(reason));
            assert_eq!(
                News::of(&instruction, known),
                news,
                "{instruction:?} {reason:?}"
            );
        }
    }

    #[test]
    fn an_unknown_word_comes_to_an_operator_when_it_is_old() {
        let known = Known {
            needs_attention: true,
            ..held(HoldReason::UnknownInstruction)
        };
        assert_eq!(News::of(&unknown(), Some(known)), Some(News::Attention));
        assert_eq!(News::of(&Noop, Some(known)), None);
    }

    #[test]
    fn only_what_is_pending_can_be_taken_back() {
        for (status, news) in [
            (Status::Pending, Some(News::Withdraw)),
            (Status::Delivered, None),
            (Status::Reported, None),
        ] {
            for instruction in [Noop, unknown()] {
                let known = Some(is(status));
                assert_eq!(
                    News::of(&instruction, known),
                    news,
                    "{instruction:?} {status:?}"
                );
            }
            assert_eq!(News::of(&Fulfill, Some(is(status))), None, "{status:?}");
        }
    }

    #[test]
    fn an_old_list_or_another_account_says_nothing() {
        let later = Known {
            is_unchanged: false,
            ..is(Status::Pending)
        };
        let elsewhere = Known {
            is_of_account: false,
            ..is(Status::Pending)
        };
        for known in [later, elsewhere] {
            assert_eq!(News::of(&Noop, Some(known)), None);
        }
        let later = Known {
            is_unchanged: false,
            ..held(HoldReason::Withdrawn)
        };
        assert_eq!(News::of(&Fulfill, Some(later)), None);
    }

    #[test]
    fn a_report_was_heard_if_amazon_does_not_ask_any_more() {
        for (listed, is_telling, verdict) in [
            (Some(Fulfill), true, Verdict::Wanted),
            (Some(Fulfill), false, Verdict::Wanted),
            (Some(Noop), true, Verdict::Heard),
            (Some(Noop), false, Verdict::Heard),
            (Some(unknown()), true, Verdict::Unclear),
            (Some(unknown()), false, Verdict::Unclear),
            (None, true, Verdict::Heard),
            (None, false, Verdict::Wanted),
        ] {
            assert_eq!(
                Verdict::of(listed.as_ref(), is_telling),
                verdict,
                "{listed:?}"
            );
        }
    }
}
