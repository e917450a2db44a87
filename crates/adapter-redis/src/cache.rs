//! Copies of orders in Redis, with their ages by Redis's own clock.

use crate::link::Link;
use crate::metrics::{CacheMetrics, Put};
use crate::server_time::{Sample, millis};
use async_trait::async_trait;
use futures_util::future::join_all;
use order_core::domain::{Order, OrderId};
use order_core::ports::{CachedOrder, OrderCache};
use order_proto::storage;
use redis::{RedisResult, Script, cmd, pipe};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Bytes before the order: version, `as_of` and era, as `put.lua` writes them.
const HEAD_BYTES: usize = 24;

/// [`OrderCache`] in Redis, for all replicas.
pub(crate) struct RedisCache {
    link: Arc<Link>,
    metrics: CacheMetrics,
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
    pub(crate) fn new(link: Arc<Link>, metrics: CacheMetrics) -> RedisCache {
        RedisCache {
            metrics,
            put: Script::new(include_str!("scripts/put.lua")),
            mark: format!("{}:clock", link.config.prefix),
            link,
        }
    }

    fn key(&self, order_id: OrderId) -> String {
        format!("{}:order:{order_id}", self.link.config.prefix)
    }

    fn parcel(&self, order: &Order) -> Option<Parcel> {
        let bytes = storage::encode_order(order);
        if bytes.len() > self.link.config.max_value_bytes {
            self.metrics.put(Put::TooLarge);
            return None;
        }
        Some(Parcel {
            key: self.key(order.order_id),
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
                .arg(self.key(order.order_id))
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

    /// The entry with its age at the server's time `now`, if it has one.
    fn read(
        &self,
        entry: &[u8],
        mark: &str,
        now: Sample,
        order_id: OrderId,
    ) -> Option<CachedOrder> {
        let (head, bytes) = entry.split_at_checked(HEAD_BYTES)?;
        let mut numbers = head
            .chunks_exact(8)
            .filter_map(|chunk| Some(u64::from_be_bytes(chunk.try_into().ok()?)));
        let (version, as_of, era) = (numbers.next()?, numbers.next()?, numbers.next()?);
        let (current_era, last) = mark.split_once(':')?;
        let (current_era, last): (u64, u64) = (current_era.parse().ok()?, last.parse().ok()?);
        // A clock that has stepped back makes every age doubtful until the next put begins an era.
        let now = now.server_millis();
        if era != current_era || now < last {
            return None;
        }
        let age = now.checked_sub(as_of)?;
        let order = storage::decode_order(bytes);
        match order.map_err(|error| error.to_string()) {
            Ok(order) if order.order_id == order_id && order.version == version => {
                Some(CachedOrder {
                    order: Arc::new(order),
                    // What was cut off of both times, a millisecond each.
                    age: Duration::from_millis(age + 1),
                })
            }
            unreadable => {
                self.metrics.unreadable.inc();
                let error = unreadable
                    .err()
                    .unwrap_or_else(|| "it is another order".to_owned());
                tracing::warn!(%order_id, error, "a copy in Redis cannot be read; it counts as a miss");
                None
            }
        }
    }
}

#[async_trait]
impl OrderCache for RedisCache {
    async fn get(&self, order_id: OrderId) -> Option<CachedOrder> {
        let key = self.key(order_id);
        let answer = self
            .link
            .call(|mut connection, live| async move {
                // The time is asked for last, so that no age is told too low.
                let mut lookup = pipe();
                lookup.add_command(cmd("MGET").arg(key).arg(self.mark.as_str()).take());
                lookup.cmd("TIME");
                let answer: RedisResult<Lookup> = lookup.query_async(&mut connection).await;
                let ((entry, mark), time) = answer?;
                let now = Sample::now(time);
                live.sampled(now);
                Ok((entry, mark, now))
            })
            .await;
        let found = answer.and_then(|(entry, mark, now)| self.read(&entry?, &mark?, now, order_id));
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

/// An entry and the mark of the server's clock, then its time.
type Lookup = ((Option<Vec<u8>>, Option<String>), (u64, u64));
