//! The promises, as the checker sees them.

use stateright::Property;

use super::System;
use super::erasure::Erasure;
use super::names::{Entitlement, Player};
use super::scope::{Rotation, Scope};
use super::state::{Claim, State, Status};

pub(super) const ONE_PLAYER: &str = "an entitlement is granted to at most one player";
pub(super) const NOT_AGAIN: &str = "what was confirmed is not pending again";
pub(super) const FORWARD: &str = "a record only moves along its life";
pub(super) const TAKEN: &str = "what the studio took is not held";
pub(super) const LOST_LEASE: &str = "who has lost a lease changes nothing";
pub(super) const NOTHING_LEFT: &str = "recovery leaves nothing behind";
pub(super) const HEARD: &str = "reported is what Amazon heard";
pub(super) const DELIVERED_FIRST: &str = "Amazon hears only of what is delivered";
pub(super) const PER_PLAYER: &str = "an offer is granted at most once per player";
pub(super) const PLACE: &str = "what Amazon took back uses no offer up";
pub(super) const ASKED_AGAIN: &str =
    "what Amazon took back is pending again when Amazon asks again";
pub(super) const BRAKE: &str = "nothing is handed out by who asks after the pause";
pub(super) const SUPERSEDED: &str = "a superseded token is not exchanged";
pub(super) const NOT_OLDER: &str = "a token is not replaced by an older one";
pub(super) const TOKEN_KEPT: &str = "no token is lost without a crash";
pub(super) const REVIVED: &str = "a second look revives every link whose token is good";
pub(super) const ONE_ACCOUNT: &str = "one account, one player";
pub(super) const THEIRS: &str = "an entitlement is written down for whom it was listed";

type Condition = fn(&System, &State) -> bool;

