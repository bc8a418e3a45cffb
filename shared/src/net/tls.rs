//! The TLS configuration: the trusted roots and the provider.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use super::NetError;

/// `ring`, because the default provider gathers entropy for some 20 ms at its first handshake.
/// Clones share their cache of sessions.
pub(super) fn config(extra_ca: Option<&Path>) -> Result<ClientConfig, NetError> {
    let mut roots = RootCertStore {
        roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
    };
    if let Some(path) = extra_ca {
        let before = roots.len();
        let certificates = CertificateDer::pem_file_iter(path)
            .map_err(|error| setup("the extra CA cannot be read", &error))?;
        for certificate in certificates {
            let certificate =
                certificate.map_err(|error| setup("the extra CA is not PEM", &error))?;
            roots
                .add(certificate)
                .map_err(|error| setup("the extra CA is not a certificate", &error))?;
        }
        if roots.len() == before {
            return Err(NetError::Setup(
                "the extra CA's file holds no certificate".to_owned(),
            ));
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| setup("TLS", &error))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

fn setup(what: &str, error: &dyn std::fmt::Display) -> NetError {
    NetError::Setup(format!("{what}: {error}"))
}
