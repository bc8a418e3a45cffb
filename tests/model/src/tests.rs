//! Every scope is explored to its end; and every condition, left out, breaks its promise.

use stateright::{Checker, HasDiscoveries, Model};

use super::action::Action;
use super::properties::{
    ASKED_AGAIN, BRAKE, DELIVERED_FIRST, FORWARD, HEARD, LOST_LEASE, NOT_AGAIN, NOT_OLDER,
    NOTHING_LEFT, ONE_ACCOUNT, ONE_PLAYER, PER_PLAYER, PLACE, REVIVED, SUPERSEDED, TAKEN, THEIRS,
    TOKEN_KEPT,
};
use super::scope::{Delivery, Rotation, Scope};
use super::state::State;
use super::{Condition, System};

/// Explores everything; `at_least` so many states, so that it can't silently explore little.
fn holds(scope: Scope, at_least: usize) {
    let system = System {
        scope,
        without: None,
    };
    let checker = system
        .checker()
        .threads(2)
        .symmetry_fn(State::representative)
        .spawn_dfs()
        .join();
    checker.assert_properties();
    let states = checker.unique_state_count();
    println!("{states} states");
    assert!(states >= at_least, "only {states} states");
}

/// Looks for a way to break `promise` without `condition`, and prints it.
fn breaks(condition: Condition, promise: &'static str, scope: Scope) {
    let system = System {
        scope,
        without: Some(condition),
    };
    let checker = system
        .clone()
        .checker()
        .finish_when(HasDiscoveries::AnyOf([promise].into()))
        .spawn_bfs()
        .join();
    let mut plot = checker.assert_any_discovery(promise).into_vec();
    let is_kept = system.property(promise).condition;
    // The checker goes on for a while after the first find.
    let end = plot.iter().position(|(state, _)| !is_kept(&system, state));
    plot.truncate(end.expect("the plot breaks the promise"));
    let actions: Vec<Action> = plot.iter().filter_map(|(_, action)| *action).collect();
    println!("without {condition:?}, against \"{promise}\": {actions:?}");
    // It is the condition that is missed: with it, the same plot can't be played or does no harm.
    let whole = System {
        without: None,
        ..system
    };
    let mut state = whole.init_states().remove(0);
    for action in actions {
        whole.apply(&mut state, action);
    }
    assert!(is_kept(&whole, &state), "the condition changes nothing");
}

#[test]
fn promises_hold_while_an_account_changes_hands() {
    holds(Scope::account_changes_hands(Delivery::Confirm), 78_000);
}

#[test]
fn promises_hold_while_an_account_changes_hands_with_webhooks() {
    holds(Scope::account_changes_hands(Delivery::Webhook), 54_000);
}

#[test]
fn promises_hold_while_two_entitlements_go_to_another_player() {
    holds(Scope::two_go_to_another_player(Delivery::Confirm), 300_000);
}

#[test]
fn promises_hold_for_an_offer_from_two_accounts() {
    holds(Scope::offer_from_two_accounts(Delivery::Confirm), 43_000);
}

#[test]
fn promises_hold_for_an_offer_from_two_accounts_with_webhooks() {
    holds(Scope::offer_from_two_accounts(Delivery::Webhook), 28_000);
}

#[test]
fn promises_hold_while_claims_come_late() {
    holds(Scope::claims_come_late(Delivery::Confirm), 58_000);
}

#[test]
fn promises_hold_while_claims_come_late_with_webhooks() {
    holds(Scope::claims_come_late(Delivery::Webhook), 32_000);
}

#[test]
fn promises_hold_where_an_exchange_kills_the_old_token() {
    holds(Scope::tokens(Rotation::OldDies), 49_000);
}

#[test]
fn promises_hold_where_old_tokens_live_on() {
    holds(Scope::tokens(Rotation::OldLives), 72_000);
}

#[test]
fn promises_hold_while_amazon_takes_back() {
    holds(Scope::amazon_takes_back(Delivery::Confirm), 700_000);
}

#[test]
fn promises_hold_while_amazon_takes_back_with_webhooks() {
    holds(Scope::amazon_takes_back(Delivery::Webhook), 320_000);
}

