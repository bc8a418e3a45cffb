//! The life of links, entitlements, leases and tokens as a model, explored in every order.
//!
//! A test tries the order of events that its author thought of. This tries all of them: two players,
//! two Amazon accounts, two entitlements, and two processes that may be killed between any two
//! requests, any number of times. The promises are those of the service's design ("An entitlement's
//! life"), and `Condition` lists what they rest on: for each there is a test that leaves it out
//! and finds a promise broken. `cargo test -p model -- --nocapture` prints how.
//!
//! **What is modelled.** Every conditional write of `shared/src/store` is one step, with its
//! condition: becoming `pending` (link, owner marker, record, guard) or `held`, confirming, taking
//! a lease, withdrawing, marking as reported, giving back, taking the refresh lease, storing tokens
//! or keeping them aside, the second look, linking, unlinking into a remnant. Every call to Amazon
//! or to the studio's webhook is one step; it may work, fail, or work without us hearing of it, and
//! Amazon may call a good token `invalid_grant`. Between any two steps the other
//! process, the game, the player and the clock may do anything: leases run out whenever it suits
//! the plot, also (in all scopes but one) while their holder lives and goes on. Crashes, lost
//! answers and late holders are not counted: only the links made and the tokens exchanged have a
//! limit, and each `Scope` has only the players and jobs that its kind of plot needs.
//!
//! **What is left out.** Time is reduced to leases and remnants that end at some point: pauses
//! between checks and looks, backoff and `Retry-After` only make things rarer; that dead tokens are
//! forgotten after 7 days is left out. Access tokens always work;
//! that calls and refreshes mix changes nothing, for they touch different rows. What only reads
//! happens together with the read before it, if no other step could tell. The first step of a
//! request happens when it comes in. Admission refused and `held` written are one step. Confirming
//! or reporting several entitlements is as many requests. A lost answer of the database is a crash:
//! the SDK's repetitions are recognised by owner or by request token. Unknown offers, and unknown
//! words for what was never `pending`, only lead to `held`. Of an operator's commands those are here
//! that change a record: hold, release, move (`entitlement.reassign`), and `player.erase`, one
//! transaction at a time; a pause of an offer is not. `NOOP` for what is `delivered` means that Amazon has heard; here every word but `FULFILL`
//! leaves it alone. Unlinking always leaves a
//! remnant here, and reports wait by themselves for a link; that the store leaves one only where
//! reports may be owed, and parks and wakes what waits, is tried by the integration tests
//! `link::unlink` and `store::parking`.
//!
//! | property | promise |
//! |---|---|
//! | an entitlement is granted to at most one player | 1 |
//! | what was confirmed is not pending again | 1 |
//! | a record only moves along its life | 1, 2 |
//! | what the studio took is not held | 1 |
//! | who has lost a lease changes nothing | 6 |
//! | recovery leaves nothing behind | 2, 7 |
//! | reported is what Amazon heard | 2 |
//! | Amazon hears only of what is delivered | 3 |
//! | an offer is granted at most once per player | 4 |
//! | what Amazon took back uses no offer up | 4 |
//! | what Amazon took back is pending again when Amazon asks again | 4 |
//! | nothing is handed out by who asks after the pause | 4 |
//! | a superseded token is not exchanged | 5 |
//! | a token is not replaced by an older one | 5 |
//! | no token is lost without a crash | 5, 7 |
//! | a second look revives every link whose token is good | 5 |
//! | one account, one player | 7, and the data model |
//! | an entitlement is written down for whom it was listed | 1, 7 |
//!
//! "Recovery leaves nothing behind" is asked of every state in which no process is at work: a
//! state's way there is never barred, for every request ends.
//!
//! What exploring has shown the promises to need beyond our own conditions:
//! - A process that outlives its refresh lease may see the next holder take the lease, store the
//!   successor itself, and then the next holder exchange the old token once more. Only time limits
//!   shorter than the lease prevent that; the property excuses it. Nothing is lost by it.
//! - Where the answer to an exchange is lost, the token may be, too; the property excuses that.
//! - Where the game delivers, it may grant what Amazon takes back before the confirmation comes. The
//!   offer counts as not used up then, so the player may have the next one too; the property
//!   excuses that. Where a webhook delivers, what may have been delivered keeps its place.
//! - An operator who moves or holds what the game was handed answers for what the game has granted
//!   already, and one who releases a duplicate gives the offer twice; the properties excuse that.
//! - What is erased is gone: Amazon may have heard of it, and the game may have granted it without a
//!   confirmation; the properties excuse that. No promise is excused that an offer is had once, or by
//!   one player.
//! - A studio must not take an entitlement that it has refused before (`Condition::RefusalIsFinal`).

