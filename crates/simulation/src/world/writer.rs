//! How a replica's batches reach the database: the flushers of its batchers, which fail, lose answers,
//! and die in the middle.

use super::replica::Life;
use super::{World, count};
use crate::sabotage::Sabotage;
use group_commit::{Flush, FlushError};
use order_core::domain::{Event, EventData, OrderId, OrderRef, State};
use order_core::ports::{Change, Committed, OrderStore, Repair, StoreError};
use order_store::{Answer, Job, Loaded, Loads, RepairStep};
use std::sync::Arc;
use testkit::fakes::MemoryStore;

/// Writes batches, all of one at once.
pub(crate) struct Writer {
    world: Arc<World>,
    life: Arc<Life>,
}

/// Loads batches.
pub(crate) struct Loader {
    world: Arc<World>,
    life: Arc<Life>,
}

impl Writer {
    pub(crate) fn new(world: Arc<World>, life: Arc<Life>) -> Writer {
        Writer { world, life }
    }

    /// What the database does in one go: nobody else comes between, and nothing ends it half-way.
    async fn apply(&self, batch: &[Job]) -> Result<Vec<Answer>, StoreError> {
        let database = &self.world.database;
        let mut answers = Vec::with_capacity(batch.len());
        for job in batch {
            answers.push(match job {
                Job::Change(prepared) => {
                    Answer::Change(self.commit(prepared.change.clone()).await?)
                }
                Job::Bury(before, limit) => {
                    Answer::Buried(database.bury_parked(*before, *limit).await?)
                }
                Job::Repair(step) => Answer::Repaired(self.repair(step).await?),
                Job::Probe => Answer::Probed,
            });
        }
        Ok(answers)
    }

    async fn repair(&self, step: &RepairStep) -> Result<bool, StoreError> {
        let database = &self.world.database;
        match step {
            RepairStep::Keep { message, .. } => database.keep(message.clone()).await,
            RepairStep::Note(id, reason) => database.note(*id, reason).await,
            RepairStep::Discard(id) => database.discard(*id).await,
        }
    }

    async fn commit(&self, change: Change) -> Result<Committed, StoreError> {
        let database = &self.world.database;
        let order = change.order().map(Arc::clone);
        if self.world.sabotage == Sabotage::ForgetsACommit
            && order.as_ref().is_some_and(|order| order.version == 2)
        {
            return Ok(Committed::Done {
                facts_waiting: false,
            });
        }
        let committed = database.commit(change).await?;
        if let Some(order) = order {
            let name = order.external_id.as_deref().unwrap_or("?");
            let (life, version) = (self.life.name(), order.version);
            self.world.trace.note(format_args!(
                "{name} {life} commits version {version}: {committed:?}"
            ));
            let expired = order.state == State::Expired;
            if self.world.sabotage == Sabotage::ExpiresTwice && expired {
                expire_again(database, order.order_id).await?;
            }
        }
        Ok(committed)
    }
}

impl Flush for Writer {
    type Item = Job;
    type Output = Answer;
    type Error = StoreError;

    async fn flush(&mut self, batch: &[Job]) -> Result<Vec<Answer>, FlushError<StoreError>> {
        let (world, rates) = (&self.world, &self.world.plan.rates);
        self.life.way().await;
        if world.strikes(rates.store_fails) {
            count(&world.counts.failures);
            return Err(FlushError::Failed(away("before it had an effect")));
        }
        if world.strikes(rates.batch_refused) {
            count(&world.counts.failures);
            return Err(FlushError::Refused(away("refused")));
        }
        let answers = self.apply(batch).await.map_err(FlushError::Failed)?;
        if world.strikes(rates.dies_there) {
            self.life.die("between a commit and its answer").await;
        }
        self.life.way().await;
        if world.strikes(rates.answer_lost) {
            count(&world.counts.lost_answers);
            return Err(FlushError::Failed(away("the answer was lost")));
        }
        Ok(answers)
    }

    fn after_panic(&mut self) {}
}

impl Loader {
    pub(crate) fn new(world: Arc<World>, life: Arc<Life>) -> Loader {
        Loader { world, life }
    }
}

impl Flush for Loader {
    type Item = OrderRef;
    type Output = Loaded;
    type Error = StoreError;

    async fn flush(&mut self, batch: &[OrderRef]) -> Result<Vec<Loaded>, FlushError<StoreError>> {
        self.life.way().await;
        let mut wanted = Vec::with_capacity(batch.len());
        let mut loads = Loads::of(batch, |one| wanted.push(one));
        let database = &self.world.database;
        for one in wanted {
            match one {
                OrderRef::Id(id) => {
                    if let Some(order) = database.load(*id).await.transpose() {
                        loads.found(*id, order);
                    }
                }
                OrderRef::External(external) => {
                    let order = database.load_external(external).await.transpose();
                    if let Some(order) = order {
                        loads.found_external(external, order);
                    }
                }
            }
        }
        self.life.way().await;
        if self.world.strikes(self.world.plan.rates.store_fails) {
            count(&self.world.counts.failures);
            return Err(FlushError::Failed(away("a load failed")));
        }
        Ok(loads.answers())
    }

    fn after_panic(&mut self) {}
}

pub(crate) fn away(what: &str) -> StoreError {
    StoreError::Unavailable {
        detail: format!("the world's database: {what}"),
    }
}

/// A deadline that is dealt with a second time, as if nobody had looked.
async fn expire_again(database: &MemoryStore, order_id: OrderId) -> Result<(), StoreError> {
    let Some(order) = database.load(order_id).await? else {
        return Ok(());
    };
    let last = database.history(order_id, order.version - 1, 1).await?;
    let Some(last) = last.first().map(|recorded| &recorded.event) else {
        return Ok(());
    };
    if !matches!(last.data, EventData::Expired) {
        return Ok(());
    }
    let mut again = order.as_ref().clone();
    again.version += 1;
    let event = Event {
        order: Arc::new(again),
        ..last.clone()
    };
    let change = Change::Advance {
        expected_version: order.version,
        events: vec![event],
        request: None,
        fact: None,
    };
    database.commit(change).await.map(drop)
}
