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
    /// `admin` can't use the secret. It answers `doctor`, and refuses every other command.
    SECRET_UNUSABLE = "secret_unusable" {
        fields: ["error"],
        action: "`error` says what is wrong with the secret: mend it. `admin` reads it again at the next command.",
    }
    /// `doctor` has found something. `checks`: the names of the checks.
    UNWELL = "unwell" {
        fields: ["checks"],
        action: "Do what `fix` says in the answer of `doctor`.",
    }
    /// The checks before a roll-out have ended. `checks`: those that have found something; `status`: what CodeDeploy is told. `Failed` rolls back.
    ROLLOUT_CHECKED = "rollout_checked" {
        fields: ["deployment_id", "status", "checks"],
        action: "`Failed`: run `doctor`, and do what its `fix` says.",
    }
    /// CodeDeploy was not told the result of these checks; Lambda invokes the function again, twice.
    ROLLOUT_NOT_TOLD = "rollout_not_told" {
        fields: ["deployment_id", "error"],
        action: "Nothing, unless the roll-out hangs: then stop it, and look at the role `RolloutCheckRole`.",
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
