//! What an element of Amazon's list asks for.

use crate::amazon::{Instruction, Listed};
use crate::domain::{AmazonUserId, HoldReason, Status, Timestamp, is_long_ago};
use crate::store::Record;

/// What is to be done about an element of the list.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step<'a> {
    /// It is new, or held until Amazon or the studio says something else: it becomes `pending`, or
    /// `held` for what is in its way.
    Admit(Option<&'a Record>),
    /// Amazon has taken back what was `pending`.
    Withdraw(&'a Record),
    /// It is held for Amazon's word, which has not been known for too long.
    Attention(&'a Record),
}

impl<'a> Step<'a> {
    /// What `listed` asks for, where `known` is our record of it. A list says nothing about what
    /// has changed since it was asked for, nor about what came from another Amazon account.
    pub(super) fn of(
        listed: &Listed,
        known: Option<&'a Record>,
        account: &AmazonUserId,
        asked_at: Timestamp,
    ) -> Option<Self> {
        let Some(record) = known else {
            let is_news = listed.instruction != Instruction::Noop;
            return is_news.then_some(Self::Admit(None));
        };
        let is_newer = asked_at > record.updated_at;
        match (&listed.instruction, record.status, record.reason) {
            (Instruction::Fulfill, _, Some(HoldReason::UnknownOffer)) => Some(Self::Admit(known)),
            (Instruction::Fulfill, _, Some(reason)) if reason.is_looked_at_again() => {
                is_newer.then_some(Self::Admit(known))
            }
            (Instruction::Unknown(_), _, Some(HoldReason::UnknownOffer)) => {
                Some(Self::Admit(known))
            }
            (Instruction::Unknown(_), _, Some(HoldReason::UnknownInstruction)) => {
                let is_due =
                    record.attention_at.is_none() && is_long_ago(record.updated_at, asked_at);
                is_due.then_some(Self::Attention(record))
            }
            (Instruction::Noop | Instruction::Unknown(_), Status::Pending, _) => {
                let is_theirs = record.amazon_user_id == *account;
                (is_newer && is_theirs).then_some(Self::Withdraw(record))
            }
            _ => None,
        }
    }

    /// Our record of it, if there is one.
    pub(super) fn known(self) -> Option<&'a Record> {
        match self {
            Self::Admit(known) => known,
            Self::Withdraw(record) | Self::Attention(record) => Some(record),
        }
    }
}
