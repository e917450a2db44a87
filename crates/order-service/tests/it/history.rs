//! What callers were told, held against what the service has afterwards: nothing acknowledged is lost,
//! no key has two effects, the feed is dense, and the versions of each order have no gap.

use crate::client::{Client, order};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::task::JoinHandle;

/// Callers at a time.
const CALLERS: usize = 16;
/// How long a caller who was refused waits before it asks again.
const RETRY_PAUSE: Duration = Duration::from_millis(10);

/// A change that a caller asks for, under its key.
#[derive(Clone, Debug)]
struct Call {
    key: String,
    path: String,
    body: Value,
}

/// What an answer said: the order, and the version that it had then.
type Told = (String, u64);

/// Callers at work, and what they were told.
#[derive(Debug, Default)]
pub(crate) struct History {
    acknowledged: Mutex<BTreeMap<String, (Call, Told)>>,
    /// Sent, and never answered.
    open: Mutex<Vec<Call>>,
    acks: AtomicUsize,
    pub(crate) refusals: AtomicUsize,
    enough: AtomicBool,
}

impl History {
    /// Callers that each place an order and hold it, again and again: until they are told to stop, or
    /// their connection breaks. `round` keeps their keys apart from those of other rounds.
    pub(crate) fn begin(
        self: &Arc<History>,
        addr: SocketAddr,
        round: usize,
    ) -> Vec<JoinHandle<()>> {
        let caller = |number| {
            let history = Arc::clone(self);
            let name = format!("{round}-{number}");
            tokio::spawn(async move { history.work(Client::new(addr), &name).await })
        };
        (0..CALLERS).map(caller).collect()
    }

    /// Waits for so many more acknowledgements.
    pub(crate) async fn more(&self, acks: usize) {
        let target = self.acks.load(Ordering::Relaxed) + acks;
        while self.acks.load(Ordering::Relaxed) < target {
            tokio::task::yield_now().await;
        }
    }

    /// Tells the callers to stop, and waits for them.
    pub(crate) async fn end(&self, callers: Vec<JoinHandle<()>>) {
        self.enough.store(true, Ordering::Relaxed);
        History::join(callers).await;
        self.enough.store(false, Ordering::Relaxed);
    }

    /// Waits for callers whose service is gone.
    pub(crate) async fn join(callers: Vec<JoinHandle<()>>) {
        for caller in callers {
            caller.await.unwrap();
        }
    }

    async fn work(&self, mut client: Client, name: &str) {
        for i in 0.. {
            let key = format!("{name}-{i}");
            let placing = Call {
                key: key.clone(),
                path: "/v1/orders".to_owned(),
                body: order(1),
            };
            let Some((id, _)) = self.ask(&mut client, placing).await else {
                return;
            };
            let holding = Call {
                key: format!("{key}-hold"),
                path: format!("/v1/orders/{id}:hold"),
                body: json!({ "kind": "FRAUD_CHECK", "reason": "look" }),
            };
            if self.ask(&mut client, holding).await.is_none() {
                return;
            }
        }
    }

    /// Asks until the answer is known; `None` where the connection broke or it is enough.
    async fn ask(&self, client: &mut Client, call: Call) -> Option<Told> {
        loop {
            let answered = client
                .try_post(&call.path, &call.key, call.body.clone())
                .await;
            match answered {
                Ok(answer) if answer.status.is_success() => {
                    let told = told(&answer.body);
                    self.acknowledge(call, told.clone());
                    let go_on = !self.enough.load(Ordering::Relaxed);
                    return go_on.then_some(told);
                }
                Ok(answer) => {
                    assert_eq!(answer.status, 503, "{}", answer.body);
                    assert!(answer.headers.contains_key("retry-after"));
                    self.refusals.fetch_add(1, Ordering::Relaxed);
                    tokio::time::sleep(RETRY_PAUSE).await;
                }
                Err(_) => {
                    self.open.lock().unwrap().push(call);
                    return None;
                }
            }
        }
    }

    fn acknowledge(&self, call: Call, told: Told) {
        let mut acknowledged = self.acknowledged.lock().unwrap();
        acknowledged.insert(call.key.clone(), (call, told));
        self.acks.fetch_add(1, Ordering::Relaxed);
    }

    /// Asks again, as callers would, for what was left open.
    pub(crate) async fn settle(&self, client: &mut Client) {
        let open = std::mem::take(&mut *self.open.lock().unwrap());
        for call in open {
            let answer = client.post(&call.path, &call.key, call.body.clone()).await;
            assert!(answer.status.is_success(), "{}", answer.body);
            self.acknowledge(call, told(&answer.body));
        }
    }

    /// Holds everything against the service.
    pub(crate) async fn check(&self, client: &mut Client) {
        self.settle(client).await;
        let versions = read_feed(client).await;
        let acknowledged = self.acknowledged.lock().unwrap().clone();
        assert!(!acknowledged.is_empty(), "nothing was acknowledged at all");
        let mut newest: BTreeMap<&str, u64> = BTreeMap::new();
        for (call, (id, version)) in acknowledged.values() {
            let known = newest.entry(id).or_default();
            *known = (*known).max(*version);
            let again = client.post(&call.path, &call.key, call.body.clone()).await;
            assert_eq!(told(&again.body), (id.clone(), *version), "{call:?}");
        }
        let held: BTreeMap<&str, u64> = versions.iter().map(|(id, v)| (id.as_str(), *v)).collect();
        assert_eq!(
            held, newest,
            "the feed holds what was acknowledged and nothing else"
        );
        assert_eq!(
            read_feed(client).await,
            versions,
            "asking again wrote nothing"
        );
    }
}

fn told(body: &Value) -> Told {
    let id = body["order_id"]
        .as_str()
        .unwrap_or_else(|| panic!("no order: {body}"));
    (id.to_owned(), body["version"].as_u64().unwrap())
}

/// The newest version of each order, from a feed that must be dense.
async fn read_feed(client: &mut Client) -> BTreeMap<String, u64> {
    let mut versions: BTreeMap<String, u64> = BTreeMap::new();
    for (position, event) in (1..).zip(client.changes().await) {
        let position: u64 = position;
        assert_eq!(event["position"], position.to_string(), "the feed is dense");
        let id = event["subject"].as_str().unwrap().to_owned();
        let version = versions.entry(id).or_default();
        *version += 1;
        assert_eq!(event["orderversion"], *version, "versions have no gap");
    }
    versions
}
