//! Work on what a player has: delivering it, and reporting to Amazon that it was delivered.

pub(super) mod deliver;
pub(super) mod housekeeping;
pub(super) mod lease;
pub(super) mod paused;
pub(super) mod reconcile;
pub(super) mod report;
pub(super) mod settle;
