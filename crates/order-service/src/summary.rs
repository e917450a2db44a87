//! What was started, for a person to read.

use crate::config::{Config, LogFormat};
use crate::store;
use planes::Plane;
use std::io::Write as _;
use std::net::SocketAddr;
use std::time::Duration;
use tls::ServerTls;

/// Where the service listens.
#[derive(Debug)]
pub(crate) struct Listening {
    pub(crate) rest: SocketAddr,
    pub(crate) grpc: SocketAddr,
    pub(crate) management: SocketAddr,
    /// Listeners for probes alone, where the data plane is bound.
    pub(crate) probes: Vec<String>,
}

/// Tells what was started: lines on a terminal, one log event elsewhere.
pub(crate) fn tell(config: &Config, listening: &Listening, callers: &str, took: Duration) {
    if config.log_format == LogFormat::Json {
        tracing::info!(
            version = env!("CARGO_PKG_VERSION"),
            rest = %listening.rest,
            grpc = %listening.grpc,
            management = %listening.management,
            probes = listening.probes.join(", "),
            store = store::describe(config),
            callers,
            unbound_planes = unbound(config).join(", "),
            start_millis = u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            "started"
        );
        return;
    }
    // Nobody to tell it to is no reason to stop.
    let _ = std::io::stderr().write_all(lines(config, listening, callers, took).as_bytes());
}

fn scheme(tls: Option<&ServerTls>) -> &'static str {
    if tls.is_some() { "https" } else { "http" }
}

fn lines(config: &Config, listening: &Listening, callers: &str, took: Duration) -> String {
    let tls = &config.listeners_tls;
    let mut lines = vec![
        format!(
            "order-service {}, ready in {} ms",
            env!("CARGO_PKG_VERSION"),
            took.as_millis()
        ),
        format!(
            "  REST        {scheme}://{0}   try it: {scheme}://{0}/docs",
            local(listening.rest),
            scheme = scheme(tls.http.as_ref())
        ),
        format!(
            "  gRPC        {0}   try it: grpcurl {1}{0} list",
            local(listening.grpc),
            if tls.grpc.is_none() {
                "-plaintext "
            } else {
                ""
            }
        ),
        format!(
            "  management  {}://{}   metrics, status",
            scheme(tls.management.as_ref()),
            local(listening.management)
        ),
        format!("  store       {}", store::describe(config)),
        format!("  callers     {callers}"),
    ];
    if !listening.probes.is_empty() {
        lines.push(format!("  probes      {}", listening.probes.join(", ")));
    }
    for plane in config.planes.all() {
        if let Some(interface) = plane.interface() {
            lines.push(format!(
                "  {:<11} every socket bound to {interface}",
                format!("{} plane", plane.kind().name())
            ));
        }
    }
    let unbound = unbound(config);
    if !unbound.is_empty() {
        lines.push(format!("  not bound   {}", unbound.join(", ")));
    }
    lines.push("  stop        Ctrl-C; settings: order-service config".to_owned());
    lines.join("\n") + "\n"
}

/// The planes without an interface, each with the variable that gives it one.
fn unbound(config: &Config) -> Vec<String> {
    let none = |plane: &&&Plane| plane.interface().is_none();
    let name = |plane: &&Plane| {
        format!(
            "{} plane (set {})",
            plane.kind().name(),
            plane.kind().variable()
        )
    };
    config.planes.all().iter().filter(none).map(name).collect()
}

/// The address as a browser on this machine would write it.
fn local(addr: SocketAddr) -> String {
    if addr.ip().is_unspecified() {
        format!("localhost:{}", addr.port())
    } else {
        addr.to_string()
    }
}
