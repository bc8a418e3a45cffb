//! Outgoing HTTP: one client for Amazon, the studio's key set and webhook, and the AWS SDK.
//!
//! It promises to every caller:
//! - every wait has a limit, every body has a bound, and no redirect is followed;
//! - no error holds a URL, because a URL's query can hold a token;
//! - no connection is trusted after a freeze: a request that fails before the first byte of a
//!   response is sent once more over a new connection, and a request that must not be sent twice
//!   never goes over an old one.

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
mod unavailable;

pub use address::{Reach, is_loopback};
pub use aws::{SdkConfigError, sdk_config, sdk_config_from, sdk_http_client, service_origin};
pub use client::{client, warm};
pub use error::{NetError, chain};
pub use exchange::{FullResponse, Repeat, exchange, exchange_with, read_bounded, send_keyed};
pub use pools::Client;
pub use retry_after::retry_after;
pub use unavailable::{Cause, Unavailable};
