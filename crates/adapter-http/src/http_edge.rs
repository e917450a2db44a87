//! The edge as others hold it: an axum router over an application.

use crate::edge::Inner;
use crate::router::router;
use crate::{Config, Metrics, Visitor};
use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use http::{Request, Response};
use order_core::app::Orders;
use order_core::ports::{Caller, Callers, Everybody, HealthSource, RateLimiter, Standing};
use planes::Drain;
use std::net::IpAddr;
use std::sync::Arc;
use tower::ServiceExt;

/// REST over an application: an axum router, and what every request has. Cheap to clone.
#[derive(Clone)]
pub struct HttpEdge {
    inner: Arc<Inner>,
    router: Router,
    callers: Arc<dyn Callers>,
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
        HttpEdge {
            inner,
            router,
            callers: Arc::new(Everybody),
        }
    }

    /// The same, each caller held to what `callers` let it do. Without them everybody may do everything
    /// here.
    #[must_use]
    pub fn knowing(self, callers: Arc<dyn Callers>) -> HttpEdge {
        HttpEdge { callers, ..self }
    }

    /// Its bounds.
    pub(crate) fn config(&self) -> &Config {
        self.inner.config()
    }

    /// Whoever asks over a connection from `peer`. `drain` ends its streams when the service stops.
    pub fn visitor(&self, caller: Caller, peer: IpAddr, drain: Option<Drain>) -> Visitor {
        let standing = Standing::new(caller, Some(peer), Arc::clone(&self.callers));
        Visitor {
            standing: Arc::new(standing),
            drain,
        }
    }

    /// As [`answer_to`](HttpEdge::answer_to), to somebody of whom nothing is known.
    pub async fn answer<B>(&self, request: Request<B>, drain: Option<&Drain>) -> Response<Body>
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<axum::BoxError>,
    {
        let standing = Standing::new(Caller::Anonymous, None, Arc::clone(&self.callers));
        let visitor = Visitor {
            standing: Arc::new(standing),
            drain: drain.cloned(),
        };
        self.answer_to(&visitor, request).await
    }

    /// Answers a request, whatever it is: every problem, a panic too, becomes an answer.
    pub async fn answer_to<B>(&self, visitor: &Visitor, mut request: Request<B>) -> Response<Body>
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<axum::BoxError>,
    {
        request.extensions_mut().insert(visitor.clone());
        let Ok(answer) = self.router.clone().oneshot(request).await;
        answer
    }
}

impl std::fmt::Debug for HttpEdge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("HttpEdge")
    }
}
