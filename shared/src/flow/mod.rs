//! One file per use case. This is what the service is for; the rest is how.

mod admit;
mod budget;
mod check;
mod confirm;
mod deliver;
mod device_poll;
mod device_start;
mod first_check;
mod history;
mod lease;
mod link_finish;
mod link_login;
mod link_make;
mod link_start;
mod persist;
mod reconcile;
mod report;
mod rows;
mod session;
mod standing;
mod tokens;
mod unlink;
mod view;

pub use budget::Budget;
pub use check::{CheckAnswer, check};
pub use confirm::{Confirmed, confirm};
pub use device_poll::{DeviceAnswer, poll_device};
pub use device_start::{DeviceRefused, DeviceSession, start_device};
pub use history::{Cursor, HistoryAnswer, HistoryPage, InvalidCursor, history};
pub use link_finish::{Callback, Ended, Finished, LinkedPlayer, finish_link};
pub use link_login::{begin_login, continue_login};
pub use link_start::{Begun, LinkSession, StartRefused, begin_link, link_question, start_session};
pub use reconcile::{Reconciled, reconcile};
pub use unlink::{LinkAnswer, link_status, unlink};
pub use view::EntitlementView;
