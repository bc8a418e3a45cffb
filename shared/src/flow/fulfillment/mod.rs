//! Work on what a player has: delivering it, and reporting to Amazon that it was delivered.

pub(super) mod deliver;
pub(super) mod lease;
pub(super) mod paused;
pub(super) mod report;
pub(super) mod settle;
