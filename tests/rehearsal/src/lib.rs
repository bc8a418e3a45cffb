//! The alarms are rehearsed: outages are played on the local system, and the alarms of
//! `template.yaml` are computed from its log lines as CloudWatch would compute them.
//!
//! - [`stage`] plays outages with a shifted clock, and hands on the log lines.
//! - [`rehearse`] plays a line of the table of alarms, lets the crate `cloudwatch` compute the alarms, and
//!   [`Outcome`] holds what rang against the line.
//! - [`dashboard`] draws the dashboard of `template.yaml` for the documents, as it shows an outage.

pub mod dashboard;
mod rehearsal;
pub mod stage;

pub use rehearsal::{Outcome, rehearse};
