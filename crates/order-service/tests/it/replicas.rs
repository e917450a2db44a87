//! Two replicas on one database give one another's orders, by REST and by gRPC alike.

use crate::client::{Client, order};
use crate::grpc;
use crate::service::Service;
use crate::store::Store;
use order_proto::v1::{GetOrderRequest, ListOrdersRequest, WatchOrdersRequest};
use std::time::Duration;
use tokio::time::timeout;

/// Feed partitions of the second test, and replicas enough that some choose different ones.
const PARTITIONS: &str = "4";
const REPLICAS: usize = 4;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_places_the_other_reads_lists_and_watches() {
    let store = Store::postgres();
    let one = Service::start_on(&store.url(), &[]);
    let other = Service::start_on(&store.url(), &[]);
    let mut at_other = grpc::client(other.grpc).await.unwrap();
    let mut watch = at_other
        .watch_orders(WatchOrdersRequest::default())
        .await
        .unwrap()
        .into_inner();

    let by_rest = one.client().post("/v1/orders", "rest", order(2)).await;
    let mut at_one = grpc::client(one.grpc).await.unwrap();
    let by_grpc = at_one.place_order(grpc::place("grpc", 2)).await.unwrap();
    let by_grpc = by_grpc.into_inner();
    let rest_id = by_rest.body["order_id"].as_str().unwrap().to_owned();

    // The order that REST placed, by gRPC at the other; and the other way round.
    let read = GetOrderRequest {
        order_id: rest_id.clone(),
    };
    let read = at_other.get_order(read).await.unwrap().into_inner();
    assert_eq!(
        (&read.order_id, read.version, read.totals.unwrap().total),
        (&rest_id, 1, 1_000)
    );
    let path = format!("/v1/orders/{}", by_grpc.order_id);
    let read = other.client().get(&path).await.body;
    assert_eq!(read["totals"]["total"], 1_000);
    assert_eq!(read["etag"], by_grpc.etag);
    assert_eq!(read, one.client().get(&path).await.body);

    let listed = at_other.list_orders(ListOrdersRequest::default()).await;
    let listed = listed.unwrap().into_inner().orders;
    let ids: Vec<&str> = listed.iter().map(|order| order.order_id.as_str()).collect();
    assert_eq!(ids, [by_grpc.order_id.as_str(), rest_id.as_str()]);
    for id in [&rest_id, &by_grpc.order_id] {
        let event = timeout(Duration::from_secs(30), watch.message()).await;
        let event = event.expect("the watch tells of it").unwrap().unwrap();
        assert_eq!((&event.order_id, event.version), (id, 1));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn partitions_keep_one_feed_that_every_replica_reads_whole() {
    let store = Store::postgres();
    let environment = [("FEED_PARTITIONS", PARTITIONS)];
    let services: Vec<Service> = (0..REPLICAS)
        .map(|_| Service::start_on(&store.url(), &environment))
        .collect();
    let placing: Vec<_> = services
        .iter()
        .enumerate()
        .map(|(number, service)| {
            let mut client = service.client();
            tokio::spawn(async move {
                for i in 0..50 {
                    let key = format!("{number}-{i}");
                    let placed = client.post("/v1/orders", &key, order(1)).await;
                    assert_eq!(placed.status, 201, "{}", placed.body);
                }
            })
        })
        .collect();
    for placed in placing {
        placed.await.unwrap();
    }
    for service in &services {
        assert_eq!(count_changes(&mut service.client()).await, 50 * REPLICAS);
    }
}

/// Reads the feed in small pages, so that the token is used often.
async fn count_changes(client: &mut Client) -> usize {
    let (mut count, mut after) = (0, "0".to_owned());
    loop {
        let page = client
            .get(&format!("/v1/changes?limit=7&after={after}"))
            .await
            .body;
        let events = page["events"].as_array().unwrap().len();
        if events == 0 {
            return count;
        }
        count += events;
        page["next_after"].as_str().unwrap().clone_into(&mut after);
    }
}
