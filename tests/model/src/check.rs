//! A check: what Amazon lists becomes `pending` or `held`.

use super::action::Outcome;
use super::names::{Entitlement, Player, Process, Set};
use super::scope::Delivery;
use super::state::{Claim, Lease, State, Status};
use super::task::Task;
use super::{Condition, System};

impl System {
    /// A check: the link is read, and Amazon asked with its tokens. Who is not linked sees what is
    /// known.
    pub(super) fn ask(&self, state: &mut State, process: Process, player: Player) -> bool {
        let link = state.players[player as usize].filter(|link| link.token.is_some());
        let list = |word| link.map(|link| self.listing(state, link.account, word));
        state.processes[process as usize] = Task::Asked {
            player,
            link: link.map(|link| (link.id, link.account)),
            listing: list(Claim::Listed).unwrap_or_default(),
            taken_back: list(Claim::TakenBack).unwrap_or_default(),
            stale: Set::default(),
            delivered: Set::of(|it| {
                let status = state.record(player, it).status;
                matches!(status, Status::Delivered | Status::Reported)
            }),
            answered: state.games[player as usize].answered,
            began_paused: state.paused,
        };
        true
    }

    /// A check reads what is open, after Amazon has answered, and whether the offer is paused. If that
    /// read fails, it leaves alone what may be paused.
    pub(super) fn read_open(&self, state: &mut State, process: Process, outcome: Outcome) {
        let Task::Asked {
            player,
            link,
            listing,
            taken_back,
            stale,
            answered,
            began_paused,
            ..
        } = state.processes[process as usize]
        else {
            return;
        };
        let is_known = outcome == Outcome::Done || !self.has(Condition::PauseKnown);
        let paused = outcome == Outcome::Done && self.finds_it_paused(state);
        let status = |it| state.record(player, it).status;
        let is_told = |it| !stale.has(it) || !self.has(Condition::FreshList);
        let is_news = |it| match status(it) {
            Status::Unseen | Status::Reported => true,
            Status::Withdrawn => is_told(it),
            Status::HeldByPause => !paused,
            _ => false,
        };
        let is_pending = |it| status(it) == Status::Pending;
        let taken_back =
            Set::of(|it| is_known && taken_back.has(it) && is_pending(it) && is_told(it));
        state.processes[process as usize] = Task::Admitting {
            player,
            link,
            taken_back,
            news: Set::of(|it| is_known && listing.has(it) && is_news(it)),
            // What changes from now on refuses the writes.
            stale: Set::default(),
            show: Set::of(|it| is_known && is_pending(it) && !taken_back.has(it) && !paused),
            answered,
            began_paused,
            paused,
            to_hold: Set::of(|it| is_pending(it) && !taken_back.has(it) && paused),
        };
    }

