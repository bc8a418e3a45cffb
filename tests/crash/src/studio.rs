//! The studio's backend, where its webhook delivers: it gives each `webhook-id` once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::http::StatusCode;
use local::webhook::{Call, Receiver};
use serde_json::Value;

use crate::Journal;

/// What calls are signed with.
pub(crate) const SECRET: &str = "whsec_YSBzZWNyZXQgdGhhdCBvbmx5IHRoZXNlIHRlc3RzIGtub3c=";

/// A running backend. It ends when it is dropped.
#[derive(Debug)]
pub struct Studio {
    receiver: Receiver,
    is_down: Arc<AtomicBool>,
}

impl Studio {
    /// Starts one that writes into this journal.
    pub(crate) async fn start(journal: Journal) -> Result<Self, local::Error> {
        let is_down = Arc::new(AtomicBool::new(false));
        let down = Arc::clone(&is_down);
        let receiver = Receiver::start(SECRET, move |call| {
            take(&journal, call, down.load(Ordering::SeqCst))
        });
        Ok(Self {
            receiver: receiver.await?,
            is_down,
        })
    }

    /// Where it is.
    pub(crate) fn base_url(&self) -> String {
        self.receiver.base_url()
    }

    /// Whether it gives nothing from now on, and answers so.
    pub fn is_down(&self, is_down: bool) {
        self.is_down.store(is_down, Ordering::SeqCst);
    }
}

fn take(journal: &Journal, call: Call<'_>, is_down: bool) -> StatusCode {
    let Call::Signed { id, body } = call else {
        journal.breach("the studio got an unsigned call".to_owned());
        return StatusCode::UNAUTHORIZED;
    };
    journal.called(id, body);
    if is_down {
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    let order: Value = serde_json::from_str(body).unwrap_or_default();
    let text = |name: &str| order["data"][name].as_str().unwrap_or_default();
    if journal.given(id, text("entitlement_id"), text("player_id")) {
        StatusCode::OK
    } else {
        StatusCode::CONFLICT
    }
}
