//! Many orders to place in one request, each judged for itself.

use crate::check::check;
use crate::parse::repaired;
use crate::path::Path;
use crate::scalars::KeyText;
use crate::schemas::named;
use crate::strict::object_only;
use crate::tree::Node;
use crate::{Malformed, NewOrder, Parsed, WireType};
use order_core::domain::limits::MAX_BATCH_ORDERS;
use order_core::domain::{self, Violations};
use serde::Deserialize;
use utoipa::ToSchema;

/// Orders to place.
#[derive(Deserialize, ToSchema)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct BatchPlace {
    /// 1 to 1,000 orders, each with a key of its own.
    #[schema(min_items = 1, max_items = 1000)]
    orders: Vec<BatchItem>,
}

/// One order of a batch.
#[derive(Deserialize, ToSchema)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct BatchItem {
    /// The order's own idempotency key, as `Idempotency-Key` is for a single one.
    #[schema(value_type = KeyText)]
    idempotency_key: String,
    /// The order to place.
    order: NewOrder,
}

object_only!(BatchPlace, BatchItem);

impl WireType for BatchItem {
    type Domain = (String, domain::NewOrder);

    fn into_domain(self, wrong: &mut Violations) -> (String, domain::NewOrder) {
        (self.idempotency_key, self.order.into_domain(wrong))
    }

    fn forget_sums((_, order): &mut (String, domain::NewOrder)) {
        NewOrder::forget_sums(order);
    }
}

/// The orders of a batch: key and order, each with what is wrong with it.
pub type ParsedBatch = Vec<Parsed<(String, domain::NewOrder)>>;

/// Parses a batch. What is wrong with one order is told with that order, its path beginning with
/// `orders[i].`; what is wrong with the batch itself is `wrong`, and then no order is to be placed.
pub fn parse_batch(body: &[u8]) -> Result<Parsed<ParsedBatch>, Malformed> {
    let items = match serde_json::from_slice::<BatchPlace>(body) {
        Ok(batch) => batch.orders.into_iter().map(untouched).collect(),
        Err(_) => return examine(body),
    };
    Ok(counted(items, Violations::new()))
}

fn untouched(item: BatchItem) -> Parsed<(String, domain::NewOrder)> {
    let mut wrong = Violations::new();
    Parsed {
        value: item.into_domain(&mut wrong),
        wrong,
    }
}

#[cold]
fn examine(body: &[u8]) -> Result<Parsed<ParsedBatch>, Malformed> {
    let mut node = Node::parse(body)?;
    let Node::Object(members) = &mut node else {
        return Err(Malformed::not_an_object(&node));
    };
    // The orders are taken out and judged one by one: a bound on all violations together would let
    // a broken order pass behind a hundred others.
    let mut orders = Vec::new();
    if let Some((_, Node::List(list))) = members.iter_mut().find(|(name, _)| name == "orders") {
        orders.append(list);
    }
    let mut wrong = Violations::new();
    check(
        &mut node,
        named("BatchPlace"),
        &mut Path::starting_at(""),
        &mut wrong,
    );
    if orders.len() > MAX_BATCH_ORDERS || !wrong.is_empty() {
        orders.truncate(MAX_BATCH_ORDERS + 1);
    }
    let one = |(index, order)| repaired::<BatchItem>(order, &format!("orders[{index}]"));
    let items = orders
        .into_iter()
        .enumerate()
        .map(one)
        .collect::<Result<ParsedBatch, Malformed>>()?;
    Ok(counted(items, wrong))
}

fn counted(items: ParsedBatch, mut wrong: Violations) -> Parsed<ParsedBatch> {
    if wrong.is_empty() && (items.is_empty() || items.len() > MAX_BATCH_ORDERS) {
        wrong.add(
            "orders",
            format!("must have 1 to {MAX_BATCH_ORDERS} orders"),
        );
    }
    Parsed {
        value: items,
        wrong,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"{"idempotency_key":"k","order":{"customer_id":"c","currency":"EUR","lines":[{"sku":"s","quantity":1,"unit_price":5}]}}"#;

    fn batch(items: &[&str]) -> Parsed<ParsedBatch> {
        parse_batch(format!(r#"{{"orders":[{}]}}"#, items.join(",")).as_bytes()).unwrap()
    }

    #[test]
    fn each_order_has_its_own_violations_however_many_come_before() {
        let broken = r#"{"order":{"currency":1,"lines":[{"a":1,"b":2,"c":3}]}}"#;
        let mut items = vec![broken; 200];
        items.push(GOOD);
        let parsed = batch(&items);
        assert!(parsed.wrong.is_empty());
        assert!(
            parsed.value[..200]
                .iter()
                .all(|item| !item.wrong.is_empty())
        );
        assert!(parsed.value[200].wrong.is_empty());
        assert_eq!(
            parsed.value[199].wrong.as_slice()[0].field,
            "orders[199].order.currency"
        );
    }

    #[test]
    fn a_good_order_is_read_alike_beside_a_broken_one() {
        let good = GOOD.replace(
            "}]",
            ",\"discount\":1}],\"discount\":2,\"expected_total\":2",
        );
        let alone = batch(&[&good]).value.remove(0);
        assert!(alone.value.1.expected_total.is_some() && alone.value.1.discount == 2);
        assert_eq!(batch(&["5", &good]).value[1], alone);
    }

    #[test]
    fn a_batch_of_no_or_too_many_orders_is_wrong_as_a_whole() {
        assert_eq!(batch(&[]).wrong.as_slice()[0].field, "orders");
        assert!(batch(&vec![GOOD; 1_000]).wrong.is_empty());
        assert!(!batch(&vec![GOOD; 1_001]).wrong.is_empty());
        let parsed = parse_batch(br#"{"order":[]}"#).unwrap();
        let fields: Vec<_> = parsed
            .wrong
            .as_slice()
            .iter()
            .map(|one| one.field.as_str())
            .collect();
        assert_eq!(fields, ["order", "orders"]);
    }
}
