//! The use cases on the in-memory ports.

use order_core::app::AppError;
use order_core::app::{ChangeOptions, FactReceipt, Orders, PlaceRequest, Placed};
use order_core::domain::{
    Cancellation, Cause, NewFact, NewFactBody, NewOrder, Order, OrderId, PaymentKind, StockKind,
};
use std::sync::Arc;
use testkit::fakes::{ManualClock, MemoryStore, SequentialIds};

pub(crate) struct House {
    pub(crate) orders: Orders,
    pub(crate) store: MemoryStore,
    /// Of the process.
    pub(crate) clock: Arc<ManualClock>,
    /// Of the store.
    pub(crate) store_clock: Arc<ManualClock>,
}

impl House {
    pub(crate) fn new() -> House {
        let clock = Arc::new(ManualClock::default());
        let store_clock = Arc::new(ManualClock::default());
        let store = MemoryStore::on(store_clock.clone());
        let orders = Orders::new(
            Arc::new(store.clone()),
            Arc::new(store.clone()),
            clock.clone(),
            Arc::new(SequentialIds::default()),
        );
        House {
            orders,
            store,
            clock,
            store_clock,
        }
    }

    pub(crate) async fn place(
        &self,
        key: &str,
        order: impl Into<NewOrder>,
    ) -> Result<Placed, AppError> {
        self.orders.place(request(key, order)).await
    }

    pub(crate) async fn placed(&self, key: &str, order: impl Into<NewOrder>) -> Arc<Order> {
        self.place(key, order).await.unwrap().order
    }

    pub(crate) async fn tell(&self, fact: NewFact) -> Result<FactReceipt, AppError> {
        self.orders.record_fact(fact, Cause::default(), false).await
    }

    pub(crate) async fn now(&self, order_id: OrderId) -> Arc<Order> {
        self.orders.get(order_id).await.unwrap()
    }
}

pub(crate) fn request(key: &str, order: impl Into<NewOrder>) -> PlaceRequest {
    PlaceRequest {
        key: key.into(),
        order: order.into(),
        cause: Cause::default(),
        key_field: "Idempotency-Key",
    }
}

pub(crate) fn with_key(key: &str) -> ChangeOptions {
    ChangeOptions {
        key: Some(key.into()),
        key_field: "Idempotency-Key",
        ..ChangeOptions::default()
    }
}

pub(crate) fn cancellation() -> Cancellation {
    Cancellation {
        reason: "changed my mind".into(),
        lines: Vec::new(),
    }
}

/// A capture, told under this event id.
pub(crate) fn captured(id: &str, order: Named<'_>, minor: i64) -> NewFact {
    let body = NewFactBody::Payment {
        kind: PaymentKind::Captured,
        payment_id: "pay-1".into(),
        reference: None,
        amount: Some(minor),
        currency: Some("EUR".into()),
        reason: None,
    };
    fact(id, order, body)
}

pub(crate) fn reserved(id: &str, order: Named<'_>) -> NewFact {
    let body = NewFactBody::Stock {
        kind: StockKind::Reserved,
        reservation_id: "r".into(),
        reason: None,
    };
    fact(id, order, body)
}

/// How a fact names its order.
#[derive(Clone, Copy)]
pub(crate) enum Named<'a> {
    Id(OrderId),
    External(&'a str),
}

fn fact(id: &str, order: Named<'_>, body: NewFactBody) -> NewFact {
    let (order_id, external_id) = match order {
        Named::Id(order_id) => (Some(order_id), None),
        Named::External(external_id) => (None, Some(external_id.to_owned())),
    };
    NewFact {
        source: "/payments".into(),
        id: id.into(),
        order_id,
        external_id,
        body,
    }
}
