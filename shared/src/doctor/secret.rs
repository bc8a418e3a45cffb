//! The secret is there and complete, and its token keys seal and open.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::{LocalBoxFuture, Shared};
use tokio::time::timeout;

use super::Patient;
use crate::app::NO_WEBHOOK_SECRET;
use crate::auth::AuthConfigError;
use crate::budget::DOCTOR_SECRET;
use crate::config::{Config, DeliveryConfig};
use crate::domain::{Finding, names};
use crate::secrets::{SecretReader, SecretValues, SecretsError};

/// The secret, as every check that needs it waits for it.
pub(super) type Reading<'a> =
    Shared<LocalBoxFuture<'a, Result<Arc<SecretValues>, Arc<SecretsError>>>>;

const FILL: &str = "Put the secret's JSON into the stack's secret: \"Fill the secret\" in \
                    docs/deploying.md has the commands.";

const MEND: &str = "Put the whole JSON of the secret again, with these fields as \"The secret\" in \
                    docs/settings.md describes them.";

const ADD_ERASURE_KEY: &str = "Put the whole JSON of the secret again with an erasure_key (openssl rand -base64 32), keep a \
                               copy of the key, and deploy once, so that every process knows it.";

/// Reads the secret as it is now: the process may hold an older one.
pub(super) fn read(reader: &SecretReader) -> Reading<'_> {
    async {
        let values = timeout(DOCTOR_SECRET, reader.read()).await;
        match values {
            Ok(values) => values.map(Arc::new).map_err(Arc::new),
            Err(_) => {
                let cause = format!("no answer within {} s", DOCTOR_SECRET.as_secs());
                Err(Arc::new(SecretsError::Unreadable(cause)))
            }
        }
    }
    .boxed_local()
    .shared()
}

pub(super) async fn is_complete(patient: &Patient<'_>) -> Finding {
    let values = patient.secret.clone().await;
    let values = values.as_ref().map(AsRef::as_ref).map_err(AsRef::as_ref);
    complete(values, &patient.deployment.config)
}

pub(super) async fn keys_open(patient: &Patient<'_>) -> Finding {
    if let Err(error) = patient.secret.clone().await
        && let Some(faults) = key_faults(&error)
    {
        return Finding::grave(faults, MEND);
    }
    match patient.secret().await {
        Ok(values) => proved(values.token_keys.prove()),
        Err(finding) => finding,
    }
}

fn complete(values: Result<&SecretValues, &SecretsError>, config: &Config) -> Finding {
    let values = match values {
        Ok(values) => values,
        Err(error @ SecretsError::Unreadable(_)) => return Finding::grave(error.to_string(), FILL),
        Err(error @ SecretsError::Invalid(_)) => return Finding::grave(error.to_string(), MEND),
    };
    let delivers = matches!(config.delivery, DeliveryConfig::Webhook { .. });
    let mut lacks = Vec::new();
    if delivers && values.delivery_webhook_secret.is_none() {
        lacks.push(NO_WEBHOOK_SECRET.to_owned());
    }
    match (&config.players.jwks_url, &values.player_jwt_secret) {
        (None, None) => lacks.push(AuthConfigError::NoKeys.to_string()),
        (Some(_), Some(_)) => lacks.push(AuthConfigError::TwoSources.to_string()),
        _ => {}
    }
    if lacks.is_empty() && values.erasure_key.is_none() {
        return Finding::unwell(
            "it has no erasure_key, so player.erase is refused",
            ADD_ERASURE_KEY,
        );
    }
    if lacks.is_empty() {
        Finding::well("it is there, and has everything that the settings need")
    } else {
        Finding::grave(lacks.join("; "), MEND)
    }
}

/// What is wrong with the token keys, if the secret is faulty because of them.
fn key_faults(error: &SecretsError) -> Option<String> {
    let SecretsError::Invalid(faults) = error else {
        return None;
    };
    let of_keys = faults
        .iter()
        .filter(|fault| fault.starts_with("token_keys"));
    let of_keys: Vec<_> = of_keys.cloned().collect();
    (!of_keys.is_empty()).then(|| of_keys.join("; "))
}

