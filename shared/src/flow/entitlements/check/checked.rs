//! The result of a check.

use crate::App;
use crate::api::{Check, Entitlement};
use crate::domain::{LinkStatus, Timestamp, shown_order};
use crate::flow::standing;
use crate::store::{Link, Record};

/// The most entitlements in one response.
const MOST: usize = 50;

/// The result of a check.
#[derive(Debug)]
pub struct Checked {
    /// What the game gets.
    pub response: Check,
    /// Something that Amazon listed could not be written down.
    pub(super) left_out: bool,
}

impl Checked {
    /// Whether Amazon was asked and answered, and all that it listed is written down.
    pub(in crate::flow) fn is_whole(&self) -> bool {
        self.response.fresh && !self.left_out
    }

    /// Before this time, a check is answered from what is known.
    pub(in crate::flow) fn next_check_at(&self) -> Option<Timestamp> {
        self.response.next_check_at
    }
}

/// The result with these entitlements. `link` is the player's link, if there is one.
pub(super) fn checked(
    app: &App,
    status: LinkStatus,
    link: Option<&Link>,
    fresh: bool,
    mut entitlements: Vec<Record>,
) -> Checked {
    entitlements.retain(|record| standing::is_shown(app, record));
    Checked {
        response: Check {
            link: status,
            fresh,
            checked_at: link.and_then(|link| link.checked_at),
            next_check_at: link.and_then(|link| standing::may_ask_at(app, link)),
            more: entitlements.len() > MOST,
            entitlements: show(entitlements),
        },
        left_out: false,
    }
}

/// `pending` ones first, then the others, each oldest first.
fn show(mut records: Vec<Record>) -> Vec<Entitlement> {
    fn order(record: &Record) -> impl Ord {
        shown_order(record.status, record.first_seen_at, &record.id)
    }
    records.sort_by(|a, b| order(a).cmp(&order(b)));
    records.truncate(MOST);
    records.into_iter().map(Entitlement::from).collect()
}
