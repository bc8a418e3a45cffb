//! AWS Lambda on one machine: real function binaries, each process behind a Lambda Runtime API
//! of its own.
//!
//! As in Lambda, a process serves one invocation at a time, another process is started when all
//! are busy, a process that overruns its time limit is killed, and one that ends is replaced.
//! Unlike Lambda, a process is not frozen between invocations, unless a test says so.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};

mod api;
mod function;
mod instance;

pub use function::{Function, Pause, Witness};
pub use instance::Instance;

/// The most that a payload or an answer may take, in bytes: Lambda's limit for synchronous calls.
pub const MAX_PAYLOAD_BYTES: usize = 6 * 1024 * 1024;

/// How many processes one function may have, unless said otherwise; more calls wait.
pub const DEFAULT_INSTANCES: usize = 8;

/// How long a process may take until it asks for work. Lambda gives 10 seconds; a laptop that
/// compiles at the same time needs more.
const INIT_WITHIN: Duration = Duration::from_secs(30);

/// The variables that tell the AWS SDK where it is and who it is: a region, and credentials that
/// mean nothing.
#[must_use]
pub fn aws_variables() -> BTreeMap<String, String> {
    [
        ("AWS_REGION", crate::REGION),
        ("AWS_DEFAULT_REGION", crate::REGION),
        ("AWS_ACCESS_KEY_ID", "local"),
        ("AWS_SECRET_ACCESS_KEY", "local"),
        ("AWS_SESSION_TOKEN", "local"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}

/// What to run, and how.
#[derive(Clone)]
pub struct Spec {
    /// The function's name, as it is shown in logs.
    pub name: String,
    /// The executable.
    pub binary: PathBuf,
    /// The variables it is given beside those that Lambda sets. They win over Lambda's.
    pub env: BTreeMap<String, String>,
    /// How long one invocation may take.
    pub timeout: Duration,
    /// The memory it is told it has, in MB. It is not enforced.
    pub memory_mb: u32,
    /// How many processes it may have.
    pub max_instances: usize,
}

impl Spec {
    /// A function with this name and executable, and SAM's defaults for the rest.
    #[must_use]
    pub fn new(name: impl Into<String>, binary: impl Into<PathBuf>) -> Self {
        Self {
            name: name.into(),
            binary: binary.into(),
            env: BTreeMap::new(),
            timeout: Duration::from_secs(3),
            memory_mb: 128,
            max_instances: DEFAULT_INSTANCES,
        }
    }
}

impl std::fmt::Debug for Spec {
    /// Leaves the variables' values out: some may be secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Spec")
            .field("name", &self.name)
            .field("binary", &self.binary)
            .field("env", &self.env.keys())
            .field("timeout", &self.timeout)
            .field("max_instances", &self.max_instances)
            .finish_non_exhaustive()
    }
}

/// Why an invocation has no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InvokeError {
    /// The process did not get as far as asking for work.
    Init {
        /// What happened.
        reason: String,
        /// The last lines that it wrote.
        log: Vec<String>,
    },
    /// The function answered with an error.
    Function {
        /// The error's type, as the function named it.
        error_type: String,
        /// Its message.
        message: String,
    },
    /// It took longer than the function's time limit, and was killed.
    TimedOut {
        /// The invocation's request id.
        request_id: String,
        /// The limit.
        after: Duration,
    },
    /// The process ended while it was working.
    Crashed {
        /// The invocation's request id.
        request_id: String,
        /// How it ended.
        status: String,
        /// The last lines that it wrote.
        log: Vec<String>,
    },
    /// The payload is larger than [`MAX_PAYLOAD_BYTES`].
    TooLarge,
    /// The function has been stopped.
    Stopped,
}

impl InvokeError {
    /// What Lambda would answer to the caller of the invocation.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let (error_type, message) = match self {
            Self::Init { reason, .. } => ("Runtime.ExitError", format!("Error: {reason}")),
            Self::Function {
                error_type,
                message,
            } => (error_type.as_str(), message.clone()),
            Self::TimedOut { request_id, after } => (
                "Sandbox.Timedout",
                format!(
                    "RequestId: {request_id} Error: Task timed out after {:.2} seconds",
                    after.as_secs_f64()
                ),
            ),
            Self::Crashed {
                request_id, status, ..
            } => (
                "Runtime.ExitError",
                format!("RequestId: {request_id} Error: Runtime exited with error: {status}"),
            ),
            Self::TooLarge => (
                "RequestTooLargeException",
                format!("more than {MAX_PAYLOAD_BYTES} bytes"),
            ),
            Self::Stopped => (
                "ServiceException",
                "the function has been stopped".to_owned(),
            ),
        };
        json!({ "errorType": error_type, "errorMessage": message })
    }
}

impl std::fmt::Display for InvokeError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let json = self.to_json();
        let text = |key: &str| json[key].as_str().unwrap_or_default().to_owned();
        write!(f, "{}: {}", text("errorType"), text("errorMessage"))?;
        if let Self::Init { log, .. } | Self::Crashed { log, .. } = self {
            for line in log {
                write!(f, "\n  {line}")?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for InvokeError {}
