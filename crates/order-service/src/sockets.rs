//! Looks after the sockets of this process: ends those whose interface is gone, so that whoever uses one
//! connects anew as soon as the interface is back, and those that are not on their plane.

use crate::connections::{Clients, ConnectionMetrics};
use crate::error::LookError;
use crate::violations::History;
use planes::{Audit, Auditor, Owner, Plane, Violation};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

/// How often endings are heard of: the kernel's queue of them is bounded.
const HEAR_EVERY: Duration = Duration::from_millis(100);
/// Every so many times sockets without an interface are looked for: a plane serves again within seconds
/// after its interface came back.
const ORPHANS_EVERY: u64 = 5;
/// Every so many times every socket is held against the planes.
const AUDIT_EVERY: u64 = 10;
/// Upper bounds of an audit's time, in seconds.
const AUDIT_SECONDS: [f64; 8] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 1.0];

/// What is counted of sockets.
#[derive(Clone, Debug)]
pub(crate) struct SocketMetrics {
    violations: Family<Wrong, Counter>,
    ended: Counter,
    missed: Gauge,
    audits: Histogram,
    /// Of the last 24 hours.
    pub(crate) history: History,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Wrong {
    plane: &'static str,
    actual: String,
    owner: String,
}

impl SocketMetrics {
    pub(crate) fn new(registry: &mut Registry) -> SocketMetrics {
        let metrics = SocketMetrics {
            violations: Family::default(),
            ended: Counter::default(),
            missed: Gauge::default(),
            audits: Histogram::new(AUDIT_SECONDS),
            history: History::new(),
        };
        registry.register(
            "plane_socket_violations",
            "Sockets that were not on the plane that their addresses belong to, of this process and of others in the pod",
            metrics.violations.clone(),
        );
        registry.register(
            "plane_sockets_ended",
            "Sockets of this process that were ended since they were not on their plane",
            metrics.ended.clone(),
        );
        registry.register(
            "plane_socket_endings_missed",
            "Endings of sockets that the kernel could not tell of, as too many came at once",
            metrics.missed.clone(),
        );
        registry.register(
            "plane_audit_seconds",
            "How long it took to hold every socket of the pod against the planes",
            metrics.audits.clone(),
        );
        metrics
    }

    /// Tells and counts what an audit saw.
    fn tell(&self, audit: &Audit) {
        self.audits.observe(audit.took.as_secs_f64());
        for violation in audit.violations.iter().filter(|seen| seen.new) {
            let labels = Wrong {
                plane: violation.plane_name(),
                actual: violation.actual().to_owned(),
                owner: violation.socket.owner.to_string(),
            };
            self.violations.get_or_create(&labels).inc();
            self.ended.inc_by(u64::from(violation.ended));
            self.history.note(violation);
            log(violation);
        }
    }
}

fn log(violation: &Violation) {
    let check = violation.check();
    if violation.socket.owner == Owner::Own {
        tracing::error!(check, %violation, "a socket of this service is not on its plane; it was ended");
    } else {
        tracing::warn!(check, %violation, "a socket of somebody else in this pod is not on its plane");
    }
}

/// Looks until `stop` turns true.
pub(crate) async fn look_after(
    planes: Vec<Plane>,
    metrics: SocketMetrics,
    (clients, connections): (Clients, ConnectionMetrics),
    mut stop: watch::Receiver<bool>,
) {
    let auditor = Auditor::new(planes)
        .map_err(LookError::Audit)
        .inspect_err(|error| tracing::error!("{error}"));
    let mut look = Look {
        auditor: auditor.ok(),
        metrics,
        clients,
        connections,
        turn: 0,
        told: Default::default(),
    };
    while timeout(HEAR_EVERY, stop.wait_for(|stop| *stop))
        .await
        .is_err()
    {
        // It reads /proc and asks the kernel, which may take a while where there are many.
        let looked = spawn_blocking(move || {
            look.once();
            look
        });
        match looked.await {
            Ok(back) => look = back,
            Err(error) => {
                tracing::error!(%error, "sockets are not looked after any more");
                return;
            }
        }
    }
}

struct Look {
    auditor: Option<Auditor>,
    metrics: SocketMetrics,
    clients: Clients,
    connections: ConnectionMetrics,
    turn: u64,
    /// Of orphans, of audits and of endings: each kind of look tells of itself.
    told: [Told; 3],
}

impl Look {
    fn once(&mut self) {
        self.turn += 1;
        if self.turn.is_multiple_of(ORPHANS_EVERY) {
            self.told[0].note(end_orphans());
        }
        let Some(auditor) = &mut self.auditor else {
            return;
        };
        if self.turn.is_multiple_of(AUDIT_EVERY) {
            let audited = auditor.audit().map(|audit| {
                self.metrics.tell(&audit);
                self.clients.count(&audit.sockets, &self.connections);
            });
            self.told[1].note(audited.map_err(LookError::Audit));
        } else {
            let heard = auditor.hear_endings();
            self.told[2].note(heard.map_err(LookError::Audit));
        }
        let missed = i64::try_from(auditor.missed_endings()).unwrap_or(i64::MAX);
        self.metrics.missed.set(missed);
    }
}

/// A failure that was told, so that it is not told at every look while it lasts.
#[derive(Default)]
struct Told(Option<String>);

impl Told {
    fn note(&mut self, outcome: Result<(), LookError>) {
        let failure = outcome.err().map(|error| error.to_string());
        if let Some(reason) = &failure
            && self.0.as_ref() != Some(reason)
        {
            tracing::error!("{reason}");
        }
        self.0 = failure;
    }
}

fn end_orphans() -> Result<(), LookError> {
    let ended = planes::end_orphans().map_err(LookError::Orphans)?;
    if ended > 0 {
        tracing::warn!(
            ended,
            "connections whose interface is gone were ended (SOC003)"
        );
    }
    Ok(())
}
