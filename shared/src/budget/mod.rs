//! Every time limit of the service, in one table, with assertions that say how they depend on each
//! other; and [`Budget`], the time that one request has left.
//!
//! Settings that a studio can change, such as `CHECK_MIN_INTERVAL_SECONDS`, are in `config`.

mod dependencies;
mod request;

use std::time::Duration;

pub use request::Budget;
pub(crate) use request::NoTimeLeft;

const fn millis(count: u64) -> Duration {
    Duration::from_millis(count)
}

const fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

const fn minutes(count: u64) -> Duration {
    seconds(60 * count)
}

const fn hours(count: u64) -> Duration {
    minutes(60 * count)
}

const fn days(count: u64) -> Duration {
    hours(24 * count)
}

// One request, and one run of reconcile. The template sets the two limits of Lambda.

/// API Gateway waits for a function no longer than this; AWS allows no more.
pub const GATEWAY_LIMIT: Duration = seconds(30);
/// Lambda ends a function of the API after this time.
pub const FUNCTION_LIMIT: Duration = seconds(28);
/// Within this time a caller gets a response that a game can read, even if the database is slow.
pub const RESPONSE_LIMIT: Duration = seconds(26);
/// What a request's work is planned for: what is begun within it still ends in time.
pub const REQUEST_WORK: Duration = seconds(20);
/// After the planned time, work that is under way may take this much longer. Then the caller gets
/// what is known.
pub const REQUEST_GRACE: Duration = seconds(4);
/// An unlinking may spend this on last reports.
pub const UNLINK_WORK: Duration = seconds(10);
/// A command about many entitlements begins no further group of them after this.
pub const BULK_WORK: Duration = seconds(20);
/// The first check may spend this in the request that made the link: the player waits in a browser.
pub const FIRST_CHECK_WORK: Duration = seconds(8);
/// Lambda ends a run of `reconcile` after this time.
pub const RECONCILE_LIMIT: Duration = seconds(58);
/// What a run of `reconcile` is planned for, where its time limit allows it: the next run is not
/// far.
pub const RECONCILE_WORK: Duration = seconds(40);
/// A run of `reconcile` begins no work in this time before its limit, so that work under way still
/// ends.
pub const RECONCILE_MARGIN: Duration = seconds(15);

// Leases. A lease that is older belongs to a process that is dead.

/// Life of a lease on an entitlement, a refresh, a device's poll or an attempt's callback. No
/// request lives longer.
pub const LEASE: Duration = seconds(30);
/// Pause between looks at the row while another process refreshes the tokens.
pub const REFRESH_WATCH_PAUSE: Duration = millis(200);
/// How often a request looks at that row.
pub const REFRESH_WATCH_TRIES: u32 = 10;
/// Pause between looks for the ending that another callback is about to write.
pub const OUTCOME_WATCH_PAUSE: Duration = millis(250);
/// How long a callback looks for that ending. The browser has a response within 3 s.
pub const OUTCOME_WATCH: Duration = seconds(2);

// Calls to others.

/// One call to Amazon, from its first byte to the answer's last.
pub const CALL_LIMIT: Duration = seconds(5);
/// One call of the studio's webhook, to the last byte that is read of its answer.
pub const WEBHOOK_LIMIT: Duration = seconds(5);
/// One fetch of the studio's key set.
pub const KEY_SET_LIMIT: Duration = seconds(5);
/// A TCP connection and its TLS handshake.
pub const CONNECT_LIMIT: Duration = seconds(2);
/// Safety net under a caller that sets no limit of its own.
pub const CLIENT_LIMIT: Duration = seconds(10);
/// Opening connections may hold up a function's start for this time.
pub const WARM_LIMIT: Duration = millis(500);
/// One try of one operation of DynamoDB or Secrets Manager, to the answer's last byte.
pub const AWS_TRY_LIMIT: Duration = seconds(2);
/// An operation takes at most this many tries.
pub const AWS_TRIES: u32 = 3;
/// First wait between those tries, as AWS recommends it for DynamoDB. The SDK's general second would
/// use up the operation's time.
pub const AWS_FIRST_PAUSE: Duration = millis(50);
/// An old connection to DynamoDB may stay silent for this time; then the request is sent over a new
/// one too. The SDK repeats every operation anyway, and conditional writes recognize their own work.
pub const AWS_PATIENCE: Duration = millis(400);
/// The same for any other request that may be repeated.
pub const PATIENCE: Duration = millis(1750);
/// A host without a request for this time gets new connections: Lambda may have frozen the process.
pub const CONNECTION_REST: Duration = seconds(30);
/// A connection that answered within this time is from after a freeze.
pub const CONNECTION_IS_FRESH: Duration = seconds(1);

