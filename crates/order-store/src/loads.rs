//! Orders by id or by their caller's number, coalesced: what waits is one statement, and callers of one
//! hot order share one row.

use order_core::domain::{Order, OrderId, OrderRef};
use order_core::ports::StoreError;
use std::collections::HashMap;
use std::sync::Arc;

/// An order, none of that name, or why it cannot be read.
pub type Loaded = Result<Option<Arc<Order>>, StoreError>;

/// The loads of one batch.
#[derive(Debug)]
pub struct Loads<'a> {
    wanted: &'a [OrderRef],
    by_id: HashMap<OrderId, Loaded>,
    by_external: HashMap<&'a str, Loaded>,
}

impl<'a> Loads<'a> {
    /// Of `wanted`; `ask` is called with each of them once, however often it was asked for.
    pub fn of(wanted: &'a [OrderRef], mut ask: impl FnMut(&'a OrderRef)) -> Loads<'a> {
        let mut loads = Loads {
            wanted,
            by_id: HashMap::with_capacity(wanted.len()),
            by_external: HashMap::new(),
        };
        for one in wanted {
            let known = match one {
                OrderRef::Id(id) => loads.by_id.insert(*id, Ok(None)),
                OrderRef::External(external) => loads.by_external.insert(external, Ok(None)),
            };
            if known.is_none() {
                ask(one);
            }
        }
        loads
    }

    /// What the database has of `id`.
    pub fn found(&mut self, id: OrderId, order: Result<Arc<Order>, StoreError>) {
        self.by_id.insert(id, order.map(Some));
    }

    /// What the database has by the caller's number.
    pub fn found_external(&mut self, external: &str, order: Result<Arc<Order>, StoreError>) {
        if let Some(known) = self.by_external.get_mut(external) {
            *known = order.map(Some);
        }
    }

    /// One answer each, in the order of the batch.
    pub fn answers(self) -> Vec<Loaded> {
        let answer = |one: &OrderRef| {
            let known = match one {
                OrderRef::Id(id) => self.by_id.get(id),
                OrderRef::External(external) => self.by_external.get(external.as_str()),
            };
            known.cloned().unwrap_or(Ok(None))
        };
        self.wanted.iter().map(answer).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use testkit::{Desk, new_order};

    #[test]
    fn each_is_asked_for_once_and_every_caller_is_answered() {
        let order = Arc::new(Desk::new().order(new_order()));
        let known = OrderRef::Id(order.order_id);
        let unknown = OrderRef::Id(OrderId::from_u128(7));
        let named = |name: &str| OrderRef::External(name.to_owned());
        let wanted = [
            known.clone(),
            named("shop-1"),
            unknown.clone(),
            known.clone(),
            named("shop-2"),
            named("shop-1"),
        ];
        let mut asked = Vec::new();
        let mut loads = Loads::of(&wanted, |one| asked.push(one.clone()));
        loads.found(order.order_id, Ok(Arc::clone(&order)));
        loads.found_external("shop-1", Ok(Arc::clone(&order)));
        let (one, none) = (Ok(Some(order)), Ok(None));
        let answers = [&one, &one, &none, &one, &none, &one];
        assert_eq!(loads.answers(), answers.map(Clone::clone));
        assert_eq!(asked, [known, named("shop-1"), unknown, named("shop-2")]);
    }
}
