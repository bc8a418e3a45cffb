//! Every setting, typed, checked once at the start.
//!
//! Besides this, only `net::aws` and `logging` read the environment. One [`ConfigError`] names every faulty variable and says
//! what would be right. It repeats no value, because a value could be a secret in the wrong place.

mod return_to;
mod studio;
#[cfg(test)]
mod tests;
mod vars;

use std::collections::BTreeSet;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use url::Url;

use crate::domain::PlayerId;
use crate::net::is_loopback;
pub use return_to::{InvalidReturnTo, ReturnOrigins};
pub use studio::{Color, StudioConfig};
use vars::Vars;

/// The scopes that Prime Gaming needs. It refuses calls with a token that lacks one of them.
pub const REQUIRED_SCOPES: [&str; 2] = ["games::prime", "profile"];

/// The settings of all functions but `admin`.
#[derive(Clone, Debug)]
pub struct Config {
    /// The DynamoDB tables.
    pub tables: Tables,
    /// `PUBLIC_BASE_URL`: the address that browsers see, for a custom domain; it may end in the path
    /// of an API mapping. Without it the domain name that API Gateway gives with each request is
    /// used.
    pub public_base_url: Option<Url>,
    /// `API_URL`: the API's own address. Only `admin` has it: where `PUBLIC_BASE_URL` is not set,
    /// `doctor` derives from it the addresses that the studio has to give to Amazon.
    pub api_url: Option<Url>,
    /// Login with Amazon.
    pub lwa: LwaConfig,
    /// Prime Gaming's web API.
    pub prime_gaming: PrimeGamingConfig,
    /// The studio's account system.
    pub players: PlayersConfig,
    /// How players link.
    pub linking: LinkingConfig,
    /// How the pages look.
    pub studio: StudioConfig,
    /// `CHECK_MIN_INTERVAL_SECONDS` (0 to 3600, default 5): the shortest time between two calls to
    /// Amazon about one player.
    pub check_min_interval: Duration,
    /// How content reaches the player.
    pub delivery: DeliveryConfig,
    /// Whether anything new is handed out.
    pub intake: Intake,
    /// `ALARM_TOPIC_ARN`: the topic that the alarms are sent to.
    pub alarm_topic: Option<String>,
    /// Where the secret values are.
    pub secrets: SecretsSource,
}

/// The names of the DynamoDB tables.
#[derive(Clone, Debug)]
pub struct Tables {
    /// `LINKS_TABLE`
    pub links: String,
    /// `FULFILLMENTS_TABLE`
    pub fulfillments: String,
    /// `OFFERS_TABLE`
    pub offers: String,
    /// `ERASURES_TABLE`
    pub erasures: String,
}

/// Login with Amazon: our client ids, and its addresses.
#[derive(Clone, Debug)]
pub struct LwaConfig {
    /// `LWA_CLIENT_ID`, at most 100 bytes.
    pub client_id: String,
    /// `LWA_DEVICE_CLIENT_ID`, by default the same.
    pub device_client_id: String,
    /// `LWA_AUTHORIZE_URL`: the page that the browser is sent to.
    pub authorize_url: Url,
    /// `LWA_TOKEN_URL`
    pub token_url: Url,
    /// `LWA_TOKENINFO_URL`: tells whose token it is.
    pub tokeninfo_url: Url,
    /// `LWA_PROFILE_URL`
    pub profile_url: Url,
    /// `LWA_CODEPAIR_URL`: starts linking on a device.
    pub codepair_url: Url,
    /// `LWA_SCOPE`: holds both of [`REQUIRED_SCOPES`].
    pub scope: String,
}

impl LwaConfig {
    /// Whether this client id is ours. Tokens of another client id can't be refreshed.
    #[must_use]
    pub fn is_ours(&self, client_id: &str) -> bool {
        client_id == self.client_id || client_id == self.device_client_id
    }
}

/// Prime Gaming's web API.
#[derive(Clone, Debug)]
pub struct PrimeGamingConfig {
    /// `PRIME_GAMING_ENTITLEMENTS_URL`
    pub entitlements_url: Url,
    /// `PRIME_GAMING_FULFILL_URL`
    pub fulfill_url: Url,
    /// `PRIME_GAMING_FULFILLMENT_ADDRESS`
    pub fulfillment_address: FulfillmentAddress,
}

