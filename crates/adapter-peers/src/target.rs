//! A replica's management port, as it is configured and as it is asked.

use http::Uri;
use planes::Peer;
use std::fmt;

/// Where a replica's management port is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    encrypted: bool,
    peer: Peer,
}

impl Target {
    /// At `HOST:PORT`, or at `http://HOST:PORT` or `https://HOST:PORT`; `encrypted` is for what has no scheme.
    pub fn parse(text: &str, encrypted: bool) -> Result<Target, InvalidTarget> {
        let wrong = || InvalidTarget(text.to_owned());
        let (encrypted, place) = match text.split_once("://") {
            None => (encrypted, text),
            Some(("http", place)) => (false, place),
            Some(("https", place)) => (true, place),
            Some(_) => return Err(wrong()),
        };
        let place = place.strip_suffix('/').unwrap_or(place);
        let peer = place.parse().map_err(|_| wrong())?;
        Ok(Target { encrypted, peer })
    }

    /// Its address or name.
    pub fn host(&self) -> &str {
        self.peer.host()
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.peer.port()
    }

    /// Whether it is asked by TLS.
    pub fn is_encrypted(&self) -> bool {
        self.encrypted
    }

    /// At this port of a host that is known already.
    pub(crate) fn of(peer: Peer, encrypted: bool) -> Target {
        Target { encrypted, peer }
    }

    /// The URI of a path there, which begins with `/`.
    pub(crate) fn uri(&self, path: &str) -> Result<Uri, http::uri::InvalidUri> {
        let scheme = if self.encrypted { "https" } else { "http" };
        format!("{scheme}://{}{path}", self.peer).parse()
    }
}

/// `10.10.0.12:9091`.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.peer.fmt(f)
    }
}

/// A text that names no replica.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} names no replica: expected HOST:PORT, http://HOST:PORT or https://HOST:PORT")]
pub struct InvalidTarget(String);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scheme_wins_over_what_is_usual() {
        for (text, encrypted, uri) in [
            ("10.10.0.12:9091", false, "http://10.10.0.12:9091/x"),
            ("10.10.0.12:9091", true, "https://10.10.0.12:9091/x"),
            ("http://other:1/", true, "http://other:1/x"),
            (
                "https://[2001:db8::1]:1",
                false,
                "https://[2001:db8::1]:1/x",
            ),
        ] {
            let target = Target::parse(text, encrypted).unwrap();
            assert_eq!(target.uri("/x").unwrap().to_string(), uri);
        }
    }

    #[test]
    fn what_names_no_replica_is_refused() {
        for text in [
            "",
            "other",
            "ftp://other:1",
            "http://other:1/metrics",
            "a:1,b:2",
            "u@h:1",
        ] {
            let error = Target::parse(text, false).unwrap_err();
            assert!(error.to_string().contains("names no replica"), "{text}");
        }
    }
}
