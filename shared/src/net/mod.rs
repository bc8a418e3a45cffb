//! The way out: one HTTP client for Amazon, the studio's key set, and the AWS SDK.
//!
//! What it promises to every caller:
//! - nothing waits without a limit, no body is read without a bound, no redirect is followed;
//! - no error holds a URL, because a URL's query can hold a token;
//! - no connection is trusted after a freeze: what fails before a byte of an answer came is sent
//!   once more over a new connection, and what can't be guessed never goes over an old one.

mod address;
mod aws;
mod client;
mod coding;
mod error;
mod exchange;
mod pools;
mod retry_after;
#[cfg(test)]
pub(crate) mod testing;
mod tls;

pub use address::Reach;
pub use aws::{SdkConfigError, dynamodb_origin, sdk_config, sdk_config_from, sdk_http_client};
pub use client::{client, warm};
pub use error::{NetError, chain};
pub use exchange::{Answer, Repeat, exchange, exchange_with, read_bounded, send_keyed};
pub use pools::Client;
pub use retry_after::retry_after;