#[test]
fn promises_hold_while_an_operator_acts() {
    holds(Scope::operator(Delivery::Confirm), 10_000);
}

#[test]
fn promises_hold_while_an_operator_acts_with_webhooks() {
    holds(Scope::operator(Delivery::Webhook), 10_000);
}

#[test]
fn promises_hold_while_a_player_is_erased() {
    holds(Scope::erasure(Delivery::Confirm), 470_000);
}

#[test]
fn promises_hold_while_a_player_is_erased_with_webhooks() {
    holds(Scope::erasure(Delivery::Webhook), 250_000);
}

#[test]
fn owner_erased() {
    for delivery in [Delivery::Confirm, Delivery::Webhook] {
        breaks(Condition::OwnerErased, ONE_PLAYER, Scope::erasure(delivery));
    }
}

#[test]
fn guard_kept() {
    for delivery in [Delivery::Confirm, Delivery::Webhook] {
        breaks(Condition::GuardKept, PER_PLAYER, Scope::erasure(delivery));
    }
}

#[test]
fn no_link_while_erased() {
    for delivery in [Delivery::Confirm, Delivery::Webhook] {
        let scope = Scope::erasure(delivery);
        breaks(Condition::NoLinkWhileErased, PER_PLAYER, scope);
    }
}

#[test]
fn promises_hold_while_an_offer_is_paused() {
    holds(Scope::pause(Delivery::Confirm), 10_000);
}

#[test]
fn promises_hold_while_an_offer_is_paused_with_webhooks() {
    holds(Scope::pause(Delivery::Webhook), 10_000);
}

#[test]
fn pause_asked() {
    for delivery in [Delivery::Confirm, Delivery::Webhook] {
        breaks(Condition::PauseAsked, BRAKE, Scope::pause(delivery));
    }
}

#[test]
fn pause_known() {
    let scope = Scope::pause(Delivery::Confirm);
    breaks(Condition::PauseKnown, BRAKE, scope);
}

#[test]
fn pause_also_others() {
    let scope = Scope::pause(Delivery::Confirm);
    breaks(Condition::PauseAlsoOthers, BRAKE, scope);
}

#[test]
fn pause_unleased() {
    let scope = Scope::pause(Delivery::Webhook);
    breaks(Condition::PauseUnleased, LOST_LEASE, scope);
}

#[test]
fn pause_place() {
    for delivery in [Delivery::Confirm, Delivery::Webhook] {
        breaks(Condition::PausePlace, PER_PLAYER, Scope::pause(delivery));
    }
}

#[test]
fn hold_unleased() {
    let scope = Scope::operator(Delivery::Webhook);
    breaks(Condition::HoldUnleased, LOST_LEASE, scope);
}

#[test]
fn release_owner() {
    let scope = Scope::operator(Delivery::Webhook);
    breaks(Condition::ReleaseOwner, ONE_PLAYER, scope);
}

#[test]
fn move_undelivered() {
    let scope = Scope::operator(Delivery::Webhook);
    breaks(Condition::MoveUndelivered, ONE_PLAYER, scope);
}

#[test]
fn move_untried() {
    let scope = Scope::operator(Delivery::Webhook);
    breaks(Condition::MoveUntried, ONE_PLAYER, scope);
}

#[test]
fn owner_moves() {
    let scope = Scope::operator(Delivery::Webhook);
    breaks(Condition::OwnerMoves, ONE_PLAYER, scope);
}

#[test]
fn owner_marker() {
    let scope = Scope::account_changes_hands(Delivery::Confirm);
    breaks(Condition::OwnerMarker, ONE_PLAYER, scope);
}

#[test]
fn guard() {
    let scope = Scope::offer_from_two_accounts(Delivery::Confirm);
    breaks(Condition::Guard, PER_PLAYER, scope);
}

#[test]
fn link_still_mine() {
    let scope = Scope::account_changes_hands(Delivery::Confirm);
    breaks(Condition::LinkStillMine, THEIRS, scope);
}

#[test]
fn record_absent() {
    let scope = Scope::account_changes_hands(Delivery::Confirm);
    breaks(Condition::RecordAbsent, NOT_AGAIN, scope);
}

