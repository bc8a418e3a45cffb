//! Requests of one function, as the feed shows them and the ledger counts them.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::http::Method;
use serde_json::Value;
use stand_in::Amazon;
use url::form_urlencoded;

use super::feed::{Feed, Seen, Service};
use super::onlooker::{Onlooker, Services, SharedGame, lock};
use super::wrote;
use crate::proxy::{Asked, Became, Mode, Watch};

/// Where reports go.
const FULFILL: &str = "/api/fulfill";

/// Looks at what one function asks.
#[derive(Clone)]
pub(super) struct Exchanges {
    function: String,
    feed: Feed,
    game: SharedGame,
    amazon: Option<Amazon>,
    tables: Arc<BTreeMap<String, String>>,
    is_own_backend: bool,
    sees_deliveries: bool,
}

impl Exchanges {
    pub(super) fn new(onlooker: &Onlooker, function: &str, services: &Services) -> Self {
        Self {
            function: function.to_owned(),
            feed: onlooker.feed.clone(),
            game: Arc::clone(&onlooker.game),
            amazon: services.amazon.clone(),
            tables: Arc::new(services.tables.clone()),
            is_own_backend: services.is_own_backend,
            sees_deliveries: services.sees_deliveries,
        }
    }

    /// What the ledger learns from a request.
    fn count(&self, asked: &Asked, service: Service) {
        match service {
            Service::PrimeGaming if asked.path == FULFILL && self.sees_deliveries => {
                if let Some(amazon) = &self.amazon {
                    let fulfilled = amazon.fulfilled();
                    let ids = fulfilled.iter().map(|it| it.entitlement_id.as_str());
                    lock(&self.game).ledger.told(ids);
                }
            }
            // The backend here counts what it gives by itself.
            Service::Webhook if !self.is_own_backend => {
                let id = asked.header("webhook-id").unwrap_or_default();
                lock(&self.game).is_called(id, &json(&asked.body));
            }
            _ => {}
        }
    }

    /// With a 409 a webhook says that it has delivered before, which the console may not have seen.
    fn was_delivered(&self, asked: &Asked) {
        if let Some(id) = json(&asked.body)["data"]["entitlement_id"].as_str() {
            let mut game = lock(&self.game);
            game.ledger.was_delivered([id.to_owned()]);
        }
    }
}

impl Watch for Exchanges {
    fn unheard(&self, asked: &Asked) {
        if let Some(amazon) = &self.amazon {
            amazon.will_not_be_heard(&asked.path);
        }
    }

    fn over(&self, asked: &Asked, became: &Became) {
        if asked.method == Method::HEAD {
            return;
        }
        let service = service(asked);
        let is_done = matches!(became.answer, Some((200..=299, _)));
        // A report whose answer is lost may have had its effect, too.
        if is_done || asked.path == FULFILL {
            self.count(asked, service);
        }
        if service == Service::Webhook && matches!(became.answer, Some((409, _))) {
            self.was_delivered(asked);
        }
        let answer = became.answer.as_ref().filter(|_| became.heard);
        self.feed.add(Seen {
            function: self.function.clone(),
            service,
            request: self.request(asked, service),
            status: answer.map(|(status, _)| *status),
            wrote: if is_done {
                wrote(asked, service)
            } else {
                Vec::new()
            },
            note: became.hit.map(|mode| note(mode).to_owned()).or_else(|| {
                became
                    .answer
                    .as_ref()
                    .and_then(|(status, body)| refusal(*status, body))
            }),
        });
    }
}

impl Exchanges {
    fn request(&self, asked: &Asked, service: Service) -> String {
        let name = |table: &str| {
            let name = self.tables.get(table).map_or(table, String::as_str);
            name.strip_suffix("Table").unwrap_or(name).to_owned()
        };
        let plain = format!("{} {}", asked.method, asked.path);
        match (service, asked.operation()) {
            (Service::Dynamodb, Some(operation)) => {
                wrote::request(operation, &json(&asked.body), &name)
            }
            (Service::Lwa, _) => {
                let mut form = form_urlencoded::parse(&asked.body);
                match form.find(|(name, _)| name == "grant_type") {
                    Some((_, grant)) => format!("{plain} {grant}"),
                    None => plain,
                }
            }
            _ => plain,
        }
    }
}

fn service(asked: &Asked) -> Service {
    if asked.operation().is_some() {
        Service::Dynamodb
    } else if asked.header("webhook-id").is_some() {
        Service::Webhook
    } else if asked.path.starts_with("/api/") {
        Service::PrimeGaming
    } else {
        Service::Lwa
    }
}

fn wrote(asked: &Asked, service: Service) -> Vec<String> {
    let body = json(&asked.body);
    match service {
        Service::Dynamodb => wrote::rows(asked.operation().unwrap_or_default(), &body),
        Service::PrimeGaming => {
            let updates = body["FulfillmentStatusUpdates"].as_array();
            let ids = updates.into_iter().flatten();
            let ids = ids.filter_map(|update| update["EntitlementId"].as_str());
            ids.map(|id| format!("{id} is delivered")).collect()
        }
        Service::Webhook => {
            let text = |name: &str| body["data"][name].as_str();
            match (text("entitlement_id"), text("player_id")) {
                (Some(id), Some(player)) => vec![format!("{id} to {player}")],
                _ => Vec::new(),
            }
        }
        Service::Lwa | Service::Api => Vec::new(),
    }
}

/// Why DynamoDB did not carry it out: the name of its error.
fn refusal(status: u16, body: &[u8]) -> Option<String> {
    let body = json(body);
    let name = body["__type"].as_str().filter(|_| status >= 400)?;
    Some(name.rsplit('#').next().unwrap_or(name).to_owned())
}

const fn note(mode: Mode) -> &'static str {
    match mode {
        Mode::KilledBefore | Mode::KilledAfter => "killed here",
        Mode::TimedOutBefore | Mode::TimedOutAfter => "timed out here",
        Mode::RequestLost => "the request was lost",
        Mode::AnswerLost => "the answer was lost",
        Mode::CutOff => "cut off",
        Mode::Unheard => "unheard",
    }
}

fn json(body: &[u8]) -> Value {
    crate::json::read(body).unwrap_or_default()
}
