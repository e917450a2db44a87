//! What has to be done now and then: deadlines, parked facts.

use order_core::app::{AppError, Orders};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval};

/// How often deadlines and parked facts are looked at: each look is an index lookup.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How often parked facts that waited too long are looked for.
const BURY_EVERY: Duration = Duration::from_mins(1);

/// Does the chores until `stop` turns true.
pub(crate) async fn run(orders: Orders, mut stop: watch::Receiver<bool>) {
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
                }
                if bury {
                    bury_at = Instant::now() + BURY_EVERY;
                }
            }
            // A store that is away is told once by readiness and here, not every second.
            Err(error) if !failing => {
                failing = true;
                tracing::warn!(%error, "deadlines and parked facts have to wait");
            }
            Err(_) => {}
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
