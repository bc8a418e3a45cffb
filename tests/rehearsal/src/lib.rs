//! The alarms are rehearsed: outages are played on the local system, and the alarms of
//! `template.yaml` are computed from its log lines as CloudWatch would compute them.
//!
//! - [`cloudwatch`] turns log lines into metrics, and metrics into the states of the alarms.
//! - [`stage`] plays outages with a shifted clock, and hands on the log lines.
//! - [`rehearse`] does both for a line of the table of alarms, and [`Outcome`] holds what rang against it.
//! - [`dashboard`] draws the dashboard of `template.yaml` for the documents, as it shows an outage, by
//!   [`picture`].

pub mod cloudwatch;
pub mod dashboard;
pub mod picture;
mod rehearsal;
pub mod stage;

pub use rehearsal::{Outcome, rehearse};
