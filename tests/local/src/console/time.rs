//! The console's clock: the real time, and what was forwarded.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use prime_gaming::Clock;
use prime_gaming::domain::Timestamp;

/// A clock that can be moved forward. Clones are the same clock.
#[derive(Clone, Debug)]
pub struct Time {
    real: Clock,
    forwarded_ms: Arc<AtomicU64>,
}

impl Default for Time {
    fn default() -> Self {
        Self {
            real: Clock::system(),
            forwarded_ms: Arc::default(),
        }
    }
}

impl Time {
    /// The time now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.real.now() + self.forwarded()
    }

    /// The time now in whole Unix seconds.
    #[must_use]
    pub fn seconds(&self) -> u64 {
        u64::try_from(self.now().as_millis() / 1000).unwrap_or(0)
    }

    /// How far it was moved in all.
    #[must_use]
    pub fn forwarded(&self) -> Duration {
        Duration::from_millis(self.forwarded_ms.load(Ordering::SeqCst))
    }

    /// Moves it.
    pub fn forward(&self, by: Duration) {
        let by = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        self.forwarded_ms.fetch_add(by, Ordering::SeqCst);
    }
}
