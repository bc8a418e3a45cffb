//! What API Gateway and Lambda would count, and the outages that are theirs.

use std::sync::{Mutex, MutexGuard, PoisonError};

use cloudwatch::End;
use http::StatusCode;
use it::{Gateway, TestClock};
use prime_gaming::domain::Timestamp;

/// A request that the gateway has answered.
#[derive(Clone, Copy, Debug)]
pub struct Request {
    /// When.
    pub at: Timestamp,
    /// With which status.
    pub status: u16,
}

/// An invocation of a function.
#[derive(Clone, Copy, Debug)]
pub struct Invocation {
    /// When.
    pub at: Timestamp,
    /// The name of the function's binary.
    pub function: &'static str,
    /// How it ended.
    pub end: End,
}

/// What goes wrong between players and functions. It meets every third request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Weather {
    #[default]
    Fine,
    /// The gateway answers 429.
    Throttling,
    /// The function does not return. The gateway answers 500.
    Crashing,
    /// Lambda has no concurrency left. The gateway answers 503.
    NoConcurrency,
    /// The gateway fails to invoke the function, and answers 500.
    NoIntegration,
}

#[derive(Debug, Default)]
struct State {
    weather: Weather,
    /// Requests since the weather changed.
    met: u64,
    requests: Vec<Request>,
    invocations: Vec<Invocation>,
    /// How the invocation of the request at hand ended; `None`: there was none.
    end: Option<End>,
}

/// The gateway before the functions.
#[derive(Debug)]
pub(super) struct Gate {
    clock: TestClock,
    state: Mutex<State>,
}

impl Gate {
    pub(super) fn new(clock: TestClock) -> Self {
        Self {
            clock,
            state: Mutex::default(),
        }
    }

    pub(super) fn set(&self, weather: Weather) {
        let mut state = self.state();
        state.weather = weather;
        state.met = 0;
    }

    /// Notes an invocation that no request has caused.
    pub(super) fn invoked(&self, function: &str, end: End) {
        let at = self.clock.now();
        let function = binary(function);
        self.state()
            .invocations
            .push(Invocation { at, function, end });
    }

    pub(super) fn requests(&self) -> Vec<Request> {
        self.state().requests.clone()
    }

    pub(super) fn invocations(&self) -> Vec<Invocation> {
        self.state().invocations.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Gateway for Gate {
    fn refuses(&self, _function: &str) -> Option<StatusCode> {
        let mut state = self.state();
        state.met += 1;
        let weather = if state.met % 3 == 1 {
            state.weather
        } else {
            Weather::Fine
        };
        let (end, status) = match weather {
            Weather::Fine => (Some(End::Returned), None),
            Weather::Throttling => (None, Some(StatusCode::TOO_MANY_REQUESTS)),
            Weather::Crashing => (Some(End::Failed), Some(StatusCode::INTERNAL_SERVER_ERROR)),
            Weather::NoConcurrency => (Some(End::Throttled), Some(StatusCode::SERVICE_UNAVAILABLE)),
            Weather::NoIntegration => (None, Some(StatusCode::INTERNAL_SERVER_ERROR)),
        };
        state.end = end;
        status
    }

    fn answered(&self, function: &str, status: StatusCode) {
        let at = self.clock.now();
        let end = {
            let mut state = self.state();
            let status = status.as_u16();
            state.requests.push(Request { at, status });
            state.end.take()
        };
        if let Some(end) = end {
            self.invoked(function, end);
        }
    }
}

/// The functions' names, as they are in template.yaml.
const FUNCTIONS: [&str; 4] = ["link", "entitlements", "fulfillments", "reconcile"];

fn binary(function: &str) -> &'static str {
    let known = FUNCTIONS.into_iter().find(|known| *known == function);
    known.unwrap_or_else(|| panic!("{function} is no function of the stage"))
}