#![cfg(test)]

mod action;
mod check;
mod erasure;
mod linking;
mod names;
mod operator;
mod pause;
mod properties;
mod recovery;
mod report;
mod scope;
mod state;
mod task;
mod tests;
mod tokens;

use stateright::{Model, Property};

use action::{Action, Job};
use erasure::Erasure;
use names::{Entitlement, Set};
use scope::Scope;
use state::{Claim, Game, LINKS, Lease, Place, Record, Seen, State};
use task::Task;

/// What a promise rests on: a condition of a write, or of a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Condition {
    /// `pending` needs that the entitlement was shown to no other player.
    OwnerMarker,
    /// `pending` needs the offer not to be used up.
    Guard,
    /// `pending` and `held` need the link that Amazon was asked with.
    LinkStillMine,
    /// `pending` and `held` need that there is no record.
    RecordAbsent,
    /// Amazon is told after `delivered` is written.
    DeliveredFirst,
    /// `delivered` needs `pending`.
    PendingToDelivered,
    /// Completing, and giving back, need the lease to be mine.
    LeaseOwner,
    /// A lease ends, whatever became of its holder.
    LeaseEnds,
    /// A list that does not name an entitlement says something about it only if it was asked for
    /// after the delivery.
    FreshLookup,
    /// Taking the refresh lease, storing tokens and marking them dead need the version that was
    /// read.
    TokenVersion,
    /// Taking the refresh lease needs it to be free.
    RefreshLease,
    /// A token that Amazon calls `invalid_grant` is kept aside for a second look.
    KeptAside,
    /// A refresh that finds the link gone stores the new token in its remnant.
    RemnantFallback,
    /// Unlinking needs the tokens and their lease to be as they were read.
    UnlinkAsRead,
    /// Not a condition of ours but one on the studio: what it has once refused in so many words it
    /// does not take later, under the same id.
    RefusalIsFinal,
    /// Linking needs that the account has no other player.
    AccountFree,
    /// `withdrawn` needs `pending`.
    WithdrawPending,
    /// `withdrawn` needs that no process has the lease to deliver it.
    WithdrawUnleased,
    /// What is withdrawn gives its place in the guard back.
    PlaceGivenBack,
    /// It does so in the transaction that withdraws it.
    WithdrawAtOnce,
    /// What a webhook may have delivered keeps its place.
    TriedKeepsPlace,
    /// A list says something about what was withdrawn only if it was asked for since.
    FreshList,
    /// An operator's hold needs that no process has the lease to deliver it.
    HoldUnleased,
    /// An operator's release needs that no other player was handed it.
    ReleaseOwner,
    /// What moves to another player was not delivered.
    MoveUndelivered,
    /// Moving it needs that no webhook was called for it. That no process has the lease to deliver it
    /// follows: taking the lease counts as a try.
    MoveUntried,
    /// The owner moves with it.
    OwnerMoves,
    /// Every check and every run asks whether the offer is paused, and does not remember it.
    PauseAsked,
    /// If a check can't read whether the offer is paused, it hands out and resumes nothing of it.
    PauseKnown,
    /// A check also holds what another request has made `pending` meanwhile.
    PauseAlsoOthers,
    /// A check's hold for a pause needs that no process has the lease to deliver it.
    PauseUnleased,
    /// What is held for a pause keeps its place in the guard, and resuming needs one.
    PausePlace,
    /// What an erased player owned, no player can own.
    OwnerErased,
    /// What an erased player has used up stays used up.
    GuardKept,
    /// A link needs that no erasure of the player is under way.
    NoLinkWhileErased,
}

