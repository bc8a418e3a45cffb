//! Login with Amazon knows our clients, and Prime Gaming answers; both of one region.

use secrecy::SecretString;

use super::{Patient, addresses};
use crate::amazon::{CallError, Listing, Lwa, PrimeGaming, TokenError, Tokens};
use crate::domain::{Finding, Hosts, one_region};

/// For a made-up code where the settings do not tell the API's address, as before a roll-out: Amazon
/// wants some return URL.
const ANY_RETURN_URL: &str = "https://prime-gaming.invalid/link/callback";

/// Amazon knows no such code and no such token.
const MADE_UP: &str = "made-up-by-doctor";

/// The website's client: a made-up code is answered `invalid_grant` only if the client's id and secret
/// are right.
pub(super) async fn client(patient: &Patient<'_>) -> Finding {
    let deployment = patient.deployment;
    let values = match patient.secret().await {
        Ok(values) => values,
        Err(finding) => return finding,
    };
    let lwa = Lwa::new(deployment.http.clone(), &deployment.config.lwa);
    let result = lwa
        .exchange_code(
            &values.lwa_client_secret,
            &SecretString::from(MADE_UP),
            &addresses::return_url(&deployment.config).unwrap_or_else(|| ANY_RETURN_URL.to_owned()),
            &Lwa::new_verifier(),
            deployment.clock.now(),
        )
        .await;
    known(result, "LwaClientId", "lwa_client_secret")
}

/// The client of devices, where it is another one. Its secret is needed to refresh tokens, so it is
/// asked to refresh a made-up one.
pub(super) async fn device_client(patient: &Patient<'_>) -> Finding {
    let deployment = patient.deployment;
    let config = &deployment.config.lwa;
    if config.device_client_id == config.client_id {
        return Finding::well("devices use LwaClientId");
    }
    let values = match patient.secret().await {
        Ok(values) => values,
        Err(finding) => return finding,
    };
    let lwa = Lwa::new(deployment.http.clone(), config);
    let id = &config.device_client_id;
    let secret = values.secret_for(id, config);
    let token = SecretString::from(MADE_UP);
    let result = lwa
        .refresh(id, &secret, &token, deployment.clock.now())
        .await;
    known(result, "LwaDeviceClientId", "lwa_device_client_secret")
}

/// What the answer to a made-up code or token says of the client. Only `invalid_client` is certain to
/// fail every player. The other errors may be Amazon's fault, and must not stop a roll-out that mends them.
fn known(result: Result<Tokens, TokenError>, client_id: &str, secret: &str) -> Finding {
    match result {
        Err(TokenError::InvalidGrant) => Finding::well(format!(
            "Login with Amazon knows {client_id} with its secret: it answered invalid_grant to a \
             made-up code or token"
        )),
        Err(TokenError::InvalidClient) => Finding::grave(
            format!("Login with Amazon answered invalid_client for {client_id}"),
            format!(
                "Set {client_id} to the client id of the security profile, and put the same profile's \
                 client secret into {secret}."
            ),
        ),
        Err(error @ TokenError::Rejected { .. }) => Finding::unwell(
            error.to_string(),
            format!(
                "Look at the security profile of {client_id} in the Login with Amazon console, and at \
                 LwaTokenUrl."
            ),
        ),
        Err(error @ TokenError::Unavailable(_)) => Finding::unwell(
            error.to_string(),
            "Look at LwaTokenUrl. If it is right, Login with Amazon does not answer: run doctor again \
             later.",
        ),
        Ok(_) => Finding::unwell(
            "LwaTokenUrl gave tokens for a made-up code or token, so it does not lead to Login with Amazon",
            "Set LwaTokenUrl to the address of your region in docs/settings.md.",
        ),
    }
}

