//! The secret values, read once per process, and again when they prove outdated.
//!
//! A process lives for hours, so it can hold a secret that was rotated since. An unknown key id, or
//! `invalid_client` from Login with Amazon, tells it so. It then reads the secret again, at most once
//! a minute, before it returns an error.

mod erasure_key;
mod values;

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use tokio::sync::Mutex;

pub use erasure_key::ErasureKey;
pub use values::SecretValues;

use crate::budget::SECRET_RELOAD;
use crate::config::SecretsSource;
use crate::domain::Timestamp;
use crate::net;

/// Why the secret values can't be used.
#[derive(Debug, thiserror::Error)]
pub enum SecretsError {
    /// They could not be read.
    #[error("the secret could not be read: {0}")]
    Unreadable(String),
    /// Fields are missing or wrong. Names every one, and no value.
    #[error("the secret is not usable: {}", .0.join("; "))]
    Invalid(Vec<String>),
}

/// Reads the secret from where it is.
#[derive(Clone)]
pub struct SecretReader {
    source: SecretsSource,
    client: Option<aws_sdk_secretsmanager::Client>,
}

/// The current secret values, and how to read them again.
pub struct Secrets {
    reader: SecretReader,
    current: RwLock<Arc<SecretValues>>,
    /// When the secret was last read again. Locked while reading, so that one request reads it.
    last_try: Mutex<Option<Timestamp>>,
}

impl Secrets {
    /// Reads the secret. `client` is needed where `source` is [`SecretsSource::Arn`].
    ///
    /// # Errors
    /// If the secret can't be read, or a field is missing or wrong.
    pub async fn load(
        source: SecretsSource,
        client: Option<aws_sdk_secretsmanager::Client>,
    ) -> Result<Self, SecretsError> {
        Self::read_by(SecretReader::new(source, client)).await
    }

    /// Reads the secret for the first time.
    ///
    /// # Errors
    /// As [`Secrets::load`].
    pub async fn read_by(reader: SecretReader) -> Result<Self, SecretsError> {
        let values = reader.read().await?;
        Ok(Self {
            reader,
            current: RwLock::new(Arc::new(values)),
            last_try: Mutex::new(None),
        })
    }

    /// Reads the secret as it is now, whatever this process holds.
    #[must_use]
    pub fn reader(&self) -> &SecretReader {
        &self.reader
    }

    /// The current values.
    #[must_use]
    pub fn current(&self) -> Arc<SecretValues> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads the secret again, unless that was tried less than a minute ago. `true`: it has changed. If
    /// the secret can't be read, the values stay and the reason is logged.
    pub async fn reload(&self, now: Timestamp) -> bool {
        self.is_newer_than(&self.current(), now).await
    }

    /// Whether there are newer values than `used`, with which a call has just failed: then the call is
    /// worth another try. Another call may have read them while this one was under way. Else this reads
    /// the secret as [`reload`](Self::reload) does.
    pub async fn is_newer_than(&self, used: &Arc<SecretValues>, now: Timestamp) -> bool {
        let mut last_try = self.last_try.lock().await;
        if !Arc::ptr_eq(used, &self.current()) {
            return true;
        }
        if last_try.is_some_and(|at| now.since(at) < SECRET_RELOAD) {
            return false;
        }
        *last_try = Some(now);
        match self.reader.read().await {
            Ok(values) if values.is_same(used) => false,
            Ok(values) => {
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(values);
                tracing::info!("the secret was read again and has changed");
                true
            }
            Err(error) => {
                tracing::warn!(%error, "the secret could not be read again; the old one stays");
                false
            }
        }
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secrets")
            .field("source", &self.reader.source)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for SecretReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretReader")
            .field("source", &self.source)
            .finish_non_exhaustive()
    }
}

impl SecretReader {
    /// `client` is needed where `source` is [`SecretsSource::Arn`].
    #[must_use]
    pub fn new(source: SecretsSource, client: Option<aws_sdk_secretsmanager::Client>) -> Self {
        Self { source, client }
    }

    /// Reads the secret.
    ///
    /// # Errors
    /// If the secret can't be read, or a field is missing or wrong.
    pub async fn read(&self) -> Result<SecretValues, SecretsError> {
        read(&self.source, self.client.as_ref()).await
    }
}

async fn read(
    source: &SecretsSource,
    client: Option<&aws_sdk_secretsmanager::Client>,
) -> Result<SecretValues, SecretsError> {
    let text = match (source, client) {
        (SecretsSource::File(path), _) => std::fs::read_to_string(path)
            .map_err(|error| SecretsError::Unreadable(format!("SECRETS_FILE: {error}")))?,
        (SecretsSource::Arn(_), None) => {
            let cause = "SECRETS_ARN needs a Secrets Manager client";
            return Err(SecretsError::Unreadable(cause.to_owned()));
        }
        (SecretsSource::Arn(arn), Some(client)) => client
            .get_secret_value()
            .secret_id(arn)
            .send()
            .await
            // Never the error's Debug, which may show the whole answer.
            .map_err(|error| {
                SecretsError::Unreadable(format!("SECRETS_ARN: {}", net::chain(&error)))
            })?
            .secret_string
            .ok_or_else(|| {
                SecretsError::Unreadable(
                    "SECRETS_ARN: the secret is binary, not JSON text".to_owned(),
                )
            })?,
    };
    SecretValues::parse(&text).map_err(SecretsError::Invalid)
}

#[cfg(test)]
mod tests;
