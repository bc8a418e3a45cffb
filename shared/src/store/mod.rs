//! DynamoDB. The condition expressions are the rules of the service, so there is no storage trait
//! and no in-memory twin: this code is tested through the real SDK.
//!
//! - [`Links`]: players' links, and the short-lived attempts to make one
//! - [`Fulfillments`]: what every player was given, for ever
//! - [`Offers`]: what a SKU stands for
//! - [`Erasures`]: which players were erased, under keyed hashes of their ids
//!
//! The rooms, from the ground up: `dynamo` speaks to DynamoDB. `tables` has the handles of three of
//! the tables, and `layout` knows the form of all four. `accounts` and `operations` use no other room of
//! rows. `attempts` uses operations. `links` uses all three, and `fulfillments` uses links, accounts and operations. `offers` uses
//! operations. `erasures` erases the rows of every room but `offers`; it uses accounts, links and operations.
//!
//! Every write of a player's data names the state that it needs. A write that finds another state
//! is refused and brings the item as it is, so that no request has to read again.

mod accounts;
mod attempts;
mod dynamo;
mod erasures;
mod error;
mod fulfillments;
mod layout;
mod links;
mod offers;
mod operations;
mod outcome;
mod tables;

pub use accounts::{Housekeeping, HousekeepingKind, HousekeepingLink, MOST_PARKED, ParkedFor};
pub use attempts::{
    Attempt, AttemptStarted, AttemptState, Consumed, Device, DeviceSlot, HeldTokens, LoginTicket,
    NewAttempt, NewDevice, NewTicket, Slot, Standing, Ticket, TicketStored,
};
pub use dynamo::DUE_SHARDS;
pub use erasures::{
    Dates, Erasing, Exported, ExportedLinking, Fate, LinkingRows, Marker, OwnLink, OwnRow,
    ScanPage, ScanPosition, Stored, knows_attribute,
};
pub use error::{Cause, StoreError};
pub use fulfillments::{
    Admission, Claim, Confirmation, Due, DuePage, DuePosition, HandedOut, Holders, Lease, Listed,
    Page, Parked, Reassignment, Record, Records, Release, Resumed, Row, Taken, WaitingEntry,
    WaitingFilter, WaitingPage, WaitingPart, WaitingRecords, Woken,
};
pub use layout::{describe, erasures_shape, fulfillments_shape, links_shape, offers_shape};
pub use links::{
    DeadTokens, Inherited, Link, LinkOrigin, LinkOutcome, LinkState, NewLink, PlayerRow,
    RefreshLease, Remnant, RemnantTimes, Replaced, SealedPage, SealedPosition, SealedRow, TokenRow,
};
pub use offers::{CachedOffers, FoundOffers, Offers};
pub use operations::{Audit, Changes, Recalled, Request, Subject, Warrant};
pub use outcome::{Claimed, WriteOutcome};
pub use tables::{Erasures, Fulfillments, Links};
