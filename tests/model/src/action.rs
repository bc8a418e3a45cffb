//! What can happen next.

use super::erasure::Erase;
use super::names::{Account, Entitlement, Player, Process};
use super::operator::Command;
use super::scope::Delivery;
use super::state::{Claim, Lease, Link, Place, State, Status};
use super::task::Task;
use super::{Condition, System};

/// One thing that happens, all at once: at most one request to the database, Amazon or the studio.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// The owner of the account claims an entitlement.
    Claim(Entitlement),
    /// Amazon lists it with another word than `FULFILL`.
    TakeBack(Entitlement),
    /// Amazon lists what it has taken back as `FULFILL` again.
    AskAgain(Entitlement),
    /// A callback's transaction: a new link, or one renewed.
    Link(Player, Account),
    /// A request comes in, and makes its first step.
    Start(Process, Job),
    /// A request makes its next step.
    Step(Process, Outcome),
    /// A check leaves the rest, and reports an entitlement that it knows as `delivered`.
    ReportKnown(Process, Entitlement),
    /// A process is killed.
    Crash(Process),
    /// The time of a record's lease is over.
    LeaseEnds(Player, Entitlement),
    /// The time of a refresh lease is over.
    RefreshLeaseEnds(Place),
    /// An operator's command.
    Operate(Command),
    /// A transaction of `player.erase`.
    Erase(Erase),
    /// A remnant has lived for its time.
    RemnantEnds(Account),
}

/// What a process is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Job {
    Check(Player),
    Confirm(Player, Entitlement),
    Reconcile(Player, Entitlement),
    /// A run of `reconcile` that resumes what was held for a pause.
    Resume(Player, Entitlement),
    Refresh(Account),
    /// A second look at a token that Amazon called `invalid_grant`.
    LookAgain(Account),
    Unlink(Player),
}

/// How a step ends. Only steps outside of our database have more than the first, and the read of a pause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Done,
    /// It took effect, and the answer was lost.
    AnswerLost,
    /// It took no effect, and that may not be known.
    Failed,
    /// The studio does not want it.
    Refused,
    /// Amazon says `invalid_grant` of a token that is good.
    Denied,
}

impl System {
    /// All that may be tried in this state; what does not apply changes nothing.
    pub(super) fn offer(&self, state: &State, actions: &mut Vec<Action>) {
        let scope = &self.scope;
        for it in Entitlement::ALL {
            let is_here = scope.home[it as usize].is_some();
            if is_here && state.claims[it as usize] == Claim::Unclaimed {
                actions.push(Action::Claim(it));
            }
            if scope.takes_back {
                actions.extend([Action::TakeBack(it), Action::AskAgain(it)]);
            }
        }
        if state.links < scope.links {
            actions.extend(scope.pairs.iter().map(|(it, of)| Action::Link(*it, *of)));
        }
        for process in Process::ALL {
            match state.processes[process as usize] {
                Task::Idle => self.offer_jobs(state, process, actions),
                task => {
                    let outcomes = self.outcomes(task);
                    actions.extend(outcomes.iter().map(|it| Action::Step(process, *it)));
                    if matches!(task, Task::Asked { .. }) {
                        actions.extend(Entitlement::ALL.map(|it| Action::ReportKnown(process, it)));
                    }
                    actions.push(Action::Crash(process));
                }
            }
        }
        if scope.operates {
            for player in Player::ALL {
                for it in Entitlement::ALL {
                    let commands = [Command::Hold, Command::Release, Command::Move];
                    actions.extend(commands.map(|it_is| Action::Operate(it_is(player, it))));
                }
            }
        }
        if scope.pauses {
            let commands = [Command::Pause, Command::Resume];
            actions.extend(commands.map(Action::Operate));
        }
        if scope.erases {
            let player = Player::A;
            let steps = [Erase::Begin, Erase::Link, Erase::Guards, Erase::Finish];
            actions.extend(steps.map(|step| Action::Erase(step(player))));
            let records = Entitlement::ALL.map(|it| Action::Erase(Erase::Record(player, it)));
            actions.extend(records);
        }
        self.offer_time(state, actions);
    }

