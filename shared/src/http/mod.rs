//! The one place where requests come in and errors become responses.
//!
//! A function hands the result of its router to [`serve`]: a response or an [`ApiError`] leaves here
//! in the form that the API promises. Every fault of a caller ends as a 4xx that says what would be
//! right. A fault of ours is logged once, and not shown.

mod address;
mod body;
mod csrf;
mod error;
mod event;
mod lambda;
mod request;
mod response;
mod route;
#[cfg(test)]
pub(crate) mod testing;

pub use address::{address, with_outcome};
pub use csrf::{BrowserCookie, BrowserId, origin_is_ours};
pub use error::{ApiError, BoxError};
pub use lambda::{run, serve, serve_with};
pub use request::{MAX_BODY_BYTES, Pairs, Request};
pub(crate) use response::response;
pub use response::{Response, json, no_content, redirect, with_code, with_cookie, with_hsts};
pub use route::ROUTES;
