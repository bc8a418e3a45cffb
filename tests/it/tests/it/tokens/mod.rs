//! Amazon's tokens of a link: refreshed, refused, looked at again.

mod client_ids;
mod refresh;
mod refusals;
pub(crate) mod second_look;
mod second_look_races;
