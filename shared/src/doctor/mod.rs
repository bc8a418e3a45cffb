//! `doctor`: looks at a deployment from inside, and changes nothing.
//!
//! All checks run at once, and each has its own limit, so that a hanging one does not hide the others.
//! What a check has found is decided without asking anything, so each decision has its own tests. The
//! checks need no [`App`](crate::App): a deployment without its secret can be looked at too.

mod addresses;
mod amazon;
mod key_set;
mod offers;
mod rollout;
mod secret;
mod signals;
mod tables;
mod webhook;
mod work;

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::{LocalBoxFuture, join_all};
use tokio::time::timeout;

pub use self::rollout::check_rollout;
use self::secret::Reading;
use crate::api::Checkup;
use crate::app::Deployment;
use crate::budget::DOCTOR_CHECK;
use crate::domain::{Check, Finding};
use crate::flow::Answer;
use crate::signals::event;

/// `doctor`: every check, and whether all is well.
pub async fn doctor(deployment: &Deployment) -> Answer {
    let checks = check_up(deployment).await;
    let unwell: Vec<_> = unwell(&checks).collect();
    if !unwell.is_empty() {
        tracing::warn!(event = event::UNWELL, checks = unwell.join(", "));
    }
    Answer::found(unwell.is_empty(), &Checkup { checks })
}

/// The names of the checks that have found something.
fn unwell(checks: &[Check]) -> impl Iterator<Item = &'static str> {
    let unwell = checks.iter().filter(|check| !check.finding.ok);
    unwell.map(|check| check.name)
}

/// All checks, in the order in which an operator mends things.
async fn check_up(deployment: &Deployment) -> Vec<Check> {
    let patient = Patient::new(deployment);
    let mut checks: Vec<LocalBoxFuture<'_, Check>> = vec![
        limited("secret", secret::is_complete(&patient)),
        limited("token_keys", secret::keys_open(&patient)),
        limited("lwa_client", amazon::client(&patient)),
        limited("lwa_device_client", amazon::device_client(&patient)),
        limited("amazon_region", amazon::region(&patient)),
        limited("prime_gaming", amazon::prime_gaming(&patient)),
        limited("key_set", key_set::is_usable(&patient)),
    ];
    for table in tables::ALL {
        checks.push(limited(table.check, tables::is_complete(&patient, table)));
    }
    checks.extend([
        limited("webhook", webhook::answers(&patient)),
        limited("offers", offers::are_there(&patient)),
        limited("alarm_topic", signals::alarm_topic(&patient)),
        limited("intake", signals::intake(&patient)),
        limited("addresses", addresses::for_amazon(&patient)),
        limited("due", work::due(&patient)),
        limited("attention", work::attention(&patient)),
    ]);
    join_all(checks).await
}

/// What the checks look at. They read the secret together, once.
struct Patient<'a> {
    deployment: &'a Deployment,
    secret: Reading<'a>,
}

impl<'a> Patient<'a> {
    fn new(deployment: &'a Deployment) -> Self {
        Self {
            secret: secret::read(&deployment.secret),
            deployment,
        }
    }

    /// The secret's values, or else the finding of a check that needs them.
    async fn secret(&self) -> Result<Arc<crate::secrets::SecretValues>, Finding> {
        self.secret.clone().await.map_err(|_| {
            Finding::unwell(
                "not checked, because the secret can't be used",
                "Mend the secret first, as the check `secret` says, and run doctor again.",
            )
        })
    }
}

/// A check that is given up after its limit.
fn limited<'a>(
    name: &'static str,
    check: impl Future<Output = Finding> + 'a,
) -> LocalBoxFuture<'a, Check> {
    async move {
        let finding = timeout(DOCTOR_CHECK, check).await;
        Check {
            name,
            finding: finding.unwrap_or_else(|_| {
                Finding::unwell(
                    format!("it was not finished within {} s", DOCTOR_CHECK.as_secs()),
                    "Run doctor again. If that does not help, look at the status pages of AWS and \
                     Amazon, and at what is slow in the other checks.",
                )
            }),
        }
    }
    .boxed_local()
}

/// The finding of a check for which the database gave no answer.
fn not_told(error: &crate::store::StoreError) -> Finding {
    Finding::unwell(
        format!("the database gave no answer: {error}"),
        "If it is AccessDeniedException, deploy the stack's template again, which gives AdminRole what \
         doctor needs; otherwise run doctor again, and look at DynamoDB's status page.",
    )
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_check_that_never_ends_is_given_up() {
        let began = Instant::now();
        let check = limited("any", std::future::pending()).await;
        assert!(began.elapsed() >= DOCTOR_CHECK);
        assert!(!check.finding.ok && !check.finding.stops_rollout);
        assert!(check.finding.fix.is_some_and(|fix| fix.contains("again")));
    }
}
