//! Orders by id, coalesced: what waits is one statement, and callers of one hot order share one row.

use order_core::domain::{Order, OrderId};
use order_core::ports::StoreError;
use std::collections::HashMap;
use std::sync::Arc;

/// An order, none of that id, or why it cannot be read.
pub type Loaded = Result<Option<Arc<Order>>, StoreError>;

/// The loads of one batch.
#[derive(Debug)]
pub struct Loads<'a> {
    ids: &'a [OrderId],
    orders: HashMap<OrderId, Loaded>,
}

impl<'a> Loads<'a> {
    /// Of `ids`; `ask` is called with each of them once, however often it was asked for.
    pub fn of(ids: &'a [OrderId], mut ask: impl FnMut(OrderId)) -> Loads<'a> {
        let mut orders: HashMap<OrderId, Loaded> = HashMap::with_capacity(ids.len());
        for id in ids {
            orders.entry(*id).or_insert_with(|| {
                ask(*id);
                Ok(None)
            });
        }
        Loads { ids, orders }
    }

    /// What the database has of `id`.
    pub fn found(&mut self, id: OrderId, order: Result<Arc<Order>, StoreError>) {
        self.orders.insert(id, order.map(Some));
    }

    /// One answer an id, in the order of the batch.
    pub fn answers(self) -> Vec<Loaded> {
        let answer = |id| self.orders.get(id).cloned().unwrap_or(Ok(None));
        self.ids.iter().map(answer).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use testkit::{Desk, new_order};

    #[test]
    fn an_id_is_asked_for_once_and_every_caller_is_answered() {
        let order = Arc::new(Desk::new().order(new_order()));
        let (known, unknown) = (order.order_id, OrderId::from_u128(7));
        let mut asked = Vec::new();
        let ids = [known, unknown, known];
        let mut loads = Loads::of(&ids, |id| asked.push(id));
        loads.found(known, Ok(Arc::clone(&order)));
        assert_eq!(
            loads.answers(),
            [Ok(Some(Arc::clone(&order))), Ok(None), Ok(Some(order))]
        );
        assert_eq!(asked, [known, unknown]);
    }
}
