//! Copies of orders in Redis, with their ages by Redis's own clock.

use crate::link::Link;
use crate::lookup::{Found, Lookup};
use crate::metrics::{CacheMetrics, Put};
use crate::server_time::millis;
use async_trait::async_trait;
use futures_util::future::join_all;
use group_commit::GroupCommit;
use order_core::domain::{Order, OrderId};
use order_core::ports::{CachedOrder, OrderCache};
use order_proto::storage;
use redis::{Script, pipe};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// [`OrderCache`] in Redis, for all replicas.
pub(crate) struct RedisCache {
    link: Arc<Link>,
    metrics: CacheMetrics,
    lookups: GroupCommit<Lookup>,
    put: Script,
    mark: String,
}

/// An order as it is handed over.
struct Parcel {
    key: String,
    version: u64,
    bytes: Vec<u8>,
}

impl RedisCache {
    /// Copies by `link`; what callers want is asked for by `lookups`.
    pub(crate) fn new(
        link: Arc<Link>,
        metrics: CacheMetrics,
        lookups: GroupCommit<Lookup>,
    ) -> RedisCache {
        RedisCache {
            metrics,
            lookups,
            put: Script::new(include_str!("scripts/put.lua")),
            mark: link.config.clock_key(),
            link,
        }
    }

    fn parcel(&self, order: &Order) -> Option<Parcel> {
        let bytes = storage::encode_order(order);
        if bytes.len() > self.link.config.max_value_bytes {
            self.metrics.put(Put::TooLarge);
            return None;
        }
        Some(Parcel {
            key: self.link.config.order_key(order.order_id),
            version: order.version,
            bytes,
        })
    }

    /// Hands the parcel over. `read_began`: since when its version is known to be the newest.
    async fn send(&self, parcel: Parcel, read_began: Option<Instant>, only_if_known: bool) {
        let lifetime = millis(self.link.config.entry_lifetime);
        let mut call = self.put.prepare_invoke();
        call.key(parcel.key)
            .key(self.mark.as_str())
            .arg(parcel.version);
        let said: Option<String> = self
            .link
            .call(|mut connection, live| async move {
                let as_of = read_began.map_or(0, |began| millis(live.sample().at(began)));
                call.arg(as_of)
                    .arg(lifetime)
                    .arg(u8::from(only_if_known))
                    .arg(parcel.bytes)
                    .invoke_async(&mut connection)
                    .await
            })
            .await;
        self.metrics.put(match said.as_deref() {
            Some("stored") => Put::Stored,
            Some("renewed") => Put::Renewed,
            Some("older") => Put::Older,
            Some("future") => Put::Future,
            Some("absent") => Put::Absent,
            _ => Put::Away,
        });
    }

    /// Which of `orders` have an entry that `read_began` or a newer version would change.
    async fn wanted<'a>(
        &self,
        orders: &'a [Arc<Order>],
        renews: bool,
    ) -> impl Iterator<Item = &'a Arc<Order>> {
        let mut heads = pipe();
        for order in orders {
            heads
                .cmd("GETRANGE")
                .arg(self.link.config.order_key(order.order_id))
                .arg(0)
                .arg(7);
        }
        let versions: Option<Vec<Vec<u8>>> = self
            .link
            .call(|mut connection, _| async move { heads.query_async(&mut connection).await })
            .await;
        let versions = versions.unwrap_or_default();
        orders
            .iter()
            .zip(versions)
            .filter_map(move |(order, head)| {
                let kept = u64::from_be_bytes(head.try_into().ok()?);
                (kept < order.version || (renews && kept == order.version)).then_some(order)
            })
    }
}

#[async_trait]
impl OrderCache for RedisCache {
    async fn get(&self, order_id: OrderId) -> Option<CachedOrder> {
        let waiting = self.lookups.submit(order_id, 1).await;
        // Refused where too many wait, or where Redis is being left.
        let found = waiting.ok().flatten().map(Found::now);
        let counter = match found {
            Some(_) => &self.metrics.hits,
            None => &self.metrics.misses,
        };
        counter.inc();
        found
    }

    async fn put(&self, order: Arc<Order>, read_ago: Duration) {
        let read_began = Instant::now().checked_sub(read_ago);
        if let Some(parcel) = self.parcel(&order) {
            self.send(parcel, read_began, false).await;
        }
    }

    async fn refresh(&self, orders: &[Arc<Order>], read_ago: Option<Duration>) {
        if orders.is_empty() {
            return;
        }
        let read_began = read_ago.and_then(|ago| Instant::now().checked_sub(ago));
        // Of most orders nobody has asked for a copy: their bytes never travel.
        let wanted = self.wanted(orders, read_began.is_some()).await;
        let parcels = wanted.filter_map(|order| self.parcel(order));
        join_all(parcels.map(|parcel| self.send(parcel, read_began, true))).await;
    }
}
