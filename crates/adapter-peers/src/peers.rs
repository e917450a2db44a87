//! Looks for the other replicas and asks them, again and again, and keeps what is known.

use crate::ask::{Asker, StatusError};
use crate::config::{Config, Source};
use crate::find::{self, Candidate, Found};
use crate::status;
use crate::view::{PodView, View};
use futures_util::StreamExt;
use order_core::ports::HealthSource;
use planes::Backoff;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::timeout;

/// Phases in which a pod is not ready as a matter of course.
const PASSING: [&str; 2] = ["Pending", "Terminating"];

/// The other replicas. Clones are one.
#[derive(Clone)]
pub struct Peers(Arc<Shared>);

struct Shared {
    config: Config,
    health: Arc<dyn HealthSource>,
    found: watch::Sender<Found>,
    view: watch::Sender<Arc<View>>,
}

impl Peers {
    /// Nothing is asked yet; `health` is what this replica says of itself.
    pub fn new(config: Config, health: Arc<dyn HealthSource>) -> Peers {
        let found = watch::Sender::new(find::without_asking(&config));
        let shared = Shared {
            config,
            health,
            found,
            view: watch::Sender::default(),
        };
        shared.view.send_replace(Arc::new(shared.sum(Vec::new())));
        Peers(Arc::new(shared))
    }

    /// All replicas as last seen; this one from the beginning.
    pub fn view(&self) -> watch::Receiver<Arc<View>> {
        self.0.view.subscribe()
    }

    /// Asks until `stop` turns true. Must be called inside a Tokio runtime.
    pub fn run(&self, stop: watch::Receiver<bool>) -> impl Future<Output = ()> + Send + 'static {
        let shared = Arc::clone(&self.0);
        async move {
            tokio::join!(shared.keep_looking(stop.clone()), shared.keep_asking(stop));
        }
    }

    /// Everything that the replica of this name in the [`view`](Self::view) says of itself: its `/api/status`,
    /// asked now, within the bounds of time and size: JSON, as it came.
    pub async fn status_of(&self, pod: &str) -> Result<String, StatusError> {
        let config = &self.0.config;
        let name = || pod.to_owned();
        if pod == config.own.name {
            return Err(StatusError::Own(name()));
        }
        let at = {
            let found = self.0.found.borrow();
            let candidate = found.candidates.iter().find(|one| one.name == pod);
            candidate.map(|candidate| candidate.at.clone())
        };
        let target = at.ok_or_else(|| StatusError::NoSuch(name()))?;
        let target = target.map_err(|reason| StatusError::NotAsked {
            name: name(),
            reason,
        })?;
        let asker = self.0.asker().await;
        let text = asker.whole_status(&target).await;
        text.map_err(|reason| StatusError::NoAnswer {
            name: name(),
            reason,
        })
    }
}

impl Shared {
    /// Asks Kubernetes who there is, where that is to be asked.
    async fn keep_looking(&self, mut stop: watch::Receiver<bool>) {
        let Source::Kubernetes(cluster) = &self.config.source else {
            return;
        };
        let mut told = None;
        loop {
            let before = self.found.borrow().clone();
            let looking = find::by_kubernetes(&self.config, cluster, &before);
            let found = tokio::select! {
                found = looking => found,
                () = stopped(&mut stop) => return,
            };
            tell_trouble(&mut told, found.trouble.as_ref());
            self.found.send_replace(found);
            if ended_within(self.config.limits.look_every, &mut stop).await {
                return;
            }
        }
    }

    /// Asks those who were found how they are.
    async fn keep_asking(&self, mut stop: watch::Receiver<bool>) {
        let mut found = self.found.subscribe();
        loop {
            let candidates = found.borrow_and_update().candidates.clone();
            let pods = tokio::select! {
                pods = self.ask_all(candidates) => pods,
                () = stopped(&mut stop) => return,
            };
            let view = Arc::new(self.sum(pods));
            tell_changes(&self.view.borrow(), &view);
            self.view.send_replace(view);
            tokio::select! {
                ended = ended_within(self.config.limits.ask_every, &mut stop) => if ended { return },
                // Who was found just now is asked at once. The sender is this value's own, so it is there.
                _ = found.changed() => {}
            }
        }
    }

