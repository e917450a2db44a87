//! Who is asked by this plane and is not there: for tests, and for the example that shows the page.

use adapter_management::NetworkChecks;
use async_trait::async_trait;
use order_core::app::{FactOutcome, FactReceipt, Handled, MessageHandler, Orders, Repairs};
use order_core::ports::DeadMessage;
use std::sync::Arc;
use testkit::fakes::{ManualClock, MemoryStore, SequentialIds};

/// Repairs of this store; a message can have an effect if its value says so.
pub(crate) fn repairs(store: &MemoryStore) -> Repairs {
    let shared = Arc::new(store.clone());
    let (clock, ids) = (ManualClock::default(), SequentialIds::new(1));
    let orders = Orders::new(
        shared.clone(),
        shared.clone(),
        Arc::new(clock),
        Arc::new(ids),
    );
    Repairs::new(orders, shared, Arc::new(ByItsValue))
}

struct ByItsValue;

#[async_trait]
impl MessageHandler for ByItsValue {
    async fn handle(&self, message: &DeadMessage) -> Handled {
        match message.value.as_deref() {
            Some(b"fine") => Handled::Done(FactReceipt {
                outcome: FactOutcome::Parked,
                order_id: None,
                version: None,
            }),
            Some(b"later") => Handled::Failed("the store is away".to_owned()),
            _ => Handled::Refused("data.order_id is required".to_owned()),
        }
    }
}

/// Finds the network as it should be.
pub(crate) struct FakeNetwork;

#[async_trait]
impl NetworkChecks for FakeNetwork {
    async fn report(&self) -> Result<Arc<str>, String> {
        Ok(r#"{"findings": [], "cannot_tell": []}"#.into())
    }
}
