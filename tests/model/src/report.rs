//! From `pending` over `delivered` to `reported`.

use super::action::Outcome;
use super::names::{Account, Entitlement, Player, Process, Set};
use super::state::{Claim, Lease, State, Status};
use super::task::{Task, Waits};
use super::{Condition, System};

/// What a lookup says about a report that may have been made before.
#[derive(PartialEq, Eq)]
enum Verdict {
    Wanted,
    Heard,
}

impl System {
    /// What Amazon lists for the account with this word.
    pub(super) fn listing(&self, state: &State, account: Account, word: Claim) -> Set {
        Set::of(|it| {
            self.scope.home[it as usize] == Some(account) && state.claims[it as usize] == word
        })
    }

    /// The game says "delivered".
    pub(super) fn confirm(
        &self,
        state: &mut State,
        process: Process,
        player: Player,
        it: Entitlement,
    ) -> bool {
        if !self.has(Condition::DeliveredFirst) {
            state.processes[process as usize] = Task::Telling(player, it, Waits::Game);
            return true;
        }
        let status = state.record(player, it).status;
        let needs_pending = self.has(Condition::PendingToDelivered);
        if status == Status::Pending || !needs_pending {
            state.become_status(player, it, Status::Delivered);
            state.record_mut(player, it).lease = Lease::Held(process);
            state.processes[process as usize] = Task::Telling(player, it, Waits::Game);
            return true;
        }
        state.processes[process as usize] = Task::Answering(player, it);
        true
    }

    /// `reconcile` takes a due record.
    pub(super) fn take(
        &self,
        state: &mut State,
        process: Process,
        player: Player,
        it: Entitlement,
    ) -> bool {
        let can = self.is_due(state, player, it);
        if can {
            let record = state.record_mut(player, it);
            record.lease = Lease::Held(process);
            record.tried =
                record.status == Status::Pending && (self.scope.takes_back || self.scope.operates);
            state.processes[process as usize] = match record.status {
                Status::Pending => {
                    self.send_or_hold(state, process, player, it);
                    return true;
                }
                // It may have been reported before.
                _ => Task::LookingUp(player, it),
            };
        }
        can
    }

    /// A check takes a `delivered` record, and knows Amazon's list already.
    pub(super) fn report_known(
        &self,
        state: &mut State,
        process: Process,
        it: Entitlement,
    ) -> bool {
        let Task::Asked {
            player,
            link: Some((_, account)),
            listing,
            taken_back,
            delivered,
            ..
        } = state.processes[process as usize]
        else {
            return false;
        };
        let record = state.record_mut(player, it);
        let is_ours = self.scope.home[it as usize] == Some(account);
        if record.status != Status::Delivered || !record.lease.is_takeable() || !is_ours {
            return false;
        }
        // Amazon's word is not known: it is left alone.
        if taken_back.has(it) {
            return false;
        }
        record.lease = Lease::Held(process);
        let says_something = delivered.has(it) || !self.has(Condition::FreshLookup);
        let verdict = if listing.has(it) || !says_something {
            Verdict::Wanted
        } else {
            Verdict::Heard
        };
        Self::decide(state, process, player, it, &verdict);
        true
    }

    fn decide(
        state: &mut State,
        process: Process,
        player: Player,
        it: Entitlement,
        verdict: &Verdict,
    ) {
        state.processes[process as usize] = match verdict {
            Verdict::Wanted => Task::Telling(player, it, Waits::Nobody),
            Verdict::Heard => Task::Marking(player, it, Waits::Nobody),
        };
    }

    pub(super) fn delivery_step(
        &self,
        state: &mut State,
        process: Process,
        outcome: Outcome,
    ) -> bool {
        match state.processes[process as usize] {
            Task::Asked { .. } => self.read_open(state, process, outcome),
            Task::Admitting { .. } => self.admit_next(state, process),
            Task::LookingUp(player, it) => self.look_up(state, process, player, it, outcome),
            Task::Telling(player, it, waits) => {
                self.tell(state, process, (player, it), waits, outcome);
            }
            Task::Marking(player, it, waits) => {
                self.complete(state, process, (player, it), Status::Reported);
                Self::answer_or_end(state, process, (player, it), waits);
            }
            Task::Answering(player, it) => {
                let status = state.record(player, it).status;
                if matches!(status, Status::Delivered | Status::Reported) {
                    state.games[player as usize].answered.add(it);
                }
                state.end(process);
            }
            Task::Sending(player, it) => {
                return self.send(state, process, player, it, outcome);
            }
            Task::Sent(player, it) => {
                // The lease goes on: the report comes next.
                if self.complete(state, process, (player, it), Status::Delivered) {
                    state.record_mut(player, it).lease = Lease::Held(process);
                    state.processes[process as usize] = Task::Telling(player, it, Waits::Nobody);
                } else {
                    state.end(process);
                }
            }
            Task::Resuming(player, it) => {
                self.resume(state, player, it);
                state.end(process);
            }
            Task::Pausing(player, it) => {
                self.complete(state, process, (player, it), Status::HeldByPause);
                state.end(process);
            }
            Task::Refused(player, it) => {
                self.complete(state, process, (player, it), Status::Held);
                state.end(process);
            }
            _ => return false,
        }
        true
    }

