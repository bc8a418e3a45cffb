//! What is to be done for an Amazon account: the rows `ACCOUNT#<amazon_user_id>` of the table of
//! fulfillments.
//!
//! - `PARKED`: the note of what can be reported once the account is linked again
//! - `REMNANT`: the account has a remnant, which has to be deleted when it is no longer needed
//! - `SECOND_LOOK`: the dead tokens of its link are to be tried again
//! - `FIRST_CHECK`: its new link is to be checked

mod housekeeping;
mod parked;

pub use housekeeping::{Housekeeping, HousekeepingKind, HousekeepingLink};
pub use parked::{MOST_PARKED, ParkedFor};
pub(in crate::store) use parked::{entry, read_entry};
