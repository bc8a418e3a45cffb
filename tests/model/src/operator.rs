//! What an operator does: each command is one transaction.

use super::names::{Entitlement, Player};
use super::scope::Delivery;
use super::state::{Lease, Record, State, Status};
use super::{Condition, System};

/// A command of an operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Command {
    /// What is `pending` is held.
    Hold(Player, Entitlement),
    /// What is held is `pending`, whatever the offer's limit says.
    Release(Player, Entitlement),
    /// What was not delivered is the other player's.
    Move(Player, Entitlement),
    /// The offer is paused.
    Pause,
    /// The offer is resumed.
    Resume,
}

impl System {
    pub(super) fn operate(&self, state: &mut State, command: Command) -> bool {
        match command {
            Command::Hold(player, it) => self.hold(state, player, it),
            Command::Release(player, it) => self.release(state, player, it),
            Command::Move(player, it) => self.move_away(state, player, it),
            Command::Pause => Self::pause(state, true),
            Command::Resume => Self::pause(state, false),
        }
    }

    fn hold(&self, state: &mut State, player: Player, it: Entitlement) -> bool {
        let record = state.record(player, it);
        let is_free = record.lease.is_takeable() || !self.has(Condition::HoldUnleased);
        if record.status != Status::Pending || !is_free {
            return false;
        }
        self.take_from(state, player, it, Status::HeldByOperator);
        true
    }

    fn release(&self, state: &mut State, player: Player, it: Entitlement) -> bool {
        let owner = state.owners[it as usize];
        let is_theirs = owner.is_none_or(|owner| owner == player);
        let record = state.record(player, it);
        if !matches!(record.status, Status::Held | Status::HeldByOperator)
            || !is_theirs && self.has(Condition::ReleaseOwner)
        {
            return false;
        }
        if record.status == Status::Held {
            state.seen.released.add(it);
        }
        state.owners[it as usize] = Some(player);
        state.guards[player as usize][self.sku(it)].add(it);
        // The operator has settled with the studio why it was refused.
        state.games[player as usize].refused.remove(it);
        let record = state.record_mut(player, it);
        record.status = Status::Pending;
        record.lease = Lease::Free;
        true
    }

    fn move_away(&self, state: &mut State, player: Player, it: Entitlement) -> bool {
        let to = match player {
            Player::A => Player::B,
            Player::B => Player::A,
        };
        let record = state.record(player, it);
        let is_held = matches!(record.status, Status::Pending | Status::HeldByOperator)
            || !self.has(Condition::MoveUndelivered)
                && matches!(record.status, Status::Delivered | Status::Reported);
        let is_free = record.lease.is_takeable() || !self.has(Condition::MoveUntried);
        let is_untried = !record.tried || !self.has(Condition::MoveUntried);
        let is_new = matches!(state.record(to, it).status, Status::Unseen | Status::Held);
        let guard = state.guards[to as usize][self.sku(it)];
        let is_used_up = guard.first().is_some() && !guard.has(it);
        if !is_held || !is_free || !is_untried || !is_new || is_used_up {
            return false;
        }
        self.take_from(state, player, it, Status::Held);
        state.guards[player as usize][self.sku(it)].remove(it);
        if self.has(Condition::OwnerMoves) {
            state.owners[it as usize] = Some(to);
        }
        state.guards[to as usize][self.sku(it)].add(it);
        *state.record_mut(to, it) = Record {
            status: Status::Pending,
            ..Record::default()
        };
        true
    }

    /// The player's record is `pending` no longer. What the game was handed, it may have granted: the
    /// operator answers for that.
    fn take_from(&self, state: &mut State, player: Player, it: Entitlement, next: Status) {
        let record = state.record_mut(player, it);
        let is_anothers = !record.lease.is_takeable();
        record.status = next;
        record.lease = Lease::Free;
        record.tried &= next == Status::HeldByOperator;
        state.seen.intruded |= is_anothers;
        let game = state.games[player as usize];
        let is_the_games = self.scope.delivery == Some(Delivery::Confirm);
        if is_the_games && game.granted.has(it) && !game.answered.has(it) {
            state.seen.handed_out.add(it);
        }
    }
}
