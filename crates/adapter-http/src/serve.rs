//! Connections: HTTP/1.1 and HTTP/2 on one port, with TLS or without, bounded, drained.

use crate::config::Config;
use crate::{HttpEdge, Visitor};
use http::header::CONNECTION;
use http::{HeaderValue, Request, Version};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use order_core::ports::Caller;
use planes::{
    Drain, ListenOptions, Plane, ServeLimits, ServeReport, ShareError, SharedListener, Timers,
};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;
use tls::{Security, Stream};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};

/// How often a silent HTTP/2 connection is asked whether it lives.
const HTTP2_PING_INTERVAL: Duration = Duration::from_secs(20);

/// How long it may take to say so.
const HTTP2_PING_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a kept HTTP/1.1 connection stays open after the stop. An answer then says `Connection: close`, so a
/// client that is at work leaves by itself; one that was closed at once could have a request on its way,
/// and HTTP/1.1 has no word for "not looked at" (RFC 9112, section 9.6). HTTP/2 has: GOAWAY.
const FAREWELL: Duration = Duration::from_secs(1);

/// The part of the drain that the farewell may take at most: what is answered late still has the rest.
const FAREWELL_SHARE: u32 = 4;

/// Listens by `plane` as `config` says. Connections queue from here on; they are accepted by [`serve`]. Must
/// be called inside a Tokio runtime.
pub fn bind(plane: &Plane, config: &Config, timers: Timers) -> Result<SharedListener, ShareError> {
    let options = ListenOptions {
        timers,
        ..ListenOptions::default()
    };
    let threads = ("rest", config.threads);
    SharedListener::bind(plane, config.listen_addr, options, threads)
}

/// Serves `edge` on `listener`, its connections secured by `security`, until `stop` resolves; then lets
/// open requests finish.
pub async fn serve(
    edge: HttpEdge,
    listener: impl Into<SharedListener>,
    security: Security,
    stop: impl Future<Output = ()>,
) -> ServeReport {
    let limits = ServeLimits {
        max_connections: edge.config().max_connections,
        drain_timeout: edge.config().drain_timeout,
    };
    let builder = Arc::new(builder(edge.config()));
    listener
        .into()
        .serve(limits, stop, move |stream, peer: SocketAddr, drain| {
            let (edge, builder) = (edge.clone(), Arc::clone(&builder));
            let security = security.clone();
            async move {
                let within = edge.config().header_read_timeout;
                match security.secure(stream, within).await {
                    Ok((stream, proved)) => {
                        let names = proved.as_ref().map(tls::Caller::names);
                        let caller = Caller::of_certificate(names);
                        let visitor = edge.visitor(caller, peer.ip(), Some(drain.clone()));
                        connection(edge, builder, stream, visitor, drain).await;
                    }
                    Err(error) => tracing::debug!(%peer, %error, "a client was turned away"),
                }
            }
        })
        .await
}

fn builder(config: &Config) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(config.header_read_timeout)
        .max_headers(config.max_header_fields)
        .max_buf_size(config.max_header_bytes);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(config.max_concurrent_streams)
        .max_header_list_size(u32::try_from(config.max_header_bytes).unwrap_or(u32::MAX))
        .keep_alive_interval(HTTP2_PING_INTERVAL)
        .keep_alive_timeout(HTTP2_PING_TIMEOUT);
    builder
}

async fn connection(
    edge: HttpEdge,
    builder: Arc<Builder<TokioExecutor>>,
    stream: Stream<TcpStream>,
    visitor: Visitor,
    drain: Drain,
) {
    let (asked, multiplexed) = (AtomicBool::new(false), AtomicBool::new(false));
    let patience = edge.config().header_read_timeout;
    let farewell = FAREWELL.min(edge.config().drain_timeout / FAREWELL_SHARE);
    let service = service_fn(|request: Request<Incoming>| {
        asked.store(true, Relaxed);
        let http2 = request.version() == Version::HTTP_2;
        multiplexed.store(http2, Relaxed);
        let (edge, visitor, drain) = (edge.clone(), visitor.clone(), drain.clone());
        async move {
            let mut answer = edge.answer_to(&visitor, request).await;
            if !http2 && drain.has_started() {
                let headers = answer.headers_mut();
                headers.insert(CONNECTION, HeaderValue::from_static("close"));
            }
            Ok::<_, Infallible>(answer)
        }
    });
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
    let mut stop = pin!(drain.clone().started());
    let mut patience = pin!(sleep(patience));
    let mut end = pin!(sleep(Duration::ZERO));
    let (mut stopping, mut leaving, mut waited) = (false, false, false);
    loop {
        tokio::select! {
            served = connection.as_mut() => {
                if let Err(error) = served {
                    tracing::debug!(error, "a connection ended early");
                }
                return;
            }
            () = &mut stop, if !stopping => {
                stopping = true;
                let stays = if multiplexed.load(Relaxed) { Duration::ZERO } else { farewell };
                end.as_mut().reset(Instant::now() + stays);
            }
            () = &mut end, if stopping && !leaving => {
                leaving = true;
                connection.as_mut().graceful_shutdown();
            }
            // Before the first bytes tell HTTP/1 from HTTP/2, no timer of theirs runs.
            () = &mut patience, if !waited => {
                waited = true;
                if !asked.load(Relaxed) {
                    return;
                }
            }
        }
    }
}
