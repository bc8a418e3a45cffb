//! Why an exchange failed, as a text that is safe to log.

use std::error::Error;

/// Why an HTTP exchange failed. No variant holds a URL.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NetError {
    /// No whole response within the time limit.
    #[error("timed out")]
    Timeout,
    /// The connection could not be opened: name, address, TLS, or time limit. Nothing was sent.
    #[error("could not connect: {0}")]
    Connect(String),
    /// The response's body is longer than this many bytes.
    #[error("the answer is longer than {0} bytes")]
    TooLarge(usize),
    /// The client could not be set up.
    #[error("the HTTP client could not be set up: {0}")]
    Setup(String),
    /// Anything else: a connection that was reset, a response that is not HTTP or ends early.
    #[error("{0}")]
    Other(String),
}

impl From<reqwest::Error> for NetError {
    fn from(error: reqwest::Error) -> Self {
        let error = error.without_url();
        if error.is_connect() {
            Self::Connect(chain(&error))
        } else if error.is_timeout() {
            Self::Timeout
        } else {
            Self::Other(chain(&error))
        }
    }
}

/// An error and everything that caused it, in one line. Use it where `{error}` alone would hide
/// the cause and `{error:?}` would print too much, such as a whole response.
#[must_use]
pub fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let cause_text = cause.to_string();
        // Many errors repeat their cause in their own sentence.
        if !text.ends_with(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        next = cause.source();
    }
    text
}
