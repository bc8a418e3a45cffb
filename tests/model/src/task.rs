//! The tasks of the processes.

use super::names::{Account, Entitlement, Player, Set};
use super::state::{Link, Place};

/// What a process is in the middle of: its memory between two requests. Where it says `link`,
/// that is the link's id and account as they were read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Task {
    #[default]
    Idle,
    /// A check: Amazon has listed, our records are to be read.
    Asked {
        player: Player,
        link: Option<(u8, Account)>,
        listing: Set,
        /// What Amazon lists with another word than `FULFILL`.
        taken_back: Set,
        /// What was withdrawn, or became `pending` again, since Amazon was asked.
        stale: Set,
        /// What was `delivered` or further when Amazon was asked.
        delivered: Set,
        /// What the game had been answered when the check began.
        answered: Set,
        /// Whether the offer was paused when the check began, and has been since.
        began_paused: bool,
    },
    /// A check: `to_hold` are to be held, because the offer is `paused`. `taken_back` are to be withdrawn and `news` to be written down, `show` is what the
    /// game will see as `pending`.
    Admitting {
        player: Player,
        link: Option<(u8, Account)>,
        taken_back: Set,
        news: Set,
        stale: Set,
        show: Set,
        answered: Set,
        began_paused: bool,
        paused: bool,
        to_hold: Set,
    },
    /// Has a lease, and is to ask Amazon what became of an earlier report.
    LookingUp(Player, Entitlement),
    /// Has a lease, and is to tell Amazon.
    Telling(Player, Entitlement, Waits),
    /// Amazon knows; that is to be written down.
    Marking(Player, Entitlement, Waits),
    /// The game is to be answered.
    Answering(Player, Entitlement),
    /// Has found the offer not paused, and is to resume what was held for the pause.
    Resuming(Player, Entitlement),
    /// Webhook: has a lease, and is to hold it, because its offer is paused.
    Pausing(Player, Entitlement),
    /// Webhook: has a lease, and is to call the studio.
    Sending(Player, Entitlement),
    /// Webhook: the studio took it; that is to be written down.
    Sent(Player, Entitlement),
    /// Webhook: the studio refused it; that is to be written down.
    Refused(Player, Entitlement),
    /// Has read a link, and is to take its refresh lease.
    Refreshing(Place, Link),
    /// Has the refresh lease, and is to exchange the token.
    Exchanging(Place, Link),
    /// Has a new token, the how-manieth, and is to store it.
    Storing(Place, Link, u8),
    /// Was told `invalid_grant`, and is to keep the token aside.
    Burying(Place, Link),
    /// Has read a link, and is to end it.
    Unlinking(Player, Link),
}

/// Whether a game waits for this task's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Waits {
    Game,
    Nobody,
}
