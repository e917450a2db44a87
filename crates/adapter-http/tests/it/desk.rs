//! A desk to call REST from: the edge, the store behind it, and short ways to ask.

use crate::contract;
use adapter_http::{Config, HttpEdge, Metrics};
use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, Full};
use order_core::app::Orders;
use order_core::ports::{EventFeed, FeedToken, Rate};
use prometheus_client::registry::Registry;
use serde_json::{Value, json};
use std::sync::Arc;
use testkit::fakes::{
    ManualClock, MemoryCache, MemoryRateLimiter, MemoryStore, SequentialIds, StaticHealth,
};

/// Everything that a test asks or looks at.
pub(crate) struct Desk {
    pub(crate) edge: HttpEdge,
    pub(crate) store: MemoryStore,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) health: Arc<StaticHealth>,
    pub(crate) registry: Registry,
}

/// An answer, read whole.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Desk {
    pub(crate) fn new() -> Desk {
        Desk::with(Config::default())
    }

    pub(crate) fn with(config: Config) -> Desk {
        Desk::made(config, |orders, _| orders, None)
    }

    /// A desk whose application has a cache that goes by the desk's clock.
    pub(crate) fn with_cache() -> Desk {
        let cached = |orders: Orders, clock: Arc<ManualClock>| {
            orders.with_cache(Arc::new(MemoryCache::by(clock)))
        };
        Desk::made(Config::default(), cached, None)
    }

    /// A desk that holds callers to this rate, by its clock.
    pub(crate) fn limited(rate: Rate) -> Desk {
        Desk::made(Config::default(), |orders, _| orders, Some(rate))
    }

    fn made(
        config: Config,
        cached: impl FnOnce(Orders, Arc<ManualClock>) -> Orders,
        rate: Option<Rate>,
    ) -> Desk {
        let store = MemoryStore::new();
        let clock = Arc::new(ManualClock::default());
        let orders = Orders::new(
            Arc::new(store.clone()),
            Arc::new(store.clone()),
            clock.clone(),
            Arc::new(SequentialIds::new(1)),
        );
        let orders = cached(orders, clock.clone());
        let health = Arc::new(StaticHealth::ready());
        let mut registry = Registry::default();
        let metrics = Metrics::new(&mut registry);
        let edge = match rate {
            Some(rate) => {
                let limiter = Arc::new(MemoryRateLimiter::new(rate, clock.clone()));
                HttpEdge::limited(config, orders, health.clone(), metrics, limiter)
            }
            None => HttpEdge::new(config, orders, health.clone(), metrics),
        };
        Desk {
            edge,
            store,
            clock,
            health,
            registry,
        }
    }

    /// Asks, and holds the answer against the contract.
    pub(crate) async fn ask(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Reply {
        let response = self
            .edge
            .answer(request(method, path, headers, body), None)
            .await;
        let reply = Reply::of(response).await;
        contract::check(method, path, &reply);
        reply
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.ask("GET", path, &[], "").await
    }

    /// Posts JSON.
    pub(crate) async fn post(&self, path: &str, headers: &[(&str, &str)], body: &Value) -> Reply {
        let mut all = vec![("content-type", "application/json")];
        all.extend_from_slice(headers);
        self.ask("POST", path, &all, body.to_string()).await
    }

    /// Places an order under `key`.
    pub(crate) async fn place(&self, key: &str, order: &Value) -> Reply {
        self.post("/v1/orders", &[("idempotency-key", key)], order)
            .await
    }

    /// Places an ordinary order and answers its id.
    pub(crate) async fn placed(&self, key: &str) -> String {
        let reply = self.place(key, &order()).await;
        assert_eq!(reply.status, 201, "{reply:?}");
        reply.text_at("order_id")
    }

    /// Sends a fact in structured mode.
    pub(crate) async fn fact(&self, id: &str, kind: &str, data: &Value) -> Reply {
        let event =
            json!({"specversion": "1.0", "type": kind, "source": "/test", "id": id, "data": data});
        let headers = [("content-type", "application/cloudevents+json")];
        self.ask("POST", "/v1/facts", &headers, event.to_string())
            .await
    }

    /// The newest position of the feed: it moves with every change.
    pub(crate) async fn head(&self) -> FeedToken {
        self.store.head().await.unwrap()
    }
}

impl Reply {
    pub(crate) async fn of(response: Response<Body>) -> Reply {
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Reply {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body,
        }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The text of a member.
    pub(crate) fn text_at(&self, member: &str) -> String {
        self.json()[member]
            .as_str()
            .unwrap_or_else(|| panic!("{member}: {self:?}"))
            .to_owned()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The fields of all violations.
    pub(crate) fn fields(&self) -> Vec<String> {
        let json = self.json();
        let list = json["violations"].as_array().cloned().unwrap_or_default();
        list.iter()
            .map(|one| one["field"].as_str().unwrap().to_owned())
            .collect()
    }
}

pub(crate) fn request(
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: impl Into<Bytes>,
) -> Request<Full<Bytes>> {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(
            *name,
            http::HeaderValue::from_bytes(value.as_bytes()).unwrap(),
        );
    }
    request.body(Full::new(body.into())).unwrap()
}

/// An ordinary order: 2 × 19.99 and 1 × 5.00, 44.98 in all.
pub(crate) fn order() -> Value {
    json!({
        "customer_id": "customer-1",
        "currency": "EUR",
        "lines": [
            {"sku": "book", "quantity": 2, "unit_price": 1999},
            {"sku": "pen", "name": "A pen", "quantity": 1, "unit_price": 500}
        ]
    })
}

/// The order with one member set.
pub(crate) fn order_with(member: &str, value: Value) -> Value {
    let mut order = order();
    order[member] = value;
    order
}
