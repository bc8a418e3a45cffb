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
