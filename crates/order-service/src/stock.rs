//! Counts now and then what there is: orders by their state, holds, dead letters, parked facts. Shown as
//! gauges, and kept for whoever else shows it.

use order_core::app::{Repairs, take_stock};
use order_core::ports::{Counts, Tally};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

/// How often things are counted.
const COUNT_EVERY: Duration = Duration::from_secs(30);
/// The pause after a count is at least so many times as long as it took: counting is never more than a
/// twentieth of what the database does.
const PAUSE_FACTOR: u32 = 20;

/// What was counted last. Clones are the same.
#[derive(Clone, Debug)]
pub(crate) struct Stock {
    counts: watch::Sender<Option<Counts>>,
    in_state: Family<StateLabels, Gauge>,
    held: Gauge,
    parked_facts: Gauge,
    dead_letters: Gauge,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StateLabels {
    state: &'static str,
}

impl Stock {
    /// Nothing has been counted yet.
    pub(crate) fn new(registry: &mut Registry) -> Stock {
        let stock = Stock {
            counts: watch::Sender::new(None),
            in_state: Family::default(),
            held: Gauge::default(),
            parked_facts: Gauge::default(),
            dead_letters: Gauge::default(),
        };
        registry.register(
            "orders_in_state",
            "Orders in each state, of the whole store; counted now and then, up to 100,000",
            stock.in_state.clone(),
        );
        registry.register(
            "orders_held",
            "Orders with a hold, of the whole store; counted now and then, up to 100,000",
            stock.held.clone(),
        );
        registry.register(
            "orders_parked_facts",
            "Facts that wait for their order; counted now and then, up to 10,000",
            stock.parked_facts.clone(),
        );
        registry.register(
            "orders_dead_letters",
            "Facts that were given up and messages that nobody understood; counted now and then, up to \
             10,000 of each",
            stock.dead_letters.clone(),
        );
        stock
    }

    /// What was counted last; `None` before the first count has ended.
    pub(crate) fn subscribe(&self) -> watch::Receiver<Option<Counts>> {
        self.counts.subscribe()
    }

    fn set(&self, counts: Counts) {
        let shown = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        for (state, count) in &counts.orders_by_state {
            let labels = StateLabels {
                state: state.as_str(),
            };
            self.in_state
                .get_or_create(&labels)
                .set(shown(count.number));
        }
        self.held.set(shown(counts.held_orders.number));
        self.parked_facts
            .set(shown(counts.repair.parked_facts.number));
        self.dead_letters
            .set(shown(counts.repair.dead_letters().number));
        self.counts.send_replace(Some(counts));
    }
}

/// Counts until `stop` turns true; the first time at once.
pub(crate) async fn run(
    tally: Arc<dyn Tally>,
    repairs: Repairs,
    stock: Stock,
    mut stop: watch::Receiver<bool>,
) {
    let mut failing = false;
    loop {
        let began = Instant::now();
        tokio::select! {
            // A count must not keep the service from stopping.
            biased;
            _ = stop.wait_for(|stop| *stop) => return,
            counted = take_stock(&*tally, &repairs) => match counted {
                Ok(counts) => {
                    failing = false;
                    stock.set(counts);
                }
                // A store that is away is told once by readiness and here, not every time.
                Err(error) if !failing => {
                    failing = true;
                    tracing::warn!(%error, "orders could not be counted; the last numbers stay");
                }
                Err(_) => {}
            },
        }
        let pause = COUNT_EVERY.max(began.elapsed() * PAUSE_FACTOR);
        if timeout(pause, stop.wait_for(|stop| *stop)).await.is_ok() {
            return;
        }
    }
}
