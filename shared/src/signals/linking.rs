//! Events of linking, and of a link's tokens.

use super::{Metric, events};

/// Failures of linking that are our or Amazon's fault. A player who refuses or comes too late is none.
const FAULTS: &[&str] = &[
    "amazon_unavailable",
    "identity_mismatch",
    "permission_missing",
    "internal",
];

events! {
    "Linking"

    /// A player agreed on our consent page, and the browser goes on to Amazon.
    LINK_STARTED = "link_started" {
        fields: ["player_id"],
        action: "Nothing.",
        metrics: [Metric::count("LinkStarted")],
    }
    /// A browser came back from Amazon with a good `state`, also if the player refused.
    LINK_RETURNED = "link_returned" {
        fields: ["player_id"],
        action: "Nothing.",
        metrics: [Metric::count("LinkReturned")],
    }
    /// A player's link was made.
    LINKED = "linked" {
        fields: ["player_id"],
        action: "Nothing.",
        metrics: [Metric::count("Linked")],
    }
    /// A player's link was not made; `code` says why.
    LINK_FAILED = "link_failed" {
        fields: ["player_id", "code"],
        action: "`amazon_unavailable`, `identity_mismatch`, `permission_missing`, `internal`: read the request's other lines.",
        metrics: [Metric::count("LinkFailed").if_one_of("code", FAULTS)],
    }
    /// A player's link was ended.
    UNLINKED = "unlinked" {
        fields: ["player_id"],
        action: "Nothing.",
    }
    /// A request to continue a player's link came from another browser than the one that started it.
    WRONG_BROWSER = "wrong_browser" {
        fields: ["player_id"],
        action: "If there are many: an attacker may send players links that the attacker has started.",
    }
    /// A page showed `internal`.
    PAGE_FAILED = "page_failed" {
        fields: ["error"],
        action: "`error` has the cause.",
    }
    /// Amazon refused our authorization request.
    AUTHORIZE_FAILED = "authorize_failed" {
        fields: ["error"],
        action: "Check `LwaClientId` and the return URL of the security profile.",
    }
    /// LWA gave no tokens for a code.
    CODE_NOT_EXCHANGED = "code_not_exchanged" {
        fields: ["error"],
        action: "`invalid_client`: check `lwa_client_secret`. Otherwise see Amazon's status page.",
    }
    /// LWA did not say whose the tokens are.
    IDENTIFY_FAILED = "identify_failed" {
        fields: ["error"],
        action: "See Amazon's status page. A mismatch: the tokens are another client's.",
    }
    /// LWA gave no refresh token.
    NO_REFRESH_TOKEN = "no_refresh_token" {
        fields: [],
        action: "Check `lwa_client_secret`.",
    }
    /// LWA gave no code for a device.
    CODE_PAIR_FAILED = "code_pair_failed" {
        fields: ["error"],
        action: "Check that the security profile allows devices.",
    }
    /// LWA did not answer about a device, and the next poll asks again.
    DEVICE_POLL_FAILED = "device_poll_failed" {
        fields: ["player_id", "error"],
        action: "Nothing, unless it goes on.",
    }
    /// No time was left for a step of linking.
    NO_TIME_LEFT = "no_time_left" {
        fields: [],
        action: "DynamoDB or Amazon is slow: look at their latency.",
    }
    /// The time limit ended the work on a link.
    LINK_CUT_SHORT = "link_cut_short" {
        fields: ["player_id"],
        action: "DynamoDB or Amazon is slow: look at their latency.",
    }
    /// Amazon called the refresh token invalid: the player is asked to link again, and the service keeps the token and tries it again.
    LINK_DEAD = "link_dead" {
        fields: ["player_id"],
        action: "Many at once: check `LwaClientId` and the secret; see [Many links die at once](operating.md#many-links-die-at-once).",
        metrics: [Metric::count("LinkDead")],
    }
    /// Amazon accepted such a token again.
    LINK_REVIVED = "link_revived" {
        fields: ["player_id"],
        action: "Nothing.",
    }
    /// Such a token could not be tried now.
    SECOND_LOOK_FAILED = "second_look_failed" {
        fields: ["player_id", "cause"],
        action: "Nothing: the service tries again.",
    }
    /// Amazon refused such a token for 7 days, and the service deleted it.
    DEAD_TOKENS_FORGOTTEN = "dead_tokens_forgotten" {
        fields: ["player_id"],
        action: "Nothing: the player has to link again.",
    }
    /// Prime Gaming refuses a link's tokens, even renewed ones; the service keeps them and tries them again after an hour.
    LINK_REFUSED = "link_refused" {
        fields: ["player_id"],
        action: "Many at once: ask Amazon whether the client id is still allow-listed.",
        metrics: [Metric::count("LinkRefused")],
    }
    /// LWA could not renew tokens now.
    REFRESH_FAILED = "refresh_failed" {
        fields: ["player_id", "error"],
        action: "`invalid_client`: check `lwa_client_secret`. Otherwise see Amazon's status page.",
        metrics: [Metric::count("RefreshFailed")],
    }
    /// With a webhook: the request that linked did not complete the first check, so `reconcile` makes it.
    FIRST_CHECK_FAILED = "first_check_failed" {
        fields: ["player_id", "error"],
        action: "Nothing.",
    }
    /// The same, because the time was over.
    FIRST_CHECK_CUT_SHORT = "first_check_cut_short" {
        fields: ["player_id"],
        action: "Nothing.",
    }
}
