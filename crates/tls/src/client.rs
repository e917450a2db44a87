//! The side that connects.

use crate::caller::Caller;
use crate::error::TlsError;
use crate::files::{self, About};
use std::path::PathBuf;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::ServerName;

/// How peers are trusted that are connected to, always by authority, time and name (what libpq calls
/// `verify-full`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientTls {
    /// Certificates, in PEM, of the authorities to trust; `None`: those that this machine trusts.
    pub ca_file: Option<PathBuf>,
    /// With what this side proves itself; `None`: it does not.
    pub identity: Option<Identity>,
}

/// A certificate and its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The certificate and those between it and its authority, in PEM.
    pub cert_file: PathBuf,
    /// Its private key, in PEM, without a password.
    pub key_file: PathBuf,
}

impl Identity {
    /// What the certificate says of itself. The files are read again; what a connection could not use is an
    /// error here as well.
    pub fn about(&self) -> Result<About, TlsError> {
        let chain = files::certificates(&self.cert_file)?;
        files::key(&self.key_file)?;
        files::about(&self.cert_file, &chain)
    }

    /// The names that the certificate vouches for: URIs, then DNS names. The file is read again.
    pub fn names(&self) -> Result<Vec<String>, TlsError> {
        let chain = files::certificates(&self.cert_file)?;
        // A file without a certificate is an error of the line before.
        let leaf = chain.first().map(|leaf| Caller::of(leaf)).transpose()?;
        Ok(leaf.map_or_else(Vec::new, |leaf| leaf.names().to_vec()))
    }
}

impl ClientTls {
    /// Encrypts `stream` to a peer that must prove to be `host`: a name or an address. The files are
    /// read again. Takes as long as the peer does: bound it.
    pub async fn connect<S>(&self, host: &str, stream: S) -> Result<TlsStream<S>, TlsError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        self.connect_speaking(&[], host, stream).await
    }

    /// As [`connect`](Self::connect), for a peer that is offered these protocols in this order (ALPN, RFC
    /// 7301): `h2`, `http/1.1`. One that takes none of them is refused by itself or refuses.
    pub async fn connect_speaking<S>(
        &self,
        protocols: &[&str],
        host: &str,
        stream: S,
    ) -> Result<TlsStream<S>, TlsError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let name = ServerName::try_from(host.trim_end_matches('.').to_owned())
            .map_err(|_| TlsError::Name(host.to_owned()))?;
        let reader = self.clone();
        // Files may lie on a disk that is far.
        let reading = tokio::task::spawn_blocking(move || reader.config());
        let mut config = reading.await.unwrap_or_else(|_| self.config())?;
        config.alpn_protocols = protocols
            .iter()
            .map(|name| name.as_bytes().to_vec())
            .collect();
        TlsConnector::from(Arc::new(config))
            .connect(name, stream)
            .await
            .map_err(|error| TlsError::handshake(host, &error))
    }

    fn config(&self) -> Result<ClientConfig, TlsError> {
        let roots = files::authorities(self.ca_file.as_deref())?;
        let provider = Arc::new(ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| TlsError::library(&error))?
            .with_root_certificates(roots);
        let Some(identity) = &self.identity else {
            return Ok(builder.with_no_client_auth());
        };
        let chain = files::certificates(&identity.cert_file)?;
        let key = files::key(&identity.key_file)?;
        let config = builder.with_client_auth_cert(chain, key);
        config.map_err(|error| TlsError::unusable_pair(identity, &error))
    }
}
