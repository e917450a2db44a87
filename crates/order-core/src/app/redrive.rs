//! Do again what went wrong: once more through the very way that it failed on.

use super::record_fact::Recording;
use super::{AppError, FactOutcome, FactReceipt, Repairs};
use crate::domain::{OrderId, OrderRef};
use crate::ports::{
    DeadMessage, EntryId, EntryKind, Leaves, LetterContent, ParkedFact, StoreError, bounded_reason,
};
use async_trait::async_trait;

/// Handles a message as if it had just come.
///
/// Contract: what it does it does once for the message's own id, however often it is called, and at the
/// same time too.
#[async_trait]
pub trait MessageHandler: Send + Sync {
    /// Does what the message wants.
    async fn handle(&self, message: &DeadMessage) -> Handled;
}

/// What became of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Handled {
    /// Its effect is committed.
    Done(FactReceipt),
    /// It can have none; why.
    Refused(String),
    /// Nothing is wrong with it, but it could not be done now; why.
    Failed(String),
}

/// What an entry that was redriven came to. It is gone from its list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Redriven {
    /// Which it was.
    pub id: EntryId,
    /// What it did; a message with a fact whose order is not known yet is parked.
    pub receipt: FactReceipt,
}

/// Why an entry was not repaired.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RepairError {
    /// There is no such entry, or somebody else has repaired or dropped it.
    #[error("there is no entry {id}; somebody may have redriven or dropped it")]
    Unknown {
        /// The id.
        id: EntryId,
    },
    /// It was done again and is still wrong. It stays, with this reason.
    #[error("{reason}")]
    StillWrong {
        /// Why.
        reason: String,
    },
    /// It cannot be done again, since not all of it is kept. It stays as it was.
    #[error("{reason}")]
    Incomplete {
        /// What is missing, and what to do.
        reason: String,
    },
    /// Nothing is wrong with it, but it could not be done now. It stays as it was.
    #[error("{reason}")]
    NotNow {
        /// Why.
        reason: String,
    },
    /// Something else failed.
    #[error(transparent)]
    App(#[from] AppError),
}

impl From<StoreError> for RepairError {
    fn from(error: StoreError) -> RepairError {
        RepairError::App(error.into())
    }
}

impl Repairs {
    /// Does an entry again now: a fact is recorded in its order, a message handled as if it had just come.
    /// With success it is gone; two operators at once have one effect.
    pub async fn redrive(&self, id: EntryId) -> Result<Redriven, RepairError> {
        let receipt = match id.kind {
            EntryKind::Parked => {
                let waiting = self.parked_fact(id).await?;
                self.record_kept(id, waiting.parked, Leaves::Parking).await
            }
            EntryKind::Fact | EntryKind::Message => match self.dead_letter(id).await?.content {
                LetterContent::Fact(fact) => self.record_kept(id, *fact, Leaves::DeadLetters).await,
                LetterContent::Message(listed) => self.handle(id, &listed.message).await,
            },
        };
        match receipt {
            Ok(receipt) => Ok(Redriven { id, receipt }),
            Err(RepairError::StillWrong { reason }) => {
                self.kept.note(id, &bounded_reason(&reason)).await?;
                Err(RepairError::StillWrong { reason })
            }
            Err(error) => Err(error),
        }
    }

    /// The fact leaves where it is kept in the commit of its effect.
    async fn record_kept(
        &self,
        id: EntryId,
        kept: ParkedFact,
        leaves: Leaves,
    ) -> Result<FactReceipt, RepairError> {
        let recording = Recording::of_kept(kept, leaves);
        let Some(order_id) = self.order_of(&recording.fact.order).await? else {
            return Err(no_order(&recording.fact.order));
        };
        match self.orders.record_in(order_id, None, &recording).await {
            // Its id is known and it is not where it was: somebody dropped it meanwhile.
            Ok(Some(FactReceipt {
                outcome: FactOutcome::Duplicate,
                order_id: None,
                ..
            })) => Err(RepairError::Unknown { id }),
            Ok(Some(receipt)) => Ok(receipt),
            Ok(None) => Err(no_order(&recording.fact.order)),
            Err(error @ (AppError::Refused(_) | AppError::FactIdReused)) => {
                let reason = error.to_string();
                Err(RepairError::StillWrong { reason })
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn order_of(&self, order: &OrderRef) -> Result<Option<OrderId>, StoreError> {
        match order {
            OrderRef::Id(order_id) => Ok(Some(*order_id)),
            OrderRef::External(external_id) => {
                let order = self.orders.store.load_external(external_id).await?;
                Ok(order.map(|order| order.order_id))
            }
        }
    }

    /// The message's effect is committed first, under its own id: should its entry outlive a crash, it is
    /// redriven once more without effect.
    async fn handle(&self, id: EntryId, message: &DeadMessage) -> Result<FactReceipt, RepairError> {
        if message.omitted_bytes > 0 {
            let reason = format!(
                "{} bytes of the message are not kept here: send it again from {}, partition {}, offset {}, \
                 or drop it",
                message.omitted_bytes, message.topic, message.partition, message.offset
            );
            return Err(RepairError::Incomplete { reason });
        }
        match self.messages.handle(message).await {
            Handled::Done(receipt) => {
                self.kept.discard(id).await?;
                Ok(receipt)
            }
            Handled::Refused(reason) => Err(RepairError::StillWrong { reason }),
            Handled::Failed(reason) => Err(RepairError::NotNow { reason }),
        }
    }
}

fn no_order(order: &OrderRef) -> RepairError {
    let reason = match order {
        OrderRef::Id(order_id) => format!("no order has the id {order_id}"),
        OrderRef::External(external_id) => format!("no order has the external_id {external_id}"),
    };
    RepairError::StillWrong { reason }
}
