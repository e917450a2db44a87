//! An order's whole life over REST, on the running binary.

use crate::client::{Client, fact, order};
use crate::service::{Service, folder};
use serde_json::json;
use std::time::{Duration, Instant};

async fn tell(
    client: &mut Client,
    kind: &str,
    id: &str,
    data: serde_json::Value,
) -> serde_json::Value {
    let headers = [("content-type", "application/cloudevents+json")];
    let answer = client
        .send(
            http::Method::POST,
            "/v1/facts",
            &headers,
            fact(kind, id, &data),
        )
        .await
        .unwrap();
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body
}

#[tokio::test]
async fn an_order_is_placed_paid_shipped_and_completed_and_survives_a_restart() {
    let (_folder, database) = folder();
    let service = Service::start(&database);
    let mut client = service.client();
    let placed = client.post("/v1/orders", "k", order(2)).await;
    assert_eq!(
        (
            placed.status.as_u16(),
            placed.headers["etag"].to_str().unwrap()
        ),
        (201, "\"v1\"")
    );
    let id = placed.body["order_id"].as_str().unwrap().to_owned();
    let replay = client.post("/v1/orders", "k", order(2)).await;
    assert_eq!(replay.headers["idempotency-replayed"], "true");
    assert_eq!(replay.body, placed.body);

    let money =
        |amount| json!({ "order_id": id, "payment_id": "p", "amount": amount, "currency": "EUR" });
    let parcel =
        json!({ "order_id": id, "shipment_id": "s", "lines": [{ "line_no": 1, "quantity": 2 }] });
    tell(
        &mut client,
        "stock.reserved.v1",
        "1",
        json!({ "order_id": id, "reservation_id": "r" }),
    )
    .await;
    tell(&mut client, "payment.authorized.v1", "2", money(1_000)).await;
    tell(&mut client, "payment.captured.v1", "3", money(1_000)).await;
    tell(&mut client, "shipment.shipped.v1", "4", parcel).await;
    let last = tell(
        &mut client,
        "shipment.delivered.v1",
        "5",
        json!({ "order_id": id, "shipment_id": "s" }),
    )
    .await;
    assert_eq!(last["outcome"], "APPLIED");
    let path = format!("/v1/orders/{id}");
    let completed = client.get(&path).await;
    assert_eq!(completed.body["state"], "COMPLETED");

    service.signal("TERM");
    let (status, log) = service.wait();
    assert!(status.success(), "{log}");
    let service = Service::start(&database);
    let mut client = service.client();
    assert_eq!(client.get(&path).await.body, completed.body);
    let events = client.get(&format!("{path}/events")).await.body;
    let versions: Vec<u64> = events["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| e["orderversion"].as_u64().unwrap())
        .collect();
    assert_eq!(
        versions,
        (1..=completed.body["version"].as_u64().unwrap()).collect::<Vec<_>>()
    );
    let changes = client.get("/v1/changes").await.body;
    assert_eq!(changes["events"].as_array().unwrap().len(), versions.len());
}

#[tokio::test]
async fn deadlines_expire_by_themselves() {
    let (_folder, database) = folder();
    let service = Service::start(&database);
    let mut client = service.client();
    let mut soon = order(1);
    let now = std::process::Command::new("date")
        .args(["-u", "-d", "+1 second", "+%Y-%m-%dT%H:%M:%S.%3NZ"])
        .output()
        .unwrap();
    soon["confirm_before"] = String::from_utf8(now.stdout).unwrap().trim().into();
    let placed = client.post("/v1/orders", "k", soon).await;
    assert_eq!(placed.status, 201, "{}", placed.body);
    let path = format!("/v1/orders/{}", placed.body["order_id"].as_str().unwrap());
    let start = Instant::now();
    while client.get(&path).await.body["state"] != "EXPIRED" {
        assert!(
            start.elapsed() < Duration::from_secs(20),
            "the order never expired"
        );
    }
}

/// Placing is linear in the lines: twice the lines take about twice the time, not four times.
#[tokio::test]
async fn placing_is_linear_in_lines() {
    let (_folder, database) = folder();
    let service = Service::start(&database);
    let mut client = service.client();
    let mut quickest = [Duration::MAX; 2];
    for round in 0..15 {
        for (i, lines) in [250, 1_000].into_iter().enumerate() {
            let mut large = order(1);
            large["lines"] = vec![large["lines"][0].clone(); lines].into();
            large["discount"] = 7.into();
            let start = Instant::now();
            let placed = client
                .post("/v1/orders", &format!("{round}-{lines}"), large)
                .await;
            quickest[i] = quickest[i].min(start.elapsed());
            assert_eq!(placed.body["lines"].as_array().unwrap().len(), lines);
        }
    }
    let [small, large] = quickest;
    assert!(
        large < small * 8,
        "250 lines took {small:?}, 1,000 took {large:?}"
    );
}
