//! The checks before a roll-out, for CodeDeploy.
//!
//! They run in the new version with the new settings, before any player comes to the new `link`. A check stops the
//! roll-out only if what it has found would fail every player of the new version: the secret, its keys,
//! the client id with its secret, the region, the key set, or the form of a table. An outage of Amazon,
//! of the database or of the studio's webhook does not, and neither does a missing offer or alarm topic:
//! the version that rolls out may be their cure, and the one before it is no better off.

use super::{check_up, unwell};
use crate::app::Deployment;
use crate::codedeploy::{CodeDeploy, CodeDeployError, Hook, HookStatus};
use crate::domain::Check;
use crate::signals::event;

/// Checks the deployment, and tells CodeDeploy whether players may come to the new version.
///
/// # Errors
/// [`CodeDeployError`]: CodeDeploy was not told. It then waits for an hour, and rolls back.
pub async fn check_rollout(
    deployment: &Deployment,
    codedeploy: &CodeDeploy,
    hook: &Hook,
) -> Result<HookStatus, CodeDeployError> {
    let checks = check_up(deployment).await;
    let status = judge(&checks);
    let unwell = unwell(&checks).collect::<Vec<_>>().join(", ");
    let deployment_id = hook.deployment_id.as_str();
    match status {
        HookStatus::Succeeded => tracing::info!(
            event = event::ROLLOUT_CHECKED,
            deployment_id,
            status = status.as_str(),
            checks = unwell,
        ),
        HookStatus::Failed => tracing::error!(
            event = event::ROLLOUT_CHECKED,
            deployment_id,
            status = status.as_str(),
            checks = unwell,
        ),
    }
    let told = codedeploy
        .put_status(hook, status, deployment.clock.now())
        .await;
    if let Err(error) = &told {
        tracing::error!(event = event::ROLLOUT_NOT_TOLD, deployment_id, %error);
    }
    told.map(|()| status)
}

fn judge(checks: &[Check]) -> HookStatus {
    if checks.iter().any(|check| check.finding.stops_rollout) {
        HookStatus::Failed
    } else {
        HookStatus::Succeeded
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Finding;

    #[test]
    fn only_a_grave_finding_stops_a_rollout() {
        let check = |finding| Check {
            name: "any",
            finding,
        };
        let well = check(Finding::well("a"));
        let unwell = check(Finding::unwell("a", "b"));
        let grave = check(Finding::grave("a", "b"));
        for (checks, status) in [
            (vec![well.clone(), unwell.clone()], HookStatus::Succeeded),
            (vec![well, unwell, grave], HookStatus::Failed),
        ] {
            assert_eq!(judge(&checks), status);
        }
    }
}
