//! Works off one lane: each message in turn, until its effect is committed or it is a dead letter.

use super::apply::{Verdict, apply};
use super::config::InboundConfig;
use super::dead_letters::DeadLetters;
use super::flow::{Flow, Job, Lane, Waiting};
use super::keeper::Keeper;
use super::metrics::InboundMetrics;
use crate::rarely::Rarely;
use futures_util::FutureExt;
use order_core::app::Orders;
use order_core::ports::Repair;
use planes::Backoff;
use rdkafka::message::OwnedMessage;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// What the tasks of all lanes share.
pub(crate) struct Hands {
    pub(crate) flow: Arc<Flow<OwnedMessage>>,
    orders: Orders,
    letters: DeadLetters,
    /// Where an operator looks at them.
    keeper: Keeper,
    metrics: InboundMetrics,
    bounds: Arc<InboundConfig>,
    /// One for each message that is handled at this moment; waiting between attempts needs none.
    slots: Semaphore,
    told: Rarely,
}

/// What is to be done next with a message.
enum Step {
    Apply,
    /// Into the dead-letter topic, with this reason.
    Bury(String),
    /// The topic has it: into the store as well, before its offset may be stored.
    Keep(String),
}

impl Hands {
    pub(crate) fn new(
        flow: Arc<Flow<OwnedMessage>>,
        orders: Orders,
        (letters, kept): (DeadLetters, Arc<dyn Repair>),
        metrics: InboundMetrics,
        bounds: Arc<InboundConfig>,
    ) -> Hands {
        let slots = Semaphore::new(bounds.max_orders_at_once);
        Hands {
            flow,
            orders,
            letters,
            keeper: Keeper::new(kept),
            metrics,
            bounds,
            slots,
            told: Rarely::default(),
        }
    }

    /// Works off a lane to its end.
    pub(crate) async fn work(self: Arc<Self>, lane: Lane) {
        while let Some(job) = self.flow.next(lane) {
            self.see_through(&job).await;
            self.flow.leave(&job);
        }
    }

    /// Returns when the message needs nothing more, or is not ours any more.
    async fn see_through(&self, job: &Job<OwnedMessage>) {
        let mut attempts = Attempts::new(&self.bounds);
        let mut step = Step::Apply;
        let mut waiting: Option<Waiting<'_, OwnedMessage>> = None;
        loop {
            let Some(verdict) = self.attempt(job, &step).await else {
                return;
            };
            match verdict {
                Verdict::Done(outcome) => {
                    let topic = &job.ticket.partition.0;
                    return self.metrics.handled(topic, outcome);
                }
                Verdict::Dead(reason) => {
                    self.tell(job, "a message goes to the dead letters", &reason);
                    step = Step::Bury(reason);
                    attempts = Attempts::new(&self.bounds);
                    continue;
                }
                Verdict::InTopic(reason) => {
                    waiting = None;
                    step = Step::Keep(reason);
                    attempts = Attempts::new(&self.bounds);
                    continue;
                }
                Verdict::Away(reason) => {
                    self.tell(job, "a message waits for what all need", &reason);
                    waiting.get_or_insert_with(|| self.flow.waits());
                }
                Verdict::Again(reason) => {
                    waiting = None;
                    self.tell(job, "a message failed and is tried again", &reason);
                    if let Some(count) = attempts.exhausted() {
                        step = Step::Bury(format!("failed {count} times, at last: {reason}"));
                        continue;
                    }
                }
            }
            self.metrics.retries.inc();
            tokio::time::sleep(attempts.backoff.next_delay()).await;
        }
    }

    /// One attempt; `None` if the message is not ours to handle any more.
    async fn attempt(&self, job: &Job<OwnedMessage>, step: &Step) -> Option<Verdict> {
        let _slot = self.slots.acquire().await.ok()?;
        if !self.flow.begin(&job.ticket) {
            return None;
        }
        let verdict = match step {
            Step::Apply => {
                // On the heap while it runs: many lanes wait at a time, few messages are handled.
                let group = &self.bounds.group;
                let applied = Box::pin(apply(&self.orders, &job.message, group));
                let applied = AssertUnwindSafe(applied);
                let panicked = |_| Verdict::Again("handling it panicked; see the log".to_owned());
                applied.catch_unwind().await.unwrap_or_else(panicked)
            }
            Step::Bury(reason) => match self.letters.write(&job.message, reason).await {
                Ok(()) => Verdict::InTopic(reason.clone()),
                Err(reason) => Verdict::Away(reason),
            },
            Step::Keep(reason) => self.keeper.keep(&job.message, reason).await,
        };
        let done = matches!(verdict, Verdict::Done(_));
        self.flow.ended(&job.ticket, done);
        Some(verdict)
    }

    fn tell(&self, job: &Job<OwnedMessage>, what: &str, reason: &str) {
        if let Some(kept_back) = self.told.now() {
            let (topic, partition) = &job.ticket.partition;
            let offset = job.ticket.offset;
            tracing::warn!(topic, partition, offset, reason, kept_back, "{what}");
        }
    }
}

/// Attempts at one message, and the waits between them.
struct Attempts {
    backoff: Backoff,
    failed: u32,
    most: u32,
}

impl Attempts {
    fn new(bounds: &InboundConfig) -> Attempts {
        Attempts {
            backoff: Backoff::new(bounds.retry_first, bounds.retry_longest),
            failed: 0,
            most: bounds.max_attempts,
        }
    }

    /// Counts a failure; how many there were, if these were enough.
    fn exhausted(&mut self) -> Option<u32> {
        self.failed += 1;
        (self.failed >= self.most).then_some(self.failed)
    }
}
