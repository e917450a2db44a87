//! `order-service healthcheck`: asks the service on this machine, for container health checks.

use crate::config::Config;
use planes::{ConnectOptions, Plane, PlaneKind, connect};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

/// How long the service may take to answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);
/// Bytes of an answer that are read.
const MAX_ANSWER_BYTES: u64 = 64 * 1024;

/// Succeeds if the service answers 200 on `/readyz`, or on `/livez` if only that is asked.
pub(crate) fn run(config: &Config, live: bool) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("the runtime cannot start: {error}"))?;
    // Where the data plane is bound there is a listener for probes beside it, which needs no TLS.
    if config.listeners_tls.http.is_some() && config.planes.data.interface().is_none() {
        return Err(
            "REST is served by TLS and no plane is bound: probe https://…/readyz, or set DATA_INTERFACE, which opens a listener for probes on lo"
                .to_owned(),
        );
    }
    let addr = reachable(config.http_listen_addr);
    let path = if live { "/livez" } else { "/readyz?verbose" };
    let answer = runtime.block_on(async {
        timeout(ANSWER_TIMEOUT, ask(addr, path))
            .await
            .map_err(|_| format!("no answer from http://{addr}{path} within {ANSWER_TIMEOUT:?}"))?
    })?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head.split(' ').nth(1).unwrap_or_default();
    if status == "200" {
        Ok(())
    } else if !head.starts_with("HTTP/") {
        Err(format!(
            "what answers at {addr} speaks no HTTP: if that is the service with TLS, run healthcheck with the service's own settings (HTTP_TLS_MODE and so on)"
        ))
    } else {
        Err(format!(
            "http://{addr}{path} answered {status}: {}",
            body.trim().replace('\n', "; ")
        ))
    }
}

/// A listener on every address is asked by loopback. One that is bound to a plane has a listener
/// for probes on `lo` beside it.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        ip if !ip.is_unspecified() => ip,
        IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
    };
    SocketAddr::new(ip, listen.port())
}

async fn ask(addr: SocketAddr, path: &str) -> Result<String, String> {
    let plane = Plane::unbound(PlaneKind::Default);
    let connected = connect(&plane, addr, ConnectOptions::default()).await;
    let mut stream = connected.map_err(|error| error.to_string())?;
    let failed = |error: std::io::Error| format!("http://{addr}{path}: {error}");
    let request = format!("GET {path} HTTP/1.1\r\nHost: {addr}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.map_err(failed)?;
    let mut answer = Vec::new();
    stream
        .take(MAX_ANSWER_BYTES)
        .read_to_end(&mut answer)
        .await
        .map_err(failed)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}
