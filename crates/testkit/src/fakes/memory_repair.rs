//! What went wrong, in memory; and counts of what is there.

use super::MemoryStore;
use super::store_state::State as Tables;
use async_trait::async_trait;
use order_core::domain::limits::{MAX_COUNTED_ENTRIES, MAX_COUNTED_ORDERS};
use order_core::domain::{FactKey, State, Timestamp};
use order_core::ports::{
    Count, DeadLetter, DeadMessage, EntryId, EntryKind, LetterContent, ListedMessage, ParkedFact,
    Place, Repair, RepairCounts, StoreError, Tally, WaitingFact,
};
use std::cmp::Reverse;

const NO_ORDER: &str = "no order of this number was placed while the fact was parked";
const NOT_APPLIED: &str =
    "its order was placed, but the fact could not be applied while it was parked";

#[async_trait]
impl Repair for MemoryStore {
    async fn keep(&self, mut message: DeadMessage) -> Result<bool, StoreError> {
        let at = self.0.clock.now();
        let mut tables = self.state()?;
        let place =
            |message: &DeadMessage| (message.topic.clone(), message.partition, message.offset);
        let known = tables.letters.iter().any(|letter| match &letter.content {
            LetterContent::Message(listed) => place(&listed.message) == place(&message),
            LetterContent::Fact(_) => false,
        });
        if known {
            return Ok(false);
        }
        let id = tables.next_letter(EntryKind::Message);
        tables.letters.push(DeadLetter {
            id,
            at,
            reason: std::mem::take(&mut message.reason),
            content: LetterContent::Message(Box::new(ListedMessage::whole(message))),
        });
        Ok(true)
    }

    async fn dead_letters(
        &self,
        after: Option<Place>,
        limit: usize,
    ) -> Result<Vec<DeadLetter>, StoreError> {
        let mut letters = self.state()?.letters.clone();
        letters.retain(|letter| after.is_none_or(|after| letter.place() < after));
        letters.sort_by_key(|letter| Reverse(letter.place()));
        letters.truncate(limit);
        let cut = |mut letter: DeadLetter| {
            if let LetterContent::Message(listed) = letter.content {
                letter.content = LetterContent::Message(Box::new(listed.cut()));
            }
            letter
        };
        Ok(letters.into_iter().map(cut).collect())
    }

    async fn dead_letter(&self, id: EntryId) -> Result<Option<DeadLetter>, StoreError> {
        let tables = self.state()?;
        let mut letters = tables.letters.iter();
        Ok(letters.find(|letter| letter.id == id).cloned())
    }

    async fn parked_facts(
        &self,
        after: Option<Place>,
        limit: usize,
    ) -> Result<Vec<WaitingFact>, StoreError> {
        let tables = self.state()?;
        let newest_first = tables.waiting().rev();
        let rest = newest_first.filter(|fact| after.is_none_or(|after| fact.place() < after));
        Ok(rest.take(limit).collect())
    }

    async fn parked_fact(&self, id: EntryId) -> Result<Option<WaitingFact>, StoreError> {
        Ok(self.state()?.waiting().find(|fact| fact.id == id))
    }

    async fn note(&self, id: EntryId, reason: &str) -> Result<bool, StoreError> {
        let mut tables = self.state()?;
        let parked = tables.waiting().any(|fact| fact.id == id);
        if parked {
            tables.reasons.insert(id.number, reason.to_owned());
            return Ok(true);
        }
        let letter = tables.letters.iter_mut().find(|letter| letter.id == id);
        Ok(letter
            .map(|letter| reason.clone_into(&mut letter.reason))
            .is_some())
    }

    async fn discard(&self, id: EntryId) -> Result<bool, StoreError> {
        let mut tables = self.state()?;
        let parked = tables.waiting().find(|fact| fact.id == id);
        if let Some(fact) = parked {
            tables
                .parked
                .retain(|(_, arrival), _| *arrival != id.number);
            tables.forget(&fact.parked.fact.key);
            return Ok(true);
        }
        let Some(at) = tables.letters.iter().position(|letter| letter.id == id) else {
            return Ok(false);
        };
        if let LetterContent::Fact(fact) = tables.letters.remove(at).content {
            tables.forget(&fact.fact.key);
        }
        Ok(true)
    }

    async fn counts(&self) -> Result<RepairCounts, StoreError> {
        let tables = self.state()?;
        let letters = |kind| {
            let of_kind = tables
                .letters
                .iter()
                .filter(move |letter| letter.id.kind == kind);
            Count::up_to(MAX_COUNTED_ENTRIES, of_kind.count() as u64)
        };
        Ok(RepairCounts {
            dead_facts: letters(EntryKind::Fact),
            dead_messages: letters(EntryKind::Message),
            parked_facts: Count::up_to(MAX_COUNTED_ENTRIES, tables.parked.len() as u64),
        })
    }
}

#[async_trait]
impl Tally for MemoryStore {
    async fn orders_by_state(&self) -> Result<Vec<(State, Count)>, StoreError> {
        let tables = self.state()?;
        let count = |state: &State| {
            let orders = tables.orders.keys().filter_map(|id| tables.current(*id));
            let found = orders.filter(|order| order.state == *state).count() as u64;
            (*state, Count::up_to(MAX_COUNTED_ORDERS, found))
        };
        Ok(State::ALL.iter().map(count).collect())
    }

    async fn held_orders(&self) -> Result<Count, StoreError> {
        let tables = self.state()?;
        let orders = tables.orders.keys().filter_map(|id| tables.current(*id));
        let held = orders.filter(|order| !order.holds.is_empty()).count() as u64;
        Ok(Count::up_to(MAX_COUNTED_ORDERS, held))
    }
}

impl Tables {
    /// Parked facts as they are listed, oldest first.
    fn waiting(&self) -> impl DoubleEndedIterator<Item = WaitingFact> {
        self.parked
            .iter()
            .map(|((_, arrival), parked)| WaitingFact {
                id: EntryId {
                    kind: EntryKind::Parked,
                    number: *arrival,
                },
                parked: parked.clone(),
                order_known: self.resolve(parked.order()).is_some(),
                reason: self.reasons.get(arrival).cloned(),
            })
    }

    fn next_letter(&mut self, kind: EntryKind) -> EntryId {
        self.last_letter += 1;
        let number = self.last_letter;
        EntryId { kind, number }
    }

    /// A fact that was parked becomes a dead letter.
    pub(super) fn lay_down(&mut self, arrival: u64, parked: ParkedFact, at: Timestamp) {
        let known = self.resolve(parked.order()).is_some();
        let usual = if known { NOT_APPLIED } else { NO_ORDER };
        let noted = self.reasons.remove(&arrival);
        let id = self.next_letter(EntryKind::Fact);
        self.letters.push(DeadLetter {
            id,
            at,
            reason: noted.unwrap_or_else(|| usual.to_owned()),
            content: LetterContent::Fact(Box::new(parked)),
        });
    }

    /// A fact leaves the dead letters.
    pub(super) fn dig_up(&mut self, key: &FactKey) {
        let is_it = |letter: &DeadLetter| match &letter.content {
            LetterContent::Fact(fact) => fact.fact.key == *key,
            LetterContent::Message(_) => false,
        };
        self.letters.retain(|letter| !is_it(letter));
    }
}
