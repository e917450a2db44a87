//! Where the service is, and by which protocol: an `http://` URL whose host is an address.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::str::FromStr;

use clap::ValueEnum;
use http::Uri;
use serde::Serialize;

use crate::LoadError;

/// The port that HTTP means when none is named.
const HTTP_PORT: u16 = 80;

/// How the service is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// JSON over HTTP/1.1, a connection for each caller
    Rest,
    /// gRPC, callers share connections
    Grpc,
}

impl Protocol {
    /// Where the service listens when nothing is said.
    pub fn default_target(self) -> Target {
        let port = match self {
            Self::Rest => 8080,
            Self::Grpc => 9090,
        };
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        Target {
            address,
            authority: address.to_string(),
            max_age_seconds: None,
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rest => "REST",
            Self::Grpc => "gRPC",
        })
    }
}

/// A service's address and the `Host` that names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Where to connect.
    pub address: SocketAddr,
    /// What the URL says, for the `Host` header.
    pub authority: String,
    /// How old answers may be; `None`: nothing is said, so they are fresh.
    pub max_age_seconds: Option<u32>,
}

impl FromStr for Target {
    type Err = LoadError;

    /// Takes `http://ADDRESS[:PORT][/]`. `localhost` is 127.0.0.1; other names are refused, since
    /// resolving opens sockets outside the planes.
    fn from_str(url: &str) -> Result<Self, LoadError> {
        let wrong = |reason| LoadError::Url {
            url: url.to_owned(),
            reason,
        };
        let uri: Uri = url.parse().map_err(|_| wrong("it cannot be parsed"))?;
        if uri.scheme_str() != Some("http") {
            return Err(wrong("it does not begin with http://"));
        }
        if uri.path() != "/" || uri.query().is_some() {
            return Err(wrong("it has a path; give the service's root"));
        }
        let authority = uri.authority().ok_or_else(|| wrong("it names no host"))?;
        let host = authority
            .host()
            .trim_start_matches('[')
            .trim_end_matches(']');
        let ip = match host {
            "localhost" => IpAddr::V4(Ipv4Addr::LOCALHOST),
            address => address
                .parse()
                .map_err(|_| wrong("its host is no address"))?,
        };
        let port = authority.port_u16().unwrap_or(HTTP_PORT);
        Ok(Self {
            address: SocketAddr::new(ip, port),
            authority: authority.to_string(),
            max_age_seconds: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_localhost_are_taken() {
        for (url, address) in [
            ("http://127.0.0.1:8080", "127.0.0.1:8080"),
            ("http://localhost:81/", "127.0.0.1:81"),
            ("http://[::1]:8080", "[::1]:8080"),
            ("http://10.20.0.7", "10.20.0.7:80"),
        ] {
            let target: Target = url.parse().unwrap();
            assert_eq!(target.address, address.parse().unwrap(), "{url}");
        }
    }

    #[test]
    fn each_protocol_has_its_port() {
        for (protocol, url) in [
            (Protocol::Rest, "http://127.0.0.1:8080"),
            (Protocol::Grpc, "http://127.0.0.1:9090"),
        ] {
            assert_eq!(protocol.default_target(), url.parse().unwrap());
        }
    }

    #[test]
    fn what_cannot_be_reached_by_a_plane_is_refused_with_its_reason() {
        for (url, reason) in [
            ("https://127.0.0.1", "http://"),
            ("http://orders.example", "no address"),
            ("http://127.0.0.1/v1", "a path"),
            ("127.0.0.1:8080", ""),
            ("", "parsed"),
        ] {
            let error = url.parse::<Target>().unwrap_err().to_string();
            assert!(error.contains(reason), "{url}: {error}");
        }
    }
}
