//! A database that answers errors, or nonsense, or nothing: what DynamoDB does on a bad day and the
//! embedded one never.

use std::time::Duration;

use aws_sdk_dynamodb::config::{HttpClient, RuntimeComponents, SharedHttpClient};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use serde_json::{Value, json};

use crate::Spy;

/// How long our HTTP client waits for an answer of the database: the outage's silence lasts as
/// long, for it stands in the client's place.
const SILENCE: Duration = Duration::from_secs(2);

/// What the database answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DbFault {
    /// This error with this status.
    Error(u16, &'static str),
    /// A single write met another writer's transaction.
    Conflict,
    /// A transaction was canceled, for this reason of one of its parts.
    Canceled(&'static str),
    /// The same transaction is under way.
    InProgress,
    /// A 200 that is not JSON.
    Garbage,
    /// The connection ends.
    Reset,
    /// Nothing, until the client gives up.
    Silence,
    /// Nothing to two requests of three; the third is served.
    Sluggish,
}

impl DbFault {
    /// Every one that passes by itself, but for silence, which takes real time.
    pub const PASSING: [Self; 11] = [
        Self::Error(400, "ThrottlingException"),
        Self::Error(400, "ProvisionedThroughputExceededException"),
        Self::Error(400, "RequestLimitExceeded"),
        Self::Error(500, "InternalServerError"),
        Self::Error(503, "ServiceUnavailable"),
        Self::Conflict,
        Self::Canceled("TransactionConflict"),
        Self::Canceled("ThrottlingError"),
        Self::Canceled("ProvisionedThroughputExceeded"),
        Self::InProgress,
        Self::Reset,
    ];

    /// How often an operation is sent at most that always meets this.
    #[must_use]
    pub fn most_tries(self) -> usize {
        match self {
            Self::Conflict | Self::Canceled(_) => 6,
            // Tried again by the SDK, and by us.
            Self::InProgress => 18,
            // Its meaning is unknown, so the service does not ask again within the request.
            Self::Garbage => 1,
            _ => 3,
        }
    }

    /// Whether this is an error of such an operation.
    #[must_use]
    pub fn can_meet(self, operation: &str) -> bool {
        match self {
            Self::Conflict => ["UpdateItem", "DeleteItem", "PutItem"].contains(&operation),
            Self::Canceled(_) | Self::InProgress => operation == "TransactWriteItems",
            _ => true,
        }
    }

    fn answer(self) -> (u16, String) {
        let error = |status, name: &str, further: Value| {
            let mut body = further;
            body["__type"] = json!(format!("com.amazonaws.dynamodb.v20120810#{name}"));
            body["message"] = json!("said by the test");
            (status, body.to_string())
        };
        match self {
            Self::Error(status, name) => error(status, name, json!({})),
            Self::Conflict => error(400, "TransactionConflictException", json!({})),
            Self::Canceled(code) => {
                let reasons = json!([{"Code": "None"}, {"Code": code, "Message": "no"}]);
                let further = json!({"CancellationReasons": reasons});
                error(400, "TransactionCanceledException", further)
            }
            Self::InProgress => error(400, "TransactionInProgressException", json!({})),
            Self::Garbage | Self::Reset | Self::Silence | Self::Sluggish => {
                (200, "<html>Sorry".to_owned())
            }
        }
    }
}

/// When and how the database fails.
#[derive(Clone, Copy, Debug)]
pub struct Outage {
    /// What it answers.
    pub fault: DbFault,
    /// Whether what it was asked takes effect all the same.
    pub takes_effect: bool,
    /// So many requests that the fault can meet are served first.
    pub pass: u32,
    /// So many fail then.
    pub times: u32,
}

impl Outage {
    /// From the `pass`th request on, without effect and for so many requests.
    #[must_use]
    pub fn after(pass: u32, fault: DbFault, times: u32) -> Self {
        Self {
            fault,
            takes_effect: false,
            pass,
            times,
        }
    }
}

/// The HTTP client of a database that [`Spy`] can break.
#[derive(Clone, Debug)]
pub(crate) struct Breaking {
    http: SharedHttpClient,
    spy: Spy,
}

impl Breaking {
    pub(crate) fn new(http: SharedHttpClient, spy: Spy) -> Self {
        Self { http, spy }
    }
}

impl HttpClient for Breaking {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(Connector {
            inner: self.http.http_connector(settings, components),
            spy: self.spy.clone(),
        })
    }
}

#[derive(Debug)]
struct Connector {
    inner: SharedHttpConnector,
    spy: Spy,
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let operation = target.rsplit('.').next().unwrap_or_default();
        if let Some(stop) = self.spy.stops(operation) {
            let inner = self.inner.clone();
            return HttpConnectorFuture::new(async move {
                stop.wait().await;
                inner.call(request).await
            });
        }
        let Some(outage) = self.spy.meets(operation) else {
            return self.inner.call(request);
        };
        let served = outage.takes_effect.then(|| self.inner.call(request));
        HttpConnectorFuture::new(async move {
            if let Some(served) = served {
                served.await?;
            }
            broken(outage.fault).await
        })
    }
}

async fn broken(fault: DbFault) -> Result<HttpResponse, ConnectorError> {
    match fault {
        DbFault::Silence | DbFault::Sluggish => {
            tokio::time::sleep(SILENCE).await;
            Err(ConnectorError::timeout("silent".into()))
        }
        DbFault::Reset => Err(ConnectorError::io("closed".into())),
        fault => {
            let (status, body) = fault.answer();
            let status = status.try_into().expect("a status");
            Ok(HttpResponse::new(status, body.into()))
        }
    }
}