// Retries.

/// First ceiling of the back-off between tries of a delivery, a report or housekeeping.
pub const BACKOFF_FIRST: Duration = seconds(5);
/// Last ceiling of that back-off.
pub const BACKOFF_MOST: Duration = hours(1);
/// First ceiling of the pause between tries within one request.
pub const PAUSE_FIRST: Duration = millis(250);
/// Last ceiling of that pause.
pub const PAUSE_MOST: Duration = seconds(4);
/// First ceiling of the pause after a conflict of transactions; it doubles four times.
pub const CONFLICT_PAUSE_FIRST: Duration = millis(20);
/// The longest `Retry-After` that Amazon or the studio's webhook is granted: with a wrong header of
/// a day a player would lose the day.
pub const RETRY_AFTER_MOST: Duration = hours(1);
/// Tokens that Prime Gaming refuses are left alone for this time.
pub const REFUSED_PAUSE: Duration = hours(1);
/// A link whose client id is not ours is left alone for this time. A setting may be changed back.
pub const FOREIGN_PAUSE: Duration = hours(1);
/// While the intake is on hold, a delivery waits at least this long, and at most twice.
pub const INTAKE_HOLD_PAUSE: Duration = minutes(5);
/// A delivered entitlement that Amazon lists with an unknown word is left alone for this time. A
/// check still looks at it every time.
pub const UNCLEAR_PAUSE: Duration = hours(1);
/// An entitlement that could be parked waits this long where its account's note is full.
pub const UNPARKED_PAUSE: Duration = days(1);
/// A row that can't be read is kept out of the way of the others for this time.
pub const UNREADABLE_PAUSE: Duration = hours(1);
/// The longest wait of any housekeeping.
pub const HOUSEKEEPING_PAUSE_MOST: Duration = hours(1);
/// An entitlement needs an operator's attention after it has failed for this time, or has been
/// listed with the same unknown word for it.
pub const ATTENTION_AFTER: Duration = days(7);
/// From then on it is tried at most once in this time, and never given up. The back-offs before have
/// spread out what failed together.
pub const ATTENTION_PAUSE: Duration = days(1);
/// A metric counts an entitlement that fails, or is handed out again, at most once in this time.
pub const COUNT_PAUSE: Duration = hours(1);
/// A metric counts an entitlement as stuck that has been failing for this long.
pub const STUCK_AFTER: Duration = minutes(30);
/// A check that hands out an entitlement later than this after the first hand-out counts as handing it
/// out again: by then the game should have confirmed it.
pub const HANDED_OUT_AGAIN_AFTER: Duration = minutes(10);
/// A check may spend this on storing what it hands out.
pub const HAND_OUT_WORK: Duration = seconds(2);
/// Amazon lists a reported entitlement for a while. If it still does after this time, it has
/// forgotten the report, which is then sent once more.
pub const FORGOTTEN_AFTER: Duration = minutes(10);

// Linking.

