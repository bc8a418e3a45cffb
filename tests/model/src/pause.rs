//! A paused offer. Every entitlement of the run is of it.
//!
//! Nobody writes the offer's pause into the records: a check and a run of `reconcile` read it, and hold
//! what is `pending`. So an entitlement may be `pending` while its offer is paused, but nothing of it is
//! handed out by a request that came in after the pause.

use super::names::{Entitlement, Player, Process, Set};
use super::scope::Delivery;
use super::state::{Lease, State, Status};
use super::task::Task;
use super::{Condition, System};

impl System {
    /// `offers.pause`, `offers.resume`: one transaction about the offer.
    pub(super) fn pause(state: &mut State, is_paused: bool) -> bool {
        let was_paused = std::mem::replace(&mut state.paused, is_paused);
        if !is_paused {
            // A request that came in during the pause may hand out what it finds from now on.
            for task in &mut state.processes {
                match task {
                    Task::Asked { began_paused, .. } | Task::Admitting { began_paused, .. } => {
                        *began_paused = false;
                    }
                    _ => {}
                }
            }
        }
        was_paused != is_paused
    }

    /// Whether a request that reads the offer now finds it paused.
    pub(super) fn finds_it_paused(&self, state: &State) -> bool {
        state.paused && self.has(Condition::PauseAsked)
    }

    /// One write of a check: what is `pending` is held, unless a process has the lease to deliver it.
    pub(super) fn hold_paused(&self, state: &mut State, player: Player, it: Entitlement) {
        let record = state.record(player, it);
        let is_free = record.lease.is_takeable() || !self.has(Condition::PauseUnleased);
        if record.status == Status::Pending && is_free {
            state.seen.intruded |= !record.lease.is_takeable();
            state.record_mut(player, it).lease = Lease::Free;
            state.become_status(player, it, Status::HeldByPause);
        }
    }

    /// A run of `reconcile` finds what was held for a pause, and reads that the offer is not paused.
    pub(super) fn find_resumed(
        &self,
        state: &mut State,
        process: Process,
        player: Player,
        it: Entitlement,
    ) -> bool {
        let is_held = state.record(player, it).status == Status::HeldByPause;
        if !is_held || self.finds_it_paused(state) {
            return false;
        }
        state.processes[process as usize] = Task::Resuming(player, it);
        true
    }

    /// One transaction: what was held for a pause is `pending` again, or held for what is in its way
    /// now. Its place in the guard was kept. The offer may be paused again meanwhile.
    pub(super) fn resume(&self, state: &mut State, player: Player, it: Entitlement) {
        if state.record(player, it).status == Status::HeldByPause {
            let next = self.admitted_as(state, player, it);
            state.become_status(player, it, next);
        }
    }

    /// A game has been answered with what is in `show`, by a request that came in during a pause which
    /// has not ended since.
    pub(super) fn see_pause(&self, state: &mut State, began_paused: bool, show: Set) {
        let is_the_games = self.scope.delivery == Some(Delivery::Confirm);
        state.seen.handed_out_paused |= is_the_games && began_paused && show.first().is_some();
    }

    /// `reconcile` has the lease on what is `pending`, and reads the offer.
    pub(super) fn send_or_hold(
        &self,
        state: &mut State,
        process: Process,
        player: Player,
        it: Entitlement,
    ) {
        state.processes[process as usize] = if self.finds_it_paused(state) {
            Task::Pausing(player, it)
        } else {
            state.seen.handed_out_paused |= state.paused;
            Task::Sending(player, it)
        };
    }
}
