//! The one place where requests come in and errors become answers.
//!
//! A function hands its event and its router to [`serve`]; what the router returns, an answer or
//! an [`ApiError`], leaves here in the form that the API promises. Every fault of a caller ends as
//! a 4xx that says what would be right. What went wrong on our side is logged, once, and not shown.

mod answer;
mod auth;
mod body;
mod browser;
mod caller;
mod claims;
mod code;
mod error;
mod event;
mod from_store;
mod jwks;
mod jwt;
mod jwt_crypto;
mod keys;
mod pages;
mod player_name;
mod request;
mod route;
mod run;
mod serve;
#[cfg(test)]
mod testing;
mod texts;

pub use answer::{Response, json, no_content, only_https, redirect, with_code, with_cookie};
pub use auth::{AuthConfigError, Authenticator};
pub use browser::{BrowserCookie, BrowserId, origin_is_ours};
pub use caller::Caller;
pub use code::Code;
pub use error::{ApiError, BoxError};
pub use pages::{Pages, Question, ShownPlayer};
pub use player_name::presentable;
pub use request::{MAX_BODY_BYTES, Pairs, Request, address};
pub use route::ROUTES;
pub use run::run;
pub use serve::{in_time, serve};
