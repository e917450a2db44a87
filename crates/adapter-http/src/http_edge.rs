//! The edge as others hold it: an axum router over an application.

use crate::edge::Inner;
use crate::limits::Peer;
use crate::router::router;
use crate::{Config, Metrics};
use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use http::{Request, Response};
use order_core::app::Orders;
use order_core::ports::{HealthSource, RateLimiter};
use planes::Drain;
use std::net::IpAddr;
use std::sync::Arc;
use tower::ServiceExt;

/// REST over an application: an axum router, and what every request has. Cheap to clone.
#[derive(Clone)]
pub struct HttpEdge {
    inner: Arc<Inner>,
    router: Router,
}

impl HttpEdge {
    /// All of REST, and the probes.
    pub fn new(
        config: Config,
        orders: Orders,
        health: Arc<dyn HealthSource>,
        metrics: Metrics,
    ) -> HttpEdge {
        HttpEdge::of(Inner::new(config, Some(orders), health, metrics))
    }

    /// The same, each caller held to the limiter's rate; the probes apart.
    pub fn limited(
        config: Config,
        orders: Orders,
        health: Arc<dyn HealthSource>,
        metrics: Metrics,
        limiter: Arc<dyn RateLimiter>,
    ) -> HttpEdge {
        let inner = Inner::new(config, Some(orders), health, metrics);
        HttpEdge::of(inner.limited_by(limiter))
    }

    /// The probes alone; 404 for everything else.
    pub fn probes(config: Config, health: Arc<dyn HealthSource>, metrics: Metrics) -> HttpEdge {
        HttpEdge::of(Inner::new(config, None, health, metrics))
    }

    fn of(inner: Inner) -> HttpEdge {
        let inner = Arc::new(inner);
        let router = router(Arc::clone(&inner));
        HttpEdge { inner, router }
    }

    /// Its bounds.
    pub(crate) fn config(&self) -> &Config {
        self.inner.config()
    }

    /// As [`answer`](HttpEdge::answer), of a request that came from this address.
    pub async fn answer_from<B>(
        &self,
        peer: IpAddr,
        mut request: Request<B>,
        drain: Option<&Drain>,
    ) -> Response<Body>
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<axum::BoxError>,
    {
        if self.inner.has_limits() {
            request.extensions_mut().insert(Peer(peer));
        }
        self.answer(request, drain).await
    }

    /// Answers a request, whatever it is: every problem, a panic too, becomes an answer. `drain` ends
    /// streams when the service stops.
    pub async fn answer<B>(&self, mut request: Request<B>, drain: Option<&Drain>) -> Response<Body>
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<axum::BoxError>,
    {
        if let Some(drain) = drain {
            request.extensions_mut().insert(drain.clone());
        }
        let Ok(answer) = self.router.clone().oneshot(request).await;
        answer
    }
}

impl std::fmt::Debug for HttpEdge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("HttpEdge")
    }
}
