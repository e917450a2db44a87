//! Copies that callers wait for, asked for together: what waits while Redis answers is the next MGET.

use crate::link::{Link, Live};
use crate::metrics::CacheMetrics;
use crate::server_time::Sample;
use group_commit::{Flush, FlushError};
use order_core::domain::OrderId;
use order_core::ports::CachedOrder;
use order_proto::storage;
use redis::aio::MultiplexedConnection;
use redis::{RedisResult, cmd, pipe};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Bytes before the order: version, `as_of` and era, as `put.lua` writes them.
const HEAD_BYTES: usize = 24;
/// Callers that may wait; one more reads from the store.
const QUEUED: usize = 16_384;
/// Keys of one MGET, at most. What it answers is bounded by this and by `max_value_bytes` of each.
const BATCH: usize = 256;

/// The bounds within which callers wait together.
pub(crate) const BOUNDS: group_commit::Config = group_commit::Config {
    max_queued_items: QUEUED,
    max_queued_weight_bytes: QUEUED,
    max_batch_items: BATCH,
    max_batch_weight_bytes: BATCH,
    further_writer_percent: 80,
};

/// Asks for what waits.
pub(crate) struct Lookup {
    link: Arc<Link>,
    metrics: CacheMetrics,
}

/// A copy, and since when its age grows on the way to the caller.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    copy: CachedOrder,
    asked: Instant,
}

impl Found {
    /// The copy with its age now: what it was at the server, and all the time that the answer took, as
    /// RFC 9111, 4.2.3 reckons.
    pub(crate) fn now(self) -> CachedOrder {
        CachedOrder {
            age: self.copy.age + self.asked.elapsed(),
            order: self.copy.order,
        }
    }
}

impl Lookup {
    pub(crate) fn new(link: Arc<Link>, metrics: CacheMetrics) -> Lookup {
        Lookup { link, metrics }
    }
}

impl Flush for Lookup {
    type Item = OrderId;
    type Output = Option<Found>;
    type Error = std::convert::Infallible;
    const NAME: &'static str = "lookup";

    /// One MGET of each order once, however many callers want it.
    async fn flush(
        &mut self,
        batch: &[OrderId],
    ) -> Result<Vec<Option<Found>>, FlushError<Self::Error>> {
        let mut places = HashMap::with_capacity(batch.len());
        let mut keys = Vec::with_capacity(batch.len() + 1);
        for order_id in batch {
            places.entry(*order_id).or_insert_with(|| {
                keys.push(self.link.config.order_key(*order_id));
                keys.len() - 1
            });
        }
        keys.push(self.link.config.clock_key());
        let asked = Instant::now();
        let answer = self.link.call(|redis, live| ask(redis, live, keys)).await;
        let mut copies = vec![None; places.len()];
        if let Some((entries, mark, now)) = answer {
            for (order_id, place) in &places {
                let entry = entries.get(*place).and_then(Option::as_deref);
                let copy = entry.and_then(|entry| self.read(entry, &mark, now, *order_id));
                copies[*place] = copy.map(|copy| Found { copy, asked });
            }
        }
        let found = |order_id| {
            places
                .get(order_id)
                .and_then(|place| copies[*place].clone())
        };
        Ok(batch.iter().map(found).collect())
    }

    fn after_panic(&mut self) {}
}

/// To MGET and TIME.
type Answer = (Vec<Option<Vec<u8>>>, (u64, u64));
/// Entries in the order of the keys, the last of which is the mark of the server's clock.
type Entries = (Vec<Option<Vec<u8>>>, Vec<u8>, Sample);

async fn ask(
    mut redis: MultiplexedConnection,
    live: Arc<Live>,
    keys: Vec<String>,
) -> RedisResult<Entries> {
    // The time is asked for last, so that no age is told too low.
    let mut questions = pipe();
    questions.add_command(cmd("MGET").arg(keys).take());
    questions.cmd("TIME");
    let answer: RedisResult<Answer> = questions.query_async(&mut redis).await;
    let (mut entries, time) = answer?;
    let now = Sample::now(time);
    live.sampled(now);
    let mark = entries.pop().flatten().unwrap_or_default();
    Ok((entries, mark, now))
}

impl Lookup {
    /// The entry with its age at the server's time `now`, if it has one.
    fn read(
        &self,
        entry: &[u8],
        mark: &[u8],
        now: Sample,
        order_id: OrderId,
    ) -> Option<CachedOrder> {
        let (head, bytes) = entry.split_at_checked(HEAD_BYTES)?;
        let mut numbers = head
            .chunks_exact(8)
            .filter_map(|chunk| Some(u64::from_be_bytes(chunk.try_into().ok()?)));
        let (version, as_of, era) = (numbers.next()?, numbers.next()?, numbers.next()?);
        let (current_era, last) = std::str::from_utf8(mark).ok()?.split_once(':')?;
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
