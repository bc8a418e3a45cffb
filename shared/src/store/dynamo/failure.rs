//! What is known of a request that DynamoDB did not answer as it should.

use std::error::Error;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

use crate::store::error::{Cause, StoreError};

/// Keeps the part of the SDK's error that is safe to log. The error's `Debug` is not: it prints items.
pub(in crate::store) fn unavailable<E, R>(
    operation: &'static str,
    error: &SdkError<E, R>,
) -> StoreError
where
    E: ProvideErrorMetadata,
{
    let text = |text: Option<&str>, otherwise: &str| text.unwrap_or(otherwise).to_owned();
    let source = match error {
        SdkError::ServiceError(context) => Cause::Refused {
            code: text(context.err().code(), "unknown error"),
            message: text(context.err().message(), "no message"),
        },
        SdkError::TimeoutError(_) => Cause::TimedOut,
        SdkError::DispatchFailure(failure) => {
            let reason = failure.as_connector_error().and_then(Error::source);
            Cause::NotSent(
                reason.map_or_else(|| "could not be sent".to_owned(), ToString::to_string),
            )
        }
        SdkError::ConstructionFailure(_) => Cause::NotBuilt,
        _ => Cause::Unreadable,
    };
    StoreError::Unavailable { operation, source }
}
