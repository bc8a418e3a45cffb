//! Commands of people with IAM permission, who invoke the function directly: support, QA, and the
//! keepers of the offers.
//!
//! `{"command": "…", …}` → `{"ok": true, …}` or `{"ok": false, "errors": [{"code", "detail"}]}`.
//! For Lambda the invocation always succeeds. The response names every fault of the command at once.

mod offers;

use std::collections::BTreeMap;

use prime_gaming::api::ErrorCode;
use prime_gaming::app::Offers;
use prime_gaming::app::{StartError, start_offers};
use prime_gaming::domain::{FieldsError, Offer, Sku, fields};
use prime_gaming::flow::StoreError;
use prime_gaming::signals::event;
use serde::Serialize;
use serde_json::value::RawValue;

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
            code: ErrorCode::InvalidRequest.as_str(),
            detail: detail.into(),
        }
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        tracing::error!(event = event::COMMAND_FAILED, %error);
        match error {
            StoreError::Unavailable { .. } | StoreError::Contended { .. } => Self {
                code: ErrorCode::Unavailable.as_str(),
                detail: "the database did not answer; repeating the command is safe".to_owned(),
            },
            StoreError::Corrupt { .. } => Self {
                code: ErrorCode::Internal.as_str(),
                detail: error.to_string(),
            },
        }
    }
}

/// The response to a command.
#[derive(Debug, Serialize)]
pub struct Response {
    ok: bool,
    #[serde(flatten)]
    outcome: Outcome,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Outcome {
    Done(Done),
    Refused { errors: Vec<Fault> },
}

/// What a command returns beside `ok`.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Done {
    Stored { stored: Vec<Sku> },
    Listed { offers: Vec<Offer> },
    Deleted { deleted: Sku },
}

/// The fields of a command, each as it was written.
type Fields<'a> = BTreeMap<String, &'a RawValue>;

/// A field that is a string.
fn text(fields: &Fields<'_>, name: &str) -> Option<String> {
    serde_json::from_str(fields.get(name)?.get()).ok()
}

impl Admin {
    /// Builds everything from the environment.
    ///
    /// # Errors
    /// If a setting is missing or wrong.
    pub fn start() -> Result<Self, StartError> {
        Ok(Self {
            offers: start_offers(env!("CARGO_CRATE_NAME"))?,
        })
    }

    /// Builds everything from its parts.
    #[must_use]
    pub fn new(dynamodb: aws_sdk_dynamodb::Client, offers_table: String) -> Self {
        Self {
            offers: Offers::new(dynamodb, offers_table),
        }
    }

    /// Carries out one command.
    pub async fn handle(&self, event: &RawValue) -> Response {
        match self.carry_out(event).await {
            Ok(done) => Response {
                ok: true,
                outcome: Outcome::Done(done),
            },
            Err(errors) => Response {
                ok: false,
                outcome: Outcome::Refused { errors },
            },
        }
    }

    async fn carry_out(&self, event: &RawValue) -> Result<Done, Vec<Fault>> {
        let fields = match fields(event) {
            Ok(fields) => fields,
            Err(FieldsError::NotAnObject) => Fields::new(),
            Err(error) => return Err(vec![Fault::invalid(format!("the command {error}"))]),
        };
        match text(&fields, "command").as_deref() {
            Some("offers.put") => offers::put(&self.offers, &fields).await,
            Some("offers.list") => offers::list(&self.offers).await,
            Some("offers.delete") => offers::delete(&self.offers, &fields).await,
            _ => Err(vec![Fault::invalid(
                "command must be one of offers.put, offers.list, offers.delete",
            )]),
        }
    }
}
