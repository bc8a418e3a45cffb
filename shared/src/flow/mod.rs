//! The use cases: one file each, in three rooms.

mod entitlements;
mod fulfillment;
mod linking;
mod rows;
mod session;
mod standing;
mod tokens;

pub use crate::budget::Budget;
pub use entitlements::check::{CheckAnswer, check};
pub use entitlements::confirm::{Confirmed, confirm};
pub use entitlements::history::{Cursor, HistoryAnswer, HistoryPage, InvalidCursor, history};
pub use entitlements::view::EntitlementView;
pub use fulfillment::reconcile::{Reconciled, reconcile};
pub use linking::callback::{Callback, Ended, Finished, LinkedPlayer, finish_link};
pub use linking::device_poll::{DeviceAnswer, poll_device};
pub use linking::device_start::{DeviceRefused, DeviceSession, start_device};
pub use linking::login::{begin_login, continue_login};
pub use linking::start::{
    Begun, LinkSession, StartRefused, begin_link, link_question, start_session,
};
pub use linking::status::{LinkAnswer, link_status};
pub use linking::unlink::unlink;
