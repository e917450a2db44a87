//! Puts the adapters around the core. The only place that knows them all.

use crate::callers::KnownCallers;
use crate::certificates::Certificates;
use crate::chores::Chores;
use crate::clock::SystemClock;
use crate::config::Config;
use crate::connections::ConnectionMetrics;
use crate::files::Files;
use crate::health::Health;
use crate::ids::Uuid7Source;
use crate::links::Links;
use crate::peers;
use crate::publishing::Publishing;
use crate::secured::Secured;
use crate::shared::Shared;
use crate::sockets::SocketMetrics;
use crate::stock::Stock;
use crate::store::{self, StoreHandle, StoreThread};
use crate::telemetry;
use crate::traffic;
use adapter_otlp::Otlp;
use adapter_peers::Peers;
use order_core::app::{Orders, Repairs};
use order_core::ports::{Repair, Tally};
use prometheus_client::registry::Registry;
use std::sync::Arc;

/// The composed service, before it serves.
pub(crate) struct Service {
    pub(crate) orders: Orders,
    pub(crate) store: Arc<dyn StoreHandle>,
    _store_thread: Option<StoreThread>,
    pub(crate) shared: Shared,
    pub(crate) files: Files,
    pub(crate) secured: Secured,
    pub(crate) certificates: Certificates,
    pub(crate) connections: ConnectionMetrics,
    pub(crate) chores: Chores,
    pub(crate) links: Links,
    pub(crate) socket_metrics: SocketMetrics,
    pub(crate) callers: Arc<KnownCallers>,
    pub(crate) health: Arc<Health>,
    pub(crate) registry: Arc<Registry>,
    pub(crate) peers: Peers,
    pub(crate) publishing: Option<Arc<Publishing>>,
    pub(crate) http_metrics: adapter_http::Metrics,
    pub(crate) grpc_metrics: adapter_grpc::Metrics,
    pub(crate) inbound_metrics: adapter_kafka::InboundMetrics,
    /// Where dead letters are kept.
    pub(crate) kept: Arc<dyn Repair>,
    pub(crate) repairs: Repairs,
    pub(crate) repair_metrics: adapter_management::RepairMetrics,
    pub(crate) tally: Arc<dyn Tally>,
    pub(crate) stock: Stock,
}

/// Opens the store and composes the service on it.
pub(crate) async fn compose(config: &Config, otlp: Option<&Otlp>) -> Result<Service, String> {
    let mut registry = Registry::default();
    if let Some(otlp) = otlp {
        otlp.register(&mut registry);
    }
    let mut files = Files::new(&mut registry);
    let secured = Secured::open(config)?;
    secured.watch(&mut files);
    let certificates = Certificates::new(config, &secured, &mut files, &mut registry);
    let connections = ConnectionMetrics::new(&mut registry);
    let links = Links::start(config, &mut registry)?;
    let socket_metrics = SocketMetrics::new(&mut registry);
    traffic::register(config, &mut registry);
    let callers = Arc::new(KnownCallers::open(config)?);
    callers.watch(&mut files);
    let open = store::open(config).await?;
    adapter_management::register_process_metrics(&mut registry, env!("CARGO_PKG_VERSION"));
    open.handle.register_metrics(&mut registry);
    let http_metrics = adapter_http::Metrics::new(&mut registry);
    let grpc_metrics = adapter_grpc::Metrics::new(&mut registry);
    let publishing = Publishing::compose(config, &open, &mut registry);
    let inbound_metrics = adapter_kafka::InboundMetrics::new(&mut registry);
    let (clock, ids) = (Arc::new(SystemClock), Arc::new(Uuid7Source::default()));
    let orders = Orders::new(open.orders, open.feed, clock, ids)
        .placing_in(own_partition(config.feed_partitions));
    let repair_metrics = adapter_management::RepairMetrics::new(&mut registry);
    let stock = Stock::new(&mut registry);
    let shared = Shared::open(&config.shared, &mut registry).await;
    let orders = shared.beside(orders);
    let redriver = Arc::new(adapter_kafka::Redriver::new(orders.clone()));
    let repairs = Repairs::new(orders.clone(), open.repair.clone(), redriver);
    let health = Arc::new(Health::new(store::describe(config)));
    let parts = [
        publishing.clone().map(Publishing::health),
        shared.health(&config.shared),
    ];
    let others = parts.into_iter().flatten().chain([callers.health()]);
    for part in links.health().into_iter().chain(others) {
        health.also(part);
    }
    if let Some(otlp) = otlp {
        telemetry::health(&health, config, otlp);
    }
    health.look(&*open.handle).await;
    let peers = peers::open(config, health.clone());
    adapter_management::register_health_metrics(&mut registry, health.clone());
    let chores = Chores::new(&mut registry);
    Ok(Service {
        orders,
        store: open.handle,
        _store_thread: open.thread,
        shared,
        files,
        secured,
        certificates,
        connections,
        chores,
        links,
        socket_metrics,
        callers,
        health,
        registry: Arc::new(registry),
        peers,
        publishing,
        http_metrics,
        grpc_metrics,
        inbound_metrics,
        kept: open.repair,
        repairs,
        repair_metrics,
        tally: open.tally,
        stock,
    })
}

/// The partition of the feed in which this process places orders. A commit locks the counter of its
/// partition, so that replicas that place in different ones commit side by side; they choose by lot.
fn own_partition(partitions: u16) -> u16 {
    let mut lot = [0; 8];
    // Without a source of random bits all share the first, which is right, if slower.
    let _ = getrandom::fill(&mut lot);
    let chosen = u64::from_le_bytes(lot) % u64::from(partitions.max(1));
    u16::try_from(chosen).unwrap_or(0)
}
