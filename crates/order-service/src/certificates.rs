//! How long the certificates last that the service shows: to those who connect to it, and to those it
//! connects to.

use crate::clock::SystemClock;
use crate::config::{Config, Database};
use crate::files::Files;
use crate::secured::Secured;
use order_core::ports::Clock as _;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tls::{About, Acceptor, Identity};
use tokio::sync::watch;
use tokio::time::timeout;

/// How often they are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// With less than this left, a certificate's end is told as a warning, once a day.
const WARN_BEFORE: i64 = 7 * DAY_SECONDS;
pub(crate) const DAY_SECONDS: i64 = 86_400;

/// Whose certificate it is: `listener="http"`, `client="database"`.
pub(crate) type Label = [(&'static str, &'static str); 1];
/// What it says of itself; nothing where it could not be read yet.
pub(crate) type Read = Arc<dyn Fn() -> Option<About> + Send + Sync>;

/// Every certificate that is shown.
#[derive(Default)]
pub(crate) struct Certificates {
    shown: Vec<Shown>,
    expiry: Family<Label, Gauge>,
}

struct Shown {
    label: Label,
    read: Read,
    /// The days that were left when its end was told last.
    told: Option<i64>,
}

impl Certificates {
    /// Those of the listeners, and those of clients, whose files are watched from here on.
    pub(crate) fn new(
        config: &Config,
        secured: &Secured,
        files: &mut Files,
        registry: &mut Registry,
    ) -> Certificates {
        let mut certificates = Certificates::default();
        registry.register_with_unit(
            "tls_certificate_expiry",
            "How long the certificate of a listener, or that of a client of the service's, is valid yet; below 0 it has expired",
            Unit::Seconds,
            certificates.expiry.clone(),
        );
        for (listener, security) in secured.all() {
            let security = security.clone();
            if security.acceptor().is_some() {
                let read = move || security.acceptor().map(Acceptor::about);
                certificates.add([("listener", listener)], Arc::new(read));
            }
        }
        for (setting, client, identity) in clients(config) {
            let read = watched(setting, identity, files);
            certificates.add([("client", client)], read);
        }
        certificates
    }

    fn add(&mut self, label: Label, read: Read) {
        self.shown.push(Shown {
            label,
            read,
            told: None,
        });
    }

    /// Each one and what it says of itself, for the dashboard: read as it is asked for.
    pub(crate) fn readers(&self) -> Vec<(Label, Read)> {
        let shown = self.shown.iter();
        shown
            .map(|shown| (shown.label, Arc::clone(&shown.read)))
            .collect()
    }

    /// Keeps the gauge, and warns of those that end, until `stop` turns true.
    pub(crate) async fn look_after(mut self, mut stop: watch::Receiver<bool>) {
        if self.shown.is_empty() {
            return;
        }
        loop {
            for ([(side, name)], days) in self.measure(now()) {
                tracing::warn!(
                    side,
                    name,
                    days,
                    "the certificate ends soon, or has ended: renew it (TLS001)"
                );
            }
            if timeout(LOOK_EVERY, stop.wait_for(|stop| *stop))
                .await
                .is_ok()
            {
                return;
            }
        }
    }

    /// Sets the gauge, and gives those that end within days and were not told of today.
    fn measure(&mut self, now: i64) -> Vec<(Label, i64)> {
        let mut ending = Vec::new();
        for shown in &mut self.shown {
            let Some(about) = (shown.read)() else {
                continue;
            };
            let left = about.not_after - now;
            self.expiry.get_or_create(&shown.label).set(left);
            let days = left.div_euclid(DAY_SECONDS);
            if left < WARN_BEFORE && shown.told.replace(days) != Some(days) {
                ending.push((shown.label, days));
            }
        }
        ending
    }
}

/// The certificates that the service connects with.
pub(crate) fn clients(config: &Config) -> Vec<(&'static str, &'static str, Identity)> {
    let database = match &config.database {
        Database::Postgres(postgres) => postgres.tls.clone().and_then(|tls| tls.identity),
        Database::Sqlite(_) => None,
    };
    let redis = config.shared.redis.as_ref();
    let redis = redis.and_then(|redis| redis.tls.clone()?.identity);
    let kafka = config.kafka.as_ref().and_then(|kafka| {
        let (cert_file, key_file) = kafka.client.tls.clone()?.identity?;
        Some(Identity {
            cert_file,
            key_file,
        })
    });
    let all = [
        ("database_tls", "database", database),
        ("redis_tls", "redis", redis),
        ("kafka_tls", "kafka", kafka),
    ];
    let set = |(setting, client, identity): (_, _, Option<Identity>)| {
        identity.map(|identity| (setting, client, identity))
    };
    all.into_iter().filter_map(set).collect()
}

/// Has the files read again as they change; each connection reads them for itself.
fn watched(setting: &'static str, identity: Identity, files: &mut Files) -> Read {
    let known = Arc::new(Mutex::new(identity.about().ok()));
    let kept = Arc::clone(&known);
    files.watch(setting, move || {
        let about = identity.about();
        let about = Some(about.map_err(|error| format!("{error} (TLS002)"))?);
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        let changed = *kept != about;
        *kept = about;
        Ok::<_, String>(changed)
    });
    let read = move || {
        let known = known.lock().unwrap_or_else(PoisonError::into_inner);
        known.clone()
    };
    Arc::new(read)
}

/// Seconds since 1970, UTC.
pub(crate) fn now() -> i64 {
    SystemClock.now().millis().div_euclid(1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_measured_and_its_end_told_once_a_day() {
        let mut certificates = Certificates::default();
        let label: Label = [("client", "redis")];
        let about = About {
            subject: "CN=orders".to_owned(),
            not_before: 0,
            not_after: 10 * DAY_SECONDS,
        };
        certificates.add(label, Arc::new(move || Some(about.clone())));
        certificates.add([("client", "kafka")], Arc::new(|| None));
        assert_eq!(certificates.measure(0), []);
        let gauge = certificates.expiry.get_or_create(&label).clone();
        assert_eq!(gauge.get(), 10 * DAY_SECONDS);
        let soon = 3 * DAY_SECONDS + 1;
        assert_eq!(certificates.measure(soon), [(label, 6)]);
        assert_eq!(certificates.measure(soon + 60), []);
        assert_eq!(certificates.measure(soon + DAY_SECONDS), [(label, 5)]);
        assert_eq!(certificates.measure(11 * DAY_SECONDS), [(label, -1)]);
        assert_eq!(gauge.get(), -DAY_SECONDS);
    }
}
