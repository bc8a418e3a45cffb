//! The configuration and the clients, built once per cold start and lent to the handlers.

use std::fmt;
use std::sync::Arc;

use url::Url;

use crate::amazon::{Lwa, PrimeGaming};
use crate::auth::Authenticator;
use crate::clock::Clock;
use crate::config::{Config, DeliveryConfig, SecretsSource};
use crate::delivery::Webhook;
use crate::jitter::Jitter;
use crate::secrets::Secrets;
use crate::store::{CachedOffers, Fulfillments, Links, Offers};
use crate::{logging, net};

/// Configuration and clients.
#[derive(Debug)]
pub struct App {
    /// The settings.
    pub config: Config,
    /// The secrets, and how to read them again.
    pub secrets: Secrets,
    /// The time of day.
    pub clock: Clock,
    /// The chance in the pauses between tries.
    pub jitter: Jitter,
    /// Players' links.
    pub links: Links,
    /// Players' entitlements.
    pub fulfillments: Fulfillments,
    /// The offers, by SKU.
    pub offers: CachedOffers,
    /// Login with Amazon.
    pub lwa: Lwa,
    /// Prime Gaming.
    pub prime_gaming: PrimeGaming,
    /// The studio's webhook, if it delivers.
    pub webhook: Option<Webhook>,
    /// Verifies tokens, and names the caller.
    pub authenticator: Authenticator,
}

/// Which of Amazon's services a function talks to beside the database; connections to both are
/// opened in init, where Lambda gives more CPU and no player waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Warm {
    /// Login with Amazon. A code is exchanged over a connection of its own, which then resumes
    /// the TLS session.
    Lwa,
    /// Prime Gaming.
    PrimeGaming,
}

impl Warm {
    fn url(self, config: &Config) -> &Url {
        match self {
            Self::Lwa => &config.lwa.token_url,
            Self::PrimeGaming => &config.prime_gaming.entitlements_url,
        }
    }
}

/// Why a function can't start: one sentence that names every fault. The log shows it when `main`
/// returns it.
pub struct StartError(String);

impl fmt::Debug for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<E: fmt::Display> From<E> for StartError {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

impl App {
    /// Builds everything from the environment. `function` is the name of the function's crate, whose
    /// lines are logged. `warm` is the service of Amazon that it talks to, if it mostly does.
    ///
    /// # Errors
    /// If a setting or a secret is missing or wrong.
    pub async fn start(
        function: &'static str,
        warm: impl Into<Option<Warm>>,
    ) -> Result<Arc<Self>, StartError> {
        logging::init(function);
        let config = Config::from_env()?;
        let clock = Clock::system();
        let http = net::Client::new(clock.clone())?;
        let sdk = net::sdk_config(http.clone())?;
        let dynamodb = aws_sdk_dynamodb::Client::new(&sdk);
        let secrets_manager = match &config.secrets {
            SecretsSource::Arn(_) => Some(aws_sdk_secretsmanager::Client::new(&sdk)),
            SecretsSource::File(_) => None,
        };
        let origins: Vec<Url> = net::dynamodb_origin(&sdk)
            .into_iter()
            .chain(warm.into().map(|warm| warm.url(&config).clone()))
            .collect();
        let (secrets, ()) = tokio::join!(
            Secrets::load(config.secrets.clone(), secrets_manager),
            net::warm(&http, &origins),
        );
        Ok(Arc::new(Self::new(
            config, secrets?, clock, http, dynamodb,
        )?))
    }

    /// Builds everything from its parts.
    ///
    /// # Errors
    /// If there is not exactly one source of keys for players' tokens, or the webhook has no
    /// secret.
    pub fn new(
        config: Config,
        secrets: Secrets,
        clock: Clock,
        http: net::Client,
        dynamodb: aws_sdk_dynamodb::Client,
    ) -> Result<Self, StartError> {
        let player_jwt_secret = secrets.current().player_jwt_secret.clone();
        let webhook = match &config.delivery {
            DeliveryConfig::Confirm => None,
            DeliveryConfig::Webhook { url, private } => {
                if secrets.current().delivery_webhook_secret.is_none() {
                    return Err("delivery_webhook_secret is missing in the secret, because \
                         DELIVERY is `webhook`: it should be `whsec_` and 24 to 64 bytes in base64"
                        .into());
                }
                let client = if config.is_local() {
                    http.clone()
                } else {
                    net::Client::for_studio(clock.clone(), *private)?
                };
                Some(Webhook::new(client, url.clone()))
            }
        };
        let offers = Offers::new(dynamodb.clone(), config.tables.offers.clone());
        Ok(Self {
            authenticator: Authenticator::new(&config.players, player_jwt_secret, http.clone())?,
            links: Links::new(dynamodb.clone(), config.tables.links.clone()),
            fulfillments: Fulfillments::new(dynamodb, config.tables.fulfillments.clone()),
            offers: CachedOffers::new(offers),
            lwa: Lwa::new(http.clone(), &config.lwa),
            prime_gaming: PrimeGaming::new(http, &config.prime_gaming),
            webhook,
            config,
            secrets,
            clock,
            jitter: Jitter::random(),
        })
    }
}
