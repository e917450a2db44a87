//! TLS of the listeners: opened at start, renewed while the service runs, told of.

use crate::clock::SystemClock;
use crate::config::Config;
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
use tokio::task::spawn_blocking;
use tokio::time::timeout;

/// How often files are looked at: a renewed certificate is in use so soon.
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
    pub(crate) fn open(config: &Config, registry: &mut Registry) -> Result<Secured, String> {
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

    /// Looks after the files until `stop` turns true.
    pub(crate) async fn look_after(self, mut stop: watch::Receiver<bool>) {
        if self
            .all()
            .iter()
            .all(|(_, security)| security.acceptor().is_none())
        {
            return;
        }
        let mut told = Told::default();
        while timeout(LOOK_EVERY, stop.wait_for(|stop| *stop))
            .await
            .is_err()
        {
            let looking = self.clone();
            // Files may lie on a disk that is far.
            let looked = spawn_blocking(move || {
                looking.reload(&mut told);
                told
            });
            told = looked.await.unwrap_or_default();
            self.measure();
        }
    }

    fn reload(&self, told: &mut Told) {
        for (listener, security) in self.all() {
            let Some(acceptor) = security.acceptor() else {
                continue;
            };
            match acceptor.reload() {
                Ok(false) => {}
                Ok(true) => {
                    told.failures.remove(listener);
                    tracing::info!(listener, "a renewed certificate is in use");
                }
                Err(error) => told.failure(listener, &error.to_string()),
            }
            if let Some(reason) = security.take_last_refusal() {
                tracing::warn!(
                    listener,
                    reason,
                    refused = security.refused(),
                    "clients were turned away"
                );
            }
            let left = acceptor.not_after() - now();
            if left < WARN_BEFORE {
                told.expiry(listener, left);
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

/// What was told already, so that it is not told every other second.
#[derive(Debug, Default)]
struct Told {
    failures: BTreeMap<&'static str, String>,
    days_left: BTreeMap<&'static str, i64>,
}

impl Told {
    fn failure(&mut self, listener: &'static str, reason: &str) {
        let last = self.failures.insert(listener, reason.to_owned());
        if last.as_deref() != Some(reason) {
            tracing::error!(
                listener,
                reason,
                "the certificate's files have changed and cannot be used; the old one stays in use (TLS002)"
            );
        }
    }

    fn expiry(&mut self, listener: &'static str, left: i64) {
        let days = left.div_euclid(DAY_SECONDS);
        if self.days_left.insert(listener, days) != Some(days) {
            tracing::warn!(
                listener,
                days,
                "the certificate ends soon, or has ended: renew it (TLS001)"
            );
        }
    }
}

fn security(
    listener: &str,
    files: Option<&ServerTls>,
    protocols: &[&str],
) -> Result<Security, String> {
    let Some(files) = files else {
        return Ok(Security::none());
    };
    let acceptor = Acceptor::open(files.clone(), protocols);
    let told = |error| format!("TLS of {listener}: {error}; look at {listener}_tls_…");
    acceptor.map(Security::by).map_err(told)
}

/// Seconds since 1970, UTC.
fn now() -> i64 {
    SystemClock.now().millis().div_euclid(1_000)
}
