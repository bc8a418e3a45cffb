//! The two Amazon services: Login with Amazon and Prime Gaming.
//!
//! Each has one client, with base URLs from the configuration. Errors are sorted by what the caller
//! does next: refresh, read the secret again, link again, try later. No error holds a token, a code or
//! a secret, whatever Amazon answered.

mod lwa;
mod prime_gaming;
mod text;

pub use crate::domain::Instruction;
pub use lwa::{CodePair, IdentifyError, Lwa, PollError, TokenError, Tokens};
pub use prime_gaming::{CallError, FulfillResult, Listed, Listing, PrimeGaming};
