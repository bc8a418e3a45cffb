//! A backend for the webhook, and what a system with a console has besides: proxies between the functions
//! and what they ask.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use axum::http::StatusCode;
use stand_in::Amazon;

use super::secrets::Secrets;
use super::settings::Settings;
use super::tokens::Tokens;
use crate::Error;
use crate::console::{Onlooker, Place, Rows, Services, loopback_origin};
use crate::dynamo::{self, Embedded};
use crate::proxy::Proxy;
use crate::runtime::Spec;
use crate::template::Template;
use crate::webhook::{self, Receiver};

/// The name under which the local system is deployed: the metrics in log lines need one.
const STACK: &str = "local";

const WEBHOOK_URL: &str = "DELIVERY_WEBHOOK_URL";

/// What stands between the functions and the services. It ends when it is dropped.
#[derive(Debug, Default)]
pub(super) struct Between {
    proxies: Vec<Proxy>,
    backend: Option<Receiver>,
}

/// Who looks on.
pub(super) fn onlooker(
    path: &Path,
    template: &Template,
    settings: &mut Settings,
) -> Result<Onlooker, Error> {
    settings.set_default("STACK_NAME", STACK);
    let stack = settings.get("STACK_NAME").unwrap_or(STACK);
    Onlooker::new(path, stack, template.binaries())
}

impl Between {
    /// Where the webhook is to deliver and its address is not given, there is a backend here: the console's
    /// game, or one that takes every call.
    pub(super) async fn start_backend(
        &mut self,
        onlooker: Option<&Onlooker>,
        settings: &mut Settings,
        secrets: &Secrets,
    ) -> Result<(), Error> {
        let delivers = settings.get("DELIVERY") == Some("webhook");
        if !delivers || settings.get(WEBHOOK_URL).is_some() {
            return Ok(());
        }
        let secret = secrets.delivery_webhook_secret.as_ref();
        let secret = secret.ok_or(
            "with DELIVERY=webhook and without DELIVERY_WEBHOOK_URL the local system has a backend of its \
             own, and the secret has no delivery_webhook_secret for it",
        )?;
        let backend = match onlooker {
            Some(onlooker) => onlooker.backend(secret).await?,
            None => Receiver::start(secret, |_| StatusCode::OK).await?,
        };
        let url = format!("{}{}", backend.base_url(), webhook::PATH);
        settings.set_default(WEBHOOK_URL, &url);
        self.backend = Some(backend);
        Ok(())
    }

    /// The services that run here.
    pub(super) fn services(
        &self,
        template: &Template,
        settings: &Settings,
        database: Option<&Embedded>,
        amazon: Option<&Amazon>,
    ) -> Services {
        let tables = template.tables.iter();
        let tables = tables.map(|it| (settings.table_name(&it.logical_id), it.logical_id.clone()));
        Services {
            dynamodb: database.map(|database| database.endpoint.clone()),
            amazon: amazon.cloned(),
            tables: tables.collect(),
            is_own_backend: self.backend.is_some(),
            sees_deliveries: sees_deliveries(settings),
        }
    }

    /// Puts proxies before the services, those of each function by themselves.
    pub(super) async fn stand_before(
        &mut self,
        onlooker: &Onlooker,
        specs: &mut BTreeMap<String, Spec>,
        services: &Services,
    ) -> Result<(), Error> {
        for (function, spec) in specs {
            let proxies = onlooker.stand_before(function, &mut spec.env, services);
            self.proxies.extend(proxies.await?);
        }
        Ok(())
    }
}

/// Whether what players get is seen here: from the game, or from a webhook on this machine.
fn sees_deliveries(settings: &Settings) -> bool {
    let delivers = settings.get("DELIVERY") == Some("webhook");
    let leads_here = settings.get(WEBHOOK_URL).and_then(loopback_origin);
    !delivers || leads_here.is_some()
}

/// What the settings say of the system that the console plays with.
pub(super) fn place(settings: &Settings, tokens: &Arc<Tokens>) -> Place {
    let (tokens, servers) = (Arc::clone(tokens), Arc::clone(tokens));
    Place {
        api: String::new(),
        amazon: None,
        functions: BTreeMap::new(),
        offers: Vec::new(),
        has_own_database: false,
        rows: Rows {
            client: dynamo::client_from(settings.variables()),
            links: settings.table_name("LinksTable"),
            fulfillments: settings.table_name("FulfillmentsTable"),
            erasures: settings.table_name("ErasuresTable"),
        },
        delivery: settings.get("DELIVERY").unwrap_or_default().to_owned(),
        sees_deliveries: sees_deliveries(settings),
        is_on_hold: settings.get("INTAKE") == Some("hold"),
        issue: Box::new(move |player, name| tokens.player(player, name)),
        issue_to_server: Box::new(move || servers.server()),
    }
}
