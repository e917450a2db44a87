//! What a stranger does with grpcurl and nothing but the address: reflection tells the rest.

use crate::desk::Desk;
use serde_json::{Value, json};
use std::process::{Output, Stdio};
use testkit::clients::grpcurl;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;
use tokio::time::timeout;

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

async fn command(desk: &Desk, options: &[&str], rest: &[&str]) -> Command {
    let program = tokio::task::spawn_blocking(grpcurl).await.unwrap();
    let mut command = Command::new(program);
    command
        .arg("-plaintext")
        .args(options)
        .arg(desk.address.to_string())
        .args(rest);
    command.kill_on_drop(true);
    command
}

async fn run(desk: &Desk, options: &[&str], rest: &[&str]) -> Output {
    let mut command = command(desk, options, rest).await;
    timeout(crate::desk::PATIENCE, command.output())
        .await
        .expect("grpcurl ends")
        .unwrap()
}

/// Calls a method and answers its JSON.
async fn call(desk: &Desk, method: &str, message: &Value) -> Value {
    let method = format!("orders.v1.OrderService/{method}");
    let output = run(desk, &["-d", &message.to_string()], &[&method]).await;
    assert!(
        output.status.success(),
        "{method}: {}",
        text(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).unwrap()
}

fn order() -> Value {
    json!({"request_id": "k1", "order": {"customer_id": "c", "currency": "EUR",
        "lines": [{"sku": "book", "quantity": 2, "unit_price": 1999}], "metadata": {"channel": "web"}}})
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_is_placed_replayed_read_listed_watched_and_cancelled() {
    let desk = Desk::new();
    let mut watch = command(
        &desk,
        &["-d", r#"{"after":"0"}"#],
        &["orders.v1.OrderService/WatchOrders"],
    )
    .await;
    let mut watch = watch.stdout(Stdio::piped()).spawn().unwrap();
    let mut seen = BufReader::new(watch.stdout.take().unwrap()).lines();

    let placed = call(&desk, "PlaceOrder", &order()).await;
    assert_eq!(
        (&placed["state"], &placed["totals"]["total"]),
        (&json!("STATE_PENDING"), &json!("3998"))
    );
    assert_eq!(call(&desk, "PlaceOrder", &order()).await, placed);
    let id = json!({"order_id": placed["orderId"]});
    assert_eq!(call(&desk, "GetOrder", &id).await, placed);
    let listed = call(
        &desk,
        "ListOrders",
        &json!({"customer_id": "c", "state": "STATE_PENDING"}),
    )
    .await;
    assert_eq!(listed["orders"], json!([placed]));
    let cancel =
        json!({"order_id": placed["orderId"], "reason": "tried it", "etag": placed["etag"]});
    let cancelled = call(&desk, "CancelOrder", &cancel).await;
    assert_eq!(cancelled["state"], "STATE_CANCELLED");
    let history = call(&desk, "ListOrderEvents", &id).await;
    assert_eq!(history["events"].as_array().unwrap().len(), 2);

    let watched = async {
        while let Some(line) = seen.next_line().await.unwrap() {
            if line.contains("order.cancelled.v1") {
                return;
            }
        }
        panic!("the watch ended before it told of the cancellation");
    };
    timeout(crate::desk::PATIENCE, watched)
        .await
        .expect("the watch tells of the cancellation");
    watch.kill().await.unwrap();
    assert_eq!(desk.store.order_count(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn services_are_listed_described_and_their_errors_read() {
    let desk = Desk::new();
    let services = text(&run(&desk, &[], &["list"]).await.stdout);
    for name in [
        "orders.v1.OrderService",
        "grpc.health.v1.Health",
        "grpc.reflection.v1.ServerReflection",
    ] {
        assert!(services.lines().any(|line| line == name), "{services}");
    }
    assert!(!services.contains("storage"), "{services}");
    let described = text(
        &run(&desk, &[], &["describe", "orders.v1.PlaceOrderRequest"])
            .await
            .stdout,
    );
    assert!(described.contains("string request_id = 2;"), "{described}");
    let health = run(&desk, &[], &["grpc.health.v1.Health/Check"]).await;
    assert!(text(&health.stdout).contains("SERVING"));
    // Reflection knows the details' types too, so that their fields are shown.
    let refused = run(&desk, &["-d", "{}"], &["orders.v1.OrderService/PlaceOrder"]).await;
    let told = text(&refused.stderr);
    for part in [
        "InvalidArgument",
        "google.rpc.BadRequest",
        "\"field\": \"request_id\"",
        "\"domain\": \"orders\"",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
}
