//! Start, serve, stop: sockets are bound first and served last; a stop drains under a deadline.

use crate::compose::{Service, compose};
use crate::config::Config;
use crate::connections::{Clients, Doors};
use crate::error::StartError;
use crate::listeners::Listeners;
use crate::netcheck::Running;
use crate::overview::{self, Gatherer, Roles, Secrets, Sources};
use crate::{
    cache_follower, chores, health, inbound, shutdown, sockets, stock, store, summary, telemetry,
};
use adapter_grpc::GrpcEdge;
use adapter_http::HttpEdge;
use adapter_management::Management;
use adapter_otlp::Otlp;
use planes::{Drain, Listener, Plane, drain_channel};
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tls::Security;
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// How long the store may take to write what it has accepted, after the edges have drained.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(10);

/// `order-service serve`.
pub(crate) fn serve(config: &Config) -> Result<(), String> {
    let runtime = runtime()?;
    let otlp = {
        // What ships is a task of the runtime.
        let _inside = runtime.enter();
        telemetry::init_shipping(config)
    };
    runtime.block_on(async {
        let served = run(config, otlp.as_ref(), Instant::now()).await;
        telemetry::stop(otlp).await;
        served
    })
}

/// `order-service migrate`.
pub(crate) fn migrate(config: &Config) -> Result<(), String> {
    telemetry::init(config);
    runtime()?.block_on(store::migrate(config))
}

pub(crate) fn runtime() -> Result<Runtime, StartError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    runtime.map_err(StartError::Runtime)
}

async fn run(config: &Config, otlp: Option<&Otlp>, started: Instant) -> Result<(), String> {
    let stop = shutdown::stop_signal().map_err(StartError::Signals)?;
    #[cfg(feature = "mutants")]
    crate::mutants::choose(config)?;
    for plane in config.planes.all() {
        planes::wait_until_usable(plane, config.plane_wait)
            .await
            .map_err(StartError::Plane)?;
    }
    let bounds = EdgeBounds {
        http: http_config(config),
        grpc: grpc_config(config),
    };
    let listeners = Listeners::bind(config, &bounds)?;
    // Sessions with the store that were opened there serve every edge, until the store is closed.
    let threads_of_edges = (listeners.rest.keep(), listeners.grpc.keep());
    let mut service = compose(config, otlp).await?;
    let files = std::mem::take(&mut service.files);
    let certificates = std::mem::take(&mut service.certificates);
    let secrets = Secrets::of(config, certificates.readers());
    service.callers.warn(config);
    let known = service.callers.describe();
    summary::tell(config, &listeners.told(), &known, started.elapsed());

    let (background_stop, background_stopped) = watch::channel(false);
    let mut background = JoinSet::new();
    background.spawn(chores::run(
        service.orders.clone(),
        service.chores.clone(),
        background_stopped.clone(),
    ));
    background.spawn(stock::run(
        service.tally.clone(),
        service.repairs.clone(),
        service.stock.clone(),
        background_stopped.clone(),
    ));
    if let Some(publishing) = service.publishing.clone() {
        background.spawn(publishing.run(background_stopped.clone()));
    }
    background.spawn(cache_follower::run(
        service.orders.clone(),
        background_stopped.clone(),
    ));
    let planes: Vec<Plane> = config.planes.all().into_iter().cloned().collect();
    if planes.iter().any(|plane| plane.interface().is_some()) {
        let metrics = &service.socket_metrics;
        background.spawn(sockets::look_after(
            planes,
            metrics.clone(),
            (Clients::of(config, &listeners), service.connections.clone()),
            background_stopped.clone(),
        ));
    }
    #[cfg(feature = "mutants")]
    crate::mutants::begin();
    background.spawn(service.links.follow(background_stopped.clone()));
    background.spawn(service.peers.run(background_stopped.clone()));
    background.spawn(certificates.look_after(background_stopped.clone()));
    let doors = Doors::of(&listeners, &service.secured);
    background.spawn(doors.look_after(service.connections.clone(), background_stopped.clone()));
    background.spawn(files.look_after(background_stopped.clone()));
    background.spawn(health::watch(
        service.health.clone(),
        service.store.clone(),
        background_stopped,
    ));

    let overview = overview(config, &listeners, &service, secrets);
    background.spawn(Arc::clone(&overview).run(background_stop.subscribe()));

    let consumer = inbound::start(
        config,
        service.orders.clone(),
        service.kept.clone(),
        service.inbound_metrics.clone(),
        &service.health,
    )?;
    // Both end at the signal: the edges answer what they have taken, the consumer leaves its group.
    let (stopping, mut stopped) = watch::channel(false);
    let stop = async move {
        let signal = stop.await;
        stopping.send_replace(true);
        signal
    };
    let consuming = async move {
        let _ = stopped.wait_for(|stop| *stop).await;
        inbound::stop(consumer).await;
    };
    let management = Shown { started, overview };
    let serving = serve_until(stop, config, (listeners, bounds), &service, management);
    let (cut, ()) = tokio::join!(serving, consuming);
    background_stop.send_replace(true);
    while background.join_next().await.is_some() {}
    close(&service).await?;
    drop(threads_of_edges);
    if cut > 0 {
        return Err(format!(
            "{cut} connections were cut: they did not end within {:?}; raise DRAIN_TIMEOUT",
            config.drain_timeout
        ));
    }
    tracing::info!("stopped; everything that was accepted is answered");
    Ok(())
}