#[test]
fn delivered_first() {
    let scope = Scope::account_changes_hands(Delivery::Confirm);
    breaks(Condition::DeliveredFirst, DELIVERED_FIRST, scope);
}

#[test]
fn lease_ends() {
    for delivery in [Delivery::Confirm, Delivery::Webhook] {
        let scope = Scope::account_changes_hands(delivery);
        breaks(Condition::LeaseEnds, NOTHING_LEFT, scope);
    }
}

#[test]
fn pending_to_delivered() {
    let scope = Scope::account_changes_hands(Delivery::Confirm);
    breaks(Condition::PendingToDelivered, FORWARD, scope);
}

#[test]
fn lease_owner() {
    for delivery in [Delivery::Confirm, Delivery::Webhook] {
        let scope = Scope::account_changes_hands(delivery);
        breaks(Condition::LeaseOwner, LOST_LEASE, scope);
    }
}

#[test]
fn refusal_is_final() {
    let scope = Scope::account_changes_hands(Delivery::Webhook);
    breaks(Condition::RefusalIsFinal, TAKEN, scope);
}

#[test]
fn fresh_lookup() {
    let scope = Scope::claims_come_late(Delivery::Confirm);
    breaks(Condition::FreshLookup, HEARD, scope);
}

#[test]
fn token_version() {
    let breaks = |promise, rotation| {
        breaks(Condition::TokenVersion, promise, Scope::tokens(rotation));
    };
    // A late loser that buries the newest token loses nothing: that token is kept aside.
    breaks(NOT_OLDER, Rotation::OldLives);
    breaks(SUPERSEDED, Rotation::OldDies);
}

#[test]
fn refresh_lease() {
    let scope = Scope::tokens(Rotation::OldDies);
    breaks(Condition::RefreshLease, SUPERSEDED, scope);
}

#[test]
fn kept_aside() {
    for rotation in [Rotation::OldDies, Rotation::OldLives] {
        breaks(Condition::KeptAside, TOKEN_KEPT, Scope::tokens(rotation));
        breaks(Condition::KeptAside, REVIVED, Scope::tokens(rotation));
    }
}

#[test]
fn remnant_fallback() {
    let scope = Scope::tokens(Rotation::OldDies);
    breaks(Condition::RemnantFallback, TOKEN_KEPT, scope);
}

#[test]
fn unlink_as_read() {
    let scope = Scope::tokens(Rotation::OldDies);
    breaks(Condition::UnlinkAsRead, TOKEN_KEPT, scope);
}

#[test]
fn account_free() {
    let scope = Scope::tokens(Rotation::OldDies);
    breaks(Condition::AccountFree, ONE_ACCOUNT, scope);
}

#[test]
fn withdraw_pending() {
    let scope = Scope::amazon_takes_back(Delivery::Confirm);
    breaks(Condition::WithdrawPending, FORWARD, scope);
}

#[test]
fn withdraw_unleased() {
    let scope = Scope::amazon_takes_back(Delivery::Webhook);
    breaks(Condition::WithdrawUnleased, LOST_LEASE, scope);
}

#[test]
fn place_given_back() {
    for delivery in [Delivery::Confirm, Delivery::Webhook] {
        let scope = Scope::amazon_takes_back(delivery);
        breaks(Condition::PlaceGivenBack, PLACE, scope);
    }
}

#[test]
fn withdraw_at_once() {
    for delivery in [Delivery::Confirm, Delivery::Webhook] {
        let scope = Scope::amazon_takes_back(delivery);
        breaks(Condition::WithdrawAtOnce, PER_PLAYER, scope);
    }
}

#[test]
fn tried_keeps_place() {
    let scope = Scope::amazon_takes_back(Delivery::Webhook);
    breaks(Condition::TriedKeepsPlace, PER_PLAYER, scope);
}

#[test]
fn fresh_list() {
    for delivery in [Delivery::Confirm, Delivery::Webhook] {
        let scope = Scope::amazon_takes_back(delivery);
        breaks(Condition::FreshList, ASKED_AGAIN, scope);
    }
}
