//! What the dashboard shows of this pod, gathered every 2 s while somebody looks, and not at all otherwise.

mod encryption;
mod exposition;
mod interfaces;
mod rates;
mod readings;
mod sockets;
mod sources;
mod window;

pub(crate) use encryption::Secrets;
pub(crate) use sockets::Roles;
pub(crate) use sources::Sources;

use crate::certificates;
use crate::clock::SystemClock;
use crate::traffic;
use crate::violations::History;
use adapter_management::{Feed, Kafka, Overview, PeerFailure, Snapshot};
use async_trait::async_trait;
use order_core::ports::{Clock as _, HealthSource};
use planes::{Plane, PlaneLink};
use prometheus_client::encoding::prometheus_text;
use prometheus_client::registry::Registry;
use readings::Readings;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{Notify, watch};
use tokio::task::spawn_blocking;
use tokio::time::timeout;
use window::{Look, Window};

/// How often the pod is looked at while somebody looks.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// The first two looks are so far apart: rates take two.
const FIRST_RATES_AFTER: Duration = Duration::from_secs(1);
/// Who has asked once is looked for so long.
const ASKED_FOR: Duration = Duration::from_secs(10);
/// A snapshot that is older is gathered anew for whoever asks, who waits so long at most.
const STALE: Duration = Duration::from_secs(5);
const WAIT_FOR_FRESH: Duration = Duration::from_millis(800);

/// What is looked at.
pub(crate) struct Pod {
    pub(crate) registry: Arc<Registry>,
    pub(crate) health: Arc<dyn HealthSource>,
    pub(crate) planes: Vec<Plane>,
    /// Their interfaces, where any is bound.
    pub(crate) links: Option<watch::Receiver<Vec<PlaneLink>>>,
    pub(crate) roles: Roles,
    pub(crate) secrets: Secrets,
    pub(crate) violations: History,
    /// Whether Kafka is configured.
    pub(crate) kafka: bool,
}

/// Gathers, and shows what it gathered last.
pub(crate) struct Gatherer {
    pod: Pod,
    sources: Sources,
    window: Mutex<Window>,
    shown: watch::Sender<Arc<Snapshot>>,
    /// When it was gathered.
    gathered: Mutex<Option<Instant>>,
    asked: Mutex<Option<Instant>>,
    somebody: Notify,
}

impl Gatherer {
    pub(crate) fn new(pod: Pod, sources: Sources) -> Arc<Gatherer> {
        let (shown, _) = watch::channel(Arc::default());
        Arc::new(Gatherer {
            pod,
            sources,
            window: Mutex::default(),
            shown,
            gathered: Mutex::default(),
            asked: Mutex::default(),
            somebody: Notify::new(),
        })
    }

    /// The pod's name, where it is known.
    pub(crate) fn pod_name(&self) -> Option<String> {
        self.sources.pod.name.clone()
    }

    /// Gathers until `stop` turns true.
    pub(crate) async fn run(self: Arc<Gatherer>, mut stop: watch::Receiver<bool>) {
        loop {
            // Who woke it may be gone by now.
            while !self.is_looked_at() {
                tokio::select! {
                    () = self.somebody.notified() => {}
                    _ = stop.wait_for(|stop| *stop) => return,
                }
            }
            let gathering = Arc::clone(&self);
            // It reads /proc and asks the kernel.
            let gathered = spawn_blocking(move || gathering.gather()).await;
            match gathered {
                Ok(snapshot) => {
                    *locked(&self.gathered) = Some(Instant::now());
                    self.shown.send_replace(Arc::new(snapshot));
                }
                Err(error) => {
                    tracing::error!(%error, "the dashboard's overview cannot be gathered");
                }
            }
            let pause = if locked(&self.window).is_first() {
                FIRST_RATES_AFTER
            } else {
                LOOK_EVERY
            };
            if timeout(pause, stop.wait_for(|stop| *stop)).await.is_ok() {
                return;
            }
        }
    }

    fn is_looked_at(&self) -> bool {
        let asked = locked(&self.asked).is_some_and(|at| at.elapsed() < ASKED_FOR);
        asked || self.shown.receiver_count() > 0
    }

    fn is_stale(&self) -> bool {
        locked(&self.gathered).is_none_or(|at| at.elapsed() > STALE)
    }

    fn gather(&self) -> Snapshot {
        let pod = &self.pod;
        let mut text = String::new();
        // Writing to memory cannot fail.
        let _ = prometheus_text::encode(&mut text, &pod.registry);
        let readings = Readings::of(&text);
        let counters = traffic::read().unwrap_or_else(|error| {
            tracing::debug!(%error, "the interfaces' counters cannot be read");
            HashMap::default()
        });
        let links = pod.links.as_ref().map(|links| links.borrow().clone());
        let mut window = locked(&self.window);
        window.push(Look {
            at: Instant::now(),
            readings: readings.clone(),
            counters: counters.clone(),
        });
        let links = links.unwrap_or_default();
        let interfaces = interfaces::interfaces(&pod.planes, &links, &counters, &window);
        let traffic = window.traffic();
        drop(window);
        let is_bound = pod.planes.iter().any(|plane| plane.interface().is_some());
        let sockets = planes::look_at_own_sockets().inspect_err(|error| {
            tracing::debug!(%error, "the dashboard cannot show sockets");
        });
        Snapshot {
            pod: self.sources.pod.clone(),
            time: Some(order_json::format_timestamp(SystemClock.now())),
            interfaces: Some(interfaces),
            sockets: sockets.ok().map(|seen| pod.roles.show(&seen)),
            orders: self.sources.orders(),
            traffic: Some(traffic),
            feed: pod.kafka.then(|| feed(&readings)),
            kafka: pod.kafka.then(|| self.kafka(&readings)),
            repair: self.sources.repair(),
            peers: self.sources.peers(),
            policies: self.sources.policies(),
            violations: is_bound.then(|| pod.violations.told()),
            encryption: Some(pod.secrets.show(&readings.connections, certificates::now())),
        }
    }

    fn kafka(&self, readings: &Readings) -> Kafka {
        let report = self.pod.health.report();
        let wrong = report
            .components
            .into_iter()
            .filter(|component| !component.ok && component.name.starts_with("kafka"));
        let wrong: Vec<String> = wrong.map(|component| component.detail).collect();
        Kafka {
            consumer_lag_messages: readings.consumer_lag,
            trouble: (!wrong.is_empty()).then(|| wrong.join("; ")),
        }
    }
}

fn feed(readings: &Readings) -> Feed {
    let partitions: Vec<_> = readings.feed.values().cloned().collect();
    let lags = partitions.iter().filter_map(|one| one.lag_seconds);
    Feed {
        lag_seconds: lags.max_by(f64::total_cmp),
        partitions,
    }
}

#[async_trait]
impl Overview for Gatherer {
    async fn snapshot(&self) -> Arc<Snapshot> {
        *locked(&self.asked) = Some(Instant::now());
        if self.is_stale() {
            let mut news = self.shown.subscribe();
            news.mark_unchanged();
            self.somebody.notify_one();
            let _ = timeout(WAIT_FOR_FRESH, news.changed()).await;
        }
        self.shown.borrow().clone()
    }

    fn watch(&self) -> watch::Receiver<Arc<Snapshot>> {
        let receiver = self.shown.subscribe();
        self.somebody.notify_one();
        receiver
    }

    async fn status_of(&self, pod: &str) -> Result<String, PeerFailure> {
        self.sources.ask(pod.to_owned()).await
    }
}

fn locked<T>(kept: &Mutex<T>) -> MutexGuard<'_, T> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
