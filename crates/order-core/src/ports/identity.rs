//! Who calls: the name that an authority has vouched for, or none.

use std::fmt;
use std::sync::Arc;

/// Characters of an identity, at most.
pub const MAX_IDENTITY_CHARS: usize = 255;

/// How the URIs begin that may name a caller (SPIFFE ID, section 2).
const SPIFFE: &str = "spiffe://";

/// A name that an authority has vouched for: a SPIFFE URI, or a DNS name in lower case.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Identity(Arc<str>);

/// Why a text is no identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidIdentity {
    /// Nothing.
    #[error("is empty; write a SPIFFE URI or a DNS name")]
    Empty,
    /// More than [`MAX_IDENTITY_CHARS`].
    #[error("is longer than 255 characters")]
    TooLong,
    /// Of another kind.
    #[error("is neither a SPIFFE URI (spiffe://TRUST-DOMAIN/PATH) nor a DNS name")]
    OtherKind,
}

impl Identity {
    /// Reads an identity.
    pub fn new(text: &str) -> Result<Identity, InvalidIdentity> {
        if text.is_empty() {
            return Err(InvalidIdentity::Empty);
        }
        // Both kinds are ASCII, so bytes are characters wherever it matters.
        if text.len() > MAX_IDENTITY_CHARS {
            return Err(InvalidIdentity::TooLong);
        }
        if let Some(rest) = text.strip_prefix(SPIFFE) {
            let has_domain = !rest.is_empty() && !rest.starts_with('/');
            let plain = rest.bytes().all(|byte| byte.is_ascii_graphic());
            return (has_domain && plain)
                .then(|| Identity(text.into()))
                .ok_or(InvalidIdentity::OtherKind);
        }
        let of_a_name = |byte: u8| byte.is_ascii_alphanumeric() || b".-_*".contains(&byte);
        if !text.bytes().all(of_a_name) {
            return Err(InvalidIdentity::OtherKind);
        }
        Ok(Identity(text.to_ascii_lowercase().into()))
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Who is at the other end of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caller {
    /// Somebody without a certificate.
    Anonymous,
    /// Somebody whose certificate has no name that is an [`Identity`], or has several of equal rank.
    Unnamed,
    /// Somebody whom an authority has vouched for.
    Named(Identity),
}

impl Caller {
    /// Whom a certificate with these names means: its one SPIFFE URI (an X.509-SVID has no other, SPIFFE
    /// X.509-SVID section 2), else its first DNS name. URIs of other kinds name nobody.
    pub fn of_names(names: &[impl AsRef<str>]) -> Caller {
        let names = || names.iter().map(AsRef::as_ref);
        let mut uris = names().filter(|name: &&str| name.starts_with(SPIFFE));
        let domain = || names().find(|name: &&str| !name.contains(':'));
        let name = match (uris.next(), uris.next()) {
            (Some(_), Some(_)) => None,
            (Some(uri), None) => Some(uri),
            (None, _) => domain(),
        };
        let identity = name.and_then(|name| Identity::new(name).ok());
        identity.map_or(Caller::Unnamed, Caller::Named)
    }

    /// Whom the names of a certificate mean, or the lack of one.
    pub fn of_certificate(names: Option<&[impl AsRef<str>]>) -> Caller {
        names.map_or(Caller::Anonymous, Caller::of_names)
    }

    /// The name, where there is one.
    pub fn identity(&self) -> Option<&str> {
        match self {
            Caller::Named(identity) => Some(identity.as_str()),
            Caller::Anonymous | Caller::Unnamed => None,
        }
    }
}

impl fmt::Display for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Caller::Anonymous => "a caller without a certificate",
            Caller::Unnamed => "a caller whose certificate names nobody",
            Caller::Named(identity) => identity.as_str(),
        })
    }
}
