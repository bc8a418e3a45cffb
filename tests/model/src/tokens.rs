//! Keeping tokens fresh, and looking again at those that Amazon called `invalid_grant`.

use super::action::Outcome;
use super::names::{Account, Process};
use super::scope::Rotation;
use super::state::{Lease, Link, Place, State};
use super::task::Task;
use super::{Condition, System};

impl System {
    pub(super) fn read_tokens(state: &mut State, process: Process, account: Account) -> bool {
        let session = state.session(account);
        Self::begin_refresh(state, process, session)
    }

    /// A second look that is due.
    pub(super) fn read_dead_tokens(state: &mut State, process: Process, account: Account) -> bool {
        let dead = state.dead_link(account);
        Self::begin_refresh(state, process, dead)
    }

    fn begin_refresh(state: &mut State, process: Process, session: Option<(Place, Link)>) -> bool {
        if let Some((place, link)) = session {
            // Whose the lease was when it was read does not matter.
            let lease = Lease::Free;
            state.processes[process as usize] = Task::Refreshing(place, Link { lease, ..link });
        }
        session.is_some()
    }

    pub(super) fn token_step(&self, state: &mut State, process: Process, outcome: Outcome) -> bool {
        let task = &mut state.processes[process as usize];
        match *task {
            Task::Refreshing(place, read) => {
                *task = Task::Exchanging(place, read);
                let has_lease = !self.has(Condition::RefreshLease);
                match self.unchanged(state, place, read) {
                    Some(link) if has_lease || link.lease.is_takeable() => {
                        link.lease = Lease::Held(process);
                    }
                    _ => state.end(process),
                }
            }
            Task::Exchanging(place, read) => {
                return self.exchange(state, process, place, read, outcome);
            }
            Task::Storing(place, read, token) => {
                let Some(link) = self.unchanged(state, place, read) else {
                    self.go_on(state, process, place, |place| {
                        Task::Storing(place, read, token)
                    });
                    return true;
                };
                let stored = link.token.or(link.dead);
                let is_older = stored.is_some_and(|stored| stored > token);
                let is_second_look = read.token.is_none();
                link.token = Some(token);
                link.dead = None;
                link.version += 1;
                link.lease = Lease::Free;
                state.seen.older_token |= is_older;
                state.seen.saved_in_remnant |= matches!(place, Place::Remnant(_));
                state.seen.revived |= is_second_look;
                state.end(process);
            }
            Task::Burying(place, read) => match self.unchanged(state, place, read) {
                Some(link) => {
                    if let Some(token) = link.token.take() {
                        link.dead = self.has(Condition::KeptAside).then_some(token);
                        link.lease = Lease::Free;
                    } else if link.lease.is_of(process) {
                        link.lease = Lease::Free;
                    }
                    state.end(process);
                }
                None => self.go_on(state, process, place, |place| Task::Burying(place, read)),
            },
            _ => return false,
        }
        true
    }

    /// The row, if it is still this link with the version that was read.
    fn unchanged<'a>(
        &self,
        state: &'a mut State,
        place: Place,
        read: Link,
    ) -> Option<&'a mut Link> {
        let any_version = !self.has(Condition::TokenVersion);
        state
            .row(place)
            .as_mut()
            .filter(|link| link.id == read.id && (any_version || link.version == read.version))
    }

    /// The player's row is another by now: the link may live on as a remnant. Links move only
    /// that way, so looking there second misses nothing.
    fn go_on(
        &self,
        state: &mut State,
        process: Process,
        place: Place,
        again: impl Fn(Place) -> Task,
    ) {
        let (Task::Storing(_, read, _) | Task::Burying(_, read)) =
            state.processes[process as usize]
        else {
            return;
        };
        match place {
            Place::Player(_) if self.has(Condition::RemnantFallback) => {
                state.processes[process as usize] = again(Place::Remnant(read.account));
            }
            _ => state.end(process),
        }
    }

    fn exchange(
        &self,
        state: &mut State,
        process: Process,
        place: Place,
        read: Link,
        outcome: Outcome,
    ) -> bool {
        let stored = state.rows().find(|link| link.id == read.id);
        state.seen.exchanged_again |= stored.is_some_and(|link| link.version > read.version)
            && outcome != Outcome::Failed
            && !state.seen.outlived;
        let newest = &mut state.newest[usize::from(read.id)];
        let token = read.token.or(read.dead);
        let is_valid = self.scope.rotation == Rotation::OldLives || token == Some(*newest);
        match (outcome, is_valid) {
            (Outcome::Done, true) => {
                *newest += 1;
                state.processes[process as usize] = Task::Storing(place, read, *newest);
            }
            (Outcome::AnswerLost, true) => {
                *newest += 1;
                state.seen.swallowed = true;
                // No process asks again before the lease ends.
                state.end(process);
            }
            (Outcome::Done, false) | (Outcome::Denied, _) => {
                state.processes[process as usize] = Task::Burying(place, read);
            }
            (Outcome::Failed | Outcome::AnswerLost, _) => state.end(process),
            (Outcome::Refused, _) => return false,
        }
        true
    }
}
