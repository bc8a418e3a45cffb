//! Outages, played on the local system with a shifted clock.

mod log;

pub use log::{Line, Tape};