    /// What happens by itself.
    fn offer_time(&self, state: &State, actions: &mut Vec<Action>) {
        let has_end = |link: Option<Link>| link.is_some_and(|link| link.lease.expired().is_some());
        for player in Player::ALL {
            for it in Entitlement::ALL {
                let lease = state.record(player, it).lease;
                let is_in_scope = self.scope.late || lease == Lease::Orphan;
                let ends = is_in_scope && self.has(Condition::LeaseEnds);
                if ends && lease.expired().is_some() {
                    actions.push(Action::LeaseEnds(player, it));
                }
            }
            if has_end(state.players[player as usize]) {
                actions.push(Action::RefreshLeaseEnds(Place::Player(player)));
            }
        }
        for account in Account::ALL {
            let remnant = state.remnants[account as usize];
            if has_end(remnant) {
                actions.push(Action::RefreshLeaseEnds(Place::Remnant(account)));
            }
            if remnant.is_some() {
                actions.push(Action::RemnantEnds(account));
            }
        }
    }

    fn offer_jobs(&self, state: &State, process: Process, actions: &mut Vec<Action>) {
        let scope = &self.scope;
        let mut start = |job| actions.push(Action::Start(process, job));
        for player in Player::ALL {
            if scope.unlinks {
                start(Job::Unlink(player));
            }
            if scope.delivery.is_none() {
                continue;
            }
            start(Job::Check(player));
            for it in Entitlement::ALL {
                if self.may_confirm(state, player, it) {
                    start(Job::Confirm(player, it));
                }
                if self.is_due(state, player, it) {
                    start(Job::Reconcile(player, it));
                }
                if scope.pauses {
                    start(Job::Resume(player, it));
                }
            }
        }
        for account in Account::ALL {
            let may_refresh = |id: u8| state.newest[usize::from(id)] < scope.tokens;
            if state
                .session(account)
                .is_some_and(|(_, link)| may_refresh(link.id))
            {
                start(Job::Refresh(account));
            }
            if state
                .dead_link(account)
                .is_some_and(|(_, link)| may_refresh(link.id))
            {
                start(Job::LookAgain(account));
            }
        }
    }

    pub(super) fn may_confirm(&self, state: &State, player: Player, it: Entitlement) -> bool {
        let game = state.games[player as usize];
        self.scope.delivery == Some(Delivery::Confirm)
            && game.granted.has(it)
            && !game.answered.has(it)
    }

    /// Whether `reconcile` has this to do.
    pub(super) fn is_due(&self, state: &State, player: Player, it: Entitlement) -> bool {
        let record = state.record(player, it);
        let is_open = match record.status {
            Status::Delivered => true,
            Status::Pending => self.scope.delivery == Some(Delivery::Webhook),
            _ => false,
        };
        is_open && record.lease.is_takeable()
    }

    fn outcomes(&self, task: Task) -> &'static [Outcome] {
        match task {
            Task::Telling(..) => &[Outcome::Done, Outcome::AnswerLost, Outcome::Failed],
            Task::Exchanging(..) => &[
                Outcome::Done,
                Outcome::AnswerLost,
                Outcome::Failed,
                Outcome::Denied,
            ],
            Task::Sending(..) => &[
                Outcome::Done,
                Outcome::AnswerLost,
                Outcome::Failed,
                Outcome::Refused,
            ],
            Task::LookingUp(..) => &[Outcome::Done, Outcome::Failed],
            // The check may not hear whether the offer is paused.
            Task::Asked { .. } if self.scope.pauses => &[Outcome::Done, Outcome::Failed],
            _ => &[Outcome::Done],
        }
    }
}
