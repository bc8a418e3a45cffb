//! Which request is the one, and what becomes of it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use crate::runtime::Function;

/// How an invocation is disturbed at its k-th outgoing request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// The process is killed; the request never arrives.
    KilledBefore,
    /// The request has its whole effect, then the process is killed.
    KilledAfter,
    /// The request never arrives, and the time limit passes while the process waits.
    TimedOutBefore,
    /// The request has its whole effect, and the time limit passes while the process waits.
    TimedOutAfter,
    /// The connection is closed; the request never arrives. The process lives.
    RequestLost,
    /// The request has its whole effect, and the connection is closed without an answer.
    AnswerLost,
    /// From this request on none arrives.
    CutOff,
    /// From this request on each has its effect, and none is answered.
    Unheard,
}

impl Mode {
    /// Every one.
    pub const ALL: [Self; 8] = [
        Self::KilledBefore,
        Self::KilledAfter,
        Self::TimedOutBefore,
        Self::TimedOutAfter,
        Self::RequestLost,
        Self::AnswerLost,
        Self::CutOff,
        Self::Unheard,
    ];

    /// Whether the request that is hit has its effect.
    #[must_use]
    pub const fn arrives(self) -> bool {
        matches!(
            self,
            Self::KilledAfter | Self::TimedOutAfter | Self::AnswerLost | Self::Unheard
        )
    }

    /// Whether all later requests are hit too.
    const fn goes_on(self) -> bool {
        matches!(self, Self::CutOff | Self::Unheard)
    }
}

/// What becomes of a request that is hit.
#[derive(Clone, Debug)]
pub(super) struct Hit {
    pub(super) mode: Mode,
    pub(super) function: Function,
}

/// Reads of the due index, of which a run of `reconcile` makes one for each shard: those in a row
/// count as one request, for a crash at any of them leaves the same behind.
const DUE: &str = "Query due";

/// Counts requests while it is armed. Clones are the same gate.
#[derive(Clone, Debug)]
pub struct Gate(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    armed: Mutex<Option<Armed>>,
    /// How many requests are being worked on.
    under_way: watch::Sender<usize>,
}

#[derive(Debug)]
struct Armed {
    hit: Hit,
    at: usize,
    /// What was asked, in order.
    seen: Vec<String>,
}

/// One request that is being worked on.
pub(super) struct UnderWay(Gate);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.0.under_way.send_modify(|count| *count -= 1);
    }
}

impl Default for Gate {
    fn default() -> Self {
        Self(Arc::new(Inner {
            armed: Mutex::default(),
            under_way: watch::Sender::new(0),
        }))
    }
}

impl Gate {
    fn armed(&self) -> MutexGuard<'_, Option<Armed>> {
        self.0.armed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts from now on; the request number `at` of `function` meets `mode`.
    pub fn arm(&self, function: &Function, mode: Mode, at: usize) {
        let hit = Hit {
            mode,
            function: function.clone(),
        };
        let seen = Vec::new();
        *self.armed() = Some(Armed { hit, at, seen });
    }

    /// Waits until every request that arrived has had its effect, lets all pass again, and tells
    /// what was asked since it was armed.
    pub async fn disarm(&self) -> Vec<String> {
        // An error would mean that the gate is gone.
        let _ = self
            .0
            .under_way
            .subscribe()
            .wait_for(|count| *count == 0)
            .await;
        self.armed()
            .take()
            .map_or_else(Vec::new, |armed| armed.seen)
    }

    /// Lets all pass again at once. What arrived before and is hit stays hit. `Some`: it was armed for a
    /// later request than any that the function made, and this is how many it made.
    pub fn release(&self) -> Option<usize> {
        let armed = self.armed().take()?;
        (armed.seen.len() < armed.at).then_some(armed.seen.len())
    }

    /// What it is armed with: the mode, and the number of the request.
    #[must_use]
    pub fn armed_with(&self) -> Option<(Mode, usize)> {
        let armed = self.armed();
        armed.as_ref().map(|armed| (armed.hit.mode, armed.at))
    }

    /// Counts a request; `Some` if it is hit.
    pub(super) fn enter(&self, request: &str) -> (UnderWay, Option<Hit>) {
        self.0.under_way.send_modify(|count| *count += 1);
        let under_way = UnderWay(self.clone());
        let mut armed = self.armed();
        let hit = armed.as_mut().and_then(|armed| {
            let is_next = request != DUE || armed.seen.last().is_none_or(|last| last != DUE);
            if is_next {
                armed.seen.push(request.to_owned());
            }
            let number = armed.seen.len();
            let is_hit =
                (is_next && number == armed.at) || (armed.hit.mode.goes_on() && number >= armed.at);
            is_hit.then(|| armed.hit.clone())
        });
        (under_way, hit)
    }
}
