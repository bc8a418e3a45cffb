//! `player.erase`: the marker first, then one transaction for each thing, and the marker again.

use super::names::{Entitlement, Player, Set};
use super::state::{Record, State, Status};
use super::{Condition, System};

/// How far the erasure of a player is: the marker.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Erasure {
    /// There is no marker.
    #[default]
    Never,
    /// It has begun. Nothing is linked.
    Running,
    /// It has ended. A link brings back what is used up.
    Done,
}

/// One transaction of an erasure. A crash between two leaves the rest to the next call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Erase {
    /// The marker says that it has begun.
    Begin(Player),
    /// The link goes, without a remnant.
    Link(Player),
    /// A record goes, and its owner is no player any more.
    Record(Player, Entitlement),
    /// The guards move under the hash.
    Guards(Player),
    /// The marker says that it has ended.
    Finish(Player),
}

impl System {
    pub(super) fn erase(&self, state: &mut State, step: Erase) -> bool {
        match step {
            Erase::Begin(player) => {
                let marker = &mut state.erasures[player as usize];
                let begins = *marker != Erasure::Running;
                *marker = Erasure::Running;
                begins
            }
            Erase::Link(player) => {
                let link = state.players[player as usize];
                let Some(link) = link.filter(|_| is_running(state, player)) else {
                    return false;
                };
                state.players[player as usize] = None;
                state.accounts[link.account as usize] = None;
                true
            }
            Erase::Record(player, it) => self.erase_record(state, player, it),
            Erase::Guards(player) => self.erase_guards(state, player),
            Erase::Finish(player) => {
                let is_nothing_left = state.players[player as usize].is_none()
                    && state.guards[player as usize] == [Set::default(); 2]
                    && Entitlement::ALL
                        .into_iter()
                        .all(|it| state.record(player, it).status == Status::Unseen);
                let ends = is_running(state, player) && is_nothing_left;
                if ends {
                    state.erasures[player as usize] = Erasure::Done;
                }
                ends
            }
        }
    }

    fn erase_record(&self, state: &mut State, player: Player, it: Entitlement) -> bool {
        let record = state.record(player, it);
        let is_there = record.status != Status::Unseen && record.lease.is_takeable();
        // The link goes first: nothing else would keep a check from writing the record anew.
        let is_unlinked = state.players[player as usize].is_none();
        if !is_running(state, player) || !is_there || !is_unlinked {
            return false;
        }
        *state.record_mut(player, it) = Record::default();
        state.seen.erased.add(it);
        if state.owners[it as usize] == Some(player) {
            state.owners[it as usize] = None;
            if self.has(Condition::OwnerErased) {
                state.nobodys.add(it);
            }
        }
        true
    }

    fn erase_guards(&self, state: &mut State, player: Player) -> bool {
        let guards = state.guards[player as usize];
        if !is_running(state, player)
            || guards == [Set::default(); 2]
            || state.players[player as usize].is_some()
        {
            return false;
        }
        if self.has(Condition::GuardKept) {
            state.used_up[player as usize] = both(state.used_up[player as usize], guards);
        }
        state.guards[player as usize] = [Set::default(); 2];
        true
    }

    /// What the transaction of a new link needs of the marker, and brings back. `false`: no link.
    pub(super) fn come_back(&self, state: &mut State, player: Player) -> bool {
        match state.erasures[player as usize] {
            Erasure::Never => {}
            Erasure::Running => return !self.has(Condition::NoLinkWhileErased),
            Erasure::Done => {
                let guards = &mut state.guards[player as usize];
                *guards = both(*guards, state.used_up[player as usize]);
                state.seen.came_back = true;
            }
        }
        true
    }
}

fn is_running(state: &State, player: Player) -> bool {
    state.erasures[player as usize] == Erasure::Running
}

fn both(one: [Set; 2], other: [Set; 2]) -> [Set; 2] {
    let union = |sku: usize| Set::of(|it| one[sku].has(it) || other[sku].has(it));
    [union(0), union(1)]
}