    fn look_up(
        &self,
        state: &mut State,
        process: Process,
        player: Player,
        it: Entitlement,
        outcome: Outcome,
    ) {
        let account = self.scope.home[it as usize];
        let session = account.filter(|account| state.session(*account).is_some());
        match session {
            // A word that is not known leaves it alone.
            Some(account)
                if outcome == Outcome::Done && state.claims[it as usize] != Claim::TakenBack =>
            {
                let verdict = if self.listing(state, account, Claim::Listed).has(it) {
                    Verdict::Wanted
                } else {
                    Verdict::Heard
                };
                Self::decide(state, process, player, it, &verdict);
            }
            _ => {
                self.give_back(state, process, player, it);
                state.end(process);
            }
        }
    }

    /// The report. That Amazon was told before may be no success to it.
    fn tell(
        &self,
        state: &mut State,
        process: Process,
        (player, it): (Player, Entitlement),
        waits: Waits,
        outcome: Outcome,
    ) {
        let account = self.scope.home[it as usize];
        let is_wanted = state.claims[it as usize] != Claim::TakenBack;
        let has_session =
            is_wanted && account.is_some_and(|account| state.session(account).is_some());
        if has_session && outcome != Outcome::Failed {
            state.claims[it as usize] = Claim::Fulfilled;
        }
        if has_session && outcome == Outcome::Done {
            state.processes[process as usize] = Task::Marking(player, it, waits);
            return;
        }
        self.give_back(state, process, player, it);
        Self::answer_or_end(state, process, (player, it), waits);
    }

    fn answer_or_end(
        state: &mut State,
        process: Process,
        (player, it): (Player, Entitlement),
        waits: Waits,
    ) {
        state.end(process);
        if waits == Waits::Game {
            state.processes[process as usize] = Task::Answering(player, it);
        }
    }

    /// The webhook, with the entitlement's id as the studio's idempotency key.
    fn send(
        &self,
        state: &mut State,
        process: Process,
        player: Player,
        it: Entitlement,
        outcome: Outcome,
    ) -> bool {
        let game = &mut state.games[player as usize];
        let is_final = self.has(Condition::RefusalIsFinal);
        match outcome {
            Outcome::Done | Outcome::AnswerLost if is_final && game.refused.has(it) => {
                return false;
            }
            // What the studio has taken before is taken.
            Outcome::Refused if game.granted.has(it) => return false,
            Outcome::Denied => return false,
            Outcome::Done => {
                game.granted.add(it);
                state.processes[process as usize] = Task::Sent(player, it);
            }
            Outcome::Refused => {
                game.refused.add(it);
                state.processes[process as usize] = Task::Refused(player, it);
            }
            Outcome::AnswerLost | Outcome::Failed => {
                if outcome == Outcome::AnswerLost {
                    game.granted.add(it);
                }
                self.give_back(state, process, player, it);
                state.end(process);
            }
        }
        true
    }

    /// A completing write; `false` if it was refused.
    fn complete(
        &self,
        state: &mut State,
        process: Process,
        (player, it): (Player, Entitlement),
        next: Status,
    ) -> bool {
        let record = state.record(player, it);
        let expected = match next {
            Status::Reported => Status::Delivered,
            _ => Status::Pending,
        };
        let is_mine = record.lease.is_of(process) || !self.has(Condition::LeaseOwner);
        let can = is_mine && record.status == expected;
        if can {
            state.become_status(player, it, next);
            Self::free(state, process, player, it);
        }
        can
    }

    /// The outcome is unknown, or there was none: the record stays, and is due again.
    fn give_back(&self, state: &mut State, process: Process, player: Player, it: Entitlement) {
        let lease = state.record(player, it).lease;
        if lease.is_of(process) || !self.has(Condition::LeaseOwner) {
            Self::free(state, process, player, it);
        }
    }

    fn free(state: &mut State, process: Process, player: Player, it: Entitlement) {
        let lease = &mut state.record_mut(player, it).lease;
        let is_anothers = *lease != Lease::Free && !lease.is_of(process);
        *lease = Lease::Free;
        state.seen.intruded |= is_anothers;
    }
}
