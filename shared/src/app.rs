//! The configuration and the clients, built once per cold start and lent to the handlers.
//!
//! A [`Process`] has everything that needs no secret, and a [`Deployment`] is what the doctor looks at.
//! Together with the secret they become an [`App`].

use std::fmt;
use std::sync::Arc;

use url::Url;

use crate::amazon::{Lwa, PrimeGaming};
use crate::auth::Authenticator;
use crate::clock::Clock;
use crate::codedeploy::CodeDeploy;
use crate::config::{Config, DeliveryConfig, SecretsSource};
use crate::delivery::Webhook;
use crate::domain::{ErasedId, PlayerId};
use crate::jitter::Jitter;
use crate::secrets::{SecretReader, Secrets};
use crate::store::{CachedOffers, Erasures, Fulfillments, Links, Offers};
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
    /// Which players were erased.
    pub erasures: Erasures,
    /// Login with Amazon.
    pub lwa: Lwa,
    /// Prime Gaming.
    pub prime_gaming: PrimeGaming,
    /// The studio's webhook, if it delivers.
    pub webhook: Option<Webhook>,
    /// Verifies tokens, and names the caller.
    pub authenticator: Authenticator,
    http: net::Client,
    dynamodb: aws_sdk_dynamodb::Client,
}

/// What a deployment is made of, as far as it needs no secret: the doctor looks at it, and a missing
/// secret is one of its findings.
#[derive(Clone, Debug)]
pub struct Deployment {
    /// The settings.
    pub config: Config,
    /// The time of day.
    pub clock: Clock,
    /// Reads the secret as it is now.
    pub secret: SecretReader,
    pub(crate) http: net::Client,
    pub(crate) dynamodb: aws_sdk_dynamodb::Client,
}

/// A function's process before it has read its secret.
#[derive(Debug)]
pub struct Process {
    /// What it has to work with.
    pub deployment: Deployment,
    sdk: aws_config::SdkConfig,
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

/// What the secret lacks where the studio's backend delivers.
pub(crate) const NO_WEBHOOK_SECRET: &str = "delivery_webhook_secret is missing in the secret, because \
     DELIVERY is `webhook`: it should be `whsec_` and 24 to 64 bytes in base64";

/// Why a function can't start: one sentence that names every fault. The log shows it when `main`
/// returns it.
pub struct StartError(String);

impl StartError {
    /// The sentence.
    #[must_use]
    pub fn sentence(&self) -> &str {
        &self.0
    }
}

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
        let process = Process::start(function)?;
        Ok(Arc::new(process.app(warm.into()).await?))
    }

    /// What stays of this player's id after the player was erased; `None`: the secret has no
    /// `erasure_key`.
    pub(crate) fn erased_id(&self, player: &PlayerId) -> Option<ErasedId> {
        let secrets = self.secrets.current();
        secrets.erasure_key.as_ref().map(|key| key.player(player))
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
        let webhook = webhook(&config, &clock, &http)?;
        if webhook.is_some() && secrets.current().delivery_webhook_secret.is_none() {
            return Err(NO_WEBHOOK_SECRET.into());
        }
        let offers = Offers::new(dynamodb.clone(), config.tables.offers.clone());
        Ok(Self {
            authenticator: Authenticator::new(&config.players, player_jwt_secret, http.clone())?,
            links: Links::new(dynamodb.clone(), config.tables.links.clone()),
            fulfillments: Fulfillments::new(dynamodb.clone(), config.tables.fulfillments.clone()),
            erasures: Erasures::new(dynamodb.clone(), config.tables.erasures.clone()),
            offers: CachedOffers::new(offers),
            lwa: Lwa::new(http.clone(), &config.lwa),
            prime_gaming: PrimeGaming::new(http.clone(), &config.prime_gaming),
            webhook,
            config,
            secrets,
            clock,
            jitter: Jitter::random(),
            http,
            dynamodb,
        })
    }

    /// What the doctor looks at.
    #[must_use]
    pub fn deployment(&self) -> Deployment {
        Deployment {
            config: self.config.clone(),
            clock: self.clock.clone(),
            secret: self.secrets.reader().clone(),
            http: self.http.clone(),
            dynamodb: self.dynamodb.clone(),
        }
    }
}

impl Process {
    /// Reads the settings. `function` is the name of the function's crate, whose lines are logged.
    ///
    /// # Errors
    /// If a setting is missing or wrong.
    pub fn start(function: &'static str) -> Result<Self, StartError> {
        logging::init(function);
        let config = Config::from_env()?;
        let clock = Clock::system();
        let http = net::Client::new(clock.clone())?;
        let sdk = net::sdk_config(http.clone())?;
        let secrets_manager = match &config.secrets {
            SecretsSource::Arn(_) => Some(aws_sdk_secretsmanager::Client::new(&sdk)),
            SecretsSource::File(_) => None,
        };
        let secret = SecretReader::new(config.secrets.clone(), secrets_manager);
        let dynamodb = aws_sdk_dynamodb::Client::new(&sdk);
        let deployment = Deployment::new(config, secret, clock, http, dynamodb);
        Ok(Self { deployment, sdk })
    }

    /// Reads the secret, and opens connections meanwhile.
    ///
    /// # Errors
    /// If the secret is missing or wrong.
    pub async fn app(&self, warm: Option<Warm>) -> Result<App, StartError> {
        let Deployment {
            config,
            clock,
            secret,
            http,
            dynamodb,
        } = &self.deployment;
        let origins: Vec<Url> = net::service_origin(&self.sdk, "DynamoDB")
            .into_iter()
            .chain(warm.map(|warm| warm.url(config).clone()))
            .collect();
        let (secrets, ()) =
            tokio::join!(Secrets::read_by(secret.clone()), net::warm(http, &origins),);
        App::new(
            config.clone(),
            secrets?,
            clock.clone(),
            http.clone(),
            dynamodb.clone(),
        )
    }

    /// CodeDeploy, which moves the aliases of this deployment.
    #[must_use]
    pub fn codedeploy(&self) -> Option<CodeDeploy> {
        CodeDeploy::new(self.deployment.http.clone(), &self.sdk)
    }
}

impl Deployment {
    /// From its parts.
    #[must_use]
    pub fn new(
        config: Config,
        secret: SecretReader,
        clock: Clock,
        http: net::Client,
        dynamodb: aws_sdk_dynamodb::Client,
    ) -> Self {
        Self {
            config,
            clock,
            secret,
            http,
            dynamodb,
        }
    }

    /// The studio's webhook, if it delivers.
    pub(crate) fn webhook(&self) -> Result<Option<Webhook>, net::NetError> {
        webhook(&self.config, &self.clock, &self.http)
    }
}

/// The studio's webhook, if it delivers. Its client reaches no internal address, except locally.
fn webhook(
    config: &Config,
    clock: &Clock,
    http: &net::Client,
) -> Result<Option<Webhook>, net::NetError> {
    let DeliveryConfig::Webhook { url, private } = &config.delivery else {
        return Ok(None);
    };
    let client = if config.is_local() {
        http.clone()
    } else {
        net::Client::for_studio(clock.clone(), *private)?
    };
    Ok(Some(Webhook::new(client, url.clone())))
}