    async fn ask_all(&self, candidates: Vec<Candidate>) -> Vec<PodView> {
        let asker = self.asker().await;
        let own = &self.config.own.name;
        let others = candidates.iter().filter(|one| one.name != *own);
        let looks: Vec<_> = others.map(|candidate| asker.look(candidate)).collect();
        let mut pods: Vec<PodView> = futures_util::stream::iter(looks)
            .buffer_unordered(self.config.limits.at_once)
            .collect()
            .await;
        for pod in &mut pods {
            tell_duplicate(pod, &candidates);
        }
        pods
    }

    async fn asker(&self) -> Asker {
        let config = self.config.clone();
        let by_address = matches!(config.source, Source::Kubernetes(_));
        // Files may lie on a disk that is far.
        let making = tokio::task::spawn_blocking(move || Asker::new(&config, by_address));
        match making.await {
            Ok(asker) => asker,
            Err(_) => Asker::new(&self.config, false),
        }
    }

    /// The others, and this one.
    fn sum(&self, mut pods: Vec<PodView>) -> View {
        let found = self.found.borrow();
        pods.push(self.own(&found));
        let source = match self.config.source {
            Source::Nowhere => "none",
            Source::Listed(_) => "settings",
            Source::Kubernetes(_) => "kubernetes",
        };
        View {
            policies: found.policies.clone(),
            trouble: found.trouble.clone(),
            ..View::of(source, pods)
        }
    }

    fn own(&self, found: &Found) -> PodView {
        let own = &self.config.own;
        let known = found.candidates.iter().find(|one| one.name == own.name);
        let said = status::of_report(self.health.report(), &own.version);
        PodView {
            name: own.name.clone(),
            node: own.node.clone(),
            address: None,
            phase: known.map(|known| known.phase.clone()).unwrap_or_default(),
            pod_ready: known.and_then(|known| known.pod_ready),
            ready: status::is_ready(&said),
            why: status::why(&said),
            version: status::version(&said),
            answered_as: None,
            own: true,
        }
    }
}

/// A replica that answers by the name of another: two pods have its address. A name that is nobody's says
/// nothing: a pod may be told to call itself otherwise.
fn tell_duplicate(pod: &mut PodView, candidates: &[Candidate]) {
    let other = pod.answered_as.take().filter(|answered| {
        *answered != pod.name && candidates.iter().any(|known| known.name == *answered)
    });
    if let Some(other) = &other {
        pod.ready = false;
        pod.why = format!("{other} answers at its address, so two pods have it (IPD001)");
    }
    pod.answered_as = other;
}

/// Waits about so long; whether `stop` turned true meanwhile.
async fn ended_within(every: Duration, stop: &mut watch::Receiver<bool>) -> bool {
    // Drawn from two thirds to four thirds of it, so that replicas do not ask in step.
    let longest = every * 4 / 3;
    let pause = Backoff::new(longest, longest).next_delay();
    timeout(pause, stopped(stop)).await.is_ok()
}

/// Whoever was to say when to stop may be gone: that is a stop too.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

/// Once for each reason.
fn tell_trouble(told: &mut Option<String>, trouble: Option<&String>) {
    if told.as_ref() == trouble {
        return;
    }
    if let Some(reason) = trouble {
        tracing::warn!(reason, "the other replicas are not all known");
    } else {
        tracing::info!("the other replicas are known");
    }
    *told = trouble.cloned();
}

/// Replicas that became well or stopped being so, by this one's look at them. What comes and goes with every
/// rollout is left out.
fn tell_changes(before: &View, now: &View) {
    let before: BTreeMap<&str, bool> = before
        .pods
        .iter()
        .map(|pod| (pod.name.as_str(), pod.ready))
        .collect();
    for pod in now.pods.iter().filter(|pod| !pod.own) {
        let (replica, why) = (&pod.name, &pod.why);
        let passes = PASSING.contains(&pod.phase.as_str());
        match (before.get(replica.as_str()), pod.ready) {
            (Some(false), true) => tracing::info!(replica, "another replica is ready again"),
            (Some(true) | None, false) if !passes => {
                tracing::warn!(replica, why, "another replica is not ready");
            }
            _ => {}
        }
    }
}
