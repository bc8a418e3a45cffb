//! What CloudWatch does with the service's log lines: metrics, metric filters, metric math, alarms.
//!
//! ```text
//! log line ──▶ emf, filter ──▶ store ──▶ math, insights ──▶ alarm ──▶ rule ──▶ Change
//!                                         (every minute, over sliding windows)
//! ```
//!
//! - [`CloudWatch`] holds the alarms of one stack, takes log lines and metrics, and evaluates every minute.
//! - [`Dashboard`] is the template's dashboard, as it shows these metrics.
//! - [`Stack`] says with which names and parameters the template is deployed.
//!
//! It computes only what `template.yaml` uses. What it does not know is a [`Fault`] and never a guess.
//! All times are Unix seconds, and the caller hands them in: a rehearsal's clock is shifted.

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
mod rule;
mod store;
#[cfg(test)]
mod template_tests;

pub use alarm::State;
pub use dashboard::{Content, Dashboard, Series, Shown, Total, Widget, Words};
pub use fault::Fault;
pub use formation::Stack;
pub use monitor::{Change, CloudWatch};
pub use store::{Metric, Statistic};
