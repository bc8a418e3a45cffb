//! How long short-lived rows are remembered. Expiry is checked on read; TTL only cleans up.

use std::time::Duration;

/// How long after its end a short-lived item is remembered; then TTL sweeps it.
pub(in crate::store) const LINGER: Duration = Duration::from_secs(3600);
