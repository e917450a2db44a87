//! The side that is connected to.

use crate::caller::Caller;
use crate::client::Identity;
use crate::error::TlsError;
use crate::files::{self, About, Stamp};
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::server::TlsStream;

/// With what a server proves itself, and who may come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerTls {
    /// The server's certificate and key.
    pub identity: Identity,
    /// Certificates, in PEM, of the authorities that vouch for clients: whoever has no certificate of
    /// theirs is turned away. `None`: clients need none.
    pub client_ca_file: Option<PathBuf>,
}

/// Encrypts accepted connections. The files are read again when they have changed; connections that
/// stand keep what they were made with.
#[derive(Debug)]
pub struct Acceptor {
    files: ServerTls,
    protocols: Vec<Vec<u8>>,
    loaded: RwLock<Loaded>,
}

#[derive(Clone, Debug)]
struct Loaded {
    config: Arc<ServerConfig>,
    about: About,
    stamp: Stamp,
}

impl Acceptor {
    /// Reads the files. `protocols` are offered by ALPN (RFC 7301), the preferred one first; a client
    /// that names none of them is served all the same.
    pub fn open(files: ServerTls, protocols: &[&str]) -> Result<Acceptor, TlsError> {
        let protocols: Vec<Vec<u8>> = protocols
            .iter()
            .map(|protocol| protocol.as_bytes().to_vec())
            .collect();
        let loaded = load(&files, &protocols)?;
        Ok(Acceptor {
            files,
            protocols,
            loaded: RwLock::new(loaded),
        })
    }

    /// Encrypts the stream, and says who is at its other end, where they have a certificate. Takes as
    /// long as the client does: bound it.
    pub async fn accept<S>(&self, stream: S) -> Result<(TlsStream<S>, Option<Caller>), TlsError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let config = self.loaded().config;
        let accepted = TlsAcceptor::from(config).accept(stream).await;
        let stream = accepted.map_err(|error| TlsError::handshake("a client", &error))?;
        let leaf = stream.get_ref().1.peer_certificates();
        let caller = leaf
            .and_then(|chain| chain.first())
            .map(|leaf| Caller::of(leaf))
            .transpose()?;
        Ok((stream, caller))
    }

    /// Reads the files again if they have changed; whether they had. After an error everything is as it
    /// was, and the next call tries again.
    pub fn reload(&self) -> Result<bool, TlsError> {
        if files::stamp(&self.files)? == self.loaded().stamp {
            return Ok(false);
        }
        let loaded = load(&self.files, &self.protocols)?;
        *self.loaded.write().unwrap_or_else(PoisonError::into_inner) = loaded;
        Ok(true)
    }

    /// Until when the certificate is valid: seconds since 1970, UTC.
    pub fn not_after(&self) -> i64 {
        self.loaded().about.not_after
    }

    /// What the certificate in use says of itself.
    pub fn about(&self) -> About {
        self.loaded().about
    }

    fn loaded(&self) -> Loaded {
        self.loaded
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

fn load(files: &ServerTls, protocols: &[Vec<u8>]) -> Result<Loaded, TlsError> {
    // Before the files: what changes while they are read is read again.
    let stamp = files::stamp(files)?;
    let Identity {
        cert_file,
        key_file,
    } = &files.identity;
    let provider = Arc::new(ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| TlsError::library(&error))?;
    let builder = match &files.client_ca_file {
        None => builder.with_no_client_auth(),
        Some(path) => {
            let roots = Arc::new(files::authorities(Some(path))?);
            let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider).build();
            builder.with_client_cert_verifier(verifier.map_err(|error| TlsError::Unusable {
                path: path.clone(),
                reason: error.to_string(),
            })?)
        }
    };
    let chain = files::certificates(cert_file)?;
    let about = files::about(cert_file, &chain)?;
    let mut config = builder
        .with_single_cert(chain, files::key(key_file)?)
        .map_err(|error| TlsError::unusable_pair(&files.identity, &error))?;
    config.alpn_protocols = protocols.to_vec();
    Ok(Loaded {
        config: Arc::new(config),
        about,
        stamp,
    })
}
