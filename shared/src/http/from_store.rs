//! What the database's failures are for a caller.

use super::ApiError;
use crate::store::StoreError;

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable { .. } => Self::unavailable(error),
            StoreError::Corrupt { .. } => Self::internal(error),
        }
    }
}
