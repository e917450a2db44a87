//! A service of a few lines: answers every POST by a function of the test and keeps what it saw.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use order_load::target::Target;
use planes::{ListenOptions, Plane, PlaneKind};
use serde_json::{Value, json};

/// A request as the service saw it.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) path: String,
    pub(crate) key: Option<String>,
    pub(crate) body: Value,
    /// Numbered from 0 in the order of their arrival.
    pub(crate) number: usize,
}

/// What the service saw so far.
#[derive(Debug, Default)]
pub(crate) struct Log {
    pub(crate) requests: Vec<Seen>,
    pub(crate) connections: usize,
}

pub(crate) type SharedLog = Arc<Mutex<Log>>;

/// Serves on a free port until the runtime ends.
pub(crate) fn start<F>(answer: F) -> (Target, SharedLog)
where
    F: Fn(&Seen) -> Response<String> + Clone + Send + Sync + 'static,
{
    let plane = Plane::unbound(PlaneKind::Data);
    let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let listener = planes::listen(&plane, any_port, ListenOptions::default()).unwrap();
    let target = format!("http://{}", listener.local_addr()).parse().unwrap();
    let log = SharedLog::default();
    let kept = Arc::clone(&log);
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await;
            log.lock().unwrap().connections += 1;
            let (log, answer) = (Arc::clone(&log), answer.clone());
            let service =
                service_fn(move |request| respond(request, Arc::clone(&log), answer.clone()));
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    });
    (target, kept)
}

async fn respond<F>(
    request: Request<Incoming>,
    log: SharedLog,
    answer: F,
) -> Result<Response<Full<Bytes>>, Infallible>
where
    F: Fn(&Seen) -> Response<String>,
{
    let path = request.uri().path().to_owned();
    let key = request
        .headers()
        .get("idempotency-key")
        .map(|key| key.to_str().unwrap().to_owned());
    let body = request.into_body().collect().await.unwrap().to_bytes();
    let mut seen = Seen {
        path,
        key,
        // A GET has none.
        body: serde_json::from_slice(&body).unwrap_or(Value::Null),
        number: 0,
    };
    {
        let mut log = log.lock().unwrap();
        seen.number = log.requests.len();
        log.requests.push(seen.clone());
    }
    Ok(answer(&seen).map(|text| Full::new(Bytes::from(text))))
}

pub(crate) fn status(status: u16) -> Response<String> {
    Response::builder()
        .status(status)
        .body("{}".to_owned())
        .unwrap()
}

/// What `:batchPlace` answers when all is well: each order with the total of its lines.
pub(crate) fn all_placed(seen: &Seen) -> Response<String> {
    let orders = seen.body["orders"].as_array().unwrap();
    let results: Vec<Value> = orders
        .iter()
        .map(|order| placed(total(&order["order"])))
        .collect();
    Response::new(json!({ "results": results }).to_string())
}

pub(crate) fn placed(total: u64) -> Value {
    json!({ "order": { "totals": { "total": total } } })
}

pub(crate) fn total(order: &Value) -> u64 {
    let of_line = |line: &Value| {
        let number = |name: &str| line[name].as_u64().unwrap_or(0);
        number("quantity") * number("unit_price") - number("discount")
    };
    order["lines"].as_array().unwrap().iter().map(of_line).sum()
}
