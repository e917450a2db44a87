//! The start: quick, small, and told to people and to machines.

use crate::service::{Service, binary, ending, folder};
use crate::store::Store;
use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::time::Duration;

/// The bounds of an idle service. A debug build is as quick; of its code, which nothing has made small, 12 MiB
/// more are mapped. (OpenSSL, which librdkafka links, is a part of both.)
const READY_WITHIN: Duration = Duration::from_millis(200);
const RESIDENT_KIB: u64 = if cfg!(debug_assertions) { 60 } else { 48 } * 1_024;

#[tokio::test]
async fn an_idle_service_is_ready_soon_and_small() {
    let (_folder, database) = folder();
    drop(Service::start(&database));
    // The quickest of five: what the machine does beside it is not the service's doing.
    let mut quickest = Duration::MAX;
    for _ in 0..5 {
        let service = Service::start(&database);
        quickest = quickest.min(service.started_in);
        assert_eq!(service.client().get("/readyz").await.status, 200);
        let resident = service.resident_kib();
        assert!(resident <= RESIDENT_KIB, "{resident} KiB resident");
    }
    assert!(quickest <= READY_WITHIN, "ready after {quickest:?}");
}

/// Threads of the service whose names begin so.
fn threads(service: &Service, name: &str) -> usize {
    let tasks = std::fs::read_dir(format!("/proc/{}/task", service.pid())).unwrap();
    let names =
        tasks.filter_map(|task| std::fs::read_to_string(task.unwrap().path().join("comm")).ok());
    names.filter(|found| found.starts_with(name)).count()
}

/// Each edge has its threads, and what speaks to PostgreSQL has one.
#[tokio::test]
async fn edges_have_as_many_threads_as_asked_for_and_a_shared_store_has_one() {
    let store = Store::postgres();
    let service = Service::start_on(&store.url(), &[("EDGE_THREADS", "3")]);
    let found = ["rest-", "grpc-", "store"].map(|name| threads(&service, name));
    assert_eq!(found, [3, 3, 1]);
    let service = Service::start_on(&store.url(), &[]);
    let cores = std::thread::available_parallelism().unwrap().get();
    let usual = (cores - 1).clamp(1, 256);
    let found = ["rest-", "grpc-", "store"].map(|name| threads(&service, name));
    assert_eq!(found, [usual, usual, 1]);
    for wrong in ["0", "257", "-1", "many", ""] {
        let (_, told) = ending(binary().arg("config").env("EDGE_THREADS", wrong));
        let words = [
            "edge_threads",
            "EDGE_THREADS",
            "auto, or a number from 1 to 256",
        ];
        assert!(words.iter().all(|word| told.contains(word)), "{told}");
    }
}

#[test]
fn people_are_told_where_it_listens_which_store_and_what_is_unbound() {
    let (_folder, database) = folder();
    let mut child = binary()
        .env("DATABASE_URL", format!("sqlite:{}", database.display()))
        .envs([
            ("HTTP_LISTEN_ADDR", "127.0.0.1:0"),
            ("GRPC_LISTEN_ADDR", "127.0.0.1:0"),
            ("MGMT_LISTEN_ADDR", "127.0.0.1:0"),
            ("LOG_FORMAT", "text"),
        ])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut told = String::new();
    for line in BufReader::new(child.stderr.take().unwrap()).lines() {
        told += &(line.unwrap() + "\n");
        if told.contains("stop ") {
            break;
        }
    }
    child.kill().unwrap();
    child.wait().unwrap();
    for word in [
        "REST",
        "http://127.0.0.1:",
        "/docs",
        "gRPC",
        "grpcurl -plaintext 127.0.0.1:",
        "management",
        "orders.db",
        "not bound",
        "DATA_INTERFACE",
        "ready in",
    ] {
        assert!(told.contains(word), "{word} is missing in:\n{told}");
    }
}

#[tokio::test]
async fn the_management_plane_serves_metrics_of_every_room() {
    let (_folder, database) = folder();
    let service = Service::start(&database);
    let placed = service
        .client()
        .post("/v1/orders", "k", crate::client::order(1))
        .await;
    assert_eq!(placed.status, 201);
    let mut management = crate::client::Client::new(service.management);
    let metrics = management.get("/metrics").await.body;
    let metrics = metrics.as_str().unwrap();
    for name in [
        "http_server_request_duration_seconds_count",
        "rpc_server_active_requests",
        "db_commit_seconds_count",
        "orders_events_total",
        "process_resident_memory_bytes",
        "build_info",
    ] {
        assert!(metrics.contains(name), "{name} is missing in:\n{metrics}");
    }
    assert!(
        metrics.contains("orders_events_total{type=\"order.placed.v1\"} 1"),
        "{metrics}"
    );
    let status = management.get("/api/status").await.body;
    assert_eq!(status["components"][0]["name"], "store");
    assert_eq!(
        management.get("/v1/orders").await.status,
        404,
        "no business on the management plane"
    );
}
