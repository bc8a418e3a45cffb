//! The use cases: one file each, in five folders. `session` calls Prime Gaming for them with
//! the player's tokens.

mod entitlements;
mod fulfillment;
mod linking;
mod operations;
mod reconcile;
mod rows;
mod session;
mod standing;
mod tokens;

pub use crate::budget::Budget;
pub use crate::store::{Request, StoreError, Ticket};
pub use entitlements::check::{Checked, check};
pub use entitlements::confirm::confirm;
pub use entitlements::history::{Cursor, HistoryPage, InvalidCursor, history};
pub use linking::callback::{AttemptResult, Callback, CallbackResult, LinkedPlayer, callback};
pub use linking::device_poll::{DeviceResult, poll_device};
pub use linking::device_start::{DeviceRefused, DeviceSession, start_device};
pub use linking::error::LinkError;
pub use linking::login::{begin_login, continue_login};
pub use linking::start::{
    Authorization, LinkSession, StartRefused, authorize, start_session, usable_ticket,
};
pub use linking::status::link_status;
pub use linking::unlink::unlink;
pub use operations::accounts::get_account;
pub use operations::attention::{Wanted, list_attention, release_attention};
pub use operations::corrections::correct_offer;
pub use operations::entitlements::{get_entitlement, hold, reassign, release, rereport};
pub use operations::erase::erase_player;
pub use operations::erase_again::erase_again;
pub use operations::export::export_player;
pub use operations::keys::{key_status, reseal};
pub use operations::offers::{delete_offer, list_offers, pause_offer, put_offers};
pub use operations::players::{get_player, retry_link, unlink_player};
pub use operations::sentences::Sentences;
pub use operations::{Answer, OperationError, Order};
pub use reconcile::{Reconciled, reconcile};
