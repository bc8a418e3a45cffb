//! Why the database did not do what was asked.

/// Why the database did not do what was asked, sorted by what to do next.
///
/// Each method of the store that reads or writes can fail in these ways. A write whose condition
/// does not hold is no error: the method returns that.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// DynamoDB could not be reached, or was too busy: try again later.
    #[error("DynamoDB {operation} failed: {source}")]
    Unavailable {
        /// The operation, by DynamoDB's name.
        operation: &'static str,
        /// What went wrong.
        #[source]
        source: Cause,
    },
    /// Other requests changed the same rows at every try: try again later.
    #[error("gave up because {what} changes again and again")]
    Contended {
        /// What they changed; for the log.
        what: &'static str,
    },
    /// A stored item is not what this code wrote: an operator has to look at it.
    #[error("the item {key} of table {table} has no usable {field}")]
    Corrupt {
        /// The table's name.
        table: String,
        /// The item's key.
        key: String,
        /// The attribute.
        field: &'static str,
    },
}

impl StoreError {
    /// Whether the database did not take a write, in an operation that writes.
    #[must_use]
    pub const fn is_not_written(&self) -> bool {
        matches!(self, Self::Unavailable { .. } | Self::Contended { .. })
    }
}

/// What is known of a request that DynamoDB did not answer as it should. It holds no item, so it is
/// safe to log.
#[derive(Debug, thiserror::Error)]
pub enum Cause {
    /// DynamoDB refused it.
    #[error("{code}: {message}")]
    Refused {
        /// DynamoDB's name for it.
        code: String,
        /// DynamoDB's sentence.
        message: String,
    },
    /// DynamoDB did not answer in time.
    #[error("no answer in time")]
    TimedOut,
    /// The connection failed, for this reason.
    #[error("{0}")]
    NotSent(String),
    /// The SDK could not build the request.
    #[error("the request could not be built")]
    NotBuilt,
    /// The SDK could not read the answer.
    #[error("the answer could not be read")]
    Unreadable,
    /// DynamoDB left keys of a batch unprocessed at every try.
    #[error("keys were left unprocessed again and again")]
    Unprocessed,
    /// A transaction was canceled, and no part of it says why.
    #[error("canceled without a reason")]
    Unexplained,
}
