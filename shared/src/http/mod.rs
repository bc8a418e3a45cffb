//! The one place where requests come in and errors become answers.
//!
//! A function hands its event and its router to [`serve`]; what the router returns, an answer or
//! an [`ApiError`], leaves here in the form that the API promises. Every fault of a caller ends as
//! a 4xx that says what would be right. What went wrong on our side is logged, once, and not shown.

mod body;
mod code;
mod csrf;
mod error;
mod event;
mod lambda;
mod request;
pub(crate) mod response;
mod route;
#[cfg(test)]
pub(crate) mod testing;

pub use code::Code;
pub use csrf::{BrowserCookie, BrowserId, origin_is_ours};
pub use error::{ApiError, BoxError};
pub use lambda::{in_time, run, serve};
pub use request::{MAX_BODY_BYTES, Pairs, Request, address};
pub use response::{Response, json, no_content, only_https, redirect, with_code, with_cookie};
pub use route::ROUTES;

// The old names, until every caller has moved.
pub use crate::auth::{AuthConfigError, Authenticator, Caller, presentable};
pub use crate::pages::{Pages, Question, ShownPlayer};
