//! The secrets' file: random values, made once per data directory.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::settings::Settings;
use crate::{Error, private, random};

/// What the local system needs to know of the secrets.
#[derive(Default)]
pub(super) struct Secrets {
    /// For the stand-in, to check it.
    pub(super) lwa_client_secret: Option<String>,
    /// For the stand-in, where devices have a client of their own.
    pub(super) lwa_device_client_secret: Option<String>,
    /// To issue players' tokens.
    pub(super) player_jwt_secret: Option<String>,
    /// For a receiver of deliveries, to check them.
    pub(super) delivery_webhook_secret: Option<String>,
}

impl Secrets {
    /// Reads the secrets' file that is given, or else makes one in `data`, or takes the one that
    /// was made there before. Where `SECRETS_ARN` is given, there is no file, and nothing known.
    pub(super) fn prepare(settings: &mut Settings, data: &Path) -> Result<Self, Error> {
        if settings.is_given("SECRETS_ARN") {
            return Ok(Self::default());
        }
        // With keys of the studio's own there must be no secret beside them.
        let own_keys = settings.is_given("PLAYER_JWKS_URL");
        let name = if own_keys {
            "secrets-jwks.json"
        } else {
            "secrets.json"
        };
        let made = data.join(name);
        settings.set_default(
            "SECRETS_FILE",
            made.to_str().ok_or("the data directory must be UTF-8")?,
        );
        let path = Path::new(settings.get("SECRETS_FILE").unwrap_or_default());
        if path == made && !made.exists() {
            let text = random_secrets(own_keys).to_string();
            private::create(&made, text.as_bytes()).map_err(|error| {
                format!("can't make the secrets' file {}: {error}", made.display())
            })?;
        }
        let text = std::fs::read(path)
            .map_err(|error| format!("can't read the secrets' file {}: {error}", path.display()))?;
        // Without the parser's own message, which may quote a secret.
        let secrets: Value = serde_json::from_slice(&text)
            .map_err(|_| format!("the secrets' file {} is not JSON", path.display()))?;
        let text = |name: &str| secrets[name].as_str().map(str::to_owned);
        Ok(Self {
            lwa_client_secret: text("lwa_client_secret"),
            lwa_device_client_secret: text("lwa_device_client_secret"),
            player_jwt_secret: text("player_jwt_secret").filter(|_| !own_keys),
            delivery_webhook_secret: text("delivery_webhook_secret"),
        })
    }
}

fn random_secrets(own_keys: bool) -> Value {
    let mut secrets = json!({
        "lwa_client_secret": format!("amzn1.oa2-cs.v1.{}", random::hex(&random::bytes::<32>())),
        "token_keys": [{ "id": "local", "key": STANDARD.encode(random::bytes::<32>()) }],
        "delivery_webhook_secret": format!("whsec_{}", STANDARD.encode(random::bytes::<32>())),
        "erasure_key": STANDARD.encode(random::bytes::<32>()),
    });
    if !own_keys {
        secrets["player_jwt_secret"] = random::hex(&random::bytes::<32>()).into();
    }
    secrets
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::template::Template;

    fn prepare(data: &Path, given: &[(&str, &str)]) -> Result<Secrets, Error> {
        let template = Template {
            tables: Vec::new(),
            cors: None,
            functions: Vec::new(),
        };
        let given = given
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Secrets::prepare(
            &mut Settings::new(&template, given.collect::<BTreeMap<_, _>>()),
            data,
        )
    }

    #[test]
    fn secrets_are_made_once_and_for_the_owner_only() {
        let data = tempfile::tempdir().expect("a directory");
        let first = prepare(data.path(), &[]).expect("they are made");
        let again = prepare(data.path(), &[]).expect("they are read");
        assert!(
            first
                .player_jwt_secret
                .as_ref()
                .is_some_and(|secret| secret.len() == 64)
        );
        assert_eq!(first.player_jwt_secret, again.player_jwt_secret);
        assert_eq!(first.lwa_client_secret, again.lwa_client_secret);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let file = std::fs::metadata(data.path().join("secrets.json")).expect("it is there");
            assert_eq!(file.permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn the_studios_own_keys_leave_no_second_source() {
        let data = tempfile::tempdir().expect("a directory");
        let given = [("PLAYER_JWKS_URL", "https://studio.example/jwks")];
        let secrets = prepare(data.path(), &given).expect("they are made");
        assert_eq!(secrets.player_jwt_secret, None);
        let file = std::fs::read_to_string(data.path().join("secrets-jwks.json")).expect("a file");
        assert!(!file.contains("player_jwt_secret"));
    }

    #[test]
    fn a_given_file_is_read_and_an_arn_needs_none() {
        let data = tempfile::tempdir().expect("a directory");
        let mine = data.path().join("mine.json");
        std::fs::write(&mine, r#"{"lwa_client_secret":"mine"}"#).expect("it is written");
        let path = mine.to_str().expect("it is UTF-8");
        let secrets = prepare(data.path(), &[("SECRETS_FILE", path)]).expect("it is read");
        assert_eq!(secrets.lwa_client_secret.as_deref(), Some("mine"));
        let arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:x";
        let secrets = prepare(data.path(), &[("SECRETS_ARN", arn)]).expect("nothing to read");
        assert_eq!(secrets.lwa_client_secret, None);

        std::fs::write(&mine, r#""a secret" and more"#).expect("it is written");
        let error = prepare(data.path(), &[("SECRETS_FILE", path)])
            .err()
            .expect("it is broken");
        assert!(
            error.to_string().ends_with("mine.json is not JSON"),
            "{error}"
        );
    }
}
