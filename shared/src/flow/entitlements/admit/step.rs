//! What an element of Amazon's list asks for, compared with our record of it.

use crate::amazon::Listed;
use crate::domain::{AmazonUserId, Known, News, Timestamp, is_long_ago};
use crate::store::Record;

/// What is to be done about an element of the list. See [`News`].
#[derive(Clone, Copy, Debug)]
pub(super) enum Step<'a> {
    Admit(Option<&'a Record>),
    Withdraw(&'a Record),
    Attention(&'a Record),
}

impl<'a> Step<'a> {
    /// What `listed` asks for, where `record` is our record of it. Amazon was asked for `account` at
    /// `asked_at`.
    pub(super) fn of(
        listed: &Listed,
        record: Option<&'a Record>,
        account: &AmazonUserId,
        asked_at: Timestamp,
    ) -> Option<Self> {
        let known = record.map(|record| Known {
            status: record.status,
            reason: record.reason,
            is_unchanged: asked_at > record.updated_at,
            is_of_account: record.amazon_user_id == *account,
            needs_attention: record.attention_at.is_none()
                && is_long_ago(record.updated_at, asked_at),
        });
        match (News::of(&listed.instruction, known)?, record) {
            (News::Admit, record) => Some(Self::Admit(record)),
            (News::Withdraw, record) => record.map(Self::Withdraw),
            (News::Attention, record) => record.map(Self::Attention),
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
