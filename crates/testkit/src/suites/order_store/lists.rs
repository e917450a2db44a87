//! Lists, compared with the plainest way to filter and page.

use super::Store;
use crate::desk::done;
use crate::{Desk, fact, new_order};
use order_core::domain::{FulfillmentStatus, Order, OrderId, PaymentStatus, PaymentTerms, State};
use order_core::ports::{ListFilter, ListQuery};
use std::collections::HashSet;
use std::sync::Arc;

/// Orders that the rules list.
const ORDERS: usize = 200;
/// More than there are.
const ALL: usize = 1_000;

/// Orders of all kinds, as they are in the end, newest first.
async fn stock_up(store: &Store, desk: &Desk) -> Vec<Arc<Order>> {
    let mut orders = Vec::new();
    for n in 0..ORDERS {
        let mut new = new_order()
            .customer(&format!("customer-{}", n % 7))
            .only_line(2, 500);
        if n % 3 == 0 {
            new = new.external(&format!("shop-{n}"));
        }
        if n % 2 == 0 {
            new = new.terms(PaymentTerms::Invoice);
        }
        let mut order = desk.placed(&**store, new).await;
        for step in 0..n % 6 {
            let fact = match (n % 5, step) {
                (0 | 1, 0) => fact::reserved("res-1"),
                (2, 0) => fact::refused("res-1"),
                (3, 0) => fact::failed(&order, "pay-0"),
                (_, 1) => fact::captured(&order, "pay-1", 400),
                (_, 2) => fact::shipped("parcel-1", &[(1, 1)]),
                (_, 3) => fact::delivered("parcel-1"),
                (_, 4) => fact::captured(&order, "pay-2", 600),
                (_, _) => fact::authorized(&order, "pay-3", 1_000),
            };
            order = desk.recorded(&**store, &order, fact).await;
        }
        orders.push(order);
    }
    orders.reverse();
    orders
}

/// One filter of each kind and value, and the empty one.
fn single_filters(orders: &[Arc<Order>]) -> Vec<ListFilter> {
    let none = ListFilter::default;
    let mut filters = vec![none()];
    filters.extend(
        [
            "customer-0",
            "customer-3",
            "customer-",
            "CUSTOMER-0",
            "%",
            "",
        ]
        .map(|id| ListFilter {
            customer_id: Some(id.to_owned()),
            ..none()
        }),
    );
    filters.extend(
        ["shop-0", "shop-99", "shop-1", "shop-_"].map(|id| ListFilter {
            external_id: Some(id.to_owned()),
            ..none()
        }),
    );
    filters.extend(State::ALL.iter().map(|&state| ListFilter {
        state: Some(state),
        ..none()
    }));
    filters.extend(PaymentStatus::ALL.iter().map(|&status| ListFilter {
        payment_status: Some(status),
        ..none()
    }));
    filters.extend(FulfillmentStatus::ALL.iter().map(|&status| ListFilter {
        fulfillment_status: Some(status),
        ..none()
    }));
    for order in [&orders[0], &orders[ORDERS / 3], &orders[ORDERS - 1]] {
        for at in [order.placed_at, order.placed_at.plus_millis(1)] {
            filters.push(ListFilter {
                placed_after: Some(at),
                ..none()
            });
            filters.push(ListFilter {
                placed_before: Some(at),
                ..none()
            });
        }
    }
    filters
}

/// Both filters at once.
fn both(a: &ListFilter, b: &ListFilter) -> ListFilter {
    ListFilter {
        customer_id: a.customer_id.clone().or_else(|| b.customer_id.clone()),
        external_id: a.external_id.clone().or_else(|| b.external_id.clone()),
        state: a.state.or(b.state),
        payment_status: a.payment_status.or(b.payment_status),
        fulfillment_status: a.fulfillment_status.or(b.fulfillment_status),
        placed_after: a.placed_after.or(b.placed_after),
        placed_before: a.placed_before.or(b.placed_before),
    }
}

/// Whether an order is in a list, said as plainly as can be.
fn fits(filter: &ListFilter, order: &Order) -> bool {
    let ListFilter {
        customer_id,
        external_id,
        state,
        ..
    } = filter;
    customer_id
        .as_ref()
        .is_none_or(|id| *id == order.customer_id)
        && (external_id.is_none() || *external_id == order.external_id)
        && state.is_none_or(|state| state == order.state)
        && filter
            .payment_status
            .is_none_or(|status| status == order.payment_status)
        && filter
            .fulfillment_status
            .is_none_or(|status| status == order.fulfillment_status)
        && filter.placed_after.is_none_or(|at| order.placed_at >= at)
        && filter.placed_before.is_none_or(|at| order.placed_at < at)
}

