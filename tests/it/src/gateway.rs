//! What stands between players and the functions, where a test plays it.

use http::StatusCode;

/// Sees each request of a route, and may answer in the function's place.
pub trait Gateway: Send + Sync {
    /// The status of the gateway's own answer; `None`: the function is invoked.
    fn refuses(&self, function: &str) -> Option<StatusCode>;

    /// How a request ended that `function` was to serve.
    fn answered(&self, function: &str, status: StatusCode);
}
