//! A check: what Amazon lists becomes `pending` or `held`.

use super::names::{Entitlement, Player, Process, Set};
use super::scope::Delivery;
use super::state::{State, Status};
use super::task::Task;
use super::{Condition, System};

impl System {
    /// A check: the link is read, and Amazon asked with its tokens. Who is not linked sees what is
    /// known.
    pub(super) fn ask(&self, state: &mut State, process: Process, player: Player) -> bool {
        let link = state.players[player as usize].filter(|link| link.token.is_some());
        let listing = link.map(|link| self.listing(state, link.account));
        state.processes[process as usize] = Task::Asked {
            player,
            link: link.map(|link| (link.id, link.account)),
            listing: listing.unwrap_or_default(),
            delivered: Set::of(|it| {
                let status = state.record(player, it).status;
                matches!(status, Status::Delivered | Status::Reported)
            }),
            answered: state.games[player as usize].answered,
        };
        true
    }

    /// A check reads what is open, after Amazon has answered.
    pub(super) fn read_open(state: &mut State, process: Process) {
        let Task::Asked {
            player,
            link,
            listing,
            answered,
            ..
        } = state.processes[process as usize]
        else {
            return;
        };
        let status = |it| state.record(player, it).status;
        let is_open = |it| !matches!(status(it), Status::Unseen | Status::Reported);
        state.processes[process as usize] = Task::Admitting {
            player,
            link,
            news: Set::of(|it| listing.has(it) && !is_open(it)),
            show: Set::of(|it| status(it) == Status::Pending),
            answered,
        };
    }

    /// One transaction: the next of the news becomes `pending` or `held`. After the last, the game
    /// gets its answer.
    pub(super) fn admit_next(&self, state: &mut State, process: Process) {
        let Task::Admitting {
            player,
            link,
            mut news,
            mut show,
            answered,
        } = state.processes[process as usize]
        else {
            return;
        };
        let (Some(it), Some((id, account))) = (news.first(), link) else {
            let game = &mut state.games[player as usize];
            state.seen.pending_again |= show.meets(answered);
            if self.scope.delivery == Some(Delivery::Confirm) {
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
        news.remove(it);
        let status = state.record(player, it).status;
        if status == Status::Unseen || !self.has(Condition::RecordAbsent) {
            state.seen.not_theirs |= linked.is_none_or(|link| link.account != account);
            let next = self.admit(state, player, it);
            state.become_status(player, it, next);
        }
        if state.record(player, it).status == Status::Pending {
            show.add(it);
        }
        state.processes[process as usize] = Task::Admitting {
            player,
            link,
            news,
            show,
            answered,
        };
    }

    fn admit(&self, state: &mut State, player: Player, it: Entitlement) -> Status {
        let owner = &mut state.owners[it as usize];
        let guard = &mut state.guards[player as usize][self.sku(it)];
        let is_other = owner.is_some_and(|owner| owner != player);
        let is_used_up = guard.first().is_some() && !guard.has(it);
        if is_other && self.has(Condition::OwnerMarker) || is_used_up && self.has(Condition::Guard)
        {
            return Status::Held;
        }
        *owner = Some(player);
        guard.add(it);
        Status::Pending
    }
}
