//! The management plane's HTTP server.

use crate::Config;
use crate::guard::Peer;
use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use order_core::ports::Caller;
use planes::{Drain, Listener, ServeLimits, ServeReport};
use tls::{Security, Stream};
use tokio::net::TcpStream;

/// hyper panics below this.
const HEAD_MIN_BYTES: usize = 8192;

/// Serves `router` on `listener`, its connections secured by `security`, until `stop` resolves, then
/// drains; the report says how many connections had to be cut.
pub async fn serve(
    listener: Listener,
    config: Config,
    router: Router,
    security: Security,
    stop: impl Future<Output = ()>,
) -> ServeReport {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(config.header_read_timeout)
        .max_buf_size(config.max_head_bytes.max(HEAD_MIN_BYTES));
    let limits = ServeLimits {
        max_connections: config.max_connections,
        drain_timeout: config.drain_timeout,
    };
    planes::serve(listener, limits, stop, |stream, peer, drain: Drain| {
        let (http, router, security) = (http.clone(), router.clone(), security.clone());
        async move {
            match security.secure(stream, config.header_read_timeout).await {
                Ok((stream, proved)) => {
                    let names = proved.as_ref().map(tls::Caller::names);
                    let caller = Caller::of_certificate(names);
                    // A stream ends by itself when the service drains.
                    let router = router
                        .layer(Extension(caller))
                        .layer(Extension(Peer(peer.to_string().into())))
                        .layer(Extension(drain.clone()));
                    if let Err(error) = serve_connection(http, stream, router, drain).await {
                        tracing::debug!(%peer, %error, "a management connection ended early");
                    }
                }
                Err(error) => tracing::debug!(%peer, %error, "a client was turned away"),
            }
        }
    })
    .await
}

/// On a drain, answers the request at hand and closes.
async fn serve_connection(
    http: http1::Builder,
    stream: Stream<TcpStream>,
    router: Router,
    drain: Drain,
) -> Result<(), hyper::Error> {
    let connection = http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    tokio::pin!(connection);
    tokio::select! {
        // In this order what has arrived is read before the connection is told to end.
        biased;
        ended = connection.as_mut() => return ended,
        () = drain.started() => connection.as_mut().graceful_shutdown(),
    }
    connection.await
}
