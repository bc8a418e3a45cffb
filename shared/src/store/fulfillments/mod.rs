//! What every player was given. No item here ever expires: a forgotten one could be delivered
//! twice.
//!
//! - `PLAYER#p` / `E#<entitlement_id>`: the record
//! - `PLAYER#p` / `G#<sku>`: the guard: the entitlements that used the offer up
//! - `ENTITLEMENT#<id>` / `OWNER`: the player that the entitlement was first handed to
//! - `ENTITLEMENT#<id>` / `SEEN#<player>`: says that this player has a held record of it
//!
//! Every arrow of an entitlement's life is one conditional write. `admissions` has those that begin
//! it, `reports` those that end it. A lease (`leases`) says which request is at work on it. `due`
//! finds what needs work, and `parking` puts aside what can't be reported now. `operators` has what
//! operators change, `attention` finds what waits for them, and `waiting` lists what a corrected offer
//! can still change.

mod admissions;
mod attention;
mod due;
mod hand_outs;
mod leases;
mod operators;
mod parking;
mod pauses;
mod reads;
mod record;
mod reports;
mod waiting;
mod withdrawals;

pub use admissions::{Admission, Claim};
pub use attention::{WaitingEntry, WaitingFilter, WaitingPage, WaitingPart, WaitingRecords};
pub use due::{Due, DuePage, DuePosition, Taken};
pub use hand_outs::HandedOut;
pub use leases::Lease;
pub use operators::{Holders, Reassignment, Release};
pub use parking::{Parked, Woken};
pub use pauses::Resumed;
pub use reads::{Listed, Page, Records, Row};
pub use record::Record;
pub use reports::Confirmation;
