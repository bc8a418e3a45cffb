//! How the time limits depend on each other. A change of one that breaks another does not compile.

use std::time::Duration;

use super::*;

const fn sum(a: Duration, b: Duration) -> Duration {
    a.saturating_add(b)
}

const fn times(count: u32, time: Duration) -> Duration {
    time.saturating_mul(count)
}

const fn shorter(a: Duration, b: Duration) -> bool {
    a.as_nanos() < b.as_nanos()
}

const fn at_most(a: Duration, b: Duration) -> bool {
    a.as_nanos() <= b.as_nanos()
}

/// A request ends from the inside out: the call, the work, the response, the function, the gateway,
/// the lease.
const _: () = {
    assert!(at_most(times(2, CALL_LIMIT), REQUEST_WORK));
    assert!(shorter(sum(REQUEST_WORK, REQUEST_GRACE), RESPONSE_LIMIT));
    assert!(shorter(RESPONSE_LIMIT, FUNCTION_LIMIT));
    assert!(shorter(FUNCTION_LIMIT, GATEWAY_LIMIT));
    assert!(at_most(GATEWAY_LIMIT, LEASE));
};

/// A step is begun where a whole call of Amazon has time, so every other step fits as well.
const _: () = {
    assert!(at_most(WEBHOOK_LIMIT, CALL_LIMIT));
    assert!(at_most(KEY_SET_LIMIT, CALL_LIMIT));
    assert!(shorter(
        times(AWS_TRIES, AWS_TRY_LIMIT),
        sum(CALL_LIMIT, REQUEST_GRACE)
    ));
};

/// A part of a request leaves time for the rest of it, and is worth beginning.
const _: () = {
    assert!(shorter(CALL_LIMIT, UNLINK_WORK));
    assert!(at_most(UNLINK_WORK, REQUEST_WORK));
    assert!(shorter(CALL_LIMIT, FIRST_CHECK_WORK));
    assert!(shorter(FIRST_CHECK_WORK, REQUEST_WORK));
    assert!(shorter(OUTCOME_WATCH, REQUEST_WORK));
    assert!(shorter(
        times(REFRESH_WATCH_TRIES, REFRESH_WATCH_PAUSE),
        REQUEST_WORK
    ));
};

/// `reconcile` works in parts that are as long as a request's work, under the same leases.
const _: () = {
    assert!(shorter(sum(REQUEST_WORK, REQUEST_GRACE), LEASE));
    assert!(shorter(sum(CALL_LIMIT, REQUEST_GRACE), RECONCILE_MARGIN));
    assert!(at_most(
        sum(RECONCILE_WORK, RECONCILE_MARGIN),
        RECONCILE_LIMIT
    ));
};

/// A new connection fits into every call. The first call after a freeze, which waits for an old
/// connection to the database and for one to Amazon, has its answer within 3 s.
const _: () = {
    assert!(shorter(CONNECT_LIMIT, CALL_LIMIT));
    assert!(at_most(CONNECT_LIMIT, AWS_TRY_LIMIT));
    assert!(at_most(CALL_LIMIT, CLIENT_LIMIT));
    assert!(shorter(AWS_PATIENCE, AWS_TRY_LIMIT));
    assert!(shorter(sum(PATIENCE, AWS_PATIENCE), seconds(3)));
    assert!(shorter(CONNECTION_IS_FRESH, CONNECTION_REST));
};

/// A token that is used is valid to the end of the request, and what is kept for later is looked at
/// before it is dropped.
const _: () = {
    assert!(shorter(GATEWAY_LIMIT, EXPIRY_MARGIN));
    assert!(shorter(SECOND_LOOK, FURTHER_LOOKS));
    assert!(shorter(FURTHER_LOOKS, DEAD_TOKENS_LIFE));
    assert!(shorter(REMNANT_LOOK, REMNANT_LIFE));
    assert!(at_most(ACCESS_TOKEN_LIFE, ACCESS_TOKEN_LIFE_MOST));
};

/// An attempt outlives every request that works on it, and its ending is told longer than that.
const _: () = {
    assert!(shorter(LEASE, LINKING_LIFE));
    assert!(shorter(LEASE, LINGER));
    assert!(at_most(CODE_PAIR_LIFE, CODE_PAIR_LIFE_MOST));
    assert!(shorter(POLL_INTERVAL_MOST, CODE_PAIR_LIFE));
    assert!(at_most(POLL_INTERVAL, POLL_INTERVAL_MOST));
};

/// Waits grow in this order, so that a try never becomes more frequent.
const _: () = {
    assert!(shorter(PAUSE_FIRST, PAUSE_MOST));
    assert!(at_most(PAUSE_MOST, BACKOFF_FIRST));
    assert!(shorter(BACKOFF_FIRST, BACKOFF_MOST));
    assert!(at_most(BACKOFF_MOST, ATTENTION_PAUSE));
    assert!(at_most(RETRY_AFTER_MOST, ATTENTION_PAUSE));
    assert!(at_most(UNCLEAR_PAUSE, ATTENTION_PAUSE));
    assert!(shorter(ATTENTION_PAUSE, ATTENTION_AFTER));
};

/// A failed fetch is not repeated on every request, and keys outlive an outage of a day.
const _: () = {
    assert!(at_most(KEY_SET_TRY_AGAIN, KEY_SET_ASK_AGAIN));
    assert!(shorter(KEY_SET_ASK_AGAIN, KEY_SET_KEPT));
    assert!(at_most(
        sum(KEY_SET_KEPT, days(1)),
        KEY_SET_KEPT_IN_AN_OUTAGE
    ));
};

/// The doctor's checks end before it has to answer: a check may wait for the secret, and then make a
/// call, or an operation of the database with all of its tries. After them there is time to tell
/// CodeDeploy.
const _: () = {
    assert!(shorter(times(AWS_TRIES, AWS_TRY_LIMIT), DOCTOR_SECRET));
    assert!(shorter(sum(DOCTOR_SECRET, CALL_LIMIT), DOCTOR_CHECK));
    assert!(shorter(
        sum(DOCTOR_SECRET, times(AWS_TRIES, AWS_TRY_LIMIT)),
        DOCTOR_CHECK
    ));
    assert!(at_most(WEBHOOK_LIMIT, CALL_LIMIT));
    assert!(shorter(DOCTOR_CHECK, DOCTOR_LIMIT));
    assert!(at_most(DOCTOR_LIMIT, REQUEST_WORK));
    assert!(shorter(
        sum(DOCTOR_CHECK, times(ROLLOUT_TRIES, CALL_LIMIT)),
        FUNCTION_LIMIT
    ));
};
