//! Connections: HTTP/2, with TLS or without, bounded, kept alive, drained with GOAWAY.

use crate::{Config, GrpcEdge, Visitor};
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http2::Builder;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
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

/// How long a connection without a call may take to end once it was told to. Before the handshake is
/// done, a goodbye cannot even be sent.
const GOODBYE_TIMEOUT: Duration = Duration::from_secs(1);

/// Listens by `plane` as `config` says. Connections queue from here on; they are accepted by [`serve`]. Must
/// be called inside a Tokio runtime.
pub fn bind(plane: &Plane, config: &Config, timers: Timers) -> Result<SharedListener, ShareError> {
    let options = ListenOptions {
        timers,
        ..ListenOptions::default()
    };
    let threads = ("grpc", config.threads);
    SharedListener::bind(plane, config.listen_addr, options, threads)
}

/// Serves `edge` on `listener`, its connections secured by `security`, until `stop` resolves; then lets
/// open calls finish.
pub async fn serve(
    edge: GrpcEdge,
    listener: SharedListener,
    security: Security,
    stop: impl Future<Output = ()>,
) -> ServeReport {
    let limits = ServeLimits {
        max_connections: edge.config().max_connections,
        drain_timeout: edge.config().drain_timeout,
    };
    let builder = builder(edge.config());
    listener
        .serve(limits, stop, move |stream, peer: SocketAddr, drain| {
            let (edge, builder, security) = (edge.clone(), builder.clone(), security.clone());
            async move {
                let within = edge.config().first_call_timeout;
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
        .timer(TokioTimer::new())
        .max_concurrent_streams(config.max_concurrent_streams)
        .max_header_list_size(config.max_header_bytes)
        .max_send_buf_size(config.max_send_buffer_bytes)
        .keep_alive_interval(config.keepalive_interval)
        .keep_alive_timeout(config.keepalive_timeout)
        // gRPC has no use for it.
        .auto_date_header(false);
    builder
}

async fn connection(
    edge: GrpcEdge,
    builder: Builder<TokioExecutor>,
    stream: Stream<TcpStream>,
    visitor: Visitor,
    drain: Drain,
) {
    let asked = Arc::new(AtomicBool::new(false));
    let patience = edge.config().first_call_timeout;
    let service = service_fn(|request: Request<Incoming>| {
        asked.store(true, Relaxed);
        let (edge, visitor) = (edge.clone(), visitor.clone());
        // Large, and moved five times on its way into a task of its own: boxed, it is moved once.
        Box::pin(async move { Ok::<_, Infallible>(edge.answer_to(&visitor, request).await) })
    });
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
    let mut stop = pin!(drain.clone().started());
    // Neither a peer that never says anything nor one that opens connections and leaves them may hold a
    // place for ever; a client with a call to make connects again by itself.
    let mut patience = pin!(sleep(patience));
    let (mut leaving, mut waited) = (false, false);
    loop {
        tokio::select! {
            served = connection.as_mut() => {
                if let Err(error) = served {
                    tracing::debug!(%error, "a connection ended early");
                }
                return;
            }
            () = &mut stop, if !leaving => leaving = true,
            () = &mut patience, if !waited => {
                waited = true;
                if asked.load(Relaxed) {
                    continue;
                }
                if leaving {
                    return;
                }
                leaving = true;
            }
        }
        connection.as_mut().graceful_shutdown();
        patience.as_mut().reset(Instant::now() + GOODBYE_TIMEOUT);
        waited = false;
    }
}
