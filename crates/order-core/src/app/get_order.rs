//! Read one order: as fresh as the store, or as old as the caller allows.

use super::aged_reads::{AgedReads, Load, Seated};
use super::{AppError, Orders};
use crate::domain::{Order, OrderId};
use crate::ports::{CachedOrder, StoreError};
use std::sync::Arc;
use std::time::Duration;

/// How old an answer may be. By default it is fresh.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AllowedAge {
    /// An answer of that age will do; zero: none but a fresh one.
    pub max_age: Duration,
    /// An answer of that age will do where the store does not answer; zero: an error, then.
    pub stale_if_error: Duration,
}

impl AllowedAge {
    /// Whether none but a fresh answer will do.
    pub const fn is_fresh(&self) -> bool {
        self.max_age.is_zero() && self.stale_if_error.is_zero()
    }
}

/// An order as it was at some time between `age` before the request and the answer: it shows all that
/// was acknowledged before that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgedOrder {
    /// The order.
    pub order: Arc<Order>,
    /// How old it is at most; zero: fresh.
    pub age: Duration,
    /// Whether it is older than the caller wanted, since the store did not answer.
    pub stale: bool,
}

/// An age as callers are told it: in whole seconds, never too low. What is a microsecond old may lack what
/// was acknowledged half a microsecond ago, and is not fresh.
pub fn age_seconds(age: Duration) -> u64 {
    age.as_secs() + u64::from(age.subsec_nanos() > 0)
}

impl AgedOrder {
    fn of(order: Arc<Order>, age: Duration) -> AgedOrder {
        AgedOrder {
            order,
            age,
            stale: false,
        }
    }
}

impl Orders {
    /// The order as it is now.
    pub async fn get(&self, order_id: OrderId) -> Result<Arc<Order>, AppError> {
        self.store
            .load(order_id)
            .await?
            .ok_or(AppError::NotFound(order_id))
    }

    /// The order, as old as the caller allows. Without a cache every answer is fresh.
    pub async fn get_aged(
        &self,
        order_id: OrderId,
        allowed: AllowedAge,
    ) -> Result<AgedOrder, AppError> {
        let Some(reads) = self.aged.as_deref().filter(|_| !allowed.is_fresh()) else {
            let order = self.get(order_id).await?;
            return Ok(AgedOrder::of(order, Duration::ZERO));
        };
        let asked = self.clock.monotonic();
        reads.mark(asked);
        let here = reads.sit(order_id);
        let cached = if allowed.max_age.is_zero() {
            None
        } else {
            reads.cache.get(order_id).await
        };
        if let Some(CachedOrder { order, age }) = &cached
            && *age <= allowed.max_age
        {
            return Ok(AgedOrder::of(Arc::clone(order), *age));
        }
        let looked = self.clock.monotonic();
        let load = if allowed.max_age.is_zero() {
            // Nobody's load is fresh enough for it; the store answers many at once by itself.
            let load = self.load(order_id).await;
            self.keep(reads, &load).await;
            load
        } else {
            self.load_together(reads, &here, asked, allowed.max_age)
                .await
        };
        match load.found {
            Ok(Some(order)) => {
                let age = asked.saturating_sub(load.began);
                Ok(AgedOrder::of(order, age))
            }
            Ok(None) => Err(AppError::NotFound(order_id)),
            Err(error) => {
                let cached = cached.map(|cached| CachedOrder {
                    age: cached.age + self.clock.monotonic().saturating_sub(looked),
                    ..cached
                });
                self.stale(reads, order_id, cached, allowed, error).await
            }
        }
    }

    /// The load of somebody who sits here too, if it is young enough; else one for all of them.
    async fn load_together(
        &self,
        reads: &AgedReads,
        here: &Seated<'_>,
        asked: Duration,
        max_age: Duration,
    ) -> Load {
        let mut turn = here.seat.lock().await;
        if let Some(load) = turn.as_ref().filter(|load| load.answers(asked, max_age)) {
            return load.clone();
        }
        let load = self.load(here.order_id).await;
        *turn = Some(load.clone());
        // The others need not wait until the cache has it.
        drop(turn);
        if self.keep(reads, &load).await {
            let kept = self.clock.monotonic();
            if let Some(shared) = here.seat.lock().await.as_mut()
                && shared.began == load.began
            {
                shared.kept = Some(kept);
            }
        }
        load
    }

    async fn load(&self, order_id: OrderId) -> Load {
        let began = self.clock.monotonic();
        let found = self.store.load(order_id).await;
        let ended = self.clock.monotonic();
        Load {
            began,
            ended,
            kept: None,
            found,
        }
    }

    /// Whether there was something to keep.
    async fn keep(&self, reads: &AgedReads, load: &Load) -> bool {
        let Ok(Some(order)) = &load.found else {
            return false;
        };
        let read_ago = self.clock.monotonic().saturating_sub(load.began);
        reads.cache.put(Arc::clone(order), read_ago).await;
        true
    }

    /// What the cache still has, if the caller takes it rather than the error.
    async fn stale(
        &self,
        reads: &AgedReads,
        order_id: OrderId,
        cached: Option<CachedOrder>,
        allowed: AllowedAge,
        error: StoreError,
    ) -> Result<AgedOrder, AppError> {
        // What cannot be read is a defect, which an older copy would hide.
        if allowed.stale_if_error.is_zero() || matches!(error, StoreError::Corrupt { .. }) {
            return Err(error.into());
        }
        let cached = match cached {
            Some(cached) => Some(cached),
            None => reads.cache.get(order_id).await,
        };
        match cached {
            Some(CachedOrder { order, age }) if age <= allowed.stale_if_error => Ok(AgedOrder {
                order,
                age,
                stale: true,
            }),
            _ => Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_never_told_too_low() {
        for (nanos, seconds) in [
            (0, 0),
            (1, 1),
            (999_999, 1),
            (1_000_000_000, 1),
            (1_000_000_001, 2),
        ] {
            assert_eq!(age_seconds(Duration::from_nanos(nanos)), seconds, "{nanos}");
        }
    }
}
