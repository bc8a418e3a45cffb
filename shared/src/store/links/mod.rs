//! Players' links: the rows `PLAYER#`, `AMAZON#` and `REMNANT#` of the table of links.

mod inherited;
mod link;
mod linking;
mod player;
mod remnants;
mod row;
mod second_looks;
mod tokens;
mod unlinking;

pub use inherited::Inherited;
pub use link::{DeadTokens, Home, Link, LinkState, PlayerRow, RefreshLease, Remnant};
pub use linking::{Ending, LinkOutcome, NewLink, Replaced};
pub use player::TakenCheck;
pub use unlinking::{RemnantTimes, Unlinked};
