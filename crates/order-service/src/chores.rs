//! What has to be done now and then: deadlines, parked facts.

use order_core::app::{AppError, Orders};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::{Registry, Unit};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval};

/// How often deadlines and parked facts are looked at: each look is an index lookup.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How often parked facts that waited too long are looked for.
const BURY_EVERY: Duration = Duration::from_mins(1);

/// How the chores go, for who watches. Clones tell of the same ones.
#[derive(Clone, Debug)]
pub(crate) struct Chores {
    /// When a round was last worked off whole.
    done_at: Arc<Mutex<Instant>>,
    failed: Counter,
}

impl Chores {
    /// Registers `orders_chores_age_seconds` and `orders_chores_failed_total`.
    pub(crate) fn new(registry: &mut Registry) -> Chores {
        let chores = Chores {
            done_at: Arc::new(Mutex::new(Instant::now())),
            failed: Counter::default(),
        };
        registry.register(
            "orders_chores_failed",
            "Rounds of deadlines and parked facts that failed",
            chores.failed.clone(),
        );
        registry.register_collector(Box::new(chores.clone()));
        chores
    }

    fn done(&self) {
        *self.done_at.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }
}

impl Collector for Chores {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let done_at = *self.done_at.lock().unwrap_or_else(PoisonError::into_inner);
        let age = ConstGauge::new(done_at.elapsed().as_secs_f64());
        let help = "Time since deadlines and parked facts were last worked off: what is overdue is so by as much";
        let (name, unit) = ("orders_chores_age", Some(&Unit::Seconds));
        age.encode(encoder.encode_descriptor(name, help, unit, age.metric_type())?)
    }
}

/// Does the chores until `stop` turns true.
pub(crate) async fn run(orders: Orders, chores: Chores, mut stop: watch::Receiver<bool>) {
    let mut ticks = interval(LOOK_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut bury_at = Instant::now();
    let mut failing = false;
    loop {
        tokio::select! {
            // Much work must not keep the service from stopping.
            biased;
            _ = stop.wait_for(|stop| *stop) => return,
            _ = ticks.tick() => {}
        }
        let bury = Instant::now() >= bury_at;
        match round(&orders, bury).await {
            Ok(more) => {
                failing = false;
                if more {
                    ticks.reset_immediately();
                } else {
                    chores.done();
                }
                if bury {
                    bury_at = Instant::now() + BURY_EVERY;
                }
            }
            // A store that is away is told once by readiness and here, not every second.
            Err(error) => {
                chores.failed.inc();
                if !failing {
                    tracing::warn!(%error, "deadlines and parked facts have to wait");
                }
                failing = true;
            }
        }
    }
}

/// Answers whether the next round is to follow at once.
async fn round(orders: &Orders, bury: bool) -> Result<bool, AppError> {
    let expired = orders.expire_due().await?;
    let applied = orders.apply_all_parked().await?;
    if expired.done > 0 || applied.done > 0 {
        tracing::info!(
            deadlines = expired.done,
            parked_facts = applied.done,
            "chores done"
        );
    }
    if bury {
        let buried = orders.bury_parked().await?;
        if buried > 0 {
            tracing::warn!(
                facts = buried,
                "facts waited 72 hours for their order and went to the dead letters"
            );
        }
    }
    Ok(expired.more || applied.more)
}
