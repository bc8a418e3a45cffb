//! What each event of `events/` is answered.

use serde_json::Value;

use super::Response;

/// What a function answers to an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Promise {
    /// A response of the API: the status, and the code of the error, or an empty text.
    Api(u16, &'static str),
    /// A redirect with this status.
    Redirect(u16),
    /// The function `admin`: whether it carries the command out.
    Command(bool),
    /// `reconcile` does not look into its event.
    Run,
    /// CodeDeploy is told the outcome.
    Rollout,
}

/// Every event, by its file's name without the ending, with what it is answered.
pub const PROMISES: &[(&str, Promise)] = &[
    (
        "entitlements-check-bad-json",
        Promise::Api(400, "invalid_request"),
    ),
    (
        "entitlements-check-bad-other-player",
        Promise::Api(403, "forbidden"),
    ),
    (
        "entitlements-check-bad-server-without-player",
        Promise::Api(400, "invalid_request"),
    ),
    (
        "entitlements-check-bad-token",
        Promise::Api(401, "invalid_token"),
    ),
    ("entitlements-check-post", Promise::Api(200, "")),
    ("entitlements-check-server", Promise::Api(200, "")),
    (
        "entitlements-get-bad-cursor",
        Promise::Api(400, "invalid_cursor"),
    ),
    (
        "entitlements-get-bad-limit",
        Promise::Api(400, "invalid_request"),
    ),
    (
        "entitlements-get-bad-status",
        Promise::Api(400, "invalid_request"),
    ),
    ("entitlements-get-cursor", Promise::Api(200, "")),
    ("entitlements-get-server", Promise::Api(200, "")),
    ("entitlements-get-status", Promise::Api(200, "")),
    ("entitlements-get", Promise::Api(200, "")),
    (
        "fulfillments-bad-empty-id",
        Promise::Api(400, "invalid_request"),
    ),
    (
        "fulfillments-bad-json",
        Promise::Api(400, "invalid_request"),
    ),
    (
        "fulfillments-bad-no-ids",
        Promise::Api(400, "invalid_request"),
    ),
    (
        "fulfillments-bad-too-many-ids",
        Promise::Api(400, "invalid_request"),
    ),
    (
        "fulfillments-bad-type",
        Promise::Api(400, "invalid_request"),
    ),
    ("fulfillments-post-base64", Promise::Api(200, "")),
    ("fulfillments-post-several", Promise::Api(200, "")),
    ("fulfillments-post", Promise::Api(200, "")),
    ("fulfillments-server", Promise::Api(200, "")),
    ("health-get", Promise::Api(200, "")),
    (
        "link-callback-bad-doubled-state",
        Promise::Api(400, "invalid_state"),
    ),
    (
        "link-callback-bad-no-state",
        Promise::Api(400, "invalid_state"),
    ),
    (
        "link-callback-bad-other-browser",
        Promise::Api(403, "wrong_browser"),
    ),
    ("link-callback-denied", Promise::Api(403, "access_denied")),
    ("link-callback-get", Promise::Api(200, "")),
    (
        "link-continue-bad-other-browser",
        Promise::Api(403, "wrong_browser"),
    ),
    ("link-continue-get", Promise::Api(200, "")),
    ("link-delete-server", Promise::Api(204, "")),
    ("link-delete", Promise::Api(204, "")),
    ("link-device-bad-server", Promise::Api(403, "forbidden")),
    ("link-device-bad-unknown", Promise::Api(404, "not_found")),
    ("link-device-post", Promise::Api(200, "")),
    (
        "link-devices-bad-second",
        Promise::Api(429, "too_many_attempts"),
    ),
    ("link-devices-bad-server", Promise::Api(403, "forbidden")),
    ("link-devices-post", Promise::Api(201, "")),
    ("link-from-prime-gaming-get", Promise::Redirect(302)),
    ("link-get-bad-no-token", Promise::Api(401, "invalid_token")),
    ("link-get-server", Promise::Api(200, "")),
    ("link-get", Promise::Api(200, "")),
    ("link-login-bad-player", Promise::Api(403, "forbidden")),
    ("link-login-bad-ticket", Promise::Api(400, "invalid_ticket")),
    ("link-login-post", Promise::Api(200, "")),
    (
        "link-session-bad-return-to",
        Promise::Api(400, "invalid_return_to"),
    ),
    ("link-session-bad-server", Promise::Api(403, "forbidden")),
    ("link-session-post-empty-body", Promise::Api(201, "")),
    ("link-session-post", Promise::Api(201, "")),
    (
        "link-start-get-bad-ticket",
        Promise::Api(400, "invalid_ticket"),
    ),
    ("link-start-get-known-browser", Promise::Api(200, "")),
    ("link-start-get", Promise::Api(200, "")),
    (
        "link-start-post-bad-no-cookie",
        Promise::Api(403, "wrong_browser"),
    ),
    (
        "link-start-post-bad-origin",
        Promise::Api(403, "wrong_browser"),
    ),
    ("link-start-post", Promise::Redirect(303)),
    ("admin-bad-command", Promise::Command(false)),
    ("admin-bad-order", Promise::Command(false)),
    ("admin-amazon-get", Promise::Command(true)),
    ("admin-attention-list", Promise::Command(true)),
    ("admin-attention-release", Promise::Command(true)),
    ("admin-doctor", Promise::Command(true)),
    ("admin-entitlement-get", Promise::Command(true)),
    ("admin-entitlement-hold", Promise::Command(true)),
    ("admin-entitlement-reassign", Promise::Command(true)),
    ("admin-entitlement-release", Promise::Command(true)),
    ("admin-entitlement-rereport", Promise::Command(true)),
    ("admin-keys-reseal", Promise::Command(true)),
    ("admin-keys-status", Promise::Command(true)),
    ("admin-link-retry", Promise::Command(true)),
    ("admin-player-erase", Promise::Command(true)),
    ("admin-player-erase-again", Promise::Command(true)),
    ("admin-player-export", Promise::Command(true)),
    ("admin-player-get", Promise::Command(true)),
    ("admin-player-unlink", Promise::Command(true)),
    ("admin-offers-put-bad", Promise::Command(false)),
    ("admin-offers-put", Promise::Command(true)),
    ("admin-offers-correct", Promise::Command(true)),
    ("admin-offers-list", Promise::Command(true)),
    ("admin-offers-pause", Promise::Command(true)),
    ("admin-offers-resume", Promise::Command(true)),
    ("admin-offers-delete", Promise::Command(true)),
    ("admin-rollout-hook", Promise::Rollout),
    ("reconcile-scheduled", Promise::Run),
];

impl Promise {
    /// What is wrong with `answer`, if it is not what was promised.
    #[must_use]
    pub fn breach(self, answer: &Value) -> Option<String> {
        let kept = match self {
            Self::Api(status, code) => {
                let response = Response::read(answer);
                response.is_some_and(|it| it.status == status && it.body.contains(code))
            }
            Self::Redirect(status) => {
                let response = Response::read(answer);
                response.is_some_and(|it| it.status == status && it.location.is_some())
            }
            Self::Command(done) => answer["ok"] == done,
            Self::Run => answer.is_object() && answer.get("errorType").is_none(),
            Self::Rollout => answer.get("status").is_some(),
        };
        (!kept).then(|| format!("{self} was promised, and the answer is {answer}"))
    }
}

impl std::fmt::Display for Promise {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Api(status, "") | Self::Redirect(status) => write!(f, "{status}"),
            Self::Api(status, code) => write!(f, "{status} {code}"),
            Self::Command(true) => f.write_str("ok"),
            Self::Command(false) => f.write_str("refused"),
            Self::Run => f.write_str("what it has done"),
            Self::Rollout => f.write_str("an outcome"),
        }
    }
}
