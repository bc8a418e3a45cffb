//! How much of the world a run explores. All of it at once would take too long, so each scope has
//! what one kind of plot needs.

use super::names::{Account, Player};

/// Who delivers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Delivery {
    /// The game, which then confirms.
    Confirm,
    /// The studio's backend, when called.
    Webhook,
}

/// What Amazon does to a refresh token that was exchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rotation {
    OldDies,
    OldLives,
}

/// How much of the world a run explores.
#[derive(Clone, Debug)]
pub(super) struct Scope {
    /// Who delivers; `None`: no game asks for entitlements.
    pub(super) delivery: Option<Delivery>,
    /// Whose each entitlement is; `None`: not in this run.
    pub(super) home: [Option<Account>; 2],
    /// Whether the entitlements have the same SKU.
    pub(super) one_sku: bool,
    /// Whether they are claimed from the start.
    pub(super) claimed: bool,
    /// The links that exist at first.
    pub(super) linked: &'static [(Player, Account)],
    /// The links that can be made.
    pub(super) pairs: &'static [(Player, Account)],
    /// How many links there can be over time.
    pub(super) links: u8,
    /// Whether a lease on a record may run out while its holder lives.
    pub(super) late: bool,
    /// Whether players unlink.
    pub(super) unlinks: bool,
    /// Whether Amazon takes back what it lists, and asks for it again.
    pub(super) takes_back: bool,
    /// Whether an operator acts.
    pub(super) operates: bool,
    /// Whether an operator pauses and resumes the offer.
    pub(super) pauses: bool,
    /// Whether an operator erases the first player.
    pub(super) erases: bool,
    pub(super) rotation: Rotation,
    /// How many refresh tokens a grant can have; 1: no process refreshes.
    pub(super) tokens: u8,
}

const A_TO_X: (Player, Account) = (Player::A, Account::X);
const A_TO_Y: (Player, Account) = (Player::A, Account::Y);
const B_TO_X: (Player, Account) = (Player::B, Account::X);

impl Scope {
    /// One entitlement of an account that goes from player to player, and perhaps back.
    pub(super) fn account_changes_hands(delivery: Delivery) -> Self {
        Self {
            delivery: Some(delivery),
            home: [Some(Account::X), None],
            one_sku: false,
            claimed: true,
            linked: &[A_TO_X],
            pairs: &[A_TO_X, B_TO_X],
            links: 3,
            late: true,
            unlinks: true,
            takes_back: false,
            operates: false,
            pauses: false,
            erases: false,
            rotation: Rotation::OldDies,
            tokens: 1,
        }
    }

    /// Two entitlements to one offer, of one account that goes to another player.
    pub(super) fn two_go_to_another_player(delivery: Delivery) -> Self {
        Self {
            home: [Some(Account::X); 2],
            one_sku: true,
            pairs: &[B_TO_X],
            links: 2,
            // Late holders double the states, and are in every other scope.
            late: false,
            ..Self::account_changes_hands(delivery)
        }
    }

    /// Two entitlements to one offer, of two accounts that one player links in turn.
    pub(super) fn offer_from_two_accounts(delivery: Delivery) -> Self {
        Self {
            home: [Some(Account::X), Some(Account::Y)],
            one_sku: true,
            pairs: &[A_TO_Y],
            links: 2,
            ..Self::account_changes_hands(delivery)
        }
    }

    /// Two entitlements of one account, to two offers, that are claimed in the course of events.
    pub(super) fn claims_come_late(delivery: Delivery) -> Self {
        Self {
            home: [Some(Account::X); 2],
            claimed: false,
            pairs: &[],
            links: 1,
            unlinks: false,
            ..Self::account_changes_hands(delivery)
        }
    }

    /// Two entitlements to one offer, of one account, that Amazon takes back and asks for again.
    pub(super) fn amazon_takes_back(delivery: Delivery) -> Self {
        Self {
            home: [Some(Account::X); 2],
            one_sku: true,
            claimed: false,
            pairs: &[],
            links: 1,
            unlinks: false,
            takes_back: true,
            ..Self::account_changes_hands(delivery)
        }
    }

    /// Two entitlements to one offer, of one account, and an operator who holds, releases and moves.
    pub(super) fn operator(delivery: Delivery) -> Self {
        Self {
            home: [Some(Account::X); 2],
            one_sku: true,
            claimed: true,
            pairs: &[],
            links: 1,
            unlinks: false,
            late: false,
            operates: true,
            ..Self::account_changes_hands(delivery)
        }
    }

    /// Two entitlements to one offer, of one account, that is paused and resumed.
    pub(super) fn pause(delivery: Delivery) -> Self {
        Self {
            home: [Some(Account::X); 2],
            one_sku: true,
            claimed: true,
            pairs: &[],
            links: 1,
            unlinks: false,
            pauses: true,
            ..Self::account_changes_hands(delivery)
        }
    }

    /// Two entitlements to one offer, of one account, whose player is erased and comes back, or another
    /// player links the account.
    pub(super) fn erasure(delivery: Delivery) -> Self {
        Self {
            home: [Some(Account::X); 2],
            one_sku: true,
            links: 2,
            late: false,
            unlinks: false,
            erases: true,
            ..Self::account_changes_hands(delivery)
        }
    }

    /// No game asks for entitlements; tokens are refreshed, links end and are made again.
    pub(super) fn tokens(rotation: Rotation) -> Self {
        Self {
            delivery: None,
            home: [None, None],
            links: 2,
            rotation,
            tokens: 3,
            ..Self::account_changes_hands(Delivery::Confirm)
        }
    }
}
