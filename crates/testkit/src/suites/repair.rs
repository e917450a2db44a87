//! The rules of [`Repair`] and [`Tally`], one room
//! for each part; `repair_suite!` runs them all.

pub mod counting;
pub mod facts;
pub mod lists;
pub mod messages;

use crate::Desk;
use order_core::domain::{Fact, OrderRef, Timestamp};
use order_core::ports::{
    Change, Committed, DeadLetter, DeadMessage, FactRecord, Leaves, LetterContent, OrderStore,
    ParkedFact, Repair, Tally, WaitingFact,
};
use std::sync::Arc;

/// One store under test: empty, by each of its ports.
#[derive(Clone)]
pub struct Kept {
    /// What makes facts and orders.
    pub store: Arc<dyn OrderStore>,
    /// What is under test.
    pub repair: Arc<dyn Repair>,
    /// What counts.
    pub tally: Arc<dyn Tally>,
}

/// More than any rule keeps.
const ALL: usize = 500;

impl Kept {
    /// The same store by all of its ports.
    pub fn of<S: OrderStore + Repair + Tally + 'static>(store: S) -> Kept {
        let store = Arc::new(store);
        Kept {
            store: store.clone(),
            repair: store.clone(),
            tally: store,
        }
    }

    /// Every dead letter.
    async fn letters(&self) -> Vec<DeadLetter> {
        self.repair.dead_letters(None, ALL).await.unwrap()
    }

    /// Every parked fact.
    async fn waiting(&self) -> Vec<WaitingFact> {
        self.repair.parked_facts(None, ALL).await.unwrap()
    }

    /// Parks a fact.
    async fn park(&self, desk: &Desk, order: OrderRef, fact: Fact) -> ParkedFact {
        let change = desk.park(order, fact);
        let Change::Park(parked) = change.clone() else {
            unreachable!("a desk parks by parking")
        };
        let done = Committed::Done {
            facts_waiting: false,
        };
        assert_eq!(self.store.commit(change).await, Ok(done));
        parked
    }

    /// Parks a fact and gives it up; the one dead letter that there is then.
    async fn bury(&self, desk: &Desk, order: OrderRef, fact: Fact) -> (ParkedFact, DeadLetter) {
        let parked = self.park(desk, order, fact).await;
        assert_eq!(self.store.bury_parked(Timestamp::MAX, ALL).await, Ok(1));
        let letters = self.letters().await;
        let letter = letters.into_iter().find(|letter| match &letter.content {
            LetterContent::Fact(fact) => fact.fact.key == parked.fact.key,
            LetterContent::Message(_) => false,
        });
        (parked, letter.expect("the fact is a dead letter"))
    }
}

/// The id of a fact that leaves where it is kept.
fn leaving(fact: &ParkedFact, leaves: Leaves) -> FactRecord {
    FactRecord {
        key: fact.fact.key.clone(),
        fingerprint: fact.fingerprint,
        leaves,
    }
}

/// A small message at this offset.
fn message(offset: i64) -> DeadMessage {
    DeadMessage {
        topic: "payments.events.v1".to_owned(),
        partition: 3,
        offset,
        key: Some(b"shop-1".to_vec()),
        headers: vec![("ce_id".to_owned(), Some(b"message-1".to_vec()))],
        value: Some(b"{".to_vec()),
        omitted_bytes: 0,
        reason: "it is no JSON".to_owned(),
    }
}
