//! The table of alarms, line by line: what is played, and what has to ring.

mod amazon;
mod service;

use super::Plan;
use super::crowd::{Crowd, PICTURED as PICTURED_CROWD};
use super::trouble::Trouble;

/// Every line of the table, and each variant that it names, in the report's order.
pub fn lines() -> impl Iterator<Item = &'static Line> {
    amazon::AMAZON.iter().chain(service::SERVICE)
}

/// A line of the table.
#[derive(Clone, Copy, Debug)]
pub struct Line {
    /// The name of its test.
    pub name: &'static str,
    /// The outage, as the report has it.
    pub outage: &'static str,
    /// What is played.
    pub plan: Plan,
    /// The alarms that have to ring, and within how many minutes.
    pub rings: &'static [(&'static str, u64)],
    /// The alarms that may ring besides.
    pub may_follow: &'static [&'static str],
}

/// What the picture of the dashboard shows: 45 healthy minutes, and then the studio's webhook fails.
pub const PICTURED: Plan = Plan {
    trouble: Trouble::WebhookFails,
    crowd: PICTURED_CROWD,
    healthy: 45,
    lasts: 30,
};

/// After a healthy while of 15 minutes, for 16 minutes.
pub(super) const fn plan(trouble: Trouble, crowd: Crowd) -> Plan {
    Plan {
        trouble,
        crowd,
        healthy: 15,
        lasts: 16,
    }
}

/// The same for so many minutes.
pub(super) const fn lasting(lasts: u64, trouble: Trouble, crowd: Crowd) -> Plan {
    Plan {
        lasts,
        ..plan(trouble, crowd)
    }
}

pub(super) const fn line(
    name: &'static str,
    outage: &'static str,
    plan: Plan,
    rings: &'static [(&'static str, u64)],
    may_follow: &'static [&'static str],
) -> Line {
    Line {
        name,
        outage,
        plan,
        rings,
        may_follow,
    }
}
