//! Money sums to the total, for any lines, discounts and taxes.

use crate::desk::place;
use order_core::domain::{Amount, NewOrder};
use proptest::prelude::*;
use testkit::strategies::any_new_order;

fn wide(amounts: impl Iterator<Item = Amount>) -> i128 {
    amounts.map(Amount::wide).sum()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn lines_and_totals_add_up(new in any_new_order()) {
        let order = place(new.clone());
        let NewOrder { discount, shipping, tax, .. } = new;
        for (asked, line) in new.lines.iter().zip(&order.lines) {
            let total = i128::from(asked.quantity) * i128::from(asked.unit_price) - i128::from(asked.discount)
                + i128::from(asked.tax) - line.allocated_discount.wide() + line.allocated_tax.wide();
            prop_assert_eq!(line.total.wide(), total);
            let net = i128::from(asked.quantity) * i128::from(asked.unit_price) - i128::from(asked.discount);
            prop_assert!(line.allocated_discount.wide() <= net, "no line is discounted below nothing");
        }
        let lines = &order.lines;
        prop_assert_eq!(wide(lines.iter().map(|l| l.allocated_discount)), i128::from(discount));
        prop_assert_eq!(wide(lines.iter().map(|l| l.allocated_tax)), i128::from(tax));
        let t = order.totals;
        prop_assert_eq!(t.total.wide(), t.subtotal.wide() - t.discount.wide() + t.shipping.wide() + t.tax.wide());
        prop_assert_eq!(t.total.wide(), wide(lines.iter().map(|l| l.total)) + i128::from(shipping));
    }

    /// What is cancelled unit by unit never exceeds the line, and is all of it at the end.
    #[test]
    fn cancelled_amounts_grow_to_the_lines_total(new in any_new_order(), step in 1..50_u32) {
        for line in &place(new).lines {
            let mut line = line.clone();
            let mut last = Amount::ZERO;
            while line.cancelled < line.quantity {
                line.cancelled = (line.cancelled + step).min(line.quantity);
                prop_assert!(line.cancelled_amount() >= last);
                last = line.cancelled_amount();
            }
            prop_assert_eq!(last, line.total);
        }
    }
}
