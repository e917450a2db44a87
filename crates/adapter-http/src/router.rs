//! Which call a path and method mean: axum finds the path, a table says which calls stand under it.
//!
//! axum cannot match a verb behind a parameter (`{order_id}:cancel`), and answers 405 and OPTIONS
//! in its own way; so every path is registered for any method, and the rest is decided here.

use crate::edge::Inner;
use crate::operation::Operation;
use crate::route::{Route, choose};
use axum::Router;
use axum::extract::rejection::RawPathParamsRejection;
use axum::extract::{RawPathParams, Request, State};
use axum::response::Response;
use axum::routing::any;
use http::Method;
use std::sync::Arc;

/// Paths without a part that varies. Clients may write `:` as `%3A`.
const FIXED: &[(&str, &[Operation])] = &[
    ("/v1/orders", &[Operation::List, Operation::Place]),
    ("/v1/orders:batchPlace", &[Operation::BatchPlace]),
    ("/v1/orders%3AbatchPlace", &[Operation::BatchPlace]),
    ("/v1/orders:watch", &[Operation::Watch]),
    ("/v1/orders%3Awatch", &[Operation::Watch]),
    ("/v1/facts", &[Operation::RecordFact]),
    ("/v1/changes", &[Operation::Changes]),
    ("/livez", &[Operation::Livez]),
    ("/readyz", &[Operation::Readyz]),
    ("/health", &[Operation::Health]),
    ("/openapi.json", &[Operation::OpenApi]),
    ("/docs", &[Operation::Docs]),
    ("/docs/", &[Operation::Docs]),
];

/// Paths with one part that varies, and which calls stand under it.
const VARYING: &[(&str, Under)] = &[
    ("/v1/orders/{part}", order_and_verb),
    ("/v1/orders/{part}/events", |_| {
        (Some(&[Operation::History]), None)
    }),
    ("/docs/{*part}", |_| (Some(&[Operation::DocsFile]), None)),
];

/// The calls under a path whose varying part is this, and how much of the part is the target if not
/// all of it.
type Under = fn(&str) -> (Option<&'static [Operation]>, Option<usize>);

/// The routes of an edge; of the probes alone where it has no application.
pub(crate) fn router(edge: Arc<Inner>) -> Router {
    let mut router = Router::new();
    let probes_alone = edge.serves_probes_alone();
    let wanted =
        |operations: &[Operation]| !probes_alone || operations.iter().all(|one| one.is_probe());
    for (path, operations) in FIXED.iter().filter(|(_, operations)| wanted(operations)) {
        let answer = move |State(edge): State<Arc<Inner>>, request: Request| async move {
            let route = choose(request.method(), operations, String::new());
            answer(edge, route, request).await
        };
        router = router.route(path, any(answer));
    }
    for (path, under) in VARYING.iter().filter(|_| !probes_alone) {
        let answer = move |State(edge): State<Arc<Inner>>, part: Part, request: Request| async move {
            let route = vary(request.method(), *under, part);
            answer(edge, route, request).await
        };
        router = router.route(path, any(answer));
    }
    let unknown = |State(edge): State<Arc<Inner>>, request: Request| async move {
        answer(edge, Route::Unknown, request).await
    };
    router.fallback(unknown).with_state(edge)
}

type Part = Result<RawPathParams, RawPathParamsRejection>;

async fn answer(edge: Arc<Inner>, route: Route, request: Request) -> Response {
    edge.answer(route, request).await
}

/// The call under a path with a varying part.
fn vary(method: &Method, under: Under, part: Part) -> Route {
    // What is no UTF-8 names no order: it is refused as an id.
    let part = part.map(|parts| parts.iter().map(|(_, part)| part.to_owned()).collect());
    let mut part: String = part.unwrap_or_default();
    let (operations, length) = under(&part);
    part.truncate(length.unwrap_or(part.len()));
    operations.map_or(Route::Unknown, |operations| {
        choose(method, operations, part)
    })
}

fn order_and_verb(part: &str) -> (Option<&'static [Operation]>, Option<usize>) {
    let Some((order_id, verb)) = part.rsplit_once(':') else {
        return (Some(&[Operation::Get]), None);
    };
    let operations: Option<&'static [Operation]> = match verb {
        "cancel" => Some(&[Operation::Cancel]),
        "amend" => Some(&[Operation::Amend]),
        "hold" => Some(&[Operation::Hold]),
        "release" => Some(&[Operation::Release]),
        _ => None,
    };
    (operations, Some(order_id.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verb_behind_an_order_names_its_call() {
        for (part, operation, length) in [
            ("x", Some(Operation::Get), None),
            ("x:cancel", Some(Operation::Cancel), Some(1)),
            ("x:hold", Some(Operation::Hold), Some(1)),
            (":release", Some(Operation::Release), Some(0)),
            ("x:refund", None, Some(1)),
        ] {
            let (operations, cut) = order_and_verb(part);
            assert_eq!(
                (operations.map(|all| all[0]), cut),
                (operation, length),
                "{part}"
            );
        }
    }
}
