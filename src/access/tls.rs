//! TLS: certificate, key and the authorities of clients, from PEM files that can be read again.

use super::secret_file;
use crate::config::TlsConfig;
use arc_swap::ArcSwap;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use std::path::Path;
use std::sync::Arc;
use tokio_rustls::TlsAcceptor;

/// The server's side of TLS.
#[derive(Debug)]
pub struct Tls {
    config: TlsConfig,
    current: ArcSwap<ServerConfig>,
}

impl Tls {
    /// As configured.
    ///
    /// # Errors
    /// A file that can't be used, or files that don't belong together.
    pub fn open(config: &TlsConfig) -> Result<Self, String> {
        Ok(Self { config: config.clone(), current: ArcSwap::new(read(config)?) })
    }

    /// Reads the files again, for connections from now on. What can't be used changes nothing.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn reload(&self) -> Result<(), String> {
        self.current.store(read(&self.config)?);
        tracing::info!(path = %self.config.certificate.display(), "the certificate was read again");
        Ok(())
    }

    /// Shakes hands with a client.
    #[must_use]
    pub fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(self.current.load_full())
    }
}

fn read(files: &TlsConfig) -> Result<Arc<ServerConfig>, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("TLS: {error}"))?;
    let builder = match &files.client_ca {
        None => builder.with_no_client_auth(),
        Some(path) => {
            let wrong = |why: String| format!("http.tls-client-ca: {}: {why}", path.display());
            let mut roots = RootCertStore::empty();
            for certificate in certificates("http.tls-client-ca", path)? {
                roots.add(certificate).map_err(|error| wrong(error.to_string()))?;
            }
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
            builder.with_client_cert_verifier(verifier.map_err(|error| wrong(error.to_string()))?)
        }
    };
    let chain = certificates("http.tls-certificate", &files.certificate)?;
    let key = secret_file::read(&files.key).map_err(|why| format!("http.tls-key: {why}"))?;
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes())
        .map_err(|_| format!("http.tls-key: {} holds no private key (PEM)", files.key.display()))?;
    let mut config = builder.with_single_cert(chain, key).map_err(|error| {
        let (certificate, key) = (files.certificate.display(), files.key.display());
        format!("http.tls-certificate {certificate} and http.tls-key {key} can't be used: {error}")
    })?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

fn certificates(key: &str, path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let wrong = |why: String| format!("{key}: {}: {why}", path.display());
    let text = std::fs::read(path).map_err(|error| wrong(error.to_string()))?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    let found = found.map_err(|error| wrong(error.to_string()))?;
    if found.is_empty() {
        return Err(wrong("holds no certificate (PEM)".to_owned()));
    }
    Ok(found)
}
