//! Followers of the feed by Server-Sent Events and by gRPC: each goes from replica to replica as they end,
//! with the position that one build gave it to a replica of another.

use super::fleet::{Endpoint, Endpoints};
use super::grpc_wire;
use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http1::handshake;
use hyper_util::rt::TokioIo;
use order_proto::v1::WatchOrdersRequest;
use planes::{ConnectOptions, Plane, PlaneKind, connect};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;
use tokio::time::sleep;
use tonic::Code;

/// How long a watcher may be behind at the end.
const PATIENCE: Duration = Duration::from_mins(1);
const LOOK: Duration = Duration::from_millis(20);

/// What a watcher has seen so far.
#[derive(Debug, Default)]
struct Seen {
    /// Positions, as they came.
    positions: Vec<u64>,
    /// The token of the newest one.
    last: String,
    /// Streams that were begun.
    streams: usize,
    /// What should not have happened.
    wrong: Vec<String>,
}

/// A watcher of each protocol.
pub(crate) struct Watchers {
    watchers: [(Arc<Mutex<Seen>>, JoinHandle<()>); 2],
}

impl Watchers {
    pub(crate) fn begin(endpoints: &Endpoints) -> Watchers {
        let seen: [Arc<Mutex<Seen>>; 2] = Default::default();
        let [sse, grpc] = &seen;
        "0".clone_into(&mut sse.lock().unwrap().last);
        "0".clone_into(&mut grpc.lock().unwrap().last);
        let by_sse = tokio::spawn(follow_by_sse(endpoints.clone(), Arc::clone(sse)));
        let by_grpc = tokio::spawn(follow_by_grpc(endpoints.clone(), Arc::clone(grpc)));
        let [sse, grpc] = seen;
        Watchers {
            watchers: [(sse, by_sse), (grpc, by_grpc)],
        }
    }

    /// Waits until both have seen the feed's newest event; each has to have seen every one once, in order,
    /// by at least so many streams.
    pub(crate) async fn check(self, newest: u64, streams: usize) {
        for (seen, task) in self.watchers {
            let started = Instant::now();
            loop {
                let so_far = seen.lock().unwrap().positions.last().copied();
                if so_far >= Some(newest) {
                    break;
                }
                let wrong = seen.lock().unwrap().wrong.clone();
                assert!(
                    started.elapsed() < PATIENCE && !task.is_finished(),
                    "a watcher stands at {so_far:?} of {newest}: {wrong:?}"
                );
                sleep(LOOK).await;
            }
            task.abort();
            let seen = seen.lock().unwrap();
            assert!(seen.wrong.is_empty(), "{:?}", seen.wrong);
            let all: Vec<u64> = (1..=newest).collect();
            assert_eq!(seen.positions, all, "every event once and in order");
            assert!(seen.streams >= streams, "{} streams", seen.streams);
        }
    }
}

/// Ends only where something went wrong.
async fn follow_by_sse(endpoints: Endpoints, seen: Arc<Mutex<Seen>>) {
    loop {
        let to = endpoints.next();
        if let Err(error) = one_sse_stream(to, &seen).await {
            let wrong = format!("SSE from {to:?}: {error}");
            return seen.lock().unwrap().wrong.push(wrong);
        }
    }
}

/// Reads until the server ends the stream, as it does when it stops.
async fn one_sse_stream(to: Endpoint, seen: &Mutex<Seen>) -> Result<(), String> {
    let plane = Plane::unbound(PlaneKind::Data);
    let stream = connect(&plane, to.rest, ConnectOptions::default()).await;
    let stream = stream.map_err(|error| error.to_string())?;
    let shaken = handshake(TokioIo::new(stream)).await;
    let (mut sender, driver) = shaken.map_err(|error| error.to_string())?;
    tokio::spawn(driver);
    let last = seen.lock().unwrap().last.clone();
    let request = Request::get("/v1/orders:watch")
        .header("host", to.rest.to_string())
        .header("last-event-id", last)
        .body(Empty::<Bytes>::new())
        .unwrap();
    let answer = sender.send_request(request).await;
    let mut answer = answer.map_err(|error| error.to_string())?;
    if answer.status() != 200 {
        return Err(answer.status().to_string());
    }
    seen.lock().unwrap().streams += 1;
    let mut text = String::new();
    while let Some(frame) = answer.frame().await {
        let frame = frame.map_err(|error| format!("the stream broke: {error:?}"))?;
        let data = frame.into_data().unwrap_or_default();
        text += std::str::from_utf8(&data).map_err(|error| error.to_string())?;
        while let Some((block, rest)) = text.split_once("\n\n") {
            note_block(block, seen)?;
            text = rest.to_owned();
        }
    }
    Ok(())
}

/// A block of the stream: an event where it has data.
fn note_block(block: &str, seen: &Mutex<Seen>) -> Result<(), String> {
    let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name));
    let mut seen = seen.lock().unwrap();
    if let Some(id) = field("id: ") {
        id.clone_into(&mut seen.last);
    }
    if let Some(data) = field("data: ") {
        let event: serde_json::Value =
            serde_json::from_str(data).map_err(|error| error.to_string())?;
        let position = event["position"]
            .as_str()
            .and_then(|text| text.parse().ok());
        let position = position.ok_or_else(|| format!("no position: {event}"))?;
        seen.positions.push(position);
    }
    Ok(())
}

async fn follow_by_grpc(endpoints: Endpoints, seen: Arc<Mutex<Seen>>) {
    loop {
        let to = endpoints.next();
        if let Err(error) = one_grpc_stream(to, &seen).await {
            let wrong = format!("gRPC from {to:?}: {error}");
            return seen.lock().unwrap().wrong.push(wrong);
        }
    }
}

/// Reads until the server says that it stops.
async fn one_grpc_stream(to: Endpoint, seen: &Mutex<Seen>) -> Result<(), String> {
    let mut client = grpc_wire::open(to).await?;
    let request = WatchOrdersRequest {
        after: Some(seen.lock().unwrap().last.clone()),
        ..WatchOrdersRequest::default()
    };
    let stream = client.watch_orders(request).await;
    let mut stream = stream.map_err(|status| format!("{status:?}"))?.into_inner();
    seen.lock().unwrap().streams += 1;
    loop {
        match stream.message().await {
            Ok(Some(event)) => {
                let position = event.position.parse().map_err(|_| event.position.clone())?;
                let mut seen = seen.lock().unwrap();
                seen.positions.push(position);
                seen.last = event.position;
            }
            Ok(None) => return Err("the stream ended without a word".to_owned()),
            Err(status)
                if status.code() == Code::Unavailable && status.message().contains("stops") =>
            {
                return Ok(());
            }
            Err(status) => return Err(format!("{status:?}")),
        }
    }
}
