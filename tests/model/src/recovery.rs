//! What is left to do in a state, and whether doing it gets everything to its end.

use super::action::{Action, Job, Outcome};
use super::names::{Account, Entitlement, Player, Process, Set};
use super::scope::Delivery;
use super::state::{Claim, Lease, State, Status};
use super::task::Task;
use super::{Condition, System};

/// More than the requests of any job.
const MOST_STEPS: usize = 12;

impl System {
    /// Whether nothing is lost: when the time of those that are gone is over, a check by each
    /// player, the confirmations of each game and a run of `reconcile` leave everything that
    /// Amazon has listed `reported` or `held`, as far as there are tokens to report it with.
    ///
    /// Asked of quiet states only. Every request ends, also by a crash, so every state leads to
    /// a quiet one, and what holds for all of those holds for all.
    pub(super) fn recovers(&self, state: &State) -> bool {
        let mut state = self.later(state);
        for player in Player::ALL {
            for it in Entitlement::ALL {
                self.run(&mut state, Job::Resume(player, it));
            }
            if self.scope.delivery.is_some() {
                self.run(&mut state, Job::Check(player));
            }
            for it in Entitlement::ALL {
                if self.may_confirm(&state, player, it) {
                    self.run(&mut state, Job::Confirm(player, it));
                }
                if self.is_due(&state, player, it) {
                    self.run(&mut state, Job::Reconcile(player, it));
                }
            }
        }
        self.is_settled(&state)
    }

    /// Whether a second look at every dead link revives all of them. Asked of quiet states.
    pub(super) fn revives(&self, state: &State) -> bool {
        let mut state = self.later(state);
        for account in Account::ALL {
            self.run(&mut state, Job::LookAgain(account));
        }
        state.rows().all(|link| link.token.is_some())
    }

    /// The time of those that are gone is over.
    fn later(&self, state: &State) -> State {
        let mut state = *state;
        for lease in state.leases() {
            if *lease == Lease::Orphan && self.has(Condition::LeaseEnds) {
                *lease = Lease::Free;
            }
        }
        state
    }

    /// One request, undisturbed, with an Amazon that works.
    fn run(&self, state: &mut State, job: Job) {
        self.apply(state, Action::Start(Process::P, job));
        for _ in 0..MOST_STEPS {
            if state.processes[Process::P as usize] == Task::Idle {
                return;
            }
            // What the studio has refused it refuses again.
            let _ = self.apply(state, Action::Step(Process::P, Outcome::Done))
                || self.apply(state, Action::Step(Process::P, Outcome::Refused));
        }
    }

    fn is_settled(&self, state: &State) -> bool {
        Player::ALL.into_iter().all(|player| {
            Entitlement::ALL.into_iter().all(|it| {
                let Some(account) = self.scope.home[it as usize] else {
                    return true;
                };
                let is_asked_for = state.session(account).is_some();
                match state.record(player, it).status {
                    Status::Reported | Status::Held | Status::HeldByOperator => true,
                    Status::HeldByPause => state.paused,
                    Status::Pending => false,
                    Status::Withdrawn => state.claims[it as usize] == Claim::TakenBack,
                    Status::Delivered => {
                        !is_asked_for || state.claims[it as usize] == Claim::TakenBack
                    }
                    Status::Unseen => {
                        let link = state.players[player as usize];
                        let is_mine = link.is_some_and(|link| link.account == account);
                        !(is_mine && state.claims[it as usize] == Claim::Listed)
                            || self.scope.delivery.is_none()
                    }
                }
            })
        }) && self.games_are_answered(state)
    }

    fn games_are_answered(&self, state: &State) -> bool {
        self.scope.delivery != Some(Delivery::Confirm)
            || state.games.iter().all(|game| {
                let open = Set::of(|it| game.granted.has(it) && !game.answered.has(it));
                Entitlement::ALL.into_iter().all(|it| {
                    let excused =
                        state.seen.handed_out.has(it) || state.seen.erased.has(it) || state.paused;
                    !open.has(it) || excused
                })
            })
    }
}
