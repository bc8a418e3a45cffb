//! Why the database did not do what was asked.

/// Why the database did not do what was asked, sorted by what to do next.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It could not be reached, or was too busy: try again later.
    #[error("DynamoDB {operation} failed: {cause}")]
    Unavailable {
        /// The operation, by DynamoDB's name.
        operation: &'static str,
        /// What the SDK says; for the log.
        cause: String,
    },
    /// A stored item is not what this code wrote: someone has to look at it.
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
