//! Replicas that are found and asked, by a Kubernetes API and servers that answer as they should, and in every
//! other way.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod cluster;
mod kubernetes;
mod replicas;
mod server;

use adapter_peers::{Config, Limits, Own, Peers, PodView, Source, View};
use order_core::ports::{Component, HealthReport, HealthSource};
use planes::{Plane, PlaneKind, Resolver};
use std::sync::Arc;
use std::time::Duration;
use tls::ClientTls;
use tokio::sync::watch;
use tokio::time::timeout;

/// No step takes longer; only a failure does.
const PATIENCE: Duration = Duration::from_secs(20);

struct Health(bool);

impl HealthSource for Health {
    fn report(&self) -> HealthReport {
        HealthReport::of(vec![Component {
            name: "store".to_owned(),
            ok: self.0,
            required: true,
            detail: "the disk is full".to_owned(),
        }])
    }
}

/// As short as tests like it.
fn limits() -> Limits {
    Limits {
        ask_every: Duration::from_millis(50),
        ask_timeout: Duration::from_millis(800),
        look_every: Duration::from_millis(50),
        look_timeout: Duration::from_millis(800),
        ..Limits::default()
    }
}

/// Asks by the loopback's device, as a pod asks by that of its management plane.
fn config(source: Source) -> Config {
    Config {
        source,
        own: Own {
            name: "order-service-a".to_owned(),
            node: "worker-1".to_owned(),
            version: "1.2.3".to_owned(),
        },
        management: Plane::bound(PlaneKind::Management, "lo").unwrap(),
        resolver: Resolver::new(Plane::unbound(PlaneKind::Default)),
        tls: ClientTls::default(),
        limits: limits(),
    }
}

/// Asked until it is dropped.
struct Asked {
    peers: Peers,
    view: watch::Receiver<Arc<View>>,
    _stop: watch::Sender<bool>,
}

impl Asked {
    fn start(config: Config) -> Asked {
        let peers = Peers::new(config, Arc::new(Health(true)));
        let (stop, stopped) = watch::channel(false);
        tokio::spawn(peers.run(stopped));
        Asked {
            view: peers.view(),
            peers,
            _stop: stop,
        }
    }

    /// Waits until the view is as it should be.
    async fn until(&mut self, what: &str, fits: impl Fn(&View) -> bool) -> View {
        let waiting = timeout(PATIENCE, self.view.wait_for(|view| fits(view)));
        let found = waiting.await.ok().map(|view| View::clone(&view.unwrap()));
        found.unwrap_or_else(|| panic!("never {what}: {:#?}", self.view.borrow()))
    }

    /// Waits until there is trouble with these words.
    async fn trouble(&mut self, words: &[&str]) -> View {
        let told = |view: &View| {
            let trouble = view.trouble.as_deref().unwrap_or_default();
            words.iter().all(|word| trouble.contains(word))
        };
        self.until(&format!("{words:?}"), told).await
    }

    /// Waits until what is said of this replica has these words.
    async fn why(&mut self, pod: &str, words: &[&str]) -> View {
        let told = |view: &View| {
            let why = find(view, pod)
                .map(|pod| pod.why.as_str())
                .unwrap_or_default();
            words.iter().all(|word| why.contains(word))
        };
        self.until(&format!("{words:?} of {pod}"), told).await
    }
}

fn find<'a>(view: &'a View, pod: &str) -> Option<&'a PodView> {
    view.pods.iter().find(|one| one.name == pod)
}

#[tokio::test]
async fn alone_this_replica_is_shown_with_its_own_words() {
    let peers = Peers::new(config(Source::Nowhere), Arc::new(Health(false)));
    let view = View::clone(&peers.view().borrow());
    assert_eq!((view.source, view.total, view.unhealthy), ("none", 1, 1));
    let own = &view.pods[0];
    assert!(own.own && !own.ready);
    assert_eq!(
        (own.why.as_str(), own.version.as_str()),
        ("store: the disk is full", "1.2.3")
    );
    let json = serde_json::to_value(&view).unwrap();
    assert_eq!(json["pods"][0]["self"], true);
    assert_eq!(json["trouble"], serde_json::Value::Null);
}

#[tokio::test]
async fn a_stop_ends_it_at_once() {
    let peers = Peers::new(config(Source::Nowhere), Arc::new(Health(true)));
    let (stop, stopped) = watch::channel(false);
    let running = tokio::spawn(peers.run(stopped));
    stop.send_replace(true);
    timeout(PATIENCE, running).await.unwrap().unwrap();
}
