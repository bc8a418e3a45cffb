//! The one registry of error codes: each with its word, its HTTP status and its title.

use std::time::Duration;

use http::StatusCode;

use crate::budget::{RETRY_AMAZON, RETRY_SERVICE, RETRY_TOO_MANY_ATTEMPTS};
use crate::domain::LinkFailure;

/// The code of an error: in problems, in pages, at `return_to`, and in device sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorCode {
    /// Body, field, query or header not as described.
    InvalidRequest,
    /// The cursor is not ours.
    InvalidCursor,
    /// `return_to` is not on the allow-list.
    InvalidReturnTo,
    /// The ticket is unknown, used or expired.
    InvalidTicket,
    /// `state` is missing, repeated or unknown.
    InvalidState,
    /// The player came back too late, or the code was too old.
    AttemptExpired,
    /// The player's token is missing or not acceptable.
    InvalidToken,
    /// May not act for that player, or not on this route.
    Forbidden,
    /// Not the browser that began the attempt.
    WrongBrowser,
    /// The player refused at Amazon.
    AccessDenied,
    /// Amazon did not grant both scopes.
    PermissionMissing,
    /// The token is not for this app, or not of the profile's user.
    IdentityMismatch,
    /// No such thing of this player, or no such route.
    NotFound,
    /// The Amazon account belongs to another player.
    AmazonAccountTaken,
    /// The player has another Amazon account.
    PlayerAlreadyLinked,
    /// The body is over 64 KB.
    PayloadTooLarge,
    /// Too many open link attempts of one player.
    TooManyAttempts,
    /// Our fault.
    Internal,
    /// Amazon does not answer, and the service knows no other answer.
    AmazonUnavailable,
    /// Our database or the key set can't be reached.
    Unavailable,
}

impl ErrorCode {
    /// Every code.
    pub const ALL: [Self; 20] = [
        Self::InvalidRequest,
        Self::InvalidCursor,
        Self::InvalidReturnTo,
        Self::InvalidTicket,
        Self::InvalidState,
        Self::AttemptExpired,
        Self::InvalidToken,
        Self::Forbidden,
        Self::WrongBrowser,
        Self::AccessDenied,
        Self::PermissionMissing,
        Self::IdentityMismatch,
        Self::NotFound,
        Self::AmazonAccountTaken,
        Self::PlayerAlreadyLinked,
        Self::PayloadTooLarge,
        Self::TooManyAttempts,
        Self::Internal,
        Self::AmazonUnavailable,
        Self::Unavailable,
    ];

