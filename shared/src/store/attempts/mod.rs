//! The short-lived rows of linking: tickets, attempts, login tickets and device sessions.

mod attempt;
mod device;
mod device_poll;
mod login;
mod open;
mod ticket;

pub use attempt::{Attempt, AttemptState, Consumed, Standing};
pub use device::{Device, DeviceSlot, HeldTokens, NewDevice, Slot};
pub use login::LoginTicket;
pub use ticket::{AttemptStarted, NewAttempt, NewTicket, Ticket, TicketStored};

use crate::store::dynamo::Item;
use crate::store::error::StoreError;
use crate::store::operations::Changes;

/// Looks at the refusals of a transaction that ends with `unless_erased`, the condition that the player
/// is not being erased. Without an `erasure_key` there is no such condition.
///
/// # Errors
/// If that condition has refused the transaction.
fn is_not_erased(unless_erased: &Changes, refusals: &[Option<Item>]) -> Result<(), StoreError> {
    let mut last = refusals.iter().rev().take(unless_erased.0.len());
    if last.any(Option::is_some) {
        let what = "what is stored of a player who is being erased";
        return Err(StoreError::Contended { what });
    }
    Ok(())
}
