//! Facts and commands by Kafka, each with one effect.
//!
//! A message is done when its effect is committed (the store knows its id, so a repetition has none)
//! or when the dead-letter topic and the store have it; only then may its offset be stored. Messages of one order
//! stay in order, those of different orders run side by side and share commits.
//!
//! `consume.rs` is the consumer's thread, `flow.rs` what is in flight, `work.rs` the tasks that see
//! messages through, `apply.rs` what the core is asked and what its answers mean.

mod apply;
mod config;
mod consume;
mod context;
mod dead_letters;
mod decode;
mod flow;
mod keep;
mod keeper;
mod metrics;
mod prepare;
mod status;
mod tracker;
mod work;

pub use config::InboundConfig;
pub use keep::Redriver;
pub use metrics::InboundMetrics;

use crate::config::{Config, Topics};
use consume::Loop;
use dead_letters::DeadLetters;
use flow::Flow;
use order_core::app::Orders;
use order_core::ports::Repair;
use status::Status;
use std::hash::RandomState;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use work::Hands;

/// How much longer than the drain a stop may take: offsets are committed and the group is left.
const LEAVE_GRACE: Duration = Duration::from_secs(5);

/// The consumer at work.
#[derive(Debug)]
pub struct Inbound {
    stop: Arc<AtomicBool>,
    left: oneshot::Receiver<()>,
    drain_timeout: Duration,
    status: InboundStatus,
}

/// How the consumer is doing; clones tell of the same one.
#[derive(Clone, Debug)]
pub struct InboundStatus {
    status: Arc<Status>,
    what: Arc<str>,
}

impl InboundStatus {
    /// Whether messages are taken, and one line for people: what is wrong, or what is consumed.
    pub fn told(&self) -> (bool, String) {
        self.status.told(&self.what)
    }
}

impl Inbound {
    /// Starts the consumer on a thread of its own; effects are made on the tokio runtime around this
    /// call. Brokers that are away are waited for. What cannot be understood goes to the dead-letter topic
    /// and into `kept`.
    pub fn start(
        config: Config,
        bounds: InboundConfig,
        orders: Orders,
        kept: Arc<dyn Repair>,
        metrics: InboundMetrics,
    ) -> io::Result<Inbound> {
        let (config, bounds) = (Arc::new(config), Arc::new(bounds));
        for topic in config.topics.inbound() {
            metrics.begin(topic);
        }
        let flow = Arc::new(Flow::new(bounds.room()));
        let letters = DeadLetters::new(Arc::clone(&config), Arc::clone(&bounds));
        let hands = Hands::new(
            flow,
            orders,
            (letters, kept),
            metrics.clone(),
            Arc::clone(&bounds),
        );
        let (stop, status) = (Arc::new(AtomicBool::new(false)), Arc::<Status>::default());
        let what = format!("group {} at {}", bounds.group, config.brokers);
        let drain_timeout = bounds.drain_timeout;
        let consumer = Loop {
            config,
            bounds,
            hands: Arc::new(hands),
            metrics,
            status: Arc::clone(&status),
            stop: Arc::clone(&stop),
            runtime: Handle::current(),
            hasher: RandomState::new(),
        };
        let (leaving, left) = oneshot::channel();
        let run = move || {
            consumer.run();
            let _ = leaving.send(());
        };
        std::thread::Builder::new()
            .name("kafka-inbound".to_owned())
            .spawn(run)?;
        Ok(Inbound {
            stop,
            left,
            drain_timeout,
            status: InboundStatus {
                status,
                what: what.into(),
            },
        })
    }

    /// How it is doing.
    pub fn status(&self) -> InboundStatus {
        self.status.clone()
    }

    /// Takes nothing more, lets what is under way end, commits the offsets and leaves the group.
    /// Whether all of that was done in time; if not, some messages come again, as duplicates.
    pub async fn stop(self) -> bool {
        self.stop.store(true, Ordering::Relaxed);
        let at_most = self.drain_timeout + LEAVE_GRACE;
        matches!(tokio::time::timeout(at_most, self.left).await, Ok(Ok(())))
    }
}

impl Topics {
    /// Those that are consumed.
    pub(crate) fn inbound(&self) -> [&str; 4] {
        [
            &self.payments,
            &self.inventory,
            &self.shipments,
            &self.commands,
        ]
    }
}
