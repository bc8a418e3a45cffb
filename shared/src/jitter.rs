//! The chance in the pauses between tries; the flows are handed a [`Jitter`].

use std::fmt;
use std::sync::Arc;

use crate::domain::random_fraction;

/// Gives fractions for the pauses between tries of one entitlement or chore, so that what failed
/// together does not come back together.
#[derive(Clone)]
pub struct Jitter(Arc<dyn Fn() -> f64 + Send + Sync>);

impl Jitter {
    /// Real chance.
    #[must_use]
    pub fn random() -> Self {
        Self(Arc::new(random_fraction))
    }

    /// Always this fraction, for tests whose times must be the same in every run. It must be in
    /// `0.0..1.0`.
    #[must_use]
    pub fn fixed(fraction: f64) -> Self {
        Self(Arc::new(move || fraction))
    }

    /// A number in `0.0..1.0`.
    #[must_use]
    pub fn fraction(&self) -> f64 {
        (self.0)()
    }
}

impl fmt::Debug for Jitter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Jitter")
    }
}
