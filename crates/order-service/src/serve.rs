//! Start, serve, stop: sockets are bound first and served last; a stop drains under a deadline.

use crate::compose::{Service, compose};
use crate::config::Config;
use crate::summary::{self, Listening};
use crate::{chores, health, shutdown, store, telemetry};
use adapter_http::HttpEdge;
use adapter_management::Management;
use planes::{Drain, ListenOptions, Listener, Plane, PlaneKind, Timers, drain_channel, listen};
use std::future::Future;
use std::io::{self, IsTerminal};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// How long a caller may leave sent data unacknowledged: a reader that pauses (`curl | less`) is
/// not a peer that died.
const CALLER_USER_TIMEOUT: Duration = Duration::from_secs(30);
/// How long the store may take to write what it has accepted, after the edges have drained.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(10);

/// `order-service serve`.
pub(crate) fn serve(config: &Config) -> Result<(), String> {
    start_logging(config);
    runtime()?.block_on(run(config, Instant::now()))
}

/// `order-service migrate`.
pub(crate) fn migrate(config: &Config) -> Result<(), String> {
    start_logging(config);
    runtime()?.block_on(store::migrate(config))
}

fn start_logging(config: &Config) {
    telemetry::init(
        &config.log_level,
        config.log_format,
        io::stderr().is_terminal(),
    );
}

fn runtime() -> Result<Runtime, String> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    runtime.map_err(|error| format!("the runtime cannot start: {error}"))
}

async fn run(config: &Config, started: Instant) -> Result<(), String> {
    let stop =
        shutdown::stop_signal().map_err(|error| format!("signals cannot be watched: {error}"))?;
    for plane in config.planes.all() {
        planes::wait_for_interface(plane, config.plane_wait)
            .await
            .map_err(|error| error.to_string())?;
    }
    let listeners = Listeners::bind(config)?;
    let service = compose(config).await?;
    summary::tell(config, &listeners.told(), started.elapsed());

    let (background_stop, background_stopped) = watch::channel(false);
    let mut background = JoinSet::new();
    background.spawn(chores::run(
        service.orders.clone(),
        background_stopped.clone(),
    ));
    let planes = config.planes.all().into_iter().cloned().collect();
    background.spawn(health::watch(
        service.health.clone(),
        service.store.clone(),
        planes,
        background_stopped,
    ));

    let cut = serve_until(stop, config, listeners, &service, started).await;
    background_stop.send_replace(true);
    while background.join_next().await.is_some() {}
    close(&service).await?;
    if cut > 0 {
        return Err(format!(
            "{cut} connections were cut: they did not end within {:?}; raise DRAIN_TIMEOUT",
            config.drain_timeout
        ));
    }
    tracing::info!("stopped; everything that was accepted is answered");
    Ok(())
}

/// Serves until `stop`, then drains REST first, so that metrics can be read until the end. Answers
/// how many connections of callers had to be cut.
async fn serve_until(
    stop: impl Future<Output = &'static str>,
    config: &Config,
    listeners: Listeners,
    service: &Service,
    started: Instant,
) -> usize {
    let (rest_stop, rest_drain) = drain_channel();
    let (management_stop, management_drain) = drain_channel();
    let management = tokio::spawn(serve_management(
        config,
        listeners.management,
        service,
        started,
        management_drain,
    ));
    let mut edges = JoinSet::new();
    let http = http_config(config);
    let (health, metrics) = (service.health.clone(), service.http_metrics.clone());
    let rest = HttpEdge::new(
        http.clone(),
        service.orders.clone(),
        health.clone(),
        metrics.clone(),
    );
    edges.spawn(adapter_http::serve(
        rest,
        listeners.rest,
        rest_drain.clone().started(),
    ));
    for listener in listeners.probes {
        let probes = HttpEdge::probes(http.clone(), health.clone(), metrics.clone());
        edges.spawn(adapter_http::serve(
            probes,
            listener,
            rest_drain.clone().started(),
        ));
    }

    let signal = stop.await;
    tracing::info!(signal, drain_timeout = ?config.drain_timeout, "stopping: no new connections, answering what was accepted");
    service.health.drain();
    rest_stop.start();
    let mut cut = 0;
    while let Some(report) = edges.join_next().await {
        cut += report.map_or(0, |report| report.cut);
    }
    management_stop.start();
    let _ = management.await;
    cut
}

fn serve_management(
    config: &Config,
    listener: Listener,
    service: &Service,
    started: Instant,
    drain: Drain,
) -> impl Future<Output = planes::ServeReport> + Send + 'static {
    let management = adapter_management::Config {
        listen_addr: config.mgmt_listen_addr,
        ..adapter_management::Config::default()
    };
    let router = adapter_management::router(Management {
        name: "order-service",
        version: env!("CARGO_PKG_VERSION"),
        started,
        health: service.health.clone(),
        registry: service.registry.clone(),
    });
    adapter_management::serve(listener, management, router, drain.started())
}

async fn close(service: &Service) -> Result<(), String> {
    match timeout(CLOSE_TIMEOUT, service.store.close()).await {
        Ok(closed) => closed.map_err(|error| error.to_string()),
        Err(_) => Err(format!(
            "the store did not write what it has accepted within {CLOSE_TIMEOUT:?}; the file is consistent, look at its disk"
        )),
    }
}

fn http_config(config: &Config) -> adapter_http::Config {
    adapter_http::Config {
        max_connections: config.http_max_connections,
        request_timeout: config.http_request_timeout,
        drain_timeout: config.drain_timeout,
        ..adapter_http::Config::default()
    }
}

/// The bound sockets.
struct Listeners {
    rest: Listener,
    management: Listener,
    probes: Vec<Listener>,
}

impl Listeners {
    fn bind(config: &Config) -> Result<Listeners, String> {
        let planes = &config.planes;
        Ok(Listeners {
            rest: bind(&planes.data, config.http_listen_addr)?,
            management: bind(&planes.management, config.mgmt_listen_addr)?,
            probes: Listeners::bind_probes(config)?,
        })
    }

    /// The kubelet reaches a pod by its default interface alone, and a check inside the pod by `lo`:
    /// neither reaches a listener that is bound to the data plane.
    fn bind_probes(config: &Config) -> Result<Vec<Listener>, String> {
        // Unbound, or bound to `lo` for a trial: the listener for everything answers there already.
        if matches!(config.planes.data.interface(), None | Some("lo")) {
            return Ok(Vec::new());
        }
        let port = config.http_listen_addr.port();
        let mut listeners = vec![bind(
            &Plane::loopback(),
            SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port),
        )?];
        if config.planes.default.interface().is_some() {
            listeners.push(bind(&config.planes.default, config.http_listen_addr)?);
        } else {
            tracing::warn!(
                "{} is not set: probes are answered on lo alone",
                PlaneKind::Default.variable()
            );
        }
        Ok(listeners)
    }

    fn told(&self) -> Listening {
        let probe = |listener: &Listener| {
            format!("http://{} on {}", listener.local_addr(), listener.plane())
        };
        Listening {
            rest: self.rest.local_addr(),
            management: self.management.local_addr(),
            probes: self.probes.iter().map(probe).collect(),
        }
    }
}

fn bind(plane: &Plane, addr: SocketAddr) -> Result<Listener, String> {
    let timers = Timers {
        user_timeout: CALLER_USER_TIMEOUT,
        ..Timers::DEFAULT
    };
    let options = ListenOptions {
        timers,
        ..ListenOptions::default()
    };
    listen(plane, addr, options).map_err(|error| error.to_string())
}
