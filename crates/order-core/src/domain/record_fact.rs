//! Recording a fact: always, whatever it says of the order.

use super::decision::Draft;
use super::lifecycle::settle;
use super::limits::MAX_FACTS_PER_ORDER;
use super::{
    Cause, Decision, EventData, Fact, Order, PaymentFact, Recorded, Refusal, StockFact, Timestamp,
};
use std::sync::Arc;

impl Order {
    /// Records `fact` and everything that follows from it. No event if it is known by its business
    /// key. The only refusal is [`Refusal::LedgerFull`].
    pub fn record(
        &self,
        fact: Fact,
        now: Timestamp,
        cause: Arc<Cause>,
    ) -> Result<Decision, Refusal> {
        if self.ledger.knows(&fact) {
            return Ok(Decision::default());
        }
        if self.ledger.len() >= MAX_FACTS_PER_ORDER {
            return Err(Refusal::LedgerFull {
                limit: MAX_FACTS_PER_ORDER,
            });
        }
        let event = match &fact {
            Fact::Payment(_) => EventData::PaymentChanged(fact.clone()),
            Fact::Stock(_) | Fact::Shipment(_) => EventData::FulfillmentChanged(fact.clone()),
            Fact::Return(_) => EventData::ReturnChanged(fact.clone()),
        };
        let mut draft = Draft::new(self, now, cause);
        if let Fact::Payment(PaymentFact { reason, .. }) | Fact::Stock(StockFact { reason, .. }) =
            &fact
        {
            reason.clone_into(&mut draft.words);
        }
        let recorded = draft.order.ledger.record(fact);
        debug_assert_eq!(recorded, Recorded::New);
        draft.emit(event);
        Ok(settle(draft))
    }
}
