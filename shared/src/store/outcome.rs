//! What became of a write that needs a row to be in a certain state.

/// What became of claiming something that one request at a time may have. Both bring what is stored
/// now.
#[derive(Debug)]
pub enum Claimed<T> {
    /// It is ours.
    Ours(T),
    /// Another request has it, or it is not to be had any more.
    Theirs(T),
}

impl<T> Claimed<T> {
    /// What is stored now, and whether it is ours.
    pub(in crate::store) fn map<U, E>(
        self,
        read: impl FnOnce(T) -> Result<U, E>,
    ) -> Result<Claimed<U>, E> {
        Ok(match self {
            Self::Ours(stored) => Claimed::Ours(read(stored)?),
            Self::Theirs(stored) => Claimed::Theirs(read(stored)?),
        })
    }
}