/// Serves until `stop`, then drains the callers' edges first, so that metrics can be read until the
/// end. Answers how many connections of callers had to be cut.
async fn serve_until(
    stop: impl Future<Output = &'static str>,
    config: &Config,
    (listeners, bounds): (Listeners, EdgeBounds),
    service: &Service,
    shown: Shown,
) -> usize {
    let EdgeBounds { http, grpc } = bounds;
    let (edge_stop, edge_drain) = drain_channel();
    let (management_stop, management_drain) = drain_channel();
    let management = tokio::spawn(serve_management(
        config,
        listeners.management,
        service,
        shown,
        management_drain,
    ));
    let mut edges = JoinSet::new();
    let (health, metrics) = (service.health.clone(), service.http_metrics.clone());
    let (orders, limiter) = (service.orders.clone(), service.shared.limiter.clone());
    let rest = match limiter.clone() {
        Some(limiter) => {
            let (health, metrics) = (health.clone(), metrics.clone());
            HttpEdge::limited(http.clone(), orders.clone(), health, metrics, limiter)
        }
        None => HttpEdge::new(
            http.clone(),
            orders.clone(),
            health.clone(),
            metrics.clone(),
        ),
    };
    edges.spawn(adapter_http::serve(
        rest.knowing(service.callers.clone()),
        listeners.rest,
        service.secured.http.clone(),
        edge_drain.clone().started(),
    ));
    let grpc_metrics = service.grpc_metrics.clone();
    let grpc = match limiter {
        Some(limiter) => GrpcEdge::limited(grpc, orders, health.clone(), grpc_metrics, limiter),
        None => GrpcEdge::new(grpc, orders, health.clone(), grpc_metrics),
    };
    edges.spawn(adapter_grpc::serve(
        grpc.knowing(service.callers.clone()),
        listeners.grpc,
        service.secured.grpc.clone(),
        edge_drain.clone().started(),
    ));
    for listener in listeners.probes {
        let probes = HttpEdge::probes(http.clone(), health.clone(), metrics.clone());
        edges.spawn(adapter_http::serve(
            probes,
            listener,
            // The kubelet has no certificate.
            Security::none(),
            edge_drain.clone().started(),
        ));
    }

    let signal = stop.await;
    tracing::info!(signal, drain_timeout = ?config.drain_timeout, "stopping: no new connections, answering what was accepted");
    service.health.drain();
    edge_stop.start();
    let mut cut = 0;
    while let Some(report) = edges.join_next().await {
        cut += report.map_or(0, |report| report.cut);
    }
    management_stop.start();
    let _ = management.await;
    cut
}

/// What the management plane shows of the whole.
struct Shown {
    started: Instant,
    overview: Arc<Gatherer>,
}

/// What the dashboard shows.
fn overview(
    config: &Config,
    listeners: &Listeners,
    service: &Service,
    secrets: Secrets,
) -> Arc<Gatherer> {
    let pod = overview::Pod {
        registry: service.registry.clone(),
        health: service.health.clone(),
        planes: service.links.planes().to_vec(),
        links: service.links.states(),
        roles: Roles::of(config, &listeners.told()),
        secrets,
        violations: service.socket_metrics.history.clone(),
        kafka: config.kafka.is_some(),
    };
    let (counts, peers) = (service.stock.subscribe(), service.peers.clone());
    Gatherer::new(pod, Sources::of(config, counts, peers))
}

fn serve_management(
    config: &Config,
    listener: Listener,
    service: &Service,
    shown: Shown,
    drain: Drain,
) -> impl Future<Output = planes::ServeReport> + Send + 'static {
    let management = adapter_management::Config {
        listen_addr: config.mgmt_listen_addr,
        ..adapter_management::Config::default()
    };
    let router = adapter_management::router(Management {
        name: "order-service",
        version: env!("CARGO_PKG_VERSION"),
        pod: shown.overview.pod_name(),
        started: shown.started,
        health: service.health.clone(),
        registry: service.registry.clone(),
        network: Arc::new(Running::new(config, &service.secured, service.peers.view())),
        overview: shown.overview,
        callers: service.callers.clone(),
        repairs: service.repairs.clone(),
        repair_metrics: service.repair_metrics.clone(),
    });
    let security = service.secured.management.clone();
    adapter_management::serve(listener, management, router, security, drain.started())
}

async fn close(service: &Service) -> Result<(), String> {
    match timeout(CLOSE_TIMEOUT, service.store.close()).await {
        Ok(closed) => closed.map_err(|error| error.to_string()),
        Err(_) => Err(format!(
            "the store did not write what it has accepted within {CLOSE_TIMEOUT:?}; what was answered is kept, look at its disk"
        )),
    }
}

/// Every bound of the callers' edges.
pub(crate) struct EdgeBounds {
    pub(crate) http: adapter_http::Config,
    pub(crate) grpc: adapter_grpc::Config,
}

fn http_config(config: &Config) -> adapter_http::Config {
    adapter_http::Config {
        listen_addr: config.http_listen_addr,
        threads: config.edge_threads,
        max_connections: config.http_max_connections,
        request_timeout: config.http_request_timeout,
        drain_timeout: config.drain_timeout,
        ..adapter_http::Config::default()
    }
}

fn grpc_config(config: &Config) -> adapter_grpc::Config {
    adapter_grpc::Config {
        listen_addr: config.grpc_listen_addr,
        threads: config.edge_threads,
        max_connections: config.grpc_max_connections,
        request_timeout: config.grpc_request_timeout,
        drain_timeout: config.drain_timeout,
        ..adapter_grpc::Config::default()
    }
}
