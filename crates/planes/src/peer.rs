//! Peers as they are configured: by address or by name, and a port.

use crate::{ConnectOptions, Plane, PlaneError, Resolver, connect};
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;
use tokio::net::TcpStream;

/// The longest name of a host, in bytes (RFC 1035, 2.3.4).
const NAME_MAX_BYTES: usize = 253;

/// Where a peer listens: an address or a name, and a port. Names are resolved each time that it is
/// connected to, so a peer that moves is found again.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Peer {
    host: String,
    port: u16,
}

impl Peer {
    /// The peer at this port of `host`: an IPv4 address, an IPv6 address with or without brackets, or
    /// a name.
    pub fn new(host: &str, port: u16) -> Result<Peer, InvalidPeer> {
        let bare = host
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
            .unwrap_or(host);
        let is_address = bare.parse::<IpAddr>().is_ok();
        if (is_address || (bare == host && is_name(host))) && port > 0 {
            let host = bare.to_owned();
            Ok(Peer { host, port })
        } else {
            Err(InvalidPeer(format!("{host}:{port}")))
        }
    }

    /// The address or the name.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Connects by the plane's device only, to the first of the peer's addresses that answers, in the
    /// resolver's order. The time of `options` bounds each attempt.
    pub async fn connect(
        &self,
        plane: &Plane,
        resolver: &Resolver,
        options: ConnectOptions,
    ) -> Result<TcpStream, PlaneError> {
        let mut failure = None;
        for address in resolver.addresses(&self.host).await? {
            match connect(plane, SocketAddr::new(address, self.port), options).await {
                Ok(stream) => return Ok(stream),
                Err(error) => failure = Some(error),
            }
        }
        Err(failure.unwrap_or_else(|| PlaneError::Unresolved {
            plane: resolver.plane().clone(),
            host: self.host.clone(),
            reason: "it has no address".to_owned(),
        }))
    }
}

impl From<SocketAddr> for Peer {
    fn from(address: SocketAddr) -> Peer {
        Peer {
            host: address.ip().to_string(),
            port: address.port(),
        }
    }
}

/// `HOST:PORT`, an IPv6 address in brackets.
impl FromStr for Peer {
    type Err = InvalidPeer;

    fn from_str(text: &str) -> Result<Peer, InvalidPeer> {
        let invalid = || InvalidPeer(text.to_owned());
        let (host, port) = text.rsplit_once(':').ok_or_else(invalid)?;
        // `::1` alone has no port.
        if host.contains(':') && !host.starts_with('[') {
            return Err(invalid());
        }
        let port = port.parse().map_err(|_| invalid())?;
        Peer::new(host, port).map_err(|_| invalid())
    }
}

/// As it is configured: `db:5432`, `[2001:db8::1]:5432`.
impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// A text that names no peer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} names no peer: expected HOST:PORT such as 10.30.0.10:5432, db.example:5432 or [2001:db8::10]:5432"
)]
pub struct InvalidPeer(String);

/// Letters, digits, hyphens and underscores in labels of 1 to 63 bytes (RFC 1123, 2.1; underscores as
/// name servers take them), with or without the dot of the root. A name whose last label is a number
/// is a mistyped address.
fn is_name(text: &str) -> bool {
    let name = text.strip_suffix('.').unwrap_or(text);
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let numeric = |label: &str| label.bytes().all(|byte| byte.is_ascii_digit());
    name.len() <= NAME_MAX_BYTES
        && name.split('.').all(label)
        && name.rsplit('.').next().is_some_and(|last| !numeric(last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_names_are_taken() {
        for text in [
            "10.30.0.10:5432",
            "[2001:db8::1]:5432",
            "db:5432",
            "order-db.orders.svc.cluster.local.:5432",
            "kafka_1.example:9092",
        ] {
            assert_eq!(text.parse::<Peer>().unwrap().to_string(), text);
        }
        assert_eq!(
            Peer::new("2001:db8::1", 1).unwrap().to_string(),
            "[2001:db8::1]:1"
        );
    }

    #[test]
    fn what_names_no_peer_is_refused() {
        for text in [
            "",
            "db",
            ":5432",
            "db:",
            "db:0",
            "db:65536",
            "db:-1",
            "::1:5432x",
            "::1",
            "a b:1",
            "db/x:1",
            "10.30.0.300:5432",
            "1.2.3:4",
            "-db:1",
            "db-:1",
            "a..b:1",
            "[db]:1",
        ] {
            assert!(text.parse::<Peer>().is_err(), "{text:?}");
        }
        assert!(format!("{}:1", "a.".repeat(128)).parse::<Peer>().is_err());
    }
}