/// What always holds, and, so that a run that explores nothing is noticed, what sometimes does.
pub(super) fn of(scope: &Scope) -> Vec<Property<System>> {
    let always: [(&'static str, Condition); 18] = [
        (ONE_PLAYER, |_, it| granted_to_one(it)),
        (NOT_AGAIN, |_, it| !it.seen.pending_again),
        (FORWARD, |_, it| !it.seen.backwards),
        (TAKEN, |_, it| taken_is_not_held(it)),
        (LOST_LEASE, |_, it| !it.seen.intruded),
        (NOTHING_LEFT, |system, it| {
            !it.is_quiet() || system.recovers(it)
        }),
        (HEARD, |_, it| reported_is_heard(it)),
        (DELIVERED_FIRST, |_, it| delivered_first(it)),
        (PER_PLAYER, once_per_player),
        (PLACE, places_are_given_back),
        (ASKED_AGAIN, |_, it| !it.seen.pending_unasked),
        (BRAKE, |_, it| !it.seen.handed_out_paused),
        (SUPERSEDED, |_, it| !it.seen.exchanged_again),
        (NOT_OLDER, |_, it| !it.seen.older_token),
        (TOKEN_KEPT, tokens_are_kept),
        (REVIVED, |system, it| {
            !it.is_quiet() || it.seen.swallowed || system.revives(it)
        }),
        (ONE_ACCOUNT, |_, it| rows_agree(it)),
        (THEIRS, |_, it| !it.seen.not_theirs),
    ];
    let mut sometimes: Vec<(&'static str, Condition)> = Vec::new();
    if scope.delivery.is_some() {
        sometimes.push(("something is reported", |_, it| any(it, Status::Reported)));
    }
    if scope.delivery.is_some() && (scope.one_sku || scope.links > 1) {
        sometimes.push(("something is held", |_, it| any(it, Status::Held)));
    }
    if scope.takes_back {
        sometimes.push(("something is withdrawn", |_, it| any(it, Status::Withdrawn)));
    }
    if scope.pauses {
        sometimes.push(("something is held for a pause", |_, it| {
            any(it, Status::HeldByPause)
        }));
    }
    if scope.operates {
        sometimes.push(("an operator holds something", |_, it| {
            any(it, Status::HeldByOperator)
        }));
        sometimes.push(("what was moved is reported", |_, it| {
            let of_b = it.records[Player::B as usize];
            of_b.iter().any(|record| record.status == Status::Reported)
        }));
    }
    if scope.erases {
        sometimes.push(("an erased player comes back", |_, it| it.seen.came_back));
        sometimes.push(("an erasure ends", |_, it| {
            it.erasures[Player::A as usize] == Erasure::Done
        }));
    }
    if scope.tokens > 1 {
        sometimes.push(("tokens are refreshed", |_, it| {
            it.rows().any(|link| link.version > 1)
        }));
        sometimes.push(("a link dies", |_, it| {
            it.rows().any(|link| link.token.is_none())
        }));
        sometimes.push(("a second look revives a link", |_, it| it.seen.revived));
        if scope.unlinks {
            sometimes.push(("a late winner stores in the remnant", |_, it| {
                it.seen.saved_in_remnant
            }));
        }
    }
    let always = always
        .into_iter()
        .map(|(name, it)| Property::always(name, it));
    let sometimes = sometimes
        .into_iter()
        .map(|(name, it)| Property::sometimes(name, it));
    always.chain(sometimes).collect()
}

fn any(state: &State, status: Status) -> bool {
    state.records.iter().flatten().any(|it| it.status == status)
}

fn granted_to_one(state: &State) -> bool {
    let [a, b] = state.games;
    let is_excused = |it| state.seen.handed_out.has(it);
    Entitlement::ALL
        .into_iter()
        .all(|it| !(a.granted.has(it) && b.granted.has(it)) || is_excused(it))
}

fn taken_is_not_held(state: &State) -> bool {
    Player::ALL.into_iter().all(|player| {
        Entitlement::ALL.into_iter().all(|it| {
            state.record(player, it).status != Status::Held
                || !state.games[player as usize].granted.has(it)
                || state.seen.handed_out.has(it)
                || state.seen.erased.has(it)
        })
    })
}

fn is_anyones(state: &State, it: Entitlement, statuses: &[Status]) -> bool {
    Player::ALL
        .into_iter()
        .any(|player| statuses.contains(&state.record(player, it).status))
}

fn reported_is_heard(state: &State) -> bool {
    Entitlement::ALL.into_iter().all(|it| {
        state.claims[it as usize] == Claim::Fulfilled || !is_anyones(state, it, &[Status::Reported])
    })
}

fn delivered_first(state: &State) -> bool {
    Entitlement::ALL.into_iter().all(|it| {
        state.claims[it as usize] != Claim::Fulfilled
            || is_anyones(state, it, &[Status::Delivered, Status::Reported])
            || state.seen.erased.has(it)
    })
}

fn once_per_player(system: &System, state: &State) -> bool {
    let [e, f] = Entitlement::ALL;
    system.sku(e) != system.sku(f)
        || !state
            .games
            .iter()
            .any(|game| game.granted.has(e) && game.granted.has(f))
        || [e, f]
            .into_iter()
            .any(|it| state.seen.handed_out.has(it) || state.seen.released.has(it))
}

/// Where a webhook may have delivered it, the place stays.
fn places_are_given_back(system: &System, state: &State) -> bool {
    Player::ALL.into_iter().all(|player| {
        Entitlement::ALL.into_iter().all(|it| {
            let record = state.record(player, it);
            record.status != Status::Withdrawn
                || record.tried
                || !state.guards[player as usize][system.sku(it)].has(it)
        })
    })
}

/// When no process is at work and no answer was lost, Amazon takes every stored token.
fn tokens_are_kept(system: &System, state: &State) -> bool {
    let is_good = |token: u8, newest: u8| match system.scope.rotation {
        Rotation::OldDies => token == newest,
        Rotation::OldLives => true,
    };
    !state.is_quiet()
        || state.seen.swallowed
        || state.rows().all(|link| {
            link.token
                .or(link.dead)
                .is_some_and(|token| is_good(token, state.newest[usize::from(link.id)]))
        })
}

fn rows_agree(state: &State) -> bool {
    let linked = |player: Player| state.players[player as usize];
    Player::ALL.into_iter().all(|player| {
        linked(player)
            .is_none_or(|link| state.accounts[link.account as usize] == Some((player, link.id)))
    }) && state
        .accounts
        .iter()
        .flatten()
        .all(|(player, id)| linked(*player).is_some_and(|link| link.id == *id))
}
