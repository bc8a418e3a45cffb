//! Events of requests, of `reconcile`, and of operators' commands.

use super::metric::Unit;
use super::{Metric, events};

events! {
    "Requests, reconcile, commands"

    /// A request has ended.
    REQUEST = "request" {
        fields: ["status", "code", "detail", "cause", "duration_ms"],
        action: "500: `cause` names the fault. 503: what it names did not answer.",
    }
    /// A run of `reconcile` has ended. `overdue_seconds`: how long the longest overdue item had been due. `due`: how many items were due. `attention`: in every fifth minute, how many entitlements wait for an operator.
    RECONCILED = "reconciled" {
        fields: ["taken", "done", "failed", "left", "due", "overdue_seconds", "attention", "duration_ms"],
        action: "`left` grows: see the alarm `Overdue`. `attention`: see the alarm `Attention`.",
        metrics: [
            Metric::field("OverdueSeconds", Unit::Seconds, "overdue_seconds"),
            Metric::field("Due", Unit::Count, "due"),
            Metric::field("Attention", Unit::Count, "attention"),
        ],
    }
    /// The time limit or the database ended the work on a shard of the index `due`; the next run does the rest.
    SHARD_CUT_SHORT = "shard_cut_short" {
        fields: ["error"],
        action: "DynamoDB or Amazon is slow: look at their latency.",
    }
    /// The time limit ended reports of an unlinking; `reconcile` makes them.
    REPORTS_CUT_SHORT = "reports_cut_short" {
        fields: ["player_id"],
        action: "Nothing.",
    }
    /// The service deleted the tokens of an unlinked account.
    REMNANT_DELETED = "remnant_deleted" {
        fields: ["player_id"],
        action: "Nothing.",
    }
    /// Housekeeping for an Amazon account failed; the service tries again, after a wait that grows to an hour.
    CHORE_FAILED = "chore_failed" {
        fields: ["kind", "attempts", "error"],
        action: "Nothing, unless it goes on: `error` names the cause.",
    }
    /// An operator's command has changed something. The reason is in the audit record.
    COMMAND_DONE = "command_done" {
        fields: ["command", "actor", "player_id", "entitlement_id", "sku"],
        action: "Nothing.",
    }
    /// An operator's command failed.
    COMMAND_FAILED = "command_failed" {
        fields: ["error"],
        action: "`error` names the cause; repeating the command is safe.",
    }
    /// The service can't fetch the studio's key set and tries again after 30 seconds; with `has_older` it uses the last good one meanwhile.
    KEY_SET_FAILED = "key_set_failed" {
        fields: ["cause", "has_older"],
        action: "Look at your identity provider, and at `PlayerJwksUrl`.",
        metrics: [Metric::count("KeySetFailed")],
    }
    /// Keys of that set can't be used: which, and why.
    KEYS_SKIPPED = "keys_skipped" {
        fields: ["count", "keys"],
        action: "Tokens that these keys sign are refused: mend the key set.",
    }
}