/// The place that a fulfillment report names for the content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FulfillmentAddress {
    /// Always this word.
    Word(String),
    /// The player's id; written `{player_id}` in the setting.
    PlayerId,
}

impl FulfillmentAddress {
    /// The address in a report about `player`.
    #[must_use]
    pub fn of<'a>(&'a self, player: &'a PlayerId) -> &'a str {
        match self {
            Self::Word(word) => word,
            Self::PlayerId => player.as_str(),
        }
    }
}

/// The studio's account system: whose tokens are accepted, and how they name the player.
#[derive(Clone, Debug)]
pub struct PlayersConfig {
    /// `PLAYER_JWT_ISSUER`: the exact `iss`.
    pub issuer: String,
    /// `PLAYER_JWT_AUDIENCE`: `aud` is it, or lists it.
    pub audience: String,
    /// `PLAYER_JWKS_URL`; without it the secret `player_jwt_secret` is the key.
    pub jwks_url: Option<Url>,
    /// `PLAYER_ID_CLAIM`, default `sub`.
    pub id_claim: String,
    /// `PLAYER_NAME_CLAIM`, default `name`.
    pub name_claim: String,
    /// `PLAYER_LOGIN_URL`: where a browser that comes from the Prime Gaming page logs in.
    pub login_url: Option<Url>,
}

/// How players link.
#[derive(Clone, Debug)]
pub struct LinkingConfig {
    /// `LINK_RETURN_ORIGINS`: where a browser may be sent after linking.
    pub return_origins: ReturnOrigins,
    /// `LINK_DONE_URL`: where a link begun at `GET /link` ends.
    pub done_url: Option<Url>,
    /// `DEVICE_LINKING`: `on` or `off` (default).
    pub devices: bool,
    /// `DEVICE_LINK_QR`: `on` or `off` (default): whether the address for a QR picture is composed
    /// where Amazon gives none.
    pub device_qr: bool,
}

/// `DELIVERY`: how content reaches the player.
#[derive(Clone, PartialEq, Eq)]
pub enum DeliveryConfig {
    /// The game grants it and confirms (default).
    Confirm,
    /// The studio's backend is called.
    Webhook {
        /// `DELIVERY_WEBHOOK_URL`
        url: Url,
        /// `DELIVERY_WEBHOOK_PRIVATE`: `on` or `off` (default): whether the backend may be in a
        /// private network.
        private: bool,
    },
}

impl fmt::Debug for DeliveryConfig {
    /// Without the address, because some studios put secrets into queries.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Confirm => "Confirm",
            Self::Webhook { .. } => "Webhook",
        })
    }
}

/// `INTAKE`: whether anything new is handed out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Intake {
    /// As usual (default).
    #[default]
    Open,
    /// For restores and incidents: no entitlement becomes `pending`, and a `pending` one is neither
    /// delivered nor shown. Confirmations are accepted, and reports go on.
    Hold,
}

/// Where the secret values are: exactly one of the two is set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretsSource {
    /// `SECRETS_ARN`: in AWS Secrets Manager.
    Arn(String),
    /// `SECRETS_FILE`: in a file; only local.
    File(PathBuf),
}

