//! Which path is answered by which room.

use crate::guard::Guard;
use crate::page::FILES;
use crate::stream::Streams;
use crate::{Management, error, guard, metrics, netcheck, probes, repairs, status, stream};
use axum::Extension;
use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get};
use hyper::body::Body;
use order_core::ports::{Access, Role};
use std::sync::Arc;

/// A peer's status.
const PEER: &str = "/api/peers/{pod}/status";

/// Every path beside the page's files, what it takes to ask there, and who answers.
fn paths() -> [(&'static str, Access, MethodRouter<Arc<Management>>); 12] {
    const ADMIN: Access = Access::Needs(Role::Admin);
    [
        ("/api/status", Access::Open, get(status::json)),
        ("/api/status/stream", Access::Open, get(stream::stream)),
        (PEER, Access::Open, get(status::of_peer)),
        ("/api/netcheck", Access::Open, get(netcheck::report)),
        ("/metrics", Access::Open, get(metrics::scrape)),
        ("/livez", Access::Open, get(probes::livez)),
        ("/readyz", Access::Open, get(probes::readyz)),
        ("/health", Access::Open, get(probes::health)),
        ("/api/dead-letters", ADMIN, get(repairs::list_letters)),
        (
            "/api/dead-letters/{id}",
            ADMIN,
            get(repairs::show_letter).post(repairs::act_on_letter),
        ),
        ("/api/parked", ADMIN, get(repairs::list_parked)),
        (
            "/api/parked/{id}",
            ADMIN,
            get(repairs::show_parked).post(repairs::act_on_parked),
        ),
    ]
}

/// The management plane's paths. No request may bring a body.
pub fn router(management: Management) -> Router {
    let mut router = Router::new();
    let mut known = Vec::new();
    for (path, access, answer) in paths() {
        router = router.route(path, answer);
        known.push((path, access));
    }
    for file in &FILES {
        let answer = async |head: HeaderMap| file.answer(&head);
        router = router.route(file.path, get(answer));
        known.push((file.path, Access::Open));
    }
    let guard = Arc::new(Guard::new(known, Arc::clone(&management.callers)));
    router
        .fallback(error::not_found)
        .method_not_allowed_fallback(other_method)
        .layer(Extension(Streams::default()))
        .layer(middleware::from_fn(refuse_bodies))
        .layer(middleware::from_fn_with_state(guard, guard::pass))
        .with_state(Arc::new(management))
}

/// The router adds `Allow` to what this answers.
async fn other_method(method: Method) -> Response {
    if method == Method::OPTIONS {
        StatusCode::NO_CONTENT.into_response()
    } else {
        error::method_not_allowed(&method)
    }
}

async fn refuse_bodies(request: Request, next: Next) -> Response {
    if request.body().is_end_stream() {
        next.run(request).await
    } else {
        error::body_not_accepted()
    }
}
