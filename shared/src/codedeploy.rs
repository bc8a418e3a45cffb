//! AWS CodeDeploy: tells it whether the checks before a roll-out succeeded.
//!
//! It is one request, signed by the SDK's own signer and sent by our one client. The SDK's client of
//! CodeDeploy would bring some 50 operations for it.

use std::fmt;
use std::time::{Duration, SystemTime};

use aws_config::SdkConfig;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::budget::{CALL_LIMIT, ROLLOUT_TRIES};
use crate::domain::Timestamp;
use crate::net::{self, Client, NetError, Repeat, exchange_with};

/// No answer of CodeDeploy to this request is longer.
const MAX_ANSWER_BYTES: usize = 64 * 1024;

/// The longest part of AWS's error that is logged.
const MAX_ERROR_BYTES: usize = 200;

const JSON: &str = "application/x-amz-json-1.1";
const OPERATION: &str = "CodeDeploy_20141006.PutLifecycleEventHookExecutionStatus";
const TARGET: &str = "x-amz-target";
/// CodeDeploy's error if it has a result of the checks already.
const TOLD_BEFORE: &str = "LifecycleEventAlreadyCompletedException";

/// What CodeDeploy hands to the function that it invokes before a roll-out.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Hook {
    /// The deployment that waits.
    pub deployment_id: String,
    /// The step of it that waits.
    pub lifecycle_event_hook_execution_id: String,
}

/// The result of a roll-out's checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum HookStatus {
    /// The roll-out may go on.
    Succeeded,
    /// It is rolled back.
    Failed,
}

impl HookStatus {
    /// CodeDeploy's word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Succeeded => "Succeeded",
            Self::Failed => "Failed",
        }
    }
}

/// Why CodeDeploy was not told.
#[derive(Debug, thiserror::Error)]
pub enum CodeDeployError {
    /// It was not reached, or did not answer.
    #[error("CodeDeploy did not answer: {0}")]
    Net(#[from] NetError),
    /// It refused the request.
    #[error("CodeDeploy answered status {status}, {error}")]
    Refused {
        /// The status.
        status: u16,
        /// AWS's name of the error.
        error: String,
    },
    /// The request could not be signed.
    #[error("the request to CodeDeploy could not be signed: {0}")]
    NotSigned(String),
}

/// A client of CodeDeploy.
#[derive(Clone)]
pub struct CodeDeploy {
    http: Client,
    url: Url,
    region: String,
    credentials: SharedCredentialsProvider,
}

impl fmt::Debug for CodeDeploy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CodeDeploy")
    }
}

impl CodeDeploy {
    /// A client with the SDK's region, credentials and endpoint; `None` where the SDK has none.
    #[must_use]
    pub fn new(http: Client, sdk: &SdkConfig) -> Option<Self> {
        Some(Self {
            http,
            url: net::service_origin(sdk, "CodeDeploy")?,
            region: sdk.region()?.as_ref().to_owned(),
            credentials: sdk.credentials_provider()?,
        })
    }

    /// Tells the result of the checks, with a second try where the first brings no answer.
    ///
    /// # Errors
    /// [`CodeDeployError`].
    pub async fn put_status(
        &self,
        hook: &Hook,
        status: HookStatus,
        now: Timestamp,
    ) -> Result<(), CodeDeployError> {
        let mut tried = 1;
        loop {
            match self.put_once(hook, status, now, tried > 1).await {
                Err(error) if tried < ROLLOUT_TRIES && error.is_passing() => tried += 1,
                result => return result,
            }
        }
    }

    async fn put_once(
        &self,
        hook: &Hook,
        status: HookStatus,
        now: Timestamp,
        was_sent_before: bool,
    ) -> Result<(), CodeDeployError> {
        let body = serde_json::json!({
            "deploymentId": hook.deployment_id,
            "lifecycleEventHookExecutionId": hook.lifecycle_event_hook_execution_id,
            "status": status,
        })
        .to_string();
        let headers = self.signed(&body, now).await?;
        let request = self.http.post(self.url.clone()).headers(headers).body(body);
        let request = request.build().map_err(NetError::from)?;
        // A second telling changes nothing: CodeDeploy keeps the first, and refuses the second.
        let answer = exchange_with(
            &self.http,
            request,
            Repeat::Harmless,
            CALL_LIMIT,
            MAX_ANSWER_BYTES,
        )
        .await?;
        if answer.status == 200 {
            return Ok(());
        }
        let error = error_name(&answer.body);
        // An earlier request reached it, and only the answer was lost.
        if (was_sent_before || answer.is_repeated) && error.contains(TOLD_BEFORE) {
            return Ok(());
        }
        Err(CodeDeployError::Refused {
            status: answer.status,
            error,
        })
    }

    /// The headers of the request, with its signature (AWS Signature Version 4).
    async fn signed(&self, body: &str, now: Timestamp) -> Result<HeaderMap, CodeDeployError> {
        let not_signed = |error: &dyn fmt::Display| CodeDeployError::NotSigned(error.to_string());
        let credentials = self.credentials.provide_credentials().await;
        let identity = credentials.map_err(|error| not_signed(&error))?.into();
        let millis = u64::try_from(now.as_millis()).unwrap_or(0);
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name("codedeploy")
            .time(SystemTime::UNIX_EPOCH + Duration::from_millis(millis))
            .settings(SigningSettings::default())
            .build()
            .map_err(|error| not_signed(&error))?
            .into();
        let content = [(CONTENT_TYPE.as_str(), JSON), (TARGET, OPERATION)];
        let request = SignableRequest::new(
            "POST",
            self.url.as_str(),
            content.into_iter(),
            SignableBody::Bytes(body.as_bytes()),
        );
        let (signed, _) = request
            .and_then(|request| sign(request, &params))
            .map_err(|error| not_signed(&error))?
            .into_parts();
        let (signature, _) = signed.into_parts();
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(JSON));
        headers.insert(TARGET, HeaderValue::from_static(OPERATION));
        for header in signature {
            let mut value =
                HeaderValue::from_str(header.value()).map_err(|error| not_signed(&error))?;
            // The signature and the session's token.
            value.set_sensitive(true);
            headers.insert(HeaderName::from_static(header.name()), value);
        }
        Ok(headers)
    }
}

impl CodeDeployError {
    /// Whether a second try may succeed.
    const fn is_passing(&self) -> bool {
        match self {
            Self::Net(_) => true,
            Self::Refused { status, .. } => *status >= 500,
            Self::NotSigned(_) => false,
        }
    }
}

/// AWS's name of an error, such as `InvalidDeploymentIdException`.
fn error_name(body: &[u8]) -> String {
    #[derive(Deserialize)]
    struct Refusal {
        #[serde(rename = "__type")]
        name: String,
    }
    let refusal: Result<Refusal, _> = serde_json::from_slice(body);
    let name = refusal.map_or_else(|_| "without a name of the error".to_owned(), |it| it.name);
    let shown = name.chars().filter(|c| !c.is_control());
    shown.take(MAX_ERROR_BYTES).collect()
}

#[cfg(test)]
mod tests;
