//! kill -9 under load: what was acknowledged is there, once, and the feed is dense.

use crate::client::{Answer, Client, order};
use crate::service::{Service, folder};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Kills, callers at a time, and acknowledgements that are waited for before each kill.
const KILLS: usize = 20;
const CALLERS: usize = 16;
const ACKS_BEFORE_KILL: usize = 40;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_and_no_key_places_twice() {
    let (_folder, database) = folder();
    let mut acknowledged: BTreeMap<String, String> = BTreeMap::new();
    let mut unanswered: Vec<String> = Vec::new();
    for round in 0..KILLS {
        let service = Service::start(&database);
        // What the kill left unanswered is asked again under its key, as a caller would.
        let mut client = service.client();
        for key in std::mem::take(&mut unanswered) {
            let answer = client.post("/v1/orders", &key, order(1)).await;
            acknowledged.insert(key, id_of(&answer));
        }
        let (acks, lost) = place_until_killed(&service, round).await;
        acknowledged.extend(acks);
        unanswered = lost;
        drop(service);
    }
    let service = Service::start(&database);
    let mut client = service.client();
    for key in unanswered {
        let answer = client.post("/v1/orders", &key, order(1)).await;
        acknowledged.insert(key, id_of(&answer));
    }
    assert!(
        acknowledged.len() >= KILLS * ACKS_BEFORE_KILL,
        "only {} orders",
        acknowledged.len()
    );
    check(&mut client, &acknowledged).await;
}

fn id_of(answer: &Answer) -> String {
    assert_eq!(answer.status, 201, "{}", answer.body);
    answer.body["order_id"].as_str().unwrap().to_owned()
}

/// Callers place until the service is gone; gives what was acknowledged, and the keys without answer.
async fn place_until_killed(
    service: &Service,
    round: usize,
) -> (Vec<(String, String)>, Vec<String>) {
    let count = Arc::new(AtomicUsize::new(0));
    let callers: Vec<_> = (0..CALLERS)
        .map(|caller| {
            tokio::spawn(place_until_cut(
                service.rest,
                format!("{round}-{caller}"),
                count.clone(),
            ))
        })
        .collect();
    while count.load(Ordering::Relaxed) < ACKS_BEFORE_KILL {
        tokio::task::yield_now().await;
    }
    service.signal("KILL");
    let (mut acks, mut lost) = (Vec::new(), Vec::new());
    for caller in callers {
        let (acknowledged, unanswered) = caller.await.unwrap();
        acks.extend(acknowledged);
        lost.extend(unanswered);
    }
    (acks, lost)
}

async fn place_until_cut(
    addr: std::net::SocketAddr,
    name: String,
    count: Arc<AtomicUsize>,
) -> (Vec<(String, String)>, Option<String>) {
    let mut client = Client::new(addr);
    let mut acknowledged = Vec::new();
    for i in 0.. {
        let key = format!("{name}-{i}");
        match client.try_post("/v1/orders", &key, order(1)).await {
            Ok(answer) => acknowledged.push((key, id_of(&answer))),
            Err(_) => return (acknowledged, Some(key)),
        }
        count.fetch_add(1, Ordering::Relaxed);
    }
    unreachable!("callers place until they are cut")
}

/// Every acknowledged order is there, each key gives it again, and nothing else was placed.
async fn check(client: &mut Client, acknowledged: &BTreeMap<String, String>) {
    let mut feed: BTreeMap<String, u64> = BTreeMap::new();
    let mut after = "0".to_owned();
    let mut position = 0;
    loop {
        let page = client
            .get(&format!("/v1/changes?limit=1000&after={after}"))
            .await
            .body;
        let events = page["events"].as_array().unwrap();
        for event in events {
            position += 1;
            assert_eq!(
                event["position"],
                Value::String(position.to_string()),
                "the feed is dense"
            );
            assert_eq!(event["orderversion"], 1);
            *feed
                .entry(event["subject"].as_str().unwrap().to_owned())
                .or_default() += 1;
        }
        if events.is_empty() {
            break;
        }
        page["next_after"].as_str().unwrap().clone_into(&mut after);
    }
    for (key, id) in acknowledged {
        assert_eq!(
            feed.get(id),
            Some(&1),
            "order {id} of key {key} stands once in the feed"
        );
        let again = client.post("/v1/orders", key, order(1)).await;
        assert_eq!(&id_of(&again), id, "key {key}");
    }
    assert_eq!(
        feed.len(),
        acknowledged.len(),
        "nothing was placed that nobody asked for"
    );
}
