//! Measures what a call costs the server: on the runtime at hand, or on single-threaded ones.
//!
//! ```text
//! cargo run --release -p adapter-grpc --example measure -- THREADS SECONDS CONNECTIONS CALLERS
//! ```
//!
//! `THREADS` 0 is one listener on a multi-threaded runtime. The server is a process of its own, so that
//! its CPU time is told apart from the client's. The store is in memory: this is the edge's cost alone.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::float_arithmetic,
    clippy::cast_precision_loss,
    reason = "a measurement at a desk: it prints, and stops at the first surprise"
)]

use adapter_grpc::{Config, GrpcEdge, Metrics, bind};
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper_util::rt::{TokioExecutor, TokioIo};
use order_core::app::Orders;
use order_proto::v1::order_service_client::OrderServiceClient;
use order_proto::v1::{GetOrderRequest, NewOrder, NewOrderLine, PlaceOrderRequest};
use planes::{ConnectOptions, Plane, PlaneKind, Timers, connect};
use prometheus_client::registry::Registry;
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use testkit::fakes::{ManualClock, MemoryStore, SequentialIds, StaticHealth};
use tls::Security;
use tokio::runtime::Builder;
use tokio::task::JoinSet;
use tonic::body::Body;
use tonic::codegen::{Service, http};

/// The binary's own allocator, so that the figures are the service's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Clock ticks of `/proc` in a second, on every Linux that there is.
const TICKS_A_SECOND: f64 = 100.0;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match &words[..] {
        [serve, threads] if serve == "serve" => serve_until_input_ends(threads.parse().unwrap()),
        [threads, numbers @ ..] if numbers.len() == 3 => {
            let numbers: Vec<usize> = numbers.iter().map(|word| word.parse().unwrap()).collect();
            measure(threads, numbers[0], numbers[1], numbers[2]);
        }
        _ => println!("usage: measure THREADS SECONDS CONNECTIONS CALLERS"),
    }
}

fn serve_until_input_ends(threads: usize) {
    let runtime = Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = Arc::new(MemoryStore::new());
        let orders = Orders::new(
            Arc::clone(&store) as _,
            store,
            Arc::new(ManualClock::default()),
            Arc::new(SequentialIds::new(1)),
        );
        let config = Config {
            listen_addr: "127.0.0.1:0".parse().unwrap(),
            threads,
            ..Config::default()
        };
        let metrics = Metrics::new(&mut Registry::default());
        let plane = Plane::unbound(PlaneKind::Data);
        let listener = bind(&plane, &config, Timers::DEFAULT).unwrap();
        println!("{}", listener.local_addr());
        let edge = GrpcEdge::new(config, orders, Arc::new(StaticHealth::ready()), metrics);
        let input_ends = tokio::task::spawn_blocking(|| {
            std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
        });
        let stop = async move {
            let _ = input_ends.await;
        };
        adapter_grpc::serve(edge, listener, Security::none(), stop).await;
    });
}

fn measure(threads: &str, seconds: usize, connections: usize, callers: usize) {
    let mut server = Command::new(std::env::current_exe().unwrap())
        .args(["serve", threads])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut told = BufReader::new(server.stdout.take().unwrap());
    told.read_line(&mut line).unwrap();
    let address: SocketAddr = line.trim().parse().unwrap();
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    for places in [false, true] {
        let before = cpu_seconds(server.id());
        let started = Instant::now();
        let until = started + Duration::from_secs(seconds as u64);
        let count = runtime.block_on(drive(address, connections, callers, until, places));
        let elapsed = started.elapsed().as_secs_f64();
        let cpu = cpu_seconds(server.id()) - before;
        println!(
            "threads {threads} {}: {:.0} calls/s, {:.1} µs CPU of the server a call",
            if places { "PlaceOrder" } else { "GetOrder" },
            count as f64 / elapsed,
            cpu * 1e6 / count as f64,
        );
    }
    drop(server.stdin.take());
    server.wait().unwrap();
}

async fn drive(
    address: SocketAddr,
    connections: usize,
    callers: usize,
    until: Instant,
    places: bool,
) -> usize {
    let mut all = JoinSet::new();
    for connection in 0..connections {
        let plane = Plane::unbound(PlaneKind::Data);
        let stream = connect(&plane, address, ConnectOptions::default())
            .await
            .unwrap();
        let (send, driven) = handshake(TokioExecutor::new(), TokioIo::new(stream))
            .await
            .unwrap();
        tokio::spawn(driven);
        for caller in 0..callers / connections {
            let origin = "http://orders".parse().unwrap();
            let client = OrderServiceClient::with_origin(Wire(send.clone()), origin);
            all.spawn(call_again(
                client,
                until,
                places,
                format!("{connection}-{caller}"),
            ));
        }
    }
    let mut count = 0;
    while let Some(calls) = all.join_next().await {
        count += calls.unwrap();
    }
    count
}

async fn call_again(
    mut client: OrderServiceClient<Wire>,
    until: Instant,
    places: bool,
    name: String,
) -> usize {
    let first = client
        .place_order(order(format!("{places}-{name}")))
        .await
        .unwrap();
    let order_id = first.into_inner().order_id;
    let mut count = 0;
    while Instant::now() < until {
        if places {
            let key = format!("{name}-{count}");
            client.place_order(order(key)).await.unwrap();
        } else {
            let order_id = order_id.clone();
            client
                .get_order(GetOrderRequest { order_id })
                .await
                .unwrap();
        }
        count += 1;
    }
    count
}

fn order(key: String) -> PlaceOrderRequest {
    let line = |sku: &str| NewOrderLine {
        sku: sku.to_owned(),
        quantity: 2,
        unit_price: 1_999,
        ..NewOrderLine::default()
    };
    PlaceOrderRequest {
        order: Some(NewOrder {
            customer_id: "customer-1".to_owned(),
            currency: "EUR".to_owned(),
            lines: vec![line("book"), line("pen")],
            ..NewOrder::default()
        }),
        request_id: key,
        validate_only: false,
    }
}

/// User and system time of a process so far (proc(5), `stat`, fields 14 and 15).
fn cpu_seconds(process: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    let after_name = stat.rsplit_once(") ").unwrap().1;
    let ticks = after_name.split(' ').skip(11).take(2);
    ticks
        .map(|ticks| ticks.parse::<u32>().unwrap())
        .map(f64::from)
        .sum::<f64>()
        / TICKS_A_SECOND
}

/// A connection as tonic's clients take one.
#[derive(Clone)]
struct Wire(SendRequest<Body>);

impl Service<http::Request<Body>> for Wire {
    type Response = http::Response<hyper::body::Incoming>;
    type Error = hyper::Error;
    type Future = tonic::codegen::BoxFuture<Self::Response, hyper::Error>;

    fn poll_ready(
        &mut self,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Result<(), hyper::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        Box::pin(self.0.send_request(request))
    }
}
