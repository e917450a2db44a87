//! Serves the dashboard of a pod that only seems to be, for working on the page and for its tests in a browser:
//! `cargo run -p adapter-management --example dashboard -- 127.0.0.1:9091`.
//!
//! Each line on standard input is a scene in JSON and shown from then on:
//! `{"components":[{"name","ok","required","detail"}],"snapshot":{…},"peers":{"NAME":{…} or "why it does not answer"}}`.
//! It ends when standard input does. The administrator's token is "the token of an administrator".

#[path = "../tests/it/fakes.rs"]
mod fakes;
#[path = "../tests/it/overview.rs"]
mod overview;

use adapter_management::{
    Config, Management, Overview as _, PeerFailure, RepairMetrics, Snapshot,
    register_process_metrics, router, serve,
};
use fakes::{FakeNetwork, repairs};
use order_core::ports::{Component, HealthReport};
use overview::FakeOverview;
use planes::{ListenOptions, Plane, PlaneKind, drain_channel, listen};
use prometheus_client::registry::Registry;
use serde::Deserialize;
use std::collections::HashMap;
use std::error::Error;
use std::io::{BufRead as _, Write as _};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use testkit::fakes::{MemoryStore, StaticCallers, StaticHealth};
use tls::Security;

/// As often as a real pod is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(2);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Scene {
    components: Option<Vec<Part>>,
    snapshot: Option<Snapshot>,
    #[serde(default)]
    peers: HashMap<String, serde_json::Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Part {
    name: String,
    ok: bool,
    required: bool,
    detail: String,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args().nth(1);
    let address: SocketAddr = address.as_deref().unwrap_or("127.0.0.1:9091").parse()?;
    let (overview, health) = (
        Arc::new(FakeOverview::whole()),
        Arc::new(StaticHealth::new(HealthReport::of(all_well()))),
    );
    let mut registry = Registry::default();
    register_process_metrics(&mut registry, env!("CARGO_PKG_VERSION"));
    let repair_metrics = RepairMetrics::new(&mut registry);
    let router = router(Management {
        name: "order-service",
        version: env!("CARGO_PKG_VERSION"),
        pod: Some("order-service-a".to_owned()),
        started: Instant::now(),
        health: health.clone(),
        registry: Arc::new(registry),
        overview: overview.clone(),
        network: Arc::new(FakeNetwork),
        callers: Arc::new(StaticCallers::nobody()),
        repairs: repairs(&MemoryStore::new()),
        repair_metrics,
    });
    let plane = Plane::unbound(PlaneKind::Management);
    let listener = listen(&plane, address, ListenOptions::default())?;
    let told = format!("listening on {}\n", listener.local_addr());
    std::io::stdout().write_all(told.as_bytes())?;
    let (stop, stopped) = drain_channel();
    let serving = tokio::spawn(serve(
        listener,
        Config::default(),
        router,
        Security::none(),
        stopped.started(),
    ));
    let (lines, mut scenes) = tokio::sync::mpsc::channel(8);
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            if lines.blocking_send(line).is_err() {
                return;
            }
        }
    });
    let mut shown = Snapshot::clone(&*overview.snapshot().await);
    loop {
        match tokio::time::timeout(LOOK_EVERY, scenes.recv()).await {
            Ok(Some(line)) => {
                let scene: Scene = serde_json::from_str(&line)?;
                if let Some(components) = scene.components {
                    health.set(HealthReport::of(components.into_iter().map(part).collect()));
                }
                for (name, told) in scene.peers {
                    overview.answer(&name, answer(told));
                }
                shown = scene.snapshot.unwrap_or(shown);
                overview.show(shown.clone());
            }
            Ok(None) => break,
            Err(_) => overview.show(shown.clone()),
        }
    }
    stop.start();
    serving.await?;
    Ok(())
}

fn answer(told: serde_json::Value) -> Result<String, PeerFailure> {
    match told {
        serde_json::Value::String(why) => Err(PeerFailure::Unreachable(why)),
        status => Ok(status.to_string()),
    }
}

fn part(part: Part) -> Component {
    Component {
        name: part.name,
        ok: part.ok,
        required: part.required,
        detail: part.detail,
    }
}

fn all_well() -> Vec<Component> {
    let up = |name: &str, required: bool, detail: &str| Component {
        name: name.to_owned(),
        ok: true,
        required,
        detail: detail.to_owned(),
    };
    vec![
        up("store", true, "PostgreSQL at 10.30.0.10:5432"),
        up("plane-default", true, "eth0"),
        up("plane-management", true, "net1"),
        up("plane-data", true, "net2"),
        up("plane-storage", true, "net3"),
        up(
            "kafka",
            false,
            "10.20.0.20:9093; feed partitions published here: 2",
        ),
        up("redis", false, "10.30.0.12:6379"),
    ]
}
