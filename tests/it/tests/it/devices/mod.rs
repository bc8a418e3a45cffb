//! Linking a console or a TV: `/v1/link/devices`.

mod end;
mod outage;
mod poll;
mod start;
pub(crate) mod support;
