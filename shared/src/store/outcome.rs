//! What became of a write that needs a row to be in a certain state.

/// What became of a write that needs a row to be in a certain state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum WriteOutcome {
    /// It was written.
    Done,
    /// Nothing was written: the row is not in that state any more.
    Changed,
}

impl WriteOutcome {
    /// Whether it was written.
    #[must_use]
    pub const fn is_done(self) -> bool {
        matches!(self, Self::Done)
    }
}

/// What became of claiming something that only one request at a time may have. Both variants bring
/// what is stored now.
#[derive(Debug)]
#[must_use]
pub enum Claimed<T> {
    /// It is ours.
    Ours(T),
    /// Another request has it, or it can't be had any more.
    Theirs(T),
}

impl<T> Claimed<T> {
    /// Whether it is ours.
    pub const fn is_ours(&self) -> bool {
        matches!(self, Self::Ours(_))
    }

    /// Reads what is stored.
    pub(in crate::store) fn read<U, E>(
        self,
        read: impl FnOnce(T) -> Result<U, E>,
    ) -> Result<Claimed<U>, E> {
        Ok(match self {
            Self::Ours(stored) => Claimed::Ours(read(stored)?),
            Self::Theirs(stored) => Claimed::Theirs(read(stored)?),
        })
    }

    /// For a caller that does not need what is stored.
    pub(in crate::store) fn outcome(&self) -> WriteOutcome {
        if self.is_ours() {
            WriteOutcome::Done
        } else {
            WriteOutcome::Changed
        }
    }
}