    /// One transaction: the next of what was taken back is withdrawn, or the next of the news
    /// becomes `pending` or `held`. After the last, the game gets its answer.
    pub(super) fn admit_next(&self, state: &mut State, process: Process) {
        if let Task::Admitting {
            player, to_hold, ..
        } = &mut state.processes[process as usize]
            && let Some(it) = to_hold.first()
        {
            let player = *player;
            to_hold.remove(it);
            self.hold_paused(state, player, it);
            return;
        }
        let Task::Admitting {
            player,
            link,
            mut taken_back,
            mut news,
            stale,
            mut show,
            answered,
            began_paused,
            paused,
            mut to_hold,
        } = state.processes[process as usize]
        else {
            return;
        };
        let (Some(it), Some((id, account))) = (taken_back.first().or(news.first()), link) else {
            state.seen.pending_again |= show.meets(answered);
            self.see_pause(state, began_paused, show);
            let is_no_longer = |it| {
                let status = state.record(player, it).status;
                let is_held = matches!(
                    status,
                    Status::Withdrawn | Status::Held | Status::HeldByOperator | Status::HeldByPause
                );
                show.has(it) && is_held
            };
            if self.scope.delivery == Some(Delivery::Confirm) {
                let late = Set::of(is_no_longer);
                let handed_out = &mut state.seen.handed_out;
                *handed_out = Set::of(|it| handed_out.has(it) || late.has(it));
                let game = &mut state.games[player as usize];
                game.granted = Set::of(|it| game.granted.has(it) || show.has(it));
            }
            state.end(process);
            return;
        };
        let linked = state.players[player as usize];
        if self.has(Condition::LinkStillMine) && linked.is_none_or(|link| link.id != id) {
            state.end(process);
            return;
        }
        let is_as_read = !stale.has(it) || !self.has(Condition::FreshList);
        if taken_back.has(it) {
            if is_as_read && self.withdraw(state, process, player, it) {
                // The other write is still to come.
                return;
            }
            taken_back.remove(it);
        } else {
            news.remove(it);
            let is_new = match state.record(player, it).status {
                Status::Unseen => true,
                Status::Withdrawn => is_as_read,
                Status::HeldByPause => !paused,
                _ => false,
            };
            if is_new && paused {
                state.become_status(player, it, Status::HeldByPause);
            } else if is_new || !self.has(Condition::RecordAbsent) {
                state.seen.not_theirs |= linked.is_none_or(|link| link.account != account);
                self.admit(state, process, player, it);
            }
        }
        // Another request may have made it pending, from what it read before the pause.
        match state.record(player, it).status {
            Status::Pending if paused && self.has(Condition::PauseAlsoOthers) => to_hold.add(it),
            Status::Pending => show.add(it),
            _ => {}
        }
        state.processes[process as usize] = Task::Admitting {
            player,
            link,
            taken_back,
            news,
            stale,
            show,
            answered,
            began_paused,
            paused,
            to_hold,
        };
    }

    /// Amazon has taken it back. `true`: only the first of two writes was made, where there are
    /// two.
    fn withdraw(
        &self,
        state: &mut State,
        process: Process,
        player: Player,
        it: Entitlement,
    ) -> bool {
        let record = state.record(player, it);
        let is_pending = record.status == Status::Pending || !self.has(Condition::WithdrawPending);
        let is_free = record.lease.is_takeable() || !self.has(Condition::WithdrawUnleased);
        if !is_pending || !is_free {
            return false;
        }
        let guard = &mut state.guards[player as usize][self.sku(it)];
        let keeps_place = record.tried && self.has(Condition::TriedKeepsPlace)
            || !self.has(Condition::PlaceGivenBack);
        if !keeps_place && guard.has(it) {
            guard.remove(it);
            if !self.has(Condition::WithdrawAtOnce) {
                return true;
            }
        }
        state.seen.intruded |= !record.lease.is_takeable();
        state.record_mut(player, it).lease = Lease::Free;
        state.become_status(player, it, Status::Withdrawn);
        state.outdate(process, it);
        state.seen.asked_again.remove(it);
        if state.claims[it as usize] == Claim::Listed {
            state.seen.asked_again.add(it);
        }
        let game = state.games[player as usize];
        let is_the_games = self.scope.delivery == Some(Delivery::Confirm);
        if is_the_games && game.granted.has(it) && !game.answered.has(it) {
            state.seen.handed_out.add(it);
        }
        false
    }

    fn admit(&self, state: &mut State, process: Process, player: Player, it: Entitlement) {
        let was_withdrawn = state.record(player, it).status == Status::Withdrawn;
        let next = self.admitted_as(state, player, it);
        if was_withdrawn {
            state.seen.pending_unasked |=
                next == Status::Pending && !state.seen.asked_again.has(it);
            state.seen.asked_again.remove(it);
            state.outdate(process, it);
        }
        state.become_status(player, it, next);
    }

    pub(super) fn admitted_as(&self, state: &mut State, player: Player, it: Entitlement) -> Status {
        let owner = &mut state.owners[it as usize];
        let guard = &mut state.guards[player as usize][self.sku(it)];
        let is_other = owner.is_some_and(|owner| owner != player) || state.nobodys.has(it);
        let is_used_up = guard.first().is_some() && !guard.has(it);
        if is_other && self.has(Condition::OwnerMarker) || is_used_up && self.has(Condition::Guard)
        {
            return Status::Held;
        }
        *owner = Some(player);
        let was_paused = state.records[player as usize][it as usize].status == Status::HeldByPause;
        if !was_paused || self.has(Condition::PausePlace) {
            guard.add(it);
        }
        Status::Pending
    }
}