pub(super) async fn region(patient: &Patient<'_>) -> Finding {
    let config = &patient.deployment.config;
    let (lwa, prime_gaming) = (&config.lwa, &config.prime_gaming);
    one_region(&Hosts {
        authorize: ("LwaAuthorizeUrl", host(&lwa.authorize_url)),
        lwa: &[
            ("LwaTokenUrl", host(&lwa.token_url)),
            ("LwaTokeninfoUrl", host(&lwa.tokeninfo_url)),
            ("LwaProfileUrl", host(&lwa.profile_url)),
            ("LwaCodepairUrl", host(&lwa.codepair_url)),
        ],
        prime_gaming: &[
            (
                "PrimeGamingEntitlementsUrl",
                host(&prime_gaming.entitlements_url),
            ),
            ("PrimeGamingFulfillUrl", host(&prime_gaming.fulfill_url)),
        ],
    })
}

fn host(url: &url::Url) -> &str {
    url.host_str().unwrap_or_default()
}

/// Prime Gaming refuses a made-up token, so it is Prime Gaming, and it answers.
pub(super) async fn prime_gaming(patient: &Patient<'_>) -> Finding {
    let deployment = patient.deployment;
    let client = PrimeGaming::new(deployment.http.clone(), &deployment.config.prime_gaming);
    let token = SecretString::from(MADE_UP);
    refuses(client.entitlements(&token, deployment.clock.now()).await)
}

fn refuses(result: Result<Listing, CallError>) -> Finding {
    match result {
        Err(CallError::Refused { status }) => Finding::well(format!(
            "Prime Gaming answers: it refused a made-up token with status {status}"
        )),
        Err(error @ CallError::Unavailable(_)) => Finding::unwell(
            error.to_string(),
            "Look at PrimeGamingEntitlementsUrl. If it is right, Prime Gaming does not answer: run \
             doctor again later.",
        ),
        Ok(_) => Finding::unwell(
            "PrimeGamingEntitlementsUrl gave a list for a made-up token, so it does not lead to Prime \
             Gaming",
            "Set PrimeGamingEntitlementsUrl to the address in docs/settings.md.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::net::Unavailable;

    #[test]
    fn only_invalid_client_is_certain_to_fail_every_player() {
        let tokens = Tokens {
            access_token: SecretString::from("hush"),
            refresh_token: None,
            expires_in: Duration::from_secs(1),
            scope: None,
        };
        let rejected = TokenError::Rejected {
            error: "unauthorized_client".to_owned(),
        };
        let unavailable = TokenError::Unavailable(Unavailable::because("status 503"));
        for (result, ok, stops, detail, fix) in [
            (
                Err(TokenError::InvalidGrant),
                true,
                false,
                "invalid_grant",
                "",
            ),
            (
                Err(TokenError::InvalidClient),
                false,
                true,
                "invalid_client",
                "the_secret",
            ),
            (
                Err(rejected),
                false,
                false,
                "unauthorized_client",
                "console",
            ),
            (Err(unavailable), false, false, "status 503", "LwaTokenUrl"),
            (Ok(tokens), false, false, "made-up", "LwaTokenUrl"),
        ] {
            let finding = known(result, "TheClientId", "the_secret");
            assert_eq!(
                (finding.ok, finding.stops_rollout),
                (ok, stops),
                "{finding:?}"
            );
            assert!(finding.detail.contains(detail), "{finding:?}");
            assert!(finding.fix.unwrap_or_default().contains(fix));
        }
    }

    #[test]
    fn prime_gaming_must_refuse_what_is_made_up() {
        for status in [400, 401, 403] {
            assert!(refuses(Err(CallError::Refused { status })).ok);
        }
        let silent = Err(CallError::Unavailable(Unavailable::because("timed out")));
        for (result, fix) in [
            (silent, "does not answer"),
            (Ok(Listing::default()), "docs/settings.md"),
        ] {
            let finding = refuses(result);
            assert!(!finding.ok && !finding.stops_rollout, "{finding:?}");
            assert!(finding.fix.is_some_and(|it| it.contains(fix)));
        }
    }
}
