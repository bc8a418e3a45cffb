//! The way out: one HTTP client for Amazon, the studio's key set, and the AWS SDK.
//!
//! What it promises to every caller:
//! - nothing waits without a limit, no body is read without a bound, no redirect is followed;
//! - no error holds a URL, because a URL's query can hold a token;
//! - only a request that is safe to repeat is ever sent twice, and only when its connection died
//!   before any answer, which is what a Lambda process finds after it was frozen.

mod address;
mod aws;
mod client;
mod coding;
mod error;
mod exchange;
mod retry_after;
#[cfg(test)]
pub(crate) mod testing;

pub use address::Reach;
pub use aws::{SdkConfigError, dynamodb_origin, sdk_config, sdk_config_from, sdk_http_client};
pub use client::{client, client_for_studio, warm};
pub use error::{NetError, chain};
pub use exchange::{Answer, exchange, read_bounded, repeat_once_if_died, send_idempotent};
pub use retry_after::retry_after;