/// Life of a ticket, a login ticket and an attempt.
pub const LINKING_LIFE: Duration = minutes(10);
/// A short-lived row of linking is remembered this long after its end. Then TTL sweeps it.
pub const LINGER: Duration = hours(1);
/// A list of short-lived rows of linking outlives what it lists by this time. DynamoDB's TTL typically
/// sweeps an expired row within a few days; AWS promises no time.
pub const SWEPT_AFTER: Duration = days(7);
/// A device session still answers how it ended for this time after it expired.
pub const DEVICE_REMEMBERED: Duration = hours(1);
/// Two posts of one browser can overtake each other by at most this time. A larger difference comes
/// from two clocks.
pub const POSTS_APART: Duration = GATEWAY_LIMIT;
/// Life of a device's code pair, where Amazon does not say.
pub const CODE_PAIR_LIFE: Duration = minutes(10);
/// Longest life of a code pair, whatever Amazon says.
pub const CODE_PAIR_LIFE_MOST: Duration = hours(1);
/// Interval between two polls of a device, where Amazon does not say.
pub const POLL_INTERVAL: Duration = seconds(5);
/// Longest interval between two polls. A code pair does not live long enough for more.
pub const POLL_INTERVAL_MOST: Duration = minutes(5);
/// After this time the first check of a link is left to the game.
pub const FIRST_CHECK_LIFE: Duration = days(7);

// Tokens.

/// Life of an access token, where Amazon does not say.
pub const ACCESS_TOKEN_LIFE: Duration = hours(1);
/// Longest life of an access token, whatever Amazon says.
pub const ACCESS_TOKEN_LIFE_MOST: Duration = days(1);
/// An access token that expires within this time counts as expired.
pub const EXPIRY_MARGIN: Duration = minutes(1);
/// Tokens that Amazon called `invalid_grant` are tried again after this time.
pub const SECOND_LOOK: Duration = hours(1);
/// After the second look, they are tried once in this time.
pub const FURTHER_LOOKS: Duration = days(1);
/// Such tokens are kept for this time.
pub const DEAD_TOKENS_LIFE: Duration = days(7);
/// The tokens of a link that has ended are kept this long for its last reports.
pub const REMNANT_LIFE: Duration = days(1);
/// First look after such a remnant: mostly it has served its purpose by then.
pub const REMNANT_LOOK: Duration = minutes(1);

// Operators.

/// A command's answer is kept this long for its request id.
pub const REQUEST_KEPT: Duration = days(30);
/// After an offer was resumed, `reconcile` looks a second time for what waits for it: the index is
/// late.
pub const RESUMPTION_PAUSE: Duration = seconds(30);

// The doctor.

/// `doctor` answers within this, even if nothing that it asks answers.
pub const DOCTOR_LIMIT: Duration = seconds(20);
/// Each of its checks has this much time. All of them begin at once.
pub const DOCTOR_CHECK: Duration = seconds(15);
/// Reading the secret may take this much of it. Some checks wait for the secret.
pub const DOCTOR_SECRET: Duration = seconds(7);
/// What is due and has waited for longer than this is overdue: the threshold of the alarm `Overdue`.
pub const OVERDUE_AFTER: Duration = minutes(5);
/// CodeDeploy is told the result of a roll-out's checks by at most this many requests.
pub const ROLLOUT_TRIES: u32 = 2;

// What a process remembers.

/// An offer is read again after this time.
pub const OFFER_KEPT: Duration = minutes(1);
/// The secret is read again at most once in this time.
pub const SECRET_RELOAD: Duration = minutes(1);
/// A key set is used for this time without a fetch.
pub const KEY_SET_KEPT: Duration = hours(1);
/// A key set that can't be fetched is used for this time at most.
pub const KEY_SET_KEPT_IN_AN_OUTAGE: Duration = hours(25);
/// Tokens that no key verifies cause a fetch at most once in this time.
pub const KEY_SET_ASK_AGAIN: Duration = minutes(1);
/// A fetch that failed is repeated at most once in this time.
pub const KEY_SET_TRY_AGAIN: Duration = seconds(30);
/// The clocks of the account system and of this service may differ by this time.
pub const CLOCK_LEEWAY: Duration = seconds(30);

// What callers are told to wait, where an error does not know better.

/// `Retry-After` where the player has too many open attempts.
pub const RETRY_TOO_MANY_ATTEMPTS: Duration = minutes(1);
/// `Retry-After` where Amazon does not answer.
pub const RETRY_AMAZON: Duration = seconds(30);
/// `Retry-After` where the service itself is unavailable.
pub const RETRY_SERVICE: Duration = seconds(5);