fn ids(orders: &[Arc<Order>]) -> Vec<OrderId> {
    orders.iter().map(|order| order.order_id).collect()
}

async fn page(
    store: &Store,
    filter: &ListFilter,
    before: Option<OrderId>,
    limit: usize,
) -> Vec<Arc<Order>> {
    let page = store
        .list(&ListQuery {
            filter: filter.clone(),
            before,
            limit,
        })
        .await
        .unwrap();
    assert!(
        page.len() <= limit,
        "a page is as long as its limit at most"
    );
    page
}

/// All pages of `limit` orders; only the last one may be short.
async fn pages(store: &Store, filter: &ListFilter, limit: usize) -> Vec<Arc<Order>> {
    let mut all: Vec<Arc<Order>> = Vec::new();
    loop {
        let next = page(store, filter, all.last().map(|order| order.order_id), limit).await;
        let end = next.len() < limit;
        all.extend(next);
        if end {
            return all;
        }
    }
}

/// Every filter by itself lists just the orders that fit, newest first, as they are now.
pub async fn every_filter_lists_what_fits(store: Store) {
    let desk = Desk::new();
    let orders = stock_up(&store, &desk).await;
    assert!(
        orders
            .iter()
            .map(|order| order.state)
            .collect::<HashSet<_>>()
            .len()
            >= 3,
        "states differ"
    );
    for filter in single_filters(&orders) {
        let expected: Vec<Arc<Order>> = orders
            .iter()
            .filter(|order| fits(&filter, order))
            .cloned()
            .collect();
        assert_eq!(
            page(&store, &filter, None, ALL).await,
            expected,
            "{filter:?}"
        );
        assert_eq!(
            ids(&pages(&store, &filter, 7).await),
            ids(&expected),
            "{filter:?} by pages of 7"
        );
    }
}

/// Every two filters together list just the orders that fit both.
pub async fn every_pair_of_filters_lists_what_fits_both(store: Store) {
    let desk = Desk::new();
    let orders = stock_up(&store, &desk).await;
    let singles = single_filters(&orders);
    let mut seen = HashSet::new();
    for (n, a) in singles.iter().enumerate() {
        for b in &singles[n + 1..] {
            let filter = both(a, b);
            if !seen.insert(format!("{filter:?}")) {
                continue;
            }
            let expected: Vec<Arc<Order>> = orders
                .iter()
                .filter(|order| fits(&filter, order))
                .cloned()
                .collect();
            assert_eq!(
                ids(&page(&store, &filter, None, ALL).await),
                ids(&expected),
                "{filter:?}"
            );
            if let Some(middle) = expected.get(expected.len() / 2) {
                let rest: Vec<Arc<Order>> = expected
                    .iter()
                    .filter(|order| order.order_id < middle.order_id)
                    .take(3)
                    .cloned()
                    .collect();
                let found = page(&store, &filter, Some(middle.order_id), 3).await;
                assert_eq!(
                    ids(&found),
                    ids(&rest),
                    "{filter:?} before {}",
                    middle.order_id
                );
            }
        }
    }
}

/// Orders that are placed while somebody pages neither repeat nor hide one of those before.
pub async fn paging_is_stable_under_inserts(store: Store) {
    let desk = Desk::new();
    let orders = stock_up(&store, &desk).await;
    let filter = ListFilter {
        customer_id: Some("customer-1".to_owned()),
        ..ListFilter::default()
    };
    let expected: Vec<OrderId> = orders
        .iter()
        .filter(|order| fits(&filter, order))
        .map(|order| order.order_id)
        .collect();
    let mut seen: Vec<OrderId> = Vec::new();
    loop {
        let next = page(&store, &filter, seen.last().copied(), 4).await;
        seen.extend(ids(&next));
        if next.len() < 4 {
            break;
        }
        desk.placed(&*store, new_order().customer("customer-1"))
            .await;
        desk.placed(&*store, new_order().customer("customer-2"))
            .await;
    }
    assert_eq!(seen, expected);
}

/// A list follows an order through its changes: it leaves one filter and comes under another.
pub async fn a_list_follows_changes(store: Store) {
    let desk = Desk::new();
    let order = desk
        .placed(&*store, new_order().terms(PaymentTerms::Invoice))
        .await;
    let of = |state| ListFilter {
        state: Some(state),
        ..ListFilter::default()
    };
    assert_eq!(
        page(&store, &of(State::Pending), None, ALL).await,
        [Arc::clone(&order)]
    );
    let confirmed = done(&*store, desk.record(&order, fact::reserved("res-1"))).await;
    assert_eq!(
        page(&store, &of(State::Pending), None, ALL).await,
        [] as [Arc<Order>; 0]
    );
    assert_eq!(
        page(&store, &of(State::Confirmed), None, ALL).await,
        [confirmed]
    );
}
