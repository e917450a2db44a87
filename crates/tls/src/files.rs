//! What is read from files: certificates and keys in PEM (RFC 7468).

use crate::error::TlsError;
use crate::server::ServerTls;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use tokio_rustls::rustls::RootCertStore;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use x509_parser::prelude::{FromDer, X509Certificate};

/// All certificates of a file, at least one.
pub(crate) fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let unreadable = |error: pem::Error| TlsError::file(path, &error);
    let found = CertificateDer::pem_file_iter(path)
        .map_err(unreadable)?
        .collect::<Result<Vec<_>, _>>()
        .map_err(unreadable)?;
    if found.is_empty() {
        return Err(TlsError::Nothing {
            path: path.to_owned(),
            what: "certificate",
        });
    }
    Ok(found)
}

/// The first private key of a file.
pub(crate) fn key(path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    PrivateKeyDer::from_pem_file(path).map_err(|error| match error {
        pem::Error::NoItemsFound => TlsError::Nothing {
            path: path.to_owned(),
            what: "private key",
        },
        error => TlsError::file(path, &error),
    })
}

/// What a certificate says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// Whose it is, as X.500 names are written: `CN=orders, O=Example`.
    pub subject: String,
    /// From when it is valid, seconds since 1970, UTC.
    pub not_before: i64,
    /// Until when it is valid, seconds since 1970, UTC.
    pub not_after: i64,
}

impl About {
    /// What the first certificate of a file, its owner's, says of itself.
    pub fn of_file(path: &Path) -> Result<About, TlsError> {
        about(path, &certificates(path)?)
    }
}

/// What the first certificate of a file says of itself.
pub(crate) fn about(path: &Path, chain: &[CertificateDer<'_>]) -> Result<About, TlsError> {
    let leaf = chain.first().map(|leaf| X509Certificate::from_der(leaf));
    match leaf {
        Some(Ok((_, leaf))) => Ok(About {
            subject: leaf.subject().to_string(),
            not_before: leaf.validity().not_before.timestamp(),
            not_after: leaf.validity().not_after.timestamp(),
        }),
        Some(Err(error)) => Err(TlsError::Unusable {
            path: path.to_owned(),
            reason: error.to_string(),
        }),
        None => Err(TlsError::Nothing {
            path: path.to_owned(),
            what: "certificate",
        }),
    }
}

/// What tells that files have changed: of each its inode, size and time of change. Mounted secrets are
/// exchanged by a link, so the inode counts.
pub(crate) type Stamp = Vec<(u64, u64, i64, i64)>;

/// Of all files of a server.
pub(crate) fn stamp(files: &ServerTls) -> Result<Stamp, TlsError> {
    let identity = &files.identity;
    [&identity.cert_file, &identity.key_file]
        .into_iter()
        .chain(&files.client_ca_file)
        .map(|path| {
            let found = fs::metadata(path).map_err(|error| TlsError::File {
                path: path.clone(),
                reason: error.to_string(),
            })?;
            Ok((found.ino(), found.size(), found.mtime(), found.mtime_nsec()))
        })
        .collect()
}

/// Whom to trust: the authorities of the file, or those that this machine trusts.
pub(crate) fn authorities(path: Option<&Path>) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    let Some(path) = path else {
        let found = rustls_native_certs::load_native_certs();
        let (taken, _) = roots.add_parsable_certificates(found.certs);
        return if taken > 0 {
            Ok(roots)
        } else {
            Err(TlsError::NobodyTrusted)
        };
    };
    for certificate in certificates(path)? {
        let added = roots.add(certificate);
        added.map_err(|error| TlsError::Unusable {
            path: path.to_owned(),
            reason: error.to_string(),
        })?;
    }
    Ok(roots)
}
