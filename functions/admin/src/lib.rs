//! Invoked directly by people with IAM permission: support, QA and whoever keeps the offers.
//!
//! `{"command": "…", …}` → `{"ok": true, …}` or `{"ok": false, "errors": [{"code", "detail"}]}`.
//! The answer is always `200` for Lambda: what was wrong is in it, all of it at once.

mod offers;

use prime_gaming::config::AdminConfig;
use prime_gaming::store::{Offers, StoreError};
use prime_gaming::{Clock, logging, net};
use serde::Serialize;
use serde_json::{Map, Value, json};

/// What the commands work on.
#[derive(Debug)]
pub struct Admin {
    offers: Offers,
}

/// One thing that is wrong with a command.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    code: &'static str,
    detail: String,
}

impl Fault {
    fn invalid(detail: impl Into<String>) -> Self {
        Self {
            code: "invalid_request",
            detail: detail.into(),
        }
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        tracing::error!(event = "command_failed", %error);
        match error {
            StoreError::Unavailable { .. } => Self {
                code: "unavailable",
                detail: "the database did not answer; repeating the command is safe".to_owned(),
            },
            StoreError::Corrupt { .. } => Self {
                code: "internal",
                detail: error.to_string(),
            },
        }
    }
}

/// What a command answers beside `ok`.
type Answer = Result<Map<String, Value>, Vec<Fault>>;

impl Admin {
    /// Builds everything from the environment.
    ///
    /// # Errors
    /// If a setting is missing or wrong.
    pub fn start() -> Result<Self, prime_gaming::app::StartError> {
        logging::init();
        let config = AdminConfig::from_env()?;
        let sdk = net::sdk_config(net::Client::new(Clock::system())?)?;
        Ok(Self::new(
            aws_sdk_dynamodb::Client::new(&sdk),
            config.offers_table,
        ))
    }

    /// Builds everything from its parts.
    #[must_use]
    pub fn new(dynamodb: aws_sdk_dynamodb::Client, offers_table: String) -> Self {
        Self {
            offers: Offers::new(dynamodb, offers_table),
        }
    }

    /// Carries out one command.
    pub async fn handle(&self, event: &Value) -> Value {
        let answer = match event.get("command").and_then(Value::as_str) {
            Some("offers.put") => offers::put(&self.offers, event).await,
            Some("offers.list") => offers::list(&self.offers).await,
            Some("offers.delete") => offers::delete(&self.offers, event).await,
            _ => Err(vec![Fault::invalid(
                "command must be one of offers.put, offers.list, offers.delete",
            )]),
        };
        match answer {
            Ok(mut answer) => {
                answer.insert("ok".to_owned(), Value::Bool(true));
                Value::Object(answer)
            }
            Err(errors) => json!({"ok": false, "errors": errors}),
        }
    }
}