    /// The word in the response. The reasons why a link was not made are stored too, so their words
    /// are the domain's.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::InvalidCursor => "invalid_cursor",
            Self::InvalidReturnTo => "invalid_return_to",
            Self::InvalidTicket => LinkFailure::InvalidTicket.code(),
            Self::InvalidState => LinkFailure::InvalidState.code(),
            Self::AttemptExpired => LinkFailure::AttemptExpired.code(),
            Self::InvalidToken => "invalid_token",
            Self::Forbidden => "forbidden",
            Self::WrongBrowser => LinkFailure::WrongBrowser.code(),
            Self::AccessDenied => LinkFailure::AccessDenied.code(),
            Self::PermissionMissing => LinkFailure::PermissionMissing.code(),
            Self::IdentityMismatch => LinkFailure::IdentityMismatch.code(),
            Self::NotFound => "not_found",
            Self::AmazonAccountTaken => LinkFailure::AmazonAccountTaken.code(),
            Self::PlayerAlreadyLinked => LinkFailure::PlayerAlreadyLinked.code(),
            Self::PayloadTooLarge => "payload_too_large",
            Self::TooManyAttempts => "too_many_attempts",
            Self::Internal => LinkFailure::Internal.code(),
            Self::AmazonUnavailable => LinkFailure::AmazonUnavailable.code(),
            Self::Unavailable => "unavailable",
        }
    }

    /// The HTTP status.
    #[must_use]
    pub const fn status(self) -> StatusCode {
        match self {
            Self::InvalidRequest
            | Self::InvalidCursor
            | Self::InvalidReturnTo
            | Self::InvalidTicket
            | Self::InvalidState
            | Self::AttemptExpired => StatusCode::BAD_REQUEST,
            Self::InvalidToken => StatusCode::UNAUTHORIZED,
            Self::Forbidden
            | Self::WrongBrowser
            | Self::AccessDenied
            | Self::PermissionMissing
            | Self::IdentityMismatch => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::AmazonAccountTaken | Self::PlayerAlreadyLinked => StatusCode::CONFLICT,
            Self::PayloadTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooManyAttempts => StatusCode::TOO_MANY_REQUESTS,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Self::AmazonUnavailable | Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The same for every error of this code.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::InvalidRequest => "The request is not as described",
            Self::InvalidCursor => "This cursor can't be used",
            Self::InvalidReturnTo => "This return_to is not allowed",
            Self::InvalidTicket => "This ticket can't be used",
            Self::InvalidState => "This state can't be used",
            Self::AttemptExpired => "This attempt took too long",
            Self::InvalidToken => "The player's token is missing or not acceptable",
            Self::Forbidden => "Not allowed for this caller",
            Self::WrongBrowser => "This began in another browser",
            Self::AccessDenied => "The player refused at Amazon",
            Self::PermissionMissing => "Amazon did not grant a needed permission",
            Self::IdentityMismatch => "The token is not this player's",
            Self::NotFound => "Not found",
            Self::AmazonAccountTaken => "The Amazon account belongs to another player",
            Self::PlayerAlreadyLinked => "The player has another Amazon account",
            Self::PayloadTooLarge => "The body is too large",
            Self::TooManyAttempts => "Too many open attempts",
            Self::Internal => "Something went wrong on our side",
            Self::AmazonUnavailable => "Amazon does not answer right now",
            Self::Unavailable => "The service can't answer right now",
        }
    }

    /// When to try again, where the error does not know better.
    pub(crate) const fn retry_after(self) -> Option<Duration> {
        match self {
            Self::TooManyAttempts => Some(RETRY_TOO_MANY_ATTEMPTS),
            Self::AmazonUnavailable => Some(RETRY_AMAZON),
            Self::Unavailable => Some(RETRY_SERVICE),
            _ => None,
        }
    }
}

impl From<LinkFailure> for ErrorCode {
    fn from(failure: LinkFailure) -> Self {
        match failure {
            LinkFailure::InvalidTicket => Self::InvalidTicket,
            LinkFailure::InvalidState => Self::InvalidState,
            LinkFailure::AttemptExpired => Self::AttemptExpired,
            LinkFailure::WrongBrowser => Self::WrongBrowser,
            LinkFailure::AccessDenied => Self::AccessDenied,
            LinkFailure::PermissionMissing => Self::PermissionMissing,
            LinkFailure::IdentityMismatch => Self::IdentityMismatch,
            LinkFailure::AmazonAccountTaken => Self::AmazonAccountTaken,
            LinkFailure::PlayerAlreadyLinked => Self::PlayerAlreadyLinked,
            LinkFailure::AmazonUnavailable => Self::AmazonUnavailable,
            LinkFailure::Internal => Self::Internal,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_codes_is_the_contracts() {
        let table: Vec<(&str, u16)> = ErrorCode::ALL
            .iter()
            .map(|code| (code.as_str(), code.status().as_u16()))
            .collect();
        assert_eq!(
            table,
            [
                ("invalid_request", 400),
                ("invalid_cursor", 400),
                ("invalid_return_to", 400),
                ("invalid_ticket", 400),
                ("invalid_state", 400),
                ("attempt_expired", 400),
                ("invalid_token", 401),
                ("forbidden", 403),
                ("wrong_browser", 403),
                ("access_denied", 403),
                ("permission_missing", 403),
                ("identity_mismatch", 403),
                ("not_found", 404),
                ("amazon_account_taken", 409),
                ("player_already_linked", 409),
                ("payload_too_large", 413),
                ("too_many_attempts", 429),
                ("internal", 500),
                ("amazon_unavailable", 503),
                ("unavailable", 503),
            ]
        );
    }

    #[test]
    fn a_failure_of_linking_keeps_its_word() {
        for failure in LinkFailure::ALL {
            assert_eq!(ErrorCode::from(failure).as_str(), failure.code());
        }
    }
}
