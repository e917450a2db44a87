//! Where the collector is, and every bound of shipping.

use http::Uri;
use http::uri::{Authority, PathAndQuery, Scheme};
use planes::{Plane, Resolver};
use std::time::Duration;
use tls::ClientTls;

/// The port of OTLP over gRPC where the endpoint names none.
const USUAL_PORT: u16 = 4317;
/// Spans, and log lines, that wait; more are dropped. A span has about 1 KB.
pub(crate) const QUEUE_ITEMS: usize = 8_192;
/// How many are sent at once.
pub(crate) const BATCH_ITEMS: usize = 512;
/// How long the first of a batch waits for others, in milliseconds.
const GATHER_MS: u64 = 1_000;
/// How long the collector may take for a batch, in milliseconds.
const EXPORT_TIMEOUT_MS: u64 = 5_000;
/// How long a batch is tried again while the collector is away, in milliseconds; then it is dropped.
const RETRY_MS: u64 = 30_000;
/// How long a stop waits for what was queued, in milliseconds.
const FLUSH_TIMEOUT_MS: u64 = 3_000;

/// How the collector is reached, and how long things may take.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where it listens.
    pub endpoint: Uri,
    /// By which plane.
    pub plane: Plane,
    /// Who knows the address of its name.
    pub resolver: Resolver,
    /// TLS; without it everything is in clear.
    pub tls: Option<ClientTls>,
    /// What this service is called: `service.name` and `service.version`.
    pub service: (&'static str, &'static str),
    /// How long the first of a batch waits for others.
    pub gather: Duration,
    /// How long the collector may take for a batch.
    pub export_timeout: Duration,
    /// How long a batch is tried again.
    pub retry_for: Duration,
    /// How long a stop waits.
    pub flush_timeout: Duration,
}

impl Config {
    /// The default bounds. `endpoint` is `HOST:PORT`, with or without `http://` or `https://` before it,
    /// without a path; without a port it is 4317. Whether TLS is spoken says `tls`, not the scheme.
    pub fn at(
        endpoint: &str,
        tls: Option<ClientTls>,
        plane: Plane,
        resolver: Resolver,
    ) -> Result<Config, InvalidEndpoint> {
        let scheme = if tls.is_some() {
            Scheme::HTTPS
        } else {
            Scheme::HTTP
        };
        let endpoint = uri(endpoint, scheme).ok_or_else(|| InvalidEndpoint(endpoint.to_owned()))?;
        let millis = Duration::from_millis;
        Ok(Config {
            endpoint,
            plane,
            resolver,
            tls,
            service: ("order-service", env!("CARGO_PKG_VERSION")),
            gather: millis(GATHER_MS),
            export_timeout: millis(EXPORT_TIMEOUT_MS),
            retry_for: millis(RETRY_MS),
            flush_timeout: millis(FLUSH_TIMEOUT_MS),
        })
    }
}

fn uri(text: &str, scheme: Scheme) -> Option<Uri> {
    let bare = ["http://", "https://"]
        .iter()
        .find_map(|prefix| text.strip_prefix(prefix))
        .unwrap_or(text);
    let bare = bare.strip_suffix('/').unwrap_or(bare);
    let authority: Authority = bare.parse().ok()?;
    // A user's name would be sent nowhere.
    if authority.host().is_empty() || bare.contains('@') {
        return None;
    }
    let authority = match authority.port() {
        Some(port) => {
            let known = port.as_str().parse::<u16>().is_ok_and(|port| port > 0);
            known.then_some(authority)?
        }
        None => format!("{bare}:{USUAL_PORT}").parse().ok()?,
    };
    Uri::builder()
        .scheme(scheme)
        .authority(authority)
        .path_and_query(PathAndQuery::from_static("/"))
        .build()
        .ok()
}

/// A text that names no collector.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} names no collector: expected HOST:PORT such as 10.10.0.4:4317 or https://collector.example:4317"
)]
pub struct InvalidEndpoint(String);

#[cfg(test)]
mod tests {
    use super::*;
    use planes::PlaneKind;

    fn at(endpoint: &str, tls: Option<ClientTls>) -> Result<String, InvalidEndpoint> {
        let plane = Plane::unbound(PlaneKind::Management);
        let config = Config::at(endpoint, tls, plane.clone(), Resolver::new(plane))?;
        Ok(config.endpoint.to_string())
    }

    #[test]
    fn the_scheme_is_that_of_tls_and_the_port_is_known() {
        for (text, plain) in [
            ("10.10.0.4", "http://10.10.0.4:4317/"),
            ("collector.example:55", "http://collector.example:55/"),
            ("http://c:4317/", "http://c:4317/"),
            ("https://[2001:db8::1]", "http://[2001:db8::1]:4317/"),
        ] {
            assert_eq!(at(text, None).as_deref(), Ok(plain));
            let tls = at(text, Some(ClientTls::default())).unwrap();
            assert_eq!(tls, plain.replace("http:", "https:"));
        }
    }

    #[test]
    fn what_names_no_collector_is_refused() {
        for text in [
            "",
            "c:0",
            "c:x",
            "http://",
            "http://c/v1/traces",
            "ftp://c",
            "me@c",
            "a b",
        ] {
            let error = at(text, None).unwrap_err();
            assert!(error.to_string().contains("HOST:PORT"), "{error}");
        }
    }
}
