//! Players' links: the rows `PLAYER#`, `AMAZON#` and `REMNANT#` of the table of links.

mod inherited;
mod keys;
mod link;
mod linking;
mod operators;
mod player;
mod remnants;
mod row;
mod second_looks;
mod tokens;
mod unlinking;

pub use inherited::Inherited;
pub use keys::{SealedPage, SealedPosition, SealedRow};
pub use link::{DeadTokens, Link, LinkState, PlayerRow, RefreshLease, Remnant, TokenRow};
pub use linking::{LinkOrigin, LinkOutcome, NewLink, Replaced};
pub(in crate::store) use row::player_row;
pub use unlinking::RemnantTimes;
