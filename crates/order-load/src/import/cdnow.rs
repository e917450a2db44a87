//! The CDNOW purchase records: 69,659 purchases of 23,570 customers from January 1997 to June 1998.
//!
//! One purchase a line: customer, date (`YYYYMMDD`), number of CDs, dollars with two decimals,
//! separated by blanks, under one header. Source: Fader and Hardie, "Forecasting Repeat Sales at
//! CDNOW" (2001); the Python package `lifetimes` ships the file.

use std::collections::BTreeMap;

use super::KeyedOrder;
use crate::LoadError;
use crate::order::{NewLine, NewOrder};

const CURRENCY: &str = "USD";
/// Which CD it was is not recorded.
const SKU: &str = "CD";

/// Every purchase as an order of one line, in the file's order.
pub fn orders(text: &str) -> Result<Vec<KeyedOrder>, LoadError> {
    let records = text
        .lines()
        .enumerate()
        .skip(1)
        .filter(|(_, line)| !line.trim().is_empty());
    records
        .map(|(at, line)| {
            order(at, line).map_err(|reason| LoadError::Record {
                line: at + 1,
                reason,
            })
        })
        .collect()
}

/// Rows count from 1 behind the header.
fn order(row: usize, line: &str) -> Result<KeyedOrder, String> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let [customer, date, quantity, dollars] = fields[..] else {
        return Err(format!("{} fields in place of 4", fields.len()));
    };
    let quantity = quantity
        .parse()
        .map_err(|_| format!("{quantity:?} is no number of CDs"))?;
    let paid = cents(dollars).ok_or_else(|| format!("{dollars:?} is no amount like 11.77"))?;
    let key = format!("cdnow-{row}");
    Ok(KeyedOrder {
        idempotency_key: key.clone(),
        order: NewOrder {
            customer_id: customer.to_owned(),
            currency: CURRENCY,
            lines: vec![NewLine::totalling(SKU.to_owned(), quantity, paid, 0)],
            external_id: Some(key),
            metadata: BTreeMap::from([("purchased_on", day(date)?)]),
        },
    })
}

fn day(date: &str) -> Result<String, String> {
    if date.len() == 8 && date.bytes().all(|byte| byte.is_ascii_digit()) {
        Ok(format!("{}-{}-{}", &date[..4], &date[4..6], &date[6..]))
    } else {
        Err(format!("{date:?} is no date like 19970101"))
    }
}

/// `11.77` is 1177: digits alone, never a float.
fn cents(dollars: &str) -> Option<u64> {
    let (whole, fraction) = dollars.split_once('.')?;
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if fraction.len() != 2 || !digits(whole) || !digits(fraction) {
        return None;
    }
    let (whole, fraction): (u64, u64) = (whole.parse().ok()?, fraction.parse().ok()?);
    whole.checked_mul(100)?.checked_add(fraction)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = " customer_id  date number_of_cds  dollar_value\r\n";

    #[test]
    fn a_purchase_is_an_order_with_exactly_its_amount() {
        let text = format!("{HEADER} 00002 19970112  5   77.01\r\n 00003 19970102  2    0.00\r\n");
        let orders = orders(&text).unwrap();
        assert_eq!(orders.len(), 2);
        let KeyedOrder {
            idempotency_key,
            order,
        } = &orders[0];
        assert_eq!(idempotency_key, "cdnow-1");
        assert_eq!(order.external_id.as_deref(), Some("cdnow-1"));
        assert_eq!(order.customer_id, "00002");
        assert_eq!(order.metadata["purchased_on"], "1997-01-12");
        assert_eq!((order.lines[0].quantity, order.total()), (5, 7701));
        assert_eq!(orders[1].order.total(), 0);
    }

    #[test]
    fn a_line_that_is_no_purchase_is_named() {
        for (line, reason) in [
            ("00002 19970112 5", "3 fields"),
            ("00002 19970112 five 77.00", "number of CDs"),
            ("00002 19970112 5 77", "no amount"),
            ("00002 19970112 5 7.1.0", "no amount"),
            ("00002 19970112 5 -7.10", "no amount"),
            ("00002 970112 5 77.00", "no date"),
        ] {
            let error = orders(&format!("{HEADER}{line}\n"))
                .unwrap_err()
                .to_string();
            assert!(
                error.starts_with("line 2: ") && error.contains(reason),
                "{error}"
            );
        }
    }
}
