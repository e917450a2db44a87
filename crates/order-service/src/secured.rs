//! TLS of the listeners: opened at start, renewed while the service runs, told of.

use crate::clock::SystemClock;
use crate::config::Config;
use crate::error::StartError;
use crate::files::Files;
use order_core::ports::Clock as _;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use std::collections::BTreeMap;
use std::time::Duration;
use tls::{Acceptor, Security, ServerTls};
use tokio::sync::watch;
use tokio::time::timeout;

/// How often it is told of clients that were turned away, and of certificates that end.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// With less than this left, a certificate's end is told as a warning, once a day.
const WARN_BEFORE: i64 = 7 * DAY_SECONDS;
const DAY_SECONDS: i64 = 86_400;

/// How each listener's connections are secured.
#[derive(Clone, Debug)]
pub(crate) struct Secured {
    pub(crate) http: Security,
    pub(crate) grpc: Security,
    pub(crate) management: Security,
    expiry: Family<Listener, Gauge>,
    refused: Family<Listener, Counter>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Listener {
    listener: &'static str,
}

impl Secured {
    /// Reads every file; what is wrong with one stops the start.
    pub(crate) fn open(config: &Config, registry: &mut Registry) -> Result<Secured, StartError> {
        let tls = &config.listeners_tls;
        let secured = Secured {
            http: security("http", tls.http.as_ref(), &["h2", "http/1.1"])?,
            grpc: security("grpc", tls.grpc.as_ref(), &["h2"])?,
            management: security("mgmt", tls.management.as_ref(), &["http/1.1"])?,
            expiry: Family::default(),
            refused: Family::default(),
        };
        registry.register(
            "tls_certificate_expiry_seconds",
            "How long the certificate of a listener is valid yet; below 0 it has expired",
            secured.expiry.clone(),
        );
        registry.register(
            "tls_clients_refused",
            "Clients of a listener that were turned away before they could ask anything",
            secured.refused.clone(),
        );
        secured.measure();
        Ok(secured)
    }

    fn all(&self) -> [(&'static str, &Security); 3] {
        [
            ("http", &self.http),
            ("grpc", &self.grpc),
            ("mgmt", &self.management),
        ]
    }

    /// Has the files of each listener read again when they change.
    pub(crate) fn watch(&self, files: &mut Files) {
        let settings = ["http_tls", "grpc_tls", "mgmt_tls"];
        for (setting, (_, security)) in settings.into_iter().zip(self.all()) {
            if security.acceptor().is_some() {
                let security = security.clone();
                files.watch(setting, move || {
                    security
                        .acceptor()
                        .map_or(Ok(false), Acceptor::reload)
                        .map_err(|error| format!("{error} (TLS002)"))
                });
            }
        }
    }

    /// Tells of clients that were turned away and of certificates that end, until `stop` turns true.
    pub(crate) async fn look_after(self, mut stop: watch::Receiver<bool>) {
        let all = self.all();
        if all
            .iter()
            .all(|(_, security)| security.acceptor().is_none())
        {
            return;
        }
        let mut days_told = BTreeMap::new();
        while timeout(LOOK_EVERY, stop.wait_for(|stop| *stop))
            .await
            .is_err()
        {
            self.tell(&mut days_told);
            self.measure();
        }
    }

    fn tell(&self, days_told: &mut BTreeMap<&'static str, i64>) {
        for (listener, security) in self.all() {
            let Some(acceptor) = security.acceptor() else {
                continue;
            };
            if let Some(reason) = security.take_last_refusal() {
                tracing::warn!(
                    listener,
                    reason,
                    refused = security.refused(),
                    "clients were turned away"
                );
            }
            let left = acceptor.not_after() - now();
            let days = left.div_euclid(DAY_SECONDS);
            if left < WARN_BEFORE && days_told.insert(listener, days) != Some(days) {
                tracing::warn!(
                    listener,
                    days,
                    "the certificate ends soon, or has ended: renew it (TLS001)"
                );
            }
        }
    }

    fn measure(&self) {
        for (listener, security) in self.all() {
            let Some(acceptor) = security.acceptor() else {
                continue;
            };
            let labels = Listener { listener };
            let left = acceptor.not_after() - now();
            self.expiry.get_or_create(&labels).set(left);
            let refused = self.refused.get_or_create(&labels);
            refused.inc_by(security.refused().saturating_sub(refused.get()));
        }
    }
}

fn security(
    listener: &'static str,
    files: Option<&ServerTls>,
    protocols: &[&str],
) -> Result<Security, StartError> {
    let Some(files) = files else {
        return Ok(Security::none());
    };
    let acceptor = Acceptor::open(files.clone(), protocols);
    acceptor
        .map(Security::by)
        .map_err(|source| StartError::Tls { listener, source })
}

/// Seconds since 1970, UTC.
fn now() -> i64 {
    SystemClock.now().millis().div_euclid(1_000)
}
