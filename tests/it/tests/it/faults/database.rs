//! The database fails at the k-th request of a flow, for every k: once, for one operation
//! altogether, or for as long as the flow lasts.

use futures_util::{StreamExt, stream};
use it::{DbFault, Outage};

use crate::faults::support::{Flow, System};

/// How long it fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Length {
    /// For one request.
    Once,
    /// For one operation, with all its repeats.
    Operation,
    /// Until the flow has ended.
    Throughout,
}

impl Length {
    fn requests(self, fault: DbFault) -> u32 {
        match self {
            Self::Once => 1,
            Self::Operation => u32::try_from(fault.most_tries()).expect("few"),
            Self::Throughout => u32::MAX,
        }
    }
}

/// No flow here makes more requests of the database when it goes well, not even reconcile.
const MOST_REQUESTS: usize = 40;

/// What fails, and whether it takes effect all the same.
type Kind = (DbFault, bool);

/// Lets `flow` meet a fault at its first request, then at its second, until it makes no more. The
/// kind changes from request to request, beginning with `lane`.
async fn sweep(flow: Flow, has_studio: bool, kinds: &[Kind], lane: u32, length: Length) {
    let system = System::new(has_studio).await;
    let world = &system.world;
    let mut position = 0;
    loop {
        let turn = usize::try_from(position + lane).expect("few") % kinds.len();
        let (fault, takes_effect) = kinds[turn];
        let context = format!("{flow:?} {fault:?} {takes_effect} {length:?} at {position}");
        let case = system.ready(flow, position).await;
        world.database.begin(Outage {
            fault,
            takes_effect,
            pass: position,
            times: length.requests(fault),
        });
        let outcome = case.run().await;
        let met = world.database.end();
        if met == 0 || length == Length::Once {
            case.is_good(&outcome, &context);
        } else {
            case.is_allowed(&outcome, &context);
        }
        assert!(
            met <= fault.most_tries() * MOST_REQUESTS,
            "{context}: {met}"
        );
        case.ends_well(&outcome, &context).await;
        if met == 0 {
            assert!(position > 0 || !fault.can_meet("GetItem"), "{context}");
            return;
        }
        position += 1;
    }
}

/// What any request can meet, and passes by itself.
const ANY: [Kind; 8] = [
    (DbFault::Error(400, "ThrottlingException"), false),
    (DbFault::Error(500, "InternalServerError"), false),
    (DbFault::Error(500, "InternalServerError"), true),
    (DbFault::Error(400, "RequestLimitExceeded"), false),
    (DbFault::Reset, true),
    (DbFault::Error(503, "ServiceUnavailable"), false),
    (
        DbFault::Error(400, "ProvisionedThroughputExceededException"),
        false,
    ),
    (DbFault::Reset, false),
];

/// What only transactions meet.
const TRANSACTIONS: [Kind; 4] = [
    (DbFault::Canceled("TransactionConflict"), false),
    (DbFault::Canceled("ThrottlingError"), false),
    (DbFault::Canceled("ProvisionedThroughputExceeded"), false),
    (DbFault::InProgress, false),
];

const WRITES: [Kind; 1] = [(DbFault::Conflict, false)];

/// What is not tried again, or fails for longer than it is tried.
const LASTING: [Kind; 4] = [
    (DbFault::Error(400, "ThrottlingException"), false),
    (DbFault::Garbage, true),
    (DbFault::Error(500, "InternalServerError"), true),
    (DbFault::Garbage, false),
];

type Sweep = (&'static [Kind], u32, Length);

fn passing() -> Vec<Sweep> {
    let any = [0, 3].map(|lane| (&ANY[..], lane, Length::Once));
    let transactions = (0..4)
        .step_by(2)
        .map(|lane| (&TRANSACTIONS[..], lane, Length::Once));
    any.into_iter()
        .chain(transactions)
        .chain([(&WRITES[..], 0, Length::Once)])
        .collect()
}

fn lasting() -> Vec<Sweep> {
    vec![
        (&LASTING, 1, Length::Operation),
        (&LASTING, 0, Length::Throughout),
        (&WRITES, 0, Length::Operation),
        (&TRANSACTIONS[..1], 0, Length::Operation),
    ]
}

async fn sweep_all(flow: Flow, has_studio: bool, sweeps: Vec<Sweep>) {
    // At the same time, because most of it is waiting between tries.
    stream::iter(sweeps)
        .for_each_concurrent(8, |(kinds, lane, length)| async move {
            Box::pin(sweep(flow, has_studio, kinds, lane, length)).await;
        })
        .await;
}

macro_rules! sweeps {
    ($($(#[$attribute:meta])* $name:ident: $flow:ident, $has_studio:literal, $faults:ident;)*) => {$(
        #[tokio::test]
        $(#[$attribute])*
        async fn $name() {
            sweep_all(Flow::$flow, $has_studio, $faults()).await;
        }
    )*};
}

sweeps! {
    #[ignore = "slow: CI runs it"]
    a_check_does_not_notice_what_passes: Check, false, passing;
    #[ignore = "slow: CI runs it"]
    a_delivering_check_does_not_notice_what_passes: Check, true, passing;
    #[ignore = "slow: CI runs it"]
    a_confirmation_does_not_notice_what_passes: Confirm, false, passing;
    #[ignore = "slow: CI runs it"]
    a_callback_does_not_notice_what_passes: Callback, false, passing;
    #[ignore = "slow: CI runs it"]
    unlinking_does_not_notice_what_passes: Unlink, false, passing;
    #[ignore = "slow: CI runs it"]
    reconcile_does_not_notice_what_passes: Reconcile, false, passing;
    #[ignore = "slow: CI runs it"]
    a_delivering_reconcile_does_not_notice_what_passes: Reconcile, true, passing;
    #[ignore = "slow: CI runs it"]
    a_check_that_fails_loses_nothing: Check, false, lasting;
    #[ignore = "slow: CI runs it"]
    a_delivering_check_that_fails_loses_nothing: Check, true, lasting;
    a_confirmation_that_fails_loses_nothing: Confirm, false, lasting;
    #[ignore = "slow: CI runs it"]
    a_callback_that_fails_leaves_nothing_half: Callback, false, lasting;
    #[ignore = "slow: CI runs it"]
    unlinking_that_fails_loses_nothing: Unlink, false, lasting;
    #[ignore = "slow: CI runs it"]
    unlinking_from_a_delivering_studio_that_fails_loses_nothing: Unlink, true, lasting;
    #[ignore = "slow: CI runs it"]
    a_reconcile_that_fails_loses_nothing: Reconcile, false, lasting;
    #[ignore = "slow: CI runs it"]
    a_delivering_reconcile_that_fails_loses_nothing: Reconcile, true, lasting;
}
