//! The studio's key set can be fetched, and has usable keys.

use super::Patient;
use crate::auth::usable_keys;
use crate::domain::Finding;

pub(super) async fn is_usable(patient: &Patient<'_>) -> Finding {
    let deployment = patient.deployment;
    match &deployment.config.players.jwks_url {
        None => Finding::well(
            "PlayerJwksUrl is empty: players' tokens are checked with player_jwt_secret, so there is no \
             key set",
        ),
        Some(url) => judge(usable_keys(&deployment.http, url).await),
    }
}

/// A process that runs already keeps its keys for a day. A new process has none: if it is rolled out
/// while the key set can't be fetched, it turns every player away.
fn judge(keys: Result<usize, String>) -> Finding {
    match keys {
        Ok(count) => Finding::well(format!("it can be fetched; usable keys: {count}")),
        Err(reason) => Finding::grave(
            format!("the key set at PlayerJwksUrl can't be used: {reason}"),
            "Open PlayerJwksUrl from outside: it has to answer 200 within 5 s, with a JSON Web Key Set \
             that has a key for RS256, ES256 or EdDSA.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_usable_keys_new_processes_would_turn_every_player_away() {
        let finding = judge(Err("its address returns status 404".to_owned()));
        assert!(
            finding.stops_rollout && finding.detail.contains("404"),
            "{finding:?}"
        );
        let finding = judge(Ok(2));
        assert!(finding.ok && finding.detail.contains('2'), "{finding:?}");
    }
}
