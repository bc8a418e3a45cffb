//! Amazon, the database and the studio's backend fail in every way.

mod amazon;
mod bad_rows;
mod database;
mod newer_words;
mod support;
pub(crate) mod time;
mod tries;
mod webhook;
