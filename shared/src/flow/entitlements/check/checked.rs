//! The result of a check.

use crate::App;
use crate::api::{Check, Entitlement};
use crate::domain::{LinkStatus, Timestamp, shown_order};
use crate::flow::standing;
use crate::store::{Link, Record};

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

/// What a response has of what is open.
#[derive(Debug)]
pub(super) struct Shown {
    pub(super) records: Vec<Record>,
    /// Whether there are more than these.
    pub(super) more: bool,
}

impl Shown {
    /// `pending` ones first, then the others, each oldest first, and no more than a response takes.
    pub(super) fn of(app: &App, mut open: Vec<Record>) -> Self {
        open.retain(|record| standing::is_shown(app, record));
        sort(&mut open);
        let more = open.len() > Check::MOST_ENTITLEMENTS;
        open.truncate(Check::MOST_ENTITLEMENTS);
        Self {
            records: open,
            more,
        }
    }
}

/// The result with these entitlements. `link` is the player's link, if there is one.
pub(super) fn checked(
    app: &App,
    status: LinkStatus,
    link: Option<&Link>,
    fresh: bool,
    mut shown: Shown,
) -> Checked {
    // Some may have changed since they were chosen.
    sort(&mut shown.records);
    Checked {
        response: Check {
            link: status,
            fresh,
            checked_at: link.and_then(|link| link.checked_at),
            next_check_at: link.and_then(|link| standing::may_ask_at(app, link)),
            more: shown.more,
            entitlements: shown.records.into_iter().map(Entitlement::from).collect(),
        },
        left_out: false,
    }
}

fn sort(records: &mut [Record]) {
    fn order(record: &Record) -> impl Ord {
        shown_order(record.status, record.first_seen_at, &record.id)
    }
    records.sort_by(|a, b| order(a).cmp(&order(b)));
}
