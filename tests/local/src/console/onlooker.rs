//! What looks on from the beginning, before there is a system to play with: proxies between the functions
//! and what they ask, and those who take log lines, requests and invocations.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::http::{Method, StatusCode};
use cloudwatch::End;
use stand_in::Amazon;
use url::Url;

use super::alarms::Alarms;
use super::calls::CONFIRM;
use super::exchange::Exchanges;
use super::feed::{Feed, Seen, Service};
use super::game::Game;
use super::routes::HEADER;
use super::time::Time;
use crate::gateway;
use crate::log::Log;
use crate::proxy::{Gate, Proxy};
use crate::runtime::Witness;
use crate::webhook::{Call, Receiver};
use crate::{Error, json};

/// The game, which the page, the webhook and the proxies share.
pub(super) type SharedGame = Arc<Mutex<Game>>;

pub(super) fn lock(game: &SharedGame) -> MutexGuard<'_, Game> {
    game.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The services that the functions ask and that run here.
#[derive(Clone, Debug, Default)]
pub(crate) struct Services {
    /// The address of the embedded DynamoDB.
    pub(crate) dynamodb: Option<String>,
    /// The stand-in.
    pub(crate) amazon: Option<Amazon>,
    /// What each table is called in the template, by its name.
    pub(crate) tables: BTreeMap<String, String>,
    /// Whether the webhook leads to [`Onlooker::backend`].
    pub(crate) is_own_backend: bool,
    /// Whether what the game or the webhook delivers is seen, so that the ledger is whole.
    pub(crate) sees_deliveries: bool,
}

/// Looks on. Clones are the same.
#[derive(Clone, Debug)]
pub(crate) struct Onlooker {
    pub(super) time: Time,
    pub(super) feed: Feed,
    pub(super) alarms: Alarms,
    pub(super) game: SharedGame,
    pub(super) gates: Arc<BTreeMap<String, Gate>>,
    /// The function whose invocation made fewer requests than it was to be disturbed at, and how many.
    pub(super) missed: Arc<Mutex<Option<(String, usize)>>>,
}

impl Onlooker {
    /// One for the functions of these names, deployed by this template under this name.
    ///
    /// # Errors
    /// If the template has an alarm that the model of CloudWatch does not know.
    pub(crate) fn new(
        template: &Path,
        stack: &str,
        functions: impl Iterator<Item = String>,
    ) -> Result<Self, Error> {
        let time = Time::default();
        Ok(Self {
            feed: Feed::new(time.clone()),
            alarms: Alarms::of_template(template, stack, time.clone())?,
            game: SharedGame::default(),
            gates: Arc::new(functions.map(|name| (name, Gate::default())).collect()),
            missed: Arc::default(),
            time,
        })
    }

    /// What was armed and did not happen since the last time this was asked, as a sentence.
    pub(super) fn take_missed(&self) -> Option<String> {
        let mut missed = self.missed.lock().unwrap_or_else(PoisonError::into_inner);
        let (function, requests) = missed.take()?;
        let requests = match requests {
            0 => "no request".to_owned(),
            1 => "only 1 request".to_owned(),
            count => format!("only {count} requests"),
        };
        Some(format!(
            "{function} was not disturbed: its invocation made {requests}."
        ))
    }

    /// A log that hands on every line to `log`, and the functions' lines to the alarms.
    #[must_use]
    pub(crate) fn log(&self, log: Log) -> Log {
        let (alarms, gates) = (self.alarms.clone(), Arc::clone(&self.gates));
        Log::new(move |line| {
            let taken = if gates.contains_key(&line.source) {
                alarms.line(&line.text)
            } else {
                Ok(())
            };
            log.write(&line.source, line.text);
            if let Err(error) = taken {
                log.write("console", format!("the alarms miss a line: {error}"));
            }
        })
    }

    /// Is told how invocations end: after that, nothing is killed any more.
    #[must_use]
    pub(crate) fn witness(&self, log: Log) -> Witness {
        let (alarms, gates) = (self.alarms.clone(), Arc::clone(&self.gates));
        let missed = Arc::clone(&self.missed);
        Witness::new(move |function, outcome| {
            if let Some(requests) = gates.get(function).and_then(Gate::release) {
                let mut missed = missed.lock().unwrap_or_else(PoisonError::into_inner);
                *missed = Some((function.to_owned(), requests));
            }
            let end = outcome.map_or(End::Failed, |()| End::Returned);
            if let Err(error) = alarms.invocation(function, end) {
                log.write("console", format!("the alarms miss an invocation: {error}"));
            }
        })
    }