/// The service and its surroundings.
#[derive(Clone, Debug)]
struct System {
    scope: Scope,
    /// The condition that is left out.
    without: Option<Condition>,
}

impl System {
    fn has(&self, condition: Condition) -> bool {
        self.without != Some(condition)
    }

    fn sku(&self, it: Entitlement) -> usize {
        if self.scope.one_sku { 0 } else { it as usize }
    }

    fn start(&self, state: &mut State, process: names::Process, job: Job) -> bool {
        match job {
            Job::Check(player) => self.ask(state, process, player),
            Job::Confirm(player, it) => self.confirm(state, process, player, it),
            Job::Reconcile(player, it) => self.take(state, process, player, it),
            Job::Resume(player, it) => self.find_resumed(state, process, player, it),
            Job::Refresh(account) => Self::read_tokens(state, process, account),
            Job::LookAgain(account) => Self::read_dead_tokens(state, process, account),
            Job::Unlink(player) => Self::read_link(state, process, player),
        }
    }

    fn step(&self, state: &mut State, process: names::Process, outcome: action::Outcome) -> bool {
        match state.processes[process as usize] {
            Task::Idle => false,
            Task::Refreshing(..) | Task::Exchanging(..) | Task::Storing(..) | Task::Burying(..) => {
                self.token_step(state, process, outcome)
            }
            Task::Unlinking(player, read) => {
                self.unlink(state, process, player, read);
                true
            }
            _ => self.delivery_step(state, process, outcome),
        }
    }

    /// The action's effect; `false` if it has none.
    fn apply(&self, state: &mut State, action: Action) -> bool {
        match action {
            Action::Claim(it) => self.claim(state, it),
            Action::TakeBack(it) => Self::change_word(state, it, Claim::Listed, Claim::TakenBack),
            Action::AskAgain(it) => Self::change_word(state, it, Claim::TakenBack, Claim::Listed),
            Action::Link(player, account) => self.link(state, player, account),
            Action::Start(process, job) => self.start(state, process, job),
            Action::Step(process, outcome) => self.step(state, process, outcome),
            Action::ReportKnown(process, it) => self.report_known(state, process, it),
            Action::Crash(process) => {
                let is_storing = matches!(state.processes[process as usize], Task::Storing(..));
                state.seen.swallowed |= is_storing;
                state.end(process);
                true
            }
            Action::LeaseEnds(player, it) => {
                let lease = &mut state.record_mut(player, it).lease;
                let Some(expired) = lease.expired() else {
                    return false;
                };
                *lease = expired;
                true
            }
            Action::RefreshLeaseEnds(place) => {
                let Some(link) = state.row(place) else {
                    return false;
                };
                let Some(expired) = link.lease.expired() else {
                    return false;
                };
                link.lease = expired;
                state.seen.outlived |= matches!(expired, Lease::Late(_));
                true
            }
            Action::Operate(command) => self.operate(state, command),
            Action::Erase(step) => self.erase(state, step),
            Action::RemnantEnds(account) => state.row(Place::Remnant(account)).take().is_some(),
        }
    }
}

impl Model for System {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let mut state = State {
            claims: [Claim::Unclaimed; 2],
            newest: [0; LINKS],
            paused: false,
            players: [None; 2],
            accounts: [None; 2],
            remnants: [None; 2],
            links: 0,
            records: [[Record::default(); 2]; 2],
            owners: [None; 2],
            nobodys: Set::default(),
            guards: [[Set::default(); 2]; 2],
            used_up: [[Set::default(); 2]; 2],
            erasures: [Erasure::Never; 2],
            games: [Game::default(); 2],
            processes: [Task::Idle; 2],
            seen: Seen::default(),
        };
        if self.scope.claimed {
            for it in Entitlement::ALL {
                self.claim(&mut state, it);
            }
        }
        for (player, account) in self.scope.linked {
            self.link(&mut state, *player, *account);
        }
        vec![state]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        self.offer(state, actions);
    }

    fn next_state(&self, state: &State, action: Action) -> Option<State> {
        let mut next = *state;
        (self.apply(&mut next, action) && next != *state).then_some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        properties::of(&self.scope)
    }
}