impl Config {
    /// Reads the process's environment.
    ///
    /// # Errors
    /// Names every setting that is missing or wrong.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::from_vars(environment)
    }

    /// Reads the settings from `lookup`, which is given a variable's name.
    ///
    /// # Errors
    /// Names every setting that is missing or wrong.
    pub fn from_vars(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let mut vars = Vars::new(&lookup);
        let public_base_url = vars.base_url("PUBLIC_BASE_URL");
        let local = public_base_url.as_ref().is_some_and(is_loopback);
        vars.allow_stand_ins_on_host(local);
        let client_id = vars.client_id("LWA_CLIENT_ID");
        let config = Self {
            tables: Tables {
                links: vars.table("LINKS_TABLE"),
                fulfillments: vars.table("FULFILLMENTS_TABLE"),
                offers: vars.table("OFFERS_TABLE"),
                erasures: vars.table("ERASURES_TABLE"),
            },
            lwa: LwaConfig {
                device_client_id: vars
                    .optional_client_id("LWA_DEVICE_CLIENT_ID")
                    .unwrap_or_else(|| client_id.clone()),
                client_id,
                authorize_url: vars.amazon_url("LWA_AUTHORIZE_URL", "https://www.amazon.com/ap/oa"),
                token_url: vars.amazon_url("LWA_TOKEN_URL", "https://api.amazon.com/auth/o2/token"),
                tokeninfo_url: vars.amazon_url(
                    "LWA_TOKENINFO_URL",
                    "https://api.amazon.com/auth/o2/tokeninfo",
                ),
                profile_url: vars
                    .amazon_url("LWA_PROFILE_URL", "https://api.amazon.com/user/profile"),
                codepair_url: vars.amazon_url(
                    "LWA_CODEPAIR_URL",
                    "https://api.amazon.com/auth/o2/create/codepair",
                ),
                scope: vars.scope("LWA_SCOPE"),
            },
            prime_gaming: PrimeGamingConfig {
                entitlements_url: vars.amazon_url(
                    "PRIME_GAMING_ENTITLEMENTS_URL",
                    "https://twitch.amazon.com/api/entitlements",
                ),
                fulfill_url: vars.amazon_url(
                    "PRIME_GAMING_FULFILL_URL",
                    "https://twitch.amazon.com/api/fulfill",
                ),
                fulfillment_address: vars.fulfillment_address("PRIME_GAMING_FULFILLMENT_ADDRESS"),
            },
            players: PlayersConfig {
                issuer: vars.text("PLAYER_JWT_ISSUER", "the `iss` of the players' tokens"),
                audience: vars.text("PLAYER_JWT_AUDIENCE", "the `aud` of the players' tokens"),
                jwks_url: vars.optional_url("PLAYER_JWKS_URL"),
                id_claim: vars.text_or("PLAYER_ID_CLAIM", "sub"),
                name_claim: vars.text_or("PLAYER_NAME_CLAIM", "name"),
                login_url: vars.optional_url("PLAYER_LOGIN_URL"),
            },
            linking: LinkingConfig {
                return_origins: vars.return_origins("LINK_RETURN_ORIGINS", local),
                done_url: vars.optional_url("LINK_DONE_URL"),
                devices: vars.switch("DEVICE_LINKING"),
                device_qr: vars.switch("DEVICE_LINK_QR"),
            },
            studio: StudioConfig {
                name: vars.shown_name("STUDIO_NAME"),
                color: vars.color("STUDIO_COLOR"),
                support_url: vars.support_url("SUPPORT_URL"),
                program: vars
                    .shown_name("PROGRAM_NAME")
                    .unwrap_or_else(|| StudioConfig::PROGRAM.to_owned()),
            },
            check_min_interval: vars.seconds("CHECK_MIN_INTERVAL_SECONDS", 5, 3600),
            delivery: vars.delivery(
                "DELIVERY",
                "DELIVERY_WEBHOOK_URL",
                "DELIVERY_WEBHOOK_PRIVATE",
                local,
            ),
            intake: vars.intake("INTAKE"),
            alarm_topic: vars.topic("ALARM_TOPIC_ARN"),
            api_url: vars.base_url("API_URL"),
            secrets: vars.secrets("SECRETS_ARN", "SECRETS_FILE", local),
            public_base_url,
        };
        vars.finish(config)
    }

    /// The address of the API, as far as the settings tell it.
    #[must_use]
    pub fn base_url(&self) -> Option<&Url> {
        self.public_base_url.as_ref().or(self.api_url.as_ref())
    }

    /// Whether the system runs on one machine: `PUBLIC_BASE_URL` is a loopback address. Only then
    /// a secrets file, the plain cookie and a webhook on loopback are allowed.
    #[must_use]
    pub fn is_local(&self) -> bool {
        self.public_base_url.as_ref().is_some_and(is_loopback)
    }
}

/// A value that is not Unicode is kept, with replacement characters, so that it fails the checks.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the environment's one home"
)]
fn environment(name: &str) -> Option<String> {
    std::env::var_os(name).map(|value| value.to_string_lossy().into_owned())
}

/// Every setting that is missing or wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct ConfigError {
    faults: Vec<Fault>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Fault {
    variable: &'static str,
    sentence: String,
}

impl ConfigError {
    /// The names of the variables at fault, each once.
    #[must_use]
    pub fn variables(&self) -> BTreeSet<&'static str> {
        self.faults.iter().map(|fault| fault.variable).collect()
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("settings are missing or wrong:")?;
        for Fault { variable, sentence } in &self.faults {
            write!(f, "\n- {variable} {sentence}")?;
        }
        Ok(())
    }
}
