//! What is to be done for an Amazon account: the rows `ACCOUNT#<amazon_user_id>` of the table of
//! fulfillments.
//!
//! - `PARKED`: what can be reported once the account is linked again
//! - `REMNANT`: that the account's remnant is to be looked after
//! - `SECOND_LOOK`: that the dead tokens of its link are to be tried again
//! - `FIRST_CHECK`: that its new link is to be checked

mod housekeeping;
mod parked;

pub use housekeeping::{Housekeeping, HousekeepingKind, HousekeepingLink};
pub use parked::MOST_PARKED;
pub(in crate::store) use parked::{entry, read_entry};
