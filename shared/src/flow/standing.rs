//! What a stored link or record means under the present settings.
//!
//! Tokens belong to the LWA client that they were issued to. Where that client id is no longer
//! ours, Amazon is not asked with them: the player sees `relink_required`. Nothing is written, so
//! the link serves again once the setting is changed back.

use crate::App;
use crate::budget::INTAKE_HOLD_PAUSE;
use crate::config::Intake;
use crate::domain::{self, LinkStatus, Timestamp};
use crate::store::{Link, PlayerRow, Record};

/// Whether the link's tokens were issued to one of our client ids.
pub(super) fn is_ours(app: &App, link: &Link) -> bool {
    app.config.lwa.is_ours(&link.client_id)
}

/// The status of the player's link.
pub(super) fn status(app: &App, row: &PlayerRow) -> LinkStatus {
    match &row.link {
        Some(link) if !is_ours(app, link) => LinkStatus::RelinkRequired,
        _ => row.status(),
    }
}

/// The earliest time at which a check may ask Amazon; `None` if no check will, because the player
/// has to link again first.
pub(super) fn may_ask_at(app: &App, link: &Link) -> Option<Timestamp> {
    link.may_ask_at().filter(|_| is_ours(app, link))
}

/// Whether the intake is on hold.
pub(super) fn is_on_hold(app: &App) -> bool {
    app.config.intake == Intake::Hold
}

/// When to look again whether the intake is still on hold. With jitter, so that waiting records do not
/// come back together.
pub(super) fn after_hold(app: &App, now: Timestamp) -> Timestamp {
    now + INTAKE_HOLD_PAUSE.mul_f64(1.0 + app.jitter.fraction())
}

/// Whether the API shows this entitlement: while the intake is on hold, nothing is handed out.
pub(super) fn is_shown(app: &App, record: &Record) -> bool {
    domain::is_shown(record.status, is_on_hold(app))
}