fn proved(keys: Result<Vec<&str>, &str>) -> Finding {
    match keys {
        Ok(ids) => {
            let ids: Vec<_> = ids.into_iter().map(str::to_owned).collect();
            Finding::well(format!(
                "each of these keys opens what it has sealed: {}",
                names(&ids)
            ))
        }
        Err(id) => Finding::grave(
            format!("the key {id} does not open what it has sealed"),
            MEND,
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::config::REQUIRED;

    const KEY: &str = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";

    fn values(more: &str) -> SecretValues {
        let json = format!(
            r#"{{"lwa_client_secret": "hush", "token_keys": [{{"id": "k1", "key": "{KEY}"}}], "erasure_key": "{KEY}"{more}}}"#
        );
        SecretValues::parse(&json).expect("a usable secret")
    }

    fn config(variables: &[(&str, &str)]) -> Config {
        let find = |name: &str| {
            let mut all = variables.iter().chain(&REQUIRED);
            let found = all.find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        Config::from_vars(find).expect("good settings")
    }

    #[test]
    fn the_secret_must_have_what_the_settings_ask_for() {
        const JWT: &str = r#", "player_jwt_secret": "hush, a secret of thirty-two bytes""#;
        const HOOK: &str =
            r#", "delivery_webhook_secret": "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD""#;
        let jwks = ("PLAYER_JWKS_URL", "https://studio.example/jwks");
        let webhook = ("DELIVERY", "webhook");
        let url = ("DELIVERY_WEBHOOK_URL", "https://studio.example/deliver");
        let both = format!("{JWT}{HOOK}");
        for (more, variables, lacks) in [
            (JWT, vec![], None),
            ("", vec![jwks], None),
            (&both, vec![webhook, url], None),
            ("", vec![], Some("player_jwt_secret")),
            (JWT, vec![jwks], Some("exactly one")),
            (
                JWT,
                vec![webhook, url],
                Some("delivery_webhook_secret is missing"),
            ),
        ] {
            let finding = complete(Ok(&values(more)), &config(&variables));
            match lacks {
                None => assert!(finding.ok, "{finding:?}"),
                Some(lacks) => {
                    assert!(finding.stops_rollout, "{finding:?}");
                    assert!(finding.detail.contains(lacks), "{lacks} in {finding:?}");
                    assert_eq!(finding.fix.as_deref(), Some(MEND));
                }
            }
            assert!(!format!("{finding:?}").contains("hush"));
        }
    }

    #[test]
    fn without_an_erasure_key_no_player_can_be_erased_and_a_rollout_goes_on() {
        let json = format!(
            r#"{{"lwa_client_secret": "hush", "token_keys": [{{"id": "k1", "key": "{KEY}"}}]}}"#
        );
        let values = SecretValues::parse(&json).expect("a usable secret");
        let jwks = ("PLAYER_JWKS_URL", "https://studio.example/jwks");
        let finding = complete(Ok(&values), &config(&[jwks]));
        assert_eq!((finding.ok, finding.stops_rollout), (false, false));
        assert_eq!(finding.fix.as_deref(), Some(ADD_ERASURE_KEY));
    }

    #[test]
    fn a_secret_that_is_not_there_is_filled_and_a_faulty_one_is_mended() {
        let config = config(&[]);
        let missing = SecretsError::Unreadable("ResourceNotFoundException".to_owned());
        let finding = complete(Err(&missing), &config);
        assert!(finding.stops_rollout && finding.detail.contains("ResourceNotFound"));
        assert_eq!(finding.fix.as_deref(), Some(FILL));
        let faulty = SecretsError::Invalid(vec!["lwa_client_secret is required".to_owned()]);
        let finding = complete(Err(&faulty), &config);
        assert!(finding.stops_rollout && finding.detail.contains("lwa_client_secret"));
        assert_eq!(finding.fix.as_deref(), Some(MEND));
    }

    #[test]
    fn the_keys_are_named_where_they_are_at_fault() {
        let faults = [
            "lwa_client_secret is required",
            "token_keys[0] must be 32 bytes",
        ];
        let error = SecretsError::Invalid(faults.map(str::to_owned).into());
        assert_eq!(
            key_faults(&error).as_deref(),
            Some("token_keys[0] must be 32 bytes")
        );
        let error = SecretsError::Invalid(vec![faults[0].to_owned()]);
        assert_eq!(key_faults(&error), None);
        assert!(proved(values("").token_keys.prove()).ok);
        let finding = proved(Err("k2"));
        assert!(finding.stops_rollout && finding.detail.contains("k2"));
    }
}
