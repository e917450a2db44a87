//! The Complete Journey (84.51°): a year of grocery baskets of 2,469 households, several lines each.
//!
//! CSV as `xtask/scripts/journey_to_csv.py` writes it, one product a line, a basket's lines
//! together: basket, household, day, product, quantity, paid cents, cents off.

use std::collections::BTreeMap;

use super::KeyedOrder;
use crate::LoadError;
use crate::order::{NewLine, NewOrder};

const CURRENCY: &str = "USD";
/// The header, which also names the columns.
const HEADER: &str = "basket_id,household_id,day,product_id,quantity,paid_cents,off_cents";

/// Every basket as an order, in the file's order. A quantity of 0 (goods without pieces) counts as 1.
pub fn orders(text: &str) -> Result<Vec<KeyedOrder>, LoadError> {
    let mut lines = text.lines().enumerate();
    if lines.next().is_none_or(|(_, header)| header != HEADER) {
        return Err(LoadError::Record {
            line: 1,
            reason: format!("the header is not {HEADER}"),
        });
    }
    let mut orders: Vec<KeyedOrder> = Vec::new();
    let mut current = "";
    for (at, line) in lines {
        let wrong = |reason: String| LoadError::Record {
            line: at + 1,
            reason,
        };
        let fields: Vec<&str> = line.split(',').collect();
        let [basket, household, day, product, quantity, paid, off] = fields[..] else {
            return Err(wrong(format!("{} fields in place of 7", fields.len())));
        };
        let number = |text: &str| {
            text.parse()
                .map_err(|_| wrong(format!("{text:?} is no number")))
        };
        let (quantity, paid, off) = (number(quantity)?, number(paid)?, number(off)?);
        if basket != current {
            orders.push(empty_order(basket, household, day));
            current = basket;
        }
        if let Some(last) = orders.last_mut() {
            let line = NewLine::totalling(product.to_owned(), quantity, paid, off);
            last.order.lines.push(line);
        }
    }
    Ok(orders)
}

fn empty_order(basket: &str, household: &str, day: &str) -> KeyedOrder {
    let key = format!("journey-{basket}");
    KeyedOrder {
        idempotency_key: key.clone(),
        order: NewOrder {
            customer_id: household.to_owned(),
            currency: CURRENCY,
            lines: Vec::new(),
            external_id: Some(key),
            metadata: BTreeMap::from([("purchased_on", day.to_owned())]),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_a_basket_are_one_order() {
        let text = format!(
            "{HEADER}\n7,900,2017-01-01,11,1,50,0\n7,900,2017-01-01,12,3,100,20\n8,901,2017-01-02,11,0,0,0\n"
        );
        let orders = orders(&text).unwrap();
        assert_eq!(orders.len(), 2);
        let first = &orders[0];
        assert_eq!(first.idempotency_key, "journey-7");
        assert_eq!((first.order.lines.len(), first.order.total()), (2, 150));
        assert_eq!(
            (
                first.order.lines[1].unit_price,
                first.order.lines[1].discount
            ),
            (40, 20)
        );
        assert_eq!(
            (orders[1].order.lines[0].quantity, orders[1].order.total()),
            (1, 0)
        );
    }

    #[test]
    fn another_file_is_refused() {
        assert!(
            orders("basket,household\n")
                .unwrap_err()
                .to_string()
                .contains("line 1")
        );
        let error = orders(&format!("{HEADER}\n7,900,d,11,1,0.5,0\n"))
            .unwrap_err()
            .to_string();
        assert!(error.contains("line 2") && error.contains("0.5"), "{error}");
        let error = orders(&format!("{HEADER}\n7,900\n"))
            .unwrap_err()
            .to_string();
        assert!(error.contains("2 fields"), "{error}");
    }
}