    /// Is told what the gateway answers.
    #[must_use]
    pub(crate) fn gateway(&self, log: Log) -> Arc<gateway::Tell> {
        let (alarms, feed) = (self.alarms.clone(), self.feed.clone());
        Arc::new(move |request, status| {
            feed.add(Seen {
                function: "gateway".to_owned(),
                service: Service::Api,
                request: request.to_owned(),
                status: Some(status),
                wrote: Vec::new(),
                note: None,
            });
            if let Err(error) = alarms.request(status) {
                log.write("console", format!("the alarms miss a request: {error}"));
            }
        })
    }

    /// Looks at what other games than the console's confirm, for example a person with `curl`. What they
    /// have saved is not known, so the lamps say nothing of it.
    pub(crate) fn other_games(&self) -> Arc<gateway::Look> {
        let game = Arc::clone(&self.game);
        Arc::new(move |head, body| {
            let is_confirmation = head.method == Method::POST && head.uri.path() == CONFIRM;
            if is_confirmation && !head.headers.contains_key(HEADER.0) {
                let body = json::read(body).unwrap_or_default();
                let ids = body["entitlement_ids"].as_array().into_iter().flatten();
                let ids = ids.filter_map(|id| id.as_str().map(ToOwned::to_owned));
                lock(&game).ledger.was_delivered(ids);
            }
        })
    }

    /// The studio's backend: the game grants what the webhook delivers.
    ///
    /// # Errors
    /// When no port is free, or the secret is not one.
    pub(crate) async fn backend(&self, secret: &str) -> Result<Receiver, Error> {
        let game = Arc::clone(&self.game);
        Receiver::start(secret, move |call| {
            if let Call::Signed { id, body } = call {
                let body = json::read(body.as_bytes()).unwrap_or_default();
                lock(&game).is_called(id, &body);
            }
            StatusCode::OK
        })
        .await
    }

    /// Puts a proxy between this function and each of the services, and the proxies' addresses into the
    /// function's variables.
    ///
    /// # Errors
    /// When no port is free.
    pub(crate) async fn stand_before(
        &self,
        function: &str,
        variables: &mut BTreeMap<String, String>,
        services: &Services,
    ) -> Result<Vec<Proxy>, Error> {
        let gate = self.gates.get(function).cloned().unwrap_or_default();
        let amazon = services.amazon.as_ref().map(Amazon::base_url);
        let webhook = variables.get("DELIVERY_WEBHOOK_URL");
        let webhook = webhook.and_then(|url| loopback_origin(url));
        let mut proxies = Vec::new();
        for origin in [services.dynamodb.clone(), amazon, webhook] {
            let Some(origin) = origin else { continue };
            let exchanges = Exchanges::new(self, function, services);
            let proxy = Proxy::before(&origin, gate.clone(), exchanges).await?;
            redirect(variables, &origin, &proxy.base_url);
            proxies.push(proxy);
        }
        Ok(proxies)
    }
}

/// Leads the variables that lead to `origin` to `proxy`.
fn redirect(variables: &mut BTreeMap<String, String>, origin: &str, proxy: &str) {
    for (name, value) in variables {
        // Browsers, and not functions, ask for the page that this one leads to.
        if name == "LWA_AUTHORIZE_URL" {
            continue;
        }
        let path = value.strip_prefix(origin);
        if let Some(path) = path.filter(|path| path.is_empty() || path.starts_with('/')) {
            *value = format!("{proxy}{path}");
        }
    }
}

/// The origin of an address that is plain HTTP on loopback.
pub(crate) fn loopback_origin(url: &str) -> Option<String> {
    let url = Url::parse(url).ok()?;
    let is_here = url.scheme() == "http"
        && matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
    is_here.then(|| url.origin().ascii_serialization())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_leads_to_the_service_is_redirected() {
        let mut variables = BTreeMap::from(
            [
                ("A_URL", "http://127.0.0.1:81/a"),
                ("B_URL", "http://127.0.0.1:81"),
                ("C_URL", "http://127.0.0.1:8100/a"),
                ("LWA_AUTHORIZE_URL", "http://127.0.0.1:81/ap/oa"),
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned())),
        );
        redirect(&mut variables, "http://127.0.0.1:81", "http://127.0.0.1:9");
        let values: Vec<_> = variables.values().map(String::as_str).collect();
        let redirected = [
            "http://127.0.0.1:9/a",
            "http://127.0.0.1:9",
            "http://127.0.0.1:8100/a",
            "http://127.0.0.1:81/ap/oa",
        ];
        assert_eq!(values, redirected);
    }

    #[test]
    fn a_proxy_stands_only_before_plain_http_on_loopback() {
        let origin = |url| loopback_origin(url);
        let here = Some("http://127.0.0.1:81".to_owned());
        assert_eq!(origin("http://127.0.0.1:81/deliver"), here);
        assert!(origin("http://localhost:81/").is_some());
        for elsewhere in ["https://127.0.0.1:81/", "http://studio.example/", "deliver"] {
            assert_eq!(origin(elsewhere), None, "{elsewhere}");
        }
    }
}
