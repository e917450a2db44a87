//! Everything that an operator may read of TLS.

use crate::client::Identity;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio_rustls::rustls::pki_types::pem;
use tokio_rustls::rustls::{AlertDescription, CertificateError, Error};

/// Why a connection is not encrypted, and so not used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read, or is no PEM.
    #[error("{}: {reason}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A file holds nothing of what it is for.
    #[error("{} holds no {what} in PEM", path.display())]
    Nothing {
        /// Which.
        path: PathBuf,
        /// A certificate or a private key.
        what: &'static str,
    },
    /// What a file holds is not usable: a key of another certificate, an authority that is none.
    #[error("{} cannot be used: {reason}", path.display())]
    Unusable {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// No file names whom to trust, and this machine trusts nobody.
    #[error(
        "nobody is trusted: this machine has no authorities; name a file of them (…_TLS_CA_FILE)"
    )]
    NobodyTrusted,
    /// The library refuses its own defaults.
    #[error("TLS cannot be set up: {0}")]
    Library(String),
    /// The peer is called what no certificate can be made out to.
    #[error("{0:?} is no name that a certificate can have")]
    Name(String),
    /// A client did not say enough in time.
    #[error("TLS with a client: it did not finish its handshake within {within:?}")]
    Slow {
        /// How long it had.
        within: Duration,
    },
    /// The two did not agree, or one does not trust the other.
    #[error("TLS with {peer}: {reason}")]
    Handshake {
        /// The name by which the peer was to prove itself.
        peer: String,
        /// What is wrong and where to look.
        reason: String,
        /// The kind of what is wrong.
        why: Why,
    },
}

/// Why the two did not agree, in few words, for counting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// It has no certificate, and needs one.
    NoCertificate,
    /// Its certificate has expired, or is not valid yet.
    Expired,
    /// Its certificate comes from an unknown authority, is made out to another name, or is none.
    Untrusted,
    /// It does not trust ours, or wants one.
    TrustsUsNot,
    /// What it says is no TLS.
    NotTls,
    /// It did not say enough in time.
    Slow,
    /// Something else: it went away, or knows no version or cipher of ours.
    Other,
}

impl Why {
    /// Every kind.
    pub const ALL: [Why; 7] = [
        Why::NoCertificate,
        Why::Expired,
        Why::Untrusted,
        Why::TrustsUsNot,
        Why::NotTls,
        Why::Slow,
        Why::Other,
    ];

    /// Its name in a label.
    pub const fn as_str(self) -> &'static str {
        match self {
            Why::NoCertificate => "no_certificate",
            Why::Expired => "expired",
            Why::Untrusted => "untrusted",
            Why::TrustsUsNot => "trusts_us_not",
            Why::NotTls => "not_tls",
            Why::Slow => "slow",
            Why::Other => "other",
        }
    }

    fn of(error: &Error) -> Why {
        match error {
            Error::NoCertificatesPresented => Why::NoCertificate,
            Error::InvalidCertificate(
                CertificateError::Expired
                | CertificateError::ExpiredContext { .. }
                | CertificateError::NotValidYet
                | CertificateError::NotValidYetContext { .. },
            ) => Why::Expired,
            Error::InvalidCertificate(_) => Why::Untrusted,
            Error::AlertReceived(
                AlertDescription::CertificateRequired
                | AlertDescription::UnknownCA
                | AlertDescription::DecryptError
                | AlertDescription::BadCertificate
                | AlertDescription::CertificateUnknown
                | AlertDescription::CertificateExpired,
            ) => Why::TrustsUsNot,
            Error::InvalidMessage(_) => Why::NotTls,
            _ => Why::Other,
        }
    }
}

impl TlsError {
    pub(crate) fn file(path: &Path, error: &pem::Error) -> TlsError {
        let reason = match error {
            pem::Error::Io(error) => error.to_string(),
            error => format!("no PEM: {error}"),
        };
        TlsError::File {
            path: path.to_owned(),
            reason,
        }
    }

    pub(crate) fn unusable_pair(identity: &Identity, error: &Error) -> TlsError {
        TlsError::Unusable {
            path: identity.cert_file.clone(),
            reason: format!("with the key {}: {error}", identity.key_file.display()),
        }
    }

    /// Of what kind it is.
    pub fn why(&self) -> Why {
        match self {
            TlsError::Handshake { why, .. } => *why,
            TlsError::Slow { .. } => Why::Slow,
            _ => Why::Other,
        }
    }

    pub(crate) fn library(error: &Error) -> TlsError {
        TlsError::Library(error.to_string())
    }

    pub(crate) fn handshake(peer: &str, error: &io::Error) -> TlsError {
        // As a peer does that speaks no TLS.
        let silent = || format!("{error}; does the peer speak TLS on this port?");
        TlsError::within(peer, error).unwrap_or_else(|| TlsError::Handshake {
            peer: peer.to_owned(),
            reason: silent(),
            why: Why::Other,
        })
    }

    /// What TLS has to say of an error of a connection to `peer`, where it is the cause: with TLS 1.3 a
    /// server refuses a client's certificate only when the client reads its first answer.
    pub fn within(peer: &str, error: &(dyn std::error::Error + 'static)) -> Option<TlsError> {
        let mut next = Some(error);
        while let Some(error) = next {
            // A library that clones its errors shares what they come from.
            let shared = error.downcast_ref::<Arc<dyn std::error::Error + Send + Sync>>();
            let error = shared.map_or(error, |shared| &**shared);
            let wrapped = error.downcast_ref::<io::Error>();
            let wrapped = wrapped.and_then(io::Error::get_ref);
            if let Some(found) = wrapped.and_then(|inner| inner.downcast_ref()) {
                return Some(TlsError::Handshake {
                    peer: peer.to_owned(),
                    reason: reason(found),
                    why: Why::of(found),
                });
            }
            next = error.source();
        }
        None
    }
}

/// What the library found, in words that say where to look.
fn reason(error: &Error) -> String {
    let advice = match error {
        Error::InvalidCertificate(found) => match found {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                "its certificate has expired: renew it, or look at this machine's clock"
            }
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                "its certificate is not valid yet: look at this machine's clock"
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                "its certificate is made out to another name: look at its subjectAltName, or connect by a name that it holds"
            }
            // Another authority of the same name signs differently.
            CertificateError::UnknownIssuer | CertificateError::BadSignature => {
                "its certificate comes from an authority that is not trusted: look at the file of authorities (…_TLS_CA_FILE)"
            }
            CertificateError::Revoked => "its certificate was revoked",
            _ => "its certificate cannot be used",
        },
        Error::AlertReceived(AlertDescription::CertificateRequired) => {
            "it wants a certificate of ours: …_TLS_CERT_FILE and …_TLS_KEY_FILE"
        }
        Error::AlertReceived(
            AlertDescription::UnknownCA
            | AlertDescription::DecryptError
            | AlertDescription::BadCertificate
            | AlertDescription::CertificateUnknown,
        ) => "it does not trust our certificate: look at the authorities that it knows",
        Error::AlertReceived(AlertDescription::CertificateExpired) => {
            "it says that our certificate has expired: renew it"
        }
        Error::InvalidMessage(_) => {
            "it answers with something else: does it speak TLS on this port?"
        }
        _ => "the two do not agree",
    };
    format!("{advice} ({error})")
}
