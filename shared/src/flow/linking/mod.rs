//! How a player's link is made and how it ends.
//!
//! A browser goes through [`login`] (from the Prime Gaming page) or [`start`] (from a game), then
//! Amazon, then [`callback`]. A console goes through [`device_start`] and [`device_poll`]. Both ways
//! end in [`establish`].

pub(super) mod callback;
pub(super) mod comeback;
pub(super) mod device_poll;
pub(super) mod device_start;
pub(super) mod error;
mod establish;
mod exchange;
pub(super) mod login;
mod persist;
pub(super) mod remnant;
pub(super) mod start;
pub(super) mod status;
pub(super) mod unlink;
