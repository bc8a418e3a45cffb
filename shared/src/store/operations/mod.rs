//! What operators do: the change itself, its audit record and its request id, in one transaction.
//!
//! - Fulfillments `PLAYER#p` / `A#<time>#<random>`: an audit record about a player
//! - Fulfillments `OFFER#<sku>` / `A#<time>#<random>`: an audit record about an offer
//! - Fulfillments `KEYS` / `A#<time>#<random>`: an audit record about the keys that seal tokens
//! - Fulfillments `RECEIPT#<receipt_id>` / `A#<time>#<random>`: the audit record of an erasure
//! - Links `REQUEST#<hash>`: the answer to a command with a `request_id`, for 30 days
//!
//! Audit records have no TTL, so they are in the table that has none; a request id expires, so it is
//! in the table with a TTL. A transaction may change both tables.
//!
//! The rooms of the rows make [`Changes`]. Nothing is written until [`Fulfillments::carry_out`].
//!
//! [`Fulfillments::carry_out`]: super::Fulfillments::carry_out

mod audit;
mod changes;
mod request;

pub(in crate::store) use audit::audit_sk;
pub use audit::{Audit, Subject, Warrant};
pub use changes::Changes;
pub use request::{Recalled, Request};
