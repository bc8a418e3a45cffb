//! The logic of a Prime Gaming *pull integration*: a studio links a player's Amazon account,
//! asks Prime Gaming for new entitlements, delivers them, and reports each delivery.
//!
//! The Lambda binaries under `functions/` are thin: each parses an event, calls one use case of
//! [`flow`], and responds. An arrow says which module uses which, and no arrow points back:
//!
//! ```text
//! functions → http, auth, pages, flow → store, amazon, delivery → domain
//!                                  └──→ api ───────────────────────┘
//! ```
//!
//! - [`domain`] is pure: ids, states, decisions. No AWS, no HTTP, no clock.
//! - `store` is DynamoDB. The condition expressions *are* the rules.
//! - `amazon` calls Login with Amazon and Prime Gaming.
//! - `delivery` calls the studio's backend, where that delivers.
//! - [`flow`] has one file per use case.
//! - [`doctor`] looks at a whole deployment, so it may use every other module. [`codedeploy`] tells AWS
//!   whether its checks before a roll-out succeeded.
//! - [`budget`] is the table of all time limits. Every layer may use it.
//! - [`api`] has the bodies of requests and responses, and the registry of error codes.
//! - [`signals`] is the registry of the log events and their metrics. Every layer may use it.
//! - [`http`] is the one place where requests come in and errors become responses. [`auth`] verifies
//!   the caller's token, and [`pages`] renders what a browser sees.
//!
//! A function uses [`app`], [`doctor`], [`http`], [`auth`], [`pages`], [`api`], [`flow`] and their vocabulary:
//! [`domain`], [`budget`] and [`signals`]. All else is private, and reaches tests through [`testing`].

mod amazon;
pub mod api;
pub mod app;
pub mod auth;
pub mod budget;
pub mod clock;
pub mod codedeploy;
mod config;
mod delivery;
pub mod doctor;
pub mod domain;
pub mod flow;
pub mod http;
pub mod jitter;
mod logging;
mod net;
pub mod pages;
mod seal;
mod secrets;
pub mod signals;
mod store;
pub mod testing;
pub mod trace;

pub use app::App;
pub use clock::Clock;
pub use jitter::Jitter;
