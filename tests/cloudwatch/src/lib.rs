//! What CloudWatch does with the service's log lines: metrics, metric filters, metric math, alarms.
//!
//! ```text
//! log line ──▶ emf, filter ──▶ store ──▶ math, insights ──▶ alarm ──▶ rule ──▶ Change
//!                                         (every minute, over sliding windows)
//! ```
//!
//! - [`CloudWatch`] holds the alarms of one stack, takes log lines and metrics, and evaluates every minute.
//! - [`Dashboard`] is the template's dashboard, as it shows these metrics.
//! - [`picture`] draws charts as that dashboard shows them.
//! - [`Stack`] says with which names and parameters the template is deployed.
//!
//! It computes only what `template.yaml` uses. What it does not know is a [`Fault`] and never a guess.
//! All times are Unix seconds, and the caller hands them in: the clock of a rehearsal is shifted.

mod alarm;
mod dashboard;
mod emf;
mod fault;
mod filter;
mod formation;
mod insights;
mod math;
mod monitor;
mod object;
pub mod picture;
mod rule;
mod store;
#[cfg(test)]
mod template_tests;
mod traffic;

/// The template of this project, for the tests.
#[cfg(test)]
const TEMPLATE: &str = include_str!("../../../template.yaml");

pub use alarm::State;
pub use dashboard::{Content, Dashboard, Series, Shown, Total, Widget, Words};
pub use fault::Fault;
pub use formation::Stack;
pub use monitor::{Change, CloudWatch};
pub use store::{Metric, Statistic};
pub use traffic::End;
