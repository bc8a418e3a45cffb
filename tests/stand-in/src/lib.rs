//! A strict stand-in for Login with Amazon and the Prime Gaming web API, on loopback.
//!
//! It is written from the contract with Amazon alone and shares no code with what it tests. It
//! answers as Amazon answers, refuses what Amazon refuses, writes down every request and every
//! breach of the contract ([`Amazon::violations`]), and fails on request ([`Amazon::fault`]).
//!
//! Tests start it in-process with [`Amazon::start`]; other processes steer it over HTTP under
//! `/_control`; people claim offers in a browser at `/`.
//!
//! Where the contract leaves something open, this is what the stand-in does:
//! - A scope that the client was not allow-listed for is `invalid_scope` for the whole request.
//! - A code is used up by the first successful exchange only.
//! - An access token that is unknown, expired or revoked is HTTP 400; one without both scopes is
//!   403 with the words of the documentation.
//! - Reporting an entitlement again is `SUCCESS` again, and counted. Reporting what the account
//!   does not have, or what was not to be delivered, is `ERROR`.
//! - Refresh tokens of code pairs need no client secret when they are issued; refreshing needs
//!   it when the client has one.

mod amazon;
mod control;
mod exchange;
mod faults;
mod input;
mod lwa;
mod model;
mod pages;
mod prime_gaming;
mod secrets;
mod server;
mod state;

pub use amazon::{Amazon, Options};
pub use faults::{Endpoint, Fault, Waiting};
pub use model::{
    Behaviour, Call, Claim, Claims, Client, Consent, DevicePair, Fulfillment, SCOPE_PRIME,
    SCOPE_PROFILE, SCOPES,
};
pub use pages::check_account;
pub use secrets::fingerprint;
