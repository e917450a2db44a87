//! Row A6: callers who come in great numbers, ask once, and stay.

use crate::client::{Client, order};
use crate::grpc;
use crate::service::Service;
use crate::store::Store;
use order_proto::v1::GetOrderRequest;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::time::{Duration, Instant};
use testkit::rows;
use tokio::task::JoinSet;
use tonic::Code;

/// Connections by each protocol; REST serves 4,096 and gRPC 10,000 at a time unless told otherwise.
const REST: usize = 3_000;
const GRPC: usize = 7_000;
/// How many of them are opened at a time.
const AT_A_TIME: usize = 100;
/// What one idle connection may cost the service.
const KIB_A_CONNECTION: u64 = 40;
/// How long another caller may wait while they are there; the build is not optimized.
const SOON: Duration = Duration::from_secs(1);

/// Each end of each connection takes a descriptor.
fn allow_descriptors() {
    let now = getrlimit(Resource::Nofile);
    let wanted = (REST + GRPC + 1_000) as u64;
    if now.current.is_some_and(|current| current < wanted) {
        let raised = Rlimit {
            current: now.maximum,
            ..now
        };
        setrlimit(Resource::Nofile, raised).unwrap();
        let most = now.maximum.unwrap_or(u64::MAX);
        assert!(
            most >= wanted,
            "this test needs ulimit -Hn {wanted}, not {most}"
        );
    }
}

/// Runs so many, some at a time, and keeps what they give.
async fn many<T, F>(count: usize, one: impl Fn() -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let (mut running, mut made) = (JoinSet::new(), Vec::with_capacity(count));
    for _ in 0..count {
        if running.len() == AT_A_TIME {
            made.push(running.join_next().await.unwrap().unwrap());
        }
        running.spawn(one());
    }
    made.extend(running.join_all().await);
    made
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a6_ten_thousand_idle_connections_cost_little_and_disturb_nobody() {
    allow_descriptors();
    let store = Store::postgres();
    let service = Service::start_on(&store.url(), &[]);
    let (rest, grpc) = (service.rest, service.grpc);
    let before = service.resident_kib();
    let by_rest = many(REST, move || async move {
        let mut client = Client::new(rest);
        assert_eq!(client.get("/livez").await.status, 200);
        client
    })
    .await;
    let by_grpc = many(GRPC, move || async move {
        let mut client = grpc::client(grpc).await.unwrap();
        let nobody = GetOrderRequest {
            order_id: "019f0000-0000-7000-8000-000000000000".to_owned(),
        };
        let answer = client.get_order(nobody).await.unwrap_err();
        assert_eq!(answer.code(), Code::NotFound, "{answer}");
        client
    })
    .await;
    let held = service.resident_kib().saturating_sub(before);

    let (mut other, mut longest) = (service.client(), Duration::ZERO);
    for number in 0..100 {
        let asked = Instant::now();
        let key = format!("other-{number}");
        let answer = other.post("/v1/orders", &key, order(1)).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        longest = longest.max(asked.elapsed());
    }
    assert!(longest < SOON, "an order took {longest:?} beside them");
    // Those who stayed are still served.
    let mut first = by_grpc.into_iter().next().unwrap();
    first.place_order(grpc::place("stayed", 1)).await.unwrap();
    let mut last = by_rest.into_iter().next_back().unwrap();
    assert_eq!(last.get("/livez").await.status, 200);

    let each = held / (REST + GRPC) as u64;
    assert!(each <= KIB_A_CONNECTION, "{each} KiB for each of them");
    rows::told(
        "A6",
        "idle connections, 3,000 by REST and 7,000 by gRPC, while another caller places 100 orders",
        &[
            ("connections", (REST + GRPC) as u64),
            ("KiB for each", each),
            (
                "longest order in ms",
                u64::try_from(longest.as_millis()).unwrap(),
            ),
        ],
    );
}
