//! The same report by the running service, which knows what it started with: for the page and the API.

use super::{report, to_json};
use crate::config::Config;
use crate::secured::Secured;
use adapter_management::NetworkChecks;
use adapter_peers::{PodView, View};
use async_trait::async_trait;
use netcheck::pod::{Answer, Identity, Pod};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{Mutex, watch};

/// A report is given again to whoever asks within this time: each tries every peer.
const KEPT_FOR: Duration = Duration::from_secs(10);

/// Checks the networks of the pod from inside the service.
pub(crate) struct Running {
    config: Config,
    secured: Secured,
    at_start: Vec<(String, Identity)>,
    replicas: watch::Receiver<Arc<View>>,
    /// The last report. Who asks while one is made waits for it.
    last: Mutex<Option<(Instant, Arc<str>)>>,
}

impl Running {
    /// Remembers the interfaces as they are now.
    pub(crate) fn new(
        config: &Config,
        secured: &Secured,
        replicas: watch::Receiver<Arc<View>>,
    ) -> Running {
        // Where the kernel does not answer, each report says so.
        let links = planes::interfaces().unwrap_or_default();
        let identity = |link: planes::LinkState| {
            let (index, mac) = (link.index, link.mac.to_string());
            (link.name, Identity { index, mac })
        };
        Running {
            config: config.clone(),
            secured: secured.clone(),
            at_start: links.into_iter().map(identity).collect(),
            replicas,
            last: Mutex::default(),
        }
    }

    /// What the kernel and the files do not tell.
    fn add(&self, pod: &mut Pod) {
        let replicas = self.replicas.borrow();
        pod.answers = replicas.pods.iter().filter_map(answer).collect();
        for plane in &mut pod.planes {
            let of_plane = |(name, _): &&(String, Identity)| Some(name) == plane.interface.as_ref();
            let known = self.at_start.iter().find(of_plane);
            plane.at_start = known.map(|(_, identity)| identity.clone());
        }
        for certificate in &mut pod.certificates {
            let listeners = self.secured.all();
            let own = listeners
                .into_iter()
                .find(|(name, _)| certificate.name == format!("listener {name}"));
            let acceptor = own.and_then(|(_, security)| security.acceptor());
            certificate.in_use_until = acceptor.map(|acceptor| acceptor.about().not_after);
        }
    }
}

/// Who answered at the address of a replica.
fn answer(pod: &PodView) -> Option<Answer> {
    Some(Answer {
        address: pod.address.as_ref()?.parse().ok()?,
        expected: pod.name.clone(),
        answered: pod.answered_as.clone()?,
    })
}

#[async_trait]
impl NetworkChecks for Running {
    async fn report(&self) -> Result<Arc<str>, String> {
        let mut last = self.last.lock().await;
        if let Some((made, report)) = &*last
            && made.elapsed() < KEPT_FOR
        {
            return Ok(Arc::clone(report));
        }
        let report = report(&self.config, true, |pod| self.add(pod)).await?;
        let report: Arc<str> = to_json(&report)?.into();
        *last = Some((Instant::now(), Arc::clone(&report)));
        Ok(report)
    }
}
