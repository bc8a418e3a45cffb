//! The player's side: claiming, linking, unlinking.

use super::names::{Account, Entitlement, Player, Process};
use super::state::{Claim, LINKS, Lease, Link, Place, State, Status};
use super::task::Task;
use super::{Condition, System};

impl System {
    pub(super) fn claim(&self, state: &mut State, it: Entitlement) -> bool {
        let claim = &mut state.claims[it as usize];
        let can = self.scope.home[it as usize].is_some() && *claim == Claim::Unclaimed;
        if can {
            *claim = Claim::Listed;
        }
        can
    }

    /// Amazon's word for an entitlement that it lists changes.
    pub(super) fn change_word(state: &mut State, it: Entitlement, from: Claim, to: Claim) -> bool {
        let claim = &mut state.claims[it as usize];
        let can = *claim == from;
        if can {
            *claim = to;
        }
        let is_withdrawn = |player| state.record(player, it).status == Status::Withdrawn;
        if can && to == Claim::Listed && Player::ALL.into_iter().any(is_withdrawn) {
            state.seen.asked_again.add(it);
        }
        can
    }

    /// One transaction: `PLAYER#` and `AMAZON#` change together, and what remained of an earlier
    /// link of the account goes.
    pub(super) fn link(&self, state: &mut State, player: Player, account: Account) -> bool {
        let linked = state.players[player as usize];
        let is_player_free = linked.is_none_or(|link| link.account == account);
        let taken = state.accounts[account as usize];
        let is_account_free = taken.is_none_or(|(it, _)| it == player);
        let id = state.links;
        let is_account_taken = !is_account_free && self.has(Condition::AccountFree);
        if !is_player_free || is_account_taken || usize::from(id) == LINKS {
            return false;
        }
        if !self.come_back(state, player) {
            return false;
        }
        state.links += 1;
        state.newest[usize::from(id)] = 1;
        state.players[player as usize] = Some(Link {
            id,
            account,
            version: 1,
            token: Some(1),
            dead: None,
            lease: Lease::Free,
        });
        state.accounts[account as usize] = Some((player, id));
        state.remnants[account as usize] = None;
        true
    }

    pub(super) fn read_link(state: &mut State, process: Process, player: Player) -> bool {
        let link = state.players[player as usize];
        if let Some(link) = link {
            state.processes[process as usize] = Task::Unlinking(player, link);
        }
        link.is_some()
    }

    /// One transaction: both rows go, and the tokens stay as a remnant, with their lease. Tokens
    /// that were kept aside go too.
    pub(super) fn unlink(&self, state: &mut State, process: Process, player: Player, read: Link) {
        let now = state.players[player as usize].filter(|link| link.id == read.id);
        // An expired lease is no write; a lease that another process has taken is one.
        let is_taken = |link: &Link| link.lease != Lease::Free && read.lease == Lease::Free;
        let is_as_read = |link: &Link| link.version == read.version && !is_taken(link);
        let remnant = if self.has(Condition::UnlinkAsRead) {
            now.filter(is_as_read)
        } else {
            now.map(|_| read)
        };
        match remnant {
            Some(remnant) => {
                *state.row(Place::Player(player)) = None;
                state.accounts[read.account as usize] = None;
                let remnant = Some(remnant).filter(|link| link.token.is_some());
                state.remnants[read.account as usize] = remnant;
                state.end(process);
            }
            // It has changed: look again.
            None => {
                if !Self::read_link(state, process, player) {
                    state.end(process);
                }
            }
        }
    }
}
