//! What went wrong and how much there is. Written by the batches, so that nothing is dropped and applied
//! at once; read as everything else is.

use crate::store::PostgresStore;
use async_trait::async_trait;
use order_core::domain::State;
use order_core::ports::{
    Count, DeadLetter, DeadMessage, EntryId, Place, Repair, RepairCounts, StoreError, Tally,
    WaitingFact,
};
use order_store::{RepairStep, repairs};

#[async_trait]
impl Repair for PostgresStore {
    async fn keep(&self, message: DeadMessage) -> Result<bool, StoreError> {
        self.batchers.repair(RepairStep::keep(message)).await
    }

    async fn dead_letters(
        &self,
        after: Option<Place>,
        limit: usize,
    ) -> Result<Vec<DeadLetter>, StoreError> {
        repairs::dead_letters(&self.reader, after, limit).await
    }

    async fn dead_letter(&self, id: EntryId) -> Result<Option<DeadLetter>, StoreError> {
        repairs::dead_letter(&self.reader, id).await
    }

    async fn parked_facts(
        &self,
        after: Option<Place>,
        limit: usize,
    ) -> Result<Vec<WaitingFact>, StoreError> {
        repairs::parked_facts(&self.reader, after, limit).await
    }

    async fn parked_fact(&self, id: EntryId) -> Result<Option<WaitingFact>, StoreError> {
        repairs::parked_fact(&self.reader, id).await
    }

    async fn note(&self, id: EntryId, reason: &str) -> Result<bool, StoreError> {
        let note = RepairStep::Note(id, reason.to_owned());
        self.batchers.repair(note).await
    }

    async fn discard(&self, id: EntryId) -> Result<bool, StoreError> {
        self.batchers.repair(RepairStep::Discard(id)).await
    }

    async fn counts(&self) -> Result<RepairCounts, StoreError> {
        repairs::counts(&self.reader).await
    }
}

#[async_trait]
impl Tally for PostgresStore {
    async fn orders_by_state(&self) -> Result<Vec<(State, Count)>, StoreError> {
        repairs::orders_by_state(&self.reader).await
    }

    async fn held_orders(&self) -> Result<Count, StoreError> {
        repairs::held_orders(&self.reader).await
    }
}
