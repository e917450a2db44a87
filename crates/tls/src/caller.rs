//! Who is at the other end: the names in a client's certificate.

use crate::error::{TlsError, Why};
use tokio_rustls::rustls::pki_types::CertificateDer;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

/// The names that an authority has vouched for: URIs (such as SPIFFE ids) and DNS names of the
/// certificate's subjectAltName (RFC 5280, 4.2.1.6), URIs first. The subject's common name is none of
/// them (RFC 6125, 6.4.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    names: Vec<String>,
}

impl Caller {
    /// Whom the certificate names.
    pub(crate) fn of(certificate: &CertificateDer<'_>) -> Result<Caller, TlsError> {
        let unreadable = |reason: String| TlsError::Handshake {
            peer: "a client".to_owned(),
            reason: format!("its certificate's names cannot be read: {reason}"),
            why: Why::Untrusted,
        };
        let (_, certificate) = X509Certificate::from_der(certificate)
            .map_err(|error| unreadable(error.to_string()))?;
        let names = certificate
            .subject_alternative_name()
            .map_err(|error| unreadable(error.to_string()))?;
        let (mut uris, mut domains) = (Vec::new(), Vec::new());
        for name in names.iter().flat_map(|names| &names.value.general_names) {
            match name {
                // A URI has a scheme and a DNS name has no colon: so each shows what it is.
                GeneralName::URI(uri) if uri.contains(':') => uris.push((*uri).to_owned()),
                GeneralName::DNSName(domain) if !domain.contains(':') => {
                    domains.push(domain.to_ascii_lowercase());
                }
                _ => {}
            }
        }
        uris.append(&mut domains);
        Ok(Caller { names: uris })
    }

    /// All names; none where the certificate has no URI and no DNS name.
    pub fn names(&self) -> &[String] {
        &self.names
    }
}
