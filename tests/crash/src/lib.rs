//! A crash at every step: the built functions are killed, timed out or cut off at their k-th
//! outgoing request, for every k there is, and afterwards every promise must hold.
//!
//! ```text
//! game, browser ──▶ gateway ──▶ function ──▶ proxy ──▶ DynamoDB, Amazon, studio
//!                                  ▲            │ at request k: kill, time out, lose the answer
//!                                  └── gate ◀───┘
//! ```
//!
//! - [`Proxy`] stands between the functions and a service, and [`Gate`] says what becomes of each request.
//! - [`World`] is the system with the proxies in place, and makes time pass.
//! - [`Player`] is a player's game and browser: they grant, confirm, retry, and link again.
//! - [`Studio`] is the backend that the webhook leads to.
//! - [`Journal`] watches from outside what must never happen.
//! - [`Wire`] stands in the gate's place where connections die, and not requests.
//! - [`sweep`] runs one [`Scenario`] through every kind of end and every request.
//!
//! Nothing here waits for time to pass: what is stored becomes older instead.

mod journal;
mod keys;
mod player;
mod previous;
mod promises;
mod rows;
mod studio;
mod sweep;
mod wire;
mod world;

pub use journal::Journal;
pub use local::proxy::{Gate, Mode, Proxy};
pub use player::{Check, Player, Question};
pub use previous::previous;
pub use promises::settle;
pub use rows::Backup;
pub use studio::Studio;
pub use sweep::{Scenario, sweep, sweep_beside};
pub use wire::{Idle, Wire};
pub use world::World;

/// `Err` is a broken promise, or a step that could not be made, as a sentence.
pub type Outcome<T = ()> = Result<T, String>;
