//! What is wrong with a command, or why it was not carried out.

use prime_gaming::api::CommandCode;
use prime_gaming::app::StartError;
use prime_gaming::flow::{OperationError, StoreError};
use prime_gaming::signals::event;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

/// One thing that is wrong with a command.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Fault {
    code: CommandCode,
    detail: String,
}

impl Fault {
    pub(crate) fn invalid(detail: impl Into<String>) -> Self {
        Self {
            code: CommandCode::InvalidRequest,
            detail: detail.into(),
        }
    }

    /// The function has no usable secret.
    pub(crate) fn not_ready(reason: &StartError) -> Self {
        Self {
            code: CommandCode::Unavailable,
            detail: format!("{}; the command doctor says what to do", reason.sentence()),
        }
    }
}

impl From<OperationError> for Fault {
    fn from(error: OperationError) -> Self {
        let code = match &error {
            OperationError::NotFound(_) => CommandCode::NotFound,
            OperationError::Conflict(_) => CommandCode::Conflict,
            OperationError::Cursor(_) => CommandCode::InvalidCursor,
            OperationError::Unfinished(_) => CommandCode::Unavailable,
            OperationError::RequestIdReused => CommandCode::RequestIdReused,
            OperationError::Store(error) => return Self::from(error),
        };
        Self {
            code,
            detail: error.to_string(),
        }
    }
}

impl From<&StoreError> for Fault {
    fn from(error: &StoreError) -> Self {
        tracing::error!(event = event::COMMAND_FAILED, %error);
        let (code, detail) = match error {
            StoreError::Unavailable { .. } => (
                CommandCode::Unavailable,
                "the database did not answer; repeating the command is safe".to_owned(),
            ),
            StoreError::Contended { .. } => (
                CommandCode::Unavailable,
                format!("{error}; nothing was changed, so repeat the command"),
            ),
            StoreError::Corrupt { .. } => (CommandCode::Internal, error.to_string()),
        };
        Self { code, detail }
    }
}

/// The answer of a command that was not carried out.
pub(crate) fn refused(errors: &[Fault]) -> Box<RawValue> {
    #[derive(Serialize)]
    struct Refused<'a> {
        ok: bool,
        errors: &'a [Fault],
    }
    to_raw_value(&Refused { ok: false, errors }).expect("faults are always JSON")
}
