//! The codes of the API's errors, each with its status and title.

use std::time::Duration;

use http::StatusCode;

use crate::budget::{RETRY_AMAZON, RETRY_SERVICE, RETRY_TOO_MANY_ATTEMPTS};

/// The codes of the API's errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// Body, field, query or header not as described.
    InvalidRequest,
    /// The cursor is not ours.
    InvalidCursor,
    /// `return_to` is not on the allow-list.
    InvalidReturnTo,
    /// The login ticket is unknown, used, or expired.
    InvalidTicket,
    /// The player's token is missing or not acceptable.
    InvalidToken,
    /// May not act for that player, or not on this route.
    Forbidden,
    /// No such thing of this player, or no such route.
    NotFound,
    /// The body is over 64 KB.
    PayloadTooLarge,
    /// Too many open link attempts of one player.
    TooManyAttempts,
    /// Our fault.
    Internal,
    /// Amazon can't be asked, and nothing else can be answered.
    AmazonUnavailable,
    /// Our database or the key set can't be reached.
    Unavailable,
}

impl Code {
    /// Every code.
    pub const ALL: [Self; 12] = [
        Self::InvalidRequest,
        Self::InvalidCursor,
        Self::InvalidReturnTo,
        Self::InvalidTicket,
        Self::InvalidToken,
        Self::Forbidden,
        Self::NotFound,
        Self::PayloadTooLarge,
        Self::TooManyAttempts,
        Self::Internal,
        Self::AmazonUnavailable,
        Self::Unavailable,
    ];

    /// The word in the answer.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::InvalidCursor => "invalid_cursor",
            Self::InvalidReturnTo => "invalid_return_to",
            Self::InvalidTicket => "invalid_ticket",
            Self::InvalidToken => "invalid_token",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not_found",
            Self::PayloadTooLarge => "payload_too_large",
            Self::TooManyAttempts => "too_many_attempts",
            Self::Internal => "internal",
            Self::AmazonUnavailable => "amazon_unavailable",
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
            | Self::InvalidTicket => StatusCode::BAD_REQUEST,
            Self::InvalidToken => StatusCode::UNAUTHORIZED,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
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
            Self::InvalidCursor => "The cursor is not one of ours",
            Self::InvalidReturnTo => "This return_to is not allowed",
            Self::InvalidTicket => "This ticket can't be used",
            Self::InvalidToken => "The player's token is missing or not acceptable",
            Self::Forbidden => "Not allowed for this caller",
            Self::NotFound => "There is no such thing",
            Self::PayloadTooLarge => "The body is too large",
            Self::TooManyAttempts => "Too many open attempts",
            Self::Internal => "Something went wrong on our side",
            Self::AmazonUnavailable => "Amazon can't be asked right now",
            Self::Unavailable => "The service can't answer right now",
        }
    }

    /// When to try again, where the error does not know better.
    pub(super) const fn retry_after(self) -> Option<Duration> {
        match self {
            Self::TooManyAttempts => Some(RETRY_TOO_MANY_ATTEMPTS),
            Self::AmazonUnavailable => Some(RETRY_AMAZON),
            Self::Unavailable => Some(RETRY_SERVICE),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_codes_is_the_contracts() {
        let table: Vec<(&str, u16)> = Code::ALL
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
                ("invalid_token", 401),
                ("forbidden", 403),
                ("not_found", 404),
                ("payload_too_large", 413),
                ("too_many_attempts", 429),
                ("internal", 500),
                ("amazon_unavailable", 503),
                ("unavailable", 503),
            ]
        );
    }
}
