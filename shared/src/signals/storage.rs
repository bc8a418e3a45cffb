//! Events of the tables and of what is stored encrypted.

use super::{Metric, events};

events! {
    "Database and stored secrets"

    /// No key of `token_keys` opens a link's tokens.
    TOKENS_UNREADABLE = "tokens_unreadable" {
        fields: ["player_id", "error"],
        action: "Put the lost key back into `token_keys`; otherwise the player has to link again.",
        metrics: [Metric::count("TokensUnreadable")],
    }
    /// The same for a device's codes.
    PAIR_UNREADABLE = "pair_unreadable" {
        fields: ["player_id", "error"],
        action: "Put the lost key back into `token_keys`.",
        metrics: [Metric::count("TokensUnreadable")],
    }
    /// The same for an attempt's PKCE verifier.
    VERIFIER_UNREADABLE = "verifier_unreadable" {
        fields: ["player_id", "error"],
        action: "Put the lost key back into `token_keys`.",
        metrics: [Metric::count("TokensUnreadable")],
    }
    /// This version can't read a row. An entitlement is skipped, the others are handled, and `reconcile` tries the row again after an hour; with another row the request ends as `internal`, but `player.get`, `entitlement.get`, `amazon.get` and the lists name it in `unreadable`.
    UNREADABLE_ROW = "unreadable_row" {
        fields: ["error"],
        action: "`error` names the row's table, key and field. During a roll-out: a newer version wrote it.",
        metrics: [Metric::count("UnreadableRow")],
    }
    /// A note of parked reports has an `entry` that names no entitlement; the service removed it from the note.
    PARKED_ENTRY_UNREADABLE = "parked_entry_unreadable" {
        fields: ["entry"],
        action: "Look for the entitlement that it was meant to name.",
        metrics: [Metric::count("UnreadableRow")],
    }
    /// The database did not let a check begin: the game gets `unavailable`, and repeats it.
    CHECK_NOT_BEGUN = "check_not_begun" {
        fields: ["player_id", "error"],
        action: "Look at DynamoDB's throttles and status page.",
        metrics: [Metric::count("NotWritten")],
    }
    /// An entitlement could not be stored; Amazon lists it again. `not_written`: the database did not take it.
    NOT_ADMITTED = "not_admitted" {
        fields: ["player_id", "entitlement_id", "sku", "error", "not_written"],
        action: "Look at DynamoDB's throttles and status page, or at the offer.",
        metrics: [Metric::count("NotWritten").if_true("not_written")],
    }
    /// A confirmation could not be stored; the game confirms again. `not_written`: the database did not take it.
    NOT_CONFIRMED = "not_confirmed" {
        fields: ["player_id", "entitlement_id", "sku", "error", "not_written"],
        action: "Look at DynamoDB's throttles and status page.",
        metrics: [Metric::count("NotWritten").if_true("not_written")],
    }
    /// The database did not let a request begin work on an entitlement; a later request does it.
    NOT_TAKEN = "not_taken" {
        fields: ["player_id", "entitlement_id", "sku", "error"],
        action: "Nothing, unless it goes on.",
    }
    /// The database did not take what became of a try; the lease runs out, and the service tries again.
    NOT_GIVEN_BACK = "not_given_back" {
        fields: ["player_id", "entitlement_id", "sku", "error"],
        action: "Nothing, unless it goes on.",
    }
    /// The database did not make an entitlement due for the webhook; the next check does it.
    NOT_MADE_DUE = "not_made_due" {
        fields: ["player_id", "entitlement_id", "sku", "error"],
        action: "Nothing, unless it goes on.",
    }
    /// The database did not hold an entitlement; a later request does it.
    NOT_HELD = "not_held" {
        fields: ["player_id", "entitlement_id", "sku", "error"],
        action: "Nothing, unless it goes on.",
    }
    /// The database did not say which offers are paused; what may be paused waits for a later request.
    PAUSE_NOT_READ = "pause_not_read" {
        fields: ["error"],
        action: "Nothing, unless it goes on.",
    }
    /// The database did not release an entitlement whose offer was resumed; the next check does it.
    NOT_RESUMED = "not_resumed" {
        fields: ["player_id", "entitlement_id", "sku", "error"],
        action: "Nothing, unless it goes on.",
    }
    /// The database did not let `reconcile` find what waits for a resumed offer; it tries again.
    RESUMPTION_CUT_SHORT = "resumption_cut_short" {
        fields: ["sku", "error"],
        action: "Nothing, unless it goes on.",
    }
    /// The database did not store that an entitlement was handed out; the next check does it.
    HANDED_OUT_NOT_STORED = "handed_out_not_stored" {
        fields: ["player_id", "entitlement_id", "sku", "error"],
        action: "Nothing, unless it goes on.",
    }
    /// The database did not store that an operator has to look; the next check does it.
    ATTENTION_NOT_NOTED = "attention_not_noted" {
        fields: ["player_id", "entitlement_id", "sku", "error"],
        action: "Nothing, unless it goes on.",
    }
    /// The database did not store that a report was made; the service finds that out from Amazon.
    REPORTED_NOT_STORED = "reported_not_stored" {
        fields: ["player_id", "entitlement_id", "sku", "error"],
        action: "Nothing, unless it goes on.",
    }
    /// The database did not take new tokens; the request uses them unstored.
    TOKENS_NOT_STORED = "tokens_not_stored" {
        fields: ["attempt", "error"],
        action: "Look at DynamoDB's throttles and status page.",
    }
    /// The database did not take a link.
    LINK_NOT_STORED = "link_not_stored" {
        fields: ["error"],
        action: "Look at DynamoDB's throttles and status page.",
    }
    /// The database did not store how a link ended.
    LINK_ENDING_NOT_STORED = "link_ending_not_stored" {
        fields: ["error"],
        action: "Nothing: the attempt expires.",
    }
    /// The database did not clear a link's refusal; the next check does it.
    LINK_NOT_CLEARED = "link_not_cleared" {
        fields: ["player_id", "error"],
        action: "Nothing.",
    }
    /// The database did not store for how long Amazon wants rest.
    RETRY_AFTER_NOT_STORED = "retry_after_not_stored" {
        fields: ["error"],
        action: "Nothing.",
    }
    /// The database did not store a device's poll.
    DEVICE_POLL_NOT_STORED = "device_poll_not_stored" {
        fields: ["error"],
        action: "Nothing.",
    }
    /// The database did not store that nothing is open; the next check does it.
    OPEN_NOT_CLEARED = "open_not_cleared" {
        fields: ["player_id", "error"],
        action: "Nothing.",
    }
    /// The database did not answer a read of a link.
    LINK_NOT_READ = "link_not_read" {
        fields: ["player_id", "error"],
        action: "Nothing, unless it goes on.",
    }
    /// The database did not answer whether a player is linked; the page is shown as for one who is not.
    LINK_STATUS_UNKNOWN = "link_status_unknown" {
        fields: ["player_id", "error"],
        action: "Nothing.",
    }
    /// The database did not answer what is open; the reports are made later.
    OPEN_NOT_READ = "open_not_read" {
        fields: ["player_id", "error"],
        action: "Nothing.",
    }
    /// The database did not answer what is due in a shard.
    SHARD_NOT_READ = "shard_not_read" {
        fields: ["error"],
        action: "Look at DynamoDB's throttles and status page.",
    }
    /// The database did not answer how many items are due.
    SHARD_NOT_COUNTED = "shard_not_counted" {
        fields: ["error"],
        action: "Nothing.",
    }
}
