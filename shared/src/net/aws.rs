//! The AWS SDK, set up by hand: over our one client, with the variables that Lambda sets.
//!
//! The SDK's own loader first looks at profile files and a chain of credential sources. That takes
//! time at every cold start and finds nothing on Lambda.

use std::fmt;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_dynamodb::config::{IdentityCache, StalledStreamProtectionConfig};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::retry::{ReconnectMode, RetryConfig};
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};
use url::Url;

use super::exchange::{Repeat, send as send_request};
use super::{Client, NetError, read_bounded};
use crate::budget::{AWS_FIRST_PAUSE, AWS_PATIENCE, AWS_TRIES, AWS_TRY_LIMIT};

/// No response of DynamoDB or Secrets Manager is longer; a batch read has at most 16 MB.
const MAX_ANSWER_BYTES: usize = 20 * 1024 * 1024;

/// Variables that the SDK needs are missing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the AWS SDK needs {0} in the environment (Lambda sets them; locally any value does)")]
pub struct SdkConfigError(String);

/// The SDK's configuration from the process environment: `AWS_REGION` or `AWS_DEFAULT_REGION`,
/// `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`; and for stand-ins
/// `AWS_ENDPOINT_URL_DYNAMODB`, `AWS_ENDPOINT_URL_SECRETS_MANAGER`, `AWS_ENDPOINT_URL`.
///
/// # Errors
/// Names every variable that is missing.
#[expect(
    clippy::disallowed_methods,
    reason = "the AWS SDK's own variables, read as it reads them"
)]
pub fn sdk_config(client: Client) -> Result<SdkConfig, SdkConfigError> {
    sdk_config_from(client, |name| std::env::var(name).ok())
}

/// The same from any source of variables. An empty value counts as unset.
///
/// # Errors
/// Names every variable that is missing.
pub fn sdk_config_from(
    client: Client,
    variable: impl Fn(&str) -> Option<String> + Send + Sync + 'static,
) -> Result<SdkConfig, SdkConfigError> {
    let variable = move |name: &str| variable(name).filter(|value| !value.trim().is_empty());
    let region = variable("AWS_REGION").or_else(|| variable("AWS_DEFAULT_REGION"));
    let key_id = variable("AWS_ACCESS_KEY_ID");
    let secret_key = variable("AWS_SECRET_ACCESS_KEY");
    let (Some(region), Some(key_id), Some(secret_key)) = (&region, &key_id, &secret_key) else {
        let missing: Vec<_> = [
            ("AWS_REGION", &region),
            ("AWS_ACCESS_KEY_ID", &key_id),
            ("AWS_SECRET_ACCESS_KEY", &secret_key),
        ]
        .into_iter()
        .filter_map(|(name, value)| value.is_none().then_some(name))
        .collect();
        return Err(SdkConfigError(missing.join(", ")));
    };
    let token = variable("AWS_SESSION_TOKEN");
    let credentials = Credentials::new(key_id, secret_key, token, None, "environment");
    Ok(SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(sdk_http_client(client))
        .region(Region::new(region.clone()))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        // The credentials never change within a process, so there is nothing to cache.
        .identity_cache(IdentityCache::no_cache())
        .retry_config(
            RetryConfig::standard()
                .with_max_attempts(AWS_TRIES)
                .with_initial_backoff(AWS_FIRST_PAUSE)
                // Our client decides which connections stay open. With the SDK's own rule every
                // repeated request would log an error.
                .with_reconnect_mode(ReconnectMode::ReuseAllConnections),
        )
        .timeout_config(TimeoutConfig::disabled())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .service_config(Endpoints(Box::new(variable)))
        .build())
}

type Variables = Box<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// Tells each of the SDK's clients its endpoint: `AWS_ENDPOINT_URL_<SERVICE>`, else
/// `AWS_ENDPOINT_URL`. Only the SDK's own loader would do that for us.
struct Endpoints(Variables);

impl fmt::Debug for Endpoints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Endpoints")
    }
}

impl LoadServiceConfig for Endpoints {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        let service = key.service_id().to_uppercase().replace(' ', "_");
        (self.0)(&format!("{}_{service}", key.env())).or_else(|| (self.0)(key.env()))
    }
}

/// The address of the service of AWS with this id, such as `DynamoDB`: the configured one, or the
/// region's.
#[must_use]
pub fn service_origin(config: &SdkConfig, service: &str) -> Option<Url> {
    let key = ServiceConfigKey::builder()
        .service_id(service)
        .env("AWS_ENDPOINT_URL")
        .profile("endpoint_url")
        .build()
        .ok()?;
    if let Some(endpoint) = config
        .service_config()
        .and_then(|service| service.load_config(key))
    {
        return endpoint.parse().ok();
    }
    let region = config.region()?.as_ref();
    let suffix = if region.starts_with("cn-") { ".cn" } else { "" };
    let host = service.to_ascii_lowercase();
    format!("https://{host}.{region}.amazonaws.com{suffix}/")
        .parse()
        .ok()
}

/// Lends our HTTP client to the AWS SDK. The SDK's own time-outs do nothing: a try has
/// two seconds, and what the client has set for connecting.
#[must_use]
pub fn sdk_http_client(client: Client) -> SharedHttpClient {
    SharedHttpClient::new(Lent(SharedHttpConnector::new(Connector(client))))
}

#[derive(Debug)]
struct Lent(SharedHttpConnector);

impl HttpClient for Lent {
    fn http_connector(
        &self,
        _settings: &HttpConnectorSettings,
        _components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        self.0.clone()
    }
}

#[derive(Debug)]
struct Connector(Client);

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let client = self.0.clone();
        HttpConnectorFuture::new(async move { send(&client, request).await })
    }
}

async fn send(client: &Client, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
    let request = request
        .try_into_http1x()
        .map_err(|error| ConnectorError::user(error.into()))?;
    let (parts, body) = request.into_parts();
    // Requests to the two services have their bodies in memory.
    let body = body.bytes().map(<[u8]>::to_vec).ok_or_else(|| {
        ConnectorError::user("a request with a streamed body is not supported".into())
    })?;
    let mut request = reqwest::Request::try_from(::http::Request::from_parts(parts, body))
        .map_err(|error| ConnectorError::user(error.without_url().into()))?;
    *request.timeout_mut() = Some(AWS_TRY_LIMIT);
    let (mut response, _) = send_request(client, request, Repeat::Harmless, AWS_PATIENCE)
        .await
        .map_err(retryable)?;
    let status = response.status();
    let headers = std::mem::take(response.headers_mut());
    // Read here and not by the SDK, so that the SDK repeats a request whose response ends early.
    let body = read_bounded(response, MAX_ANSWER_BYTES)
        .await
        .map_err(retryable)?;
    let mut response = ::http::Response::new(SdkBody::from(body));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    HttpResponse::try_from(response).map_err(|error| ConnectorError::other(error.into(), None))
}

/// Sorts an error by what the SDK does next.
fn retryable(error: NetError) -> ConnectorError {
    match error {
        NetError::Timeout => ConnectorError::timeout(Box::new(error)),
        NetError::TooLarge(_) => ConnectorError::other(Box::new(error), None),
        NetError::Connect(_) | NetError::Setup(_) | NetError::Other(_) => {
            ConnectorError::io(Box::new(error))
        }
    }
}

#[cfg(test)]
mod tests;
