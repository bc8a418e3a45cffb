//! DynamoDB. The condition expressions are the rules of the service, so there is no storage trait
//! and no in-memory twin: this code is tested through the real SDK.
//!
//! - [`Links`]: players' links, and the short-lived attempts to make one
//! - [`Fulfillments`]: what every player was given, for ever
//! - [`Offers`]: what a SKU stands for
//!
//! Every write of a player's data names the state that it needs. One that finds another state is
//! refused, and brings the item as it is, so that nobody has to ask again.

mod admissions;
mod attempts;
mod batch;
mod chores;
mod device_polls;
mod devices;
mod due;
mod fulfillments;
mod item;
mod leases;
mod link_tokens;
mod linking;
mod links;
mod logins;
mod offers;
mod parking;
mod record;
mod remnants;
mod reports;
mod second_looks;
mod tickets;
mod withdrawals;
mod write;

pub use admissions::{Admission, Claim};
pub use attempts::{Attempt, AttemptState, Consumed, Standing};
pub use device_polls::TakenPoll;
pub use devices::{Device, DeviceSlot, HeldTokens, NewDevice};
pub use due::{Chore, ChoreKind, ChoreLink, DUE_SHARDS, Due, DuePage, DuePosition, Taken};
pub use fulfillments::{Fulfillments, Listed, Page, Records, Row};
pub use leases::{Lease, Pause};
pub use linking::{Ending, LinkOutcome, NewLink, RemnantTimes, Replaced, Unlinked};
pub use links::{Links, TakenCheck};
pub use logins::LoginTicket;
pub use offers::{CachedOffers, FoundOffers, Offers};
pub use parking::{MOST_PARKED, Parked, Woken};
pub use record::{DeadTokens, Home, Inherited, Link, LinkState, PlayerRow, Record, RefreshLease};
pub use remnants::Remnant;
pub use reports::Confirmation;
pub use tickets::{AttemptStarted, NewAttempt, NewTicket, Ticket, TicketStored};

/// Why the database did not do what was asked, sorted by what to do next.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It could not be reached, or was too busy: try again later.
    #[error("DynamoDB {operation} failed: {cause}")]
    Unavailable {
        /// The operation, by DynamoDB's name.
        operation: &'static str,
        /// What the SDK says; for the log.
        cause: String,
    },
    /// A stored item is not what this code wrote: someone has to look at it.
    #[error("the item {key} of table {table} has no usable {field}")]
    Corrupt {
        /// The table's name.
        table: String,
        /// The item's key.
        key: String,
        /// The attribute.
        field: &'static str,
    },
}
