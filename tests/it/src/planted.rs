//! A database whose answers the test changes: what AWS would say of a table, and the embedded database
//! does not know.

use std::fmt;
use std::sync::Arc;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{HttpClient, RuntimeComponents};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use serde_json::Value;

/// What an answer becomes: it is given the operation, the status and the body.
type Edit = Arc<dyn Fn(&str, u16, Value) -> (u16, Value) + Send + Sync>;

#[derive(Clone)]
struct Planted<I> {
    inner: I,
    edit: Edit,
}

impl<I> fmt::Debug for Planted<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Planted")
    }
}

/// A client like `client`, to which each answer comes as `edit` makes it.
///
/// # Panics
/// If `client` has no HTTP client.
#[must_use]
pub fn planted(
    client: &Client,
    edit: impl Fn(&str, u16, Value) -> (u16, Value) + Send + Sync + 'static,
) -> Client {
    let planted = Planted {
        inner: client.config().http_client().expect("a client over HTTP"),
        edit: Arc::new(edit),
    };
    let config = client.config().to_builder().http_client(planted);
    Client::from_conf(config.build())
}

impl HttpClient for Planted<SharedHttpClient> {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(Planted {
            inner: self.inner.http_connector(settings, components),
            edit: self.edit.clone(),
        })
    }
}

impl HttpConnector for Planted<SharedHttpConnector> {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
        let (answer, edit) = (self.inner.call(request), self.edit.clone());
        HttpConnectorFuture::new(async move {
            let answer = answer.await?;
            let body = answer.body().bytes().unwrap_or_default();
            let body = serde_json::from_slice(body).unwrap_or_default();
            let (status, body) = edit(&operation, answer.status().as_u16(), body);
            let status = status
                .try_into()
                .map_err(|_| ConnectorError::user("no status".into()))?;
            Ok(HttpResponse::new(status, body.to_string().into()))
        })
    }
}
