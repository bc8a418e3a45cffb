//! Erases a player: what is stored under the player's id goes, and what must outlive the player stays
//! under a keyed hash of the id.
//!
//! - Erasures `ERASED#<hash>`: the marker: the player was erased, or is being erased
//! - Fulfillments `PLAYER#p` / `ERASING`: the player is being erased
//! - Fulfillments `ERASED#<hash>` / `G#<sku>`: what the player has used up
//! - Fulfillments `ERASED#<hash>` / `A#…`: the player's audit records without ids, reasons and notes
//! - Fulfillments `RECEIPT#<receipt_id>` / `A#…`: the audit record of the erasure itself
//!
//! Every transaction of an erasure needs that the marker says `running`, with the same receipt. The
//! marker is written first. While it says `running`, no link is made and no operator's command is carried
//! out for the player: both need another marker, or none.

mod accounts;
mod attributes;
mod audits;
mod comeback;
mod export;
mod linking;
mod links;
mod marker;
mod rows;
mod scan;

pub use attributes::{Exported, knows_attribute};
pub use export::{ExportedLinking, OwnRow};
pub use linking::LinkingRows;
pub use links::OwnLink;
pub use marker::{Erasing, Marker};
pub use rows::{Dates, Fate, Stored};
pub use scan::{ScanPage, ScanPosition};
