//! The service's own holds: what in the ledger contradicts the order, or waits for somebody.
//!
//! They are a function of the ledger and the state, never of the order in which facts came: a hold
//! that a late fact explains goes away by itself.

use super::ledger::{conflicting, effective};
use super::payments::Money;
use super::status::State;
use super::{Hold, HoldKind, Order, ShipmentKind, StockKind};

/// A hold that the service raises, and how grave its matter is: once somebody has released it, it
/// comes back only at a higher level.
#[derive(Debug)]
pub(crate) struct OwnHold {
    pub(crate) hold: Hold,
    pub(crate) level: i64,
}

/// The service's own holds on `order`, by id, without those that were released at their level.
pub(crate) fn own_holds(order: &Order, money: &Money) -> Vec<OwnHold> {
    let mut all = Found(Vec::new());
    find_payment_contradictions(&mut all, order, money);
    find_stock_contradictions(&mut all, order);
    find_parcel_contradictions(&mut all, order);
    find_waiting(&mut all, order, money);
    let mut holds = all.0;
    holds.retain(|own| {
        order
            .acknowledged
            .get(&own.hold.hold_id)
            .is_none_or(|level| own.level > *level)
    });
    holds.sort_by(|a, b| a.hold.hold_id.cmp(&b.hold.hold_id));
    holds.dedup_by(|a, b| a.hold.hold_id == b.hold.hold_id);
    holds
}

struct Found(Vec<OwnHold>);

impl Found {
    fn contradiction(&mut self, about: &str, level: i64, reason: String) {
        self.add(
            HoldKind::Contradiction,
            format!("contradiction.{about}"),
            level,
            reason,
        );
    }

    fn add(&mut self, kind: HoldKind, hold_id: String, level: i64, reason: String) {
        let hold = Hold {
            hold_id,
            kind: kind.as_str().to_owned(),
            reason,
        };
        self.0.push(OwnHold { hold, level });
    }
}

fn find_payment_contradictions(all: &mut Found, order: &Order, money: &Money) {
    let payments = order.ledger.payments();
    for fact in payments {
        if let Some(currency) = fact.currency.filter(|currency| *currency != order.currency) {
            let about = format!(
                "wrong-currency.{}.{}.{}",
                fact.payment_id, fact.kind, fact.reference
            );
            let reason = format!(
                "{} of {} is in {currency}, the order in {}",
                fact.kind, fact.payment_id, order.currency
            );
            all.contradiction(&about, 1, reason);
        }
    }
    for fact in conflicting(payments) {
        let about = format!(
            "conflict.{}.{}.{}",
            fact.payment_id, fact.kind, fact.reference
        );
        all.contradiction(
            &about,
            1,
            format!(
                "{} of {} was told with different amounts",
                fact.kind, fact.payment_id
            ),
        );
    }
    let excess = -money.kept();
    if excess > 0 {
        let reason = format!(
            "{excess} {} more was refunded than captured",
            order.currency
        );
        all.contradiction("over-refund", level(excess), reason);
    }
}

fn find_stock_contradictions(all: &mut Found, order: &Order) {
    let stock = order.ledger.stock();
    let has = |kind| stock.iter().any(|fact| fact.kind == kind);
    if !has(StockKind::Refused) {
        return;
    }
    if has(StockKind::Reserved) {
        all.contradiction("stock", 1, "stock was both reserved and refused".to_owned());
    } else if order.shipped_any() {
        all.contradiction(
            "stock",
            1,
            "stock was refused, yet a parcel left".to_owned(),
        );
    }
}

fn find_parcel_contradictions(all: &mut Found, order: &Order) {
    let ledger = &order.ledger;
    let known = u32::try_from(order.lines.len()).unwrap_or(u32::MAX);
    let left = effective(ledger.shipments()).filter(|fact| fact.kind == ShipmentKind::Shipped);
    let named = left.map(|fact| (&fact.shipment_id, &fact.lines));
    let named = named.chain(effective(ledger.returns()).map(|fact| (&fact.return_id, &fact.lines)));
    for (id, lines) in named {
        if let Some((line_no, _)) = lines.iter().find(|(line_no, _)| *line_no > known) {
            let reason = format!("{id} names line {line_no}, the order has {known}");
            all.contradiction(&format!("unknown-line.{id}"), 1, reason);
        }
    }
    for fact in conflicting(ledger.shipments()) {
        let reason = format!(
            "{} of {} was told with different contents",
            fact.kind, fact.shipment_id
        );
        all.contradiction(
            &format!("conflict.{}.{}", fact.shipment_id, fact.kind),
            1,
            reason,
        );
    }
    for fact in conflicting(ledger.returns()) {
        let reason = format!("return {} was told with different lines", fact.return_id);
        all.contradiction(&format!("conflict.{}", fact.return_id), 1, reason);
    }
    for line in &order.lines {
        let counters = line.counters;
        let over = |count: u64, limit: u64| i128::from(count) - i128::from(limit);
        let shipped = over(counters.shipped, line.open().into());
        if shipped > 0 {
            let reason = format!("line {}: {shipped} more shipped than ordered", line.line_no);
            all.contradiction(
                &format!("over-shipped.{}", line.line_no),
                level(shipped),
                reason,
            );
        }
        let returned = over(counters.returned, counters.delivered);
        if returned > 0 {
            let reason = format!(
                "line {}: {returned} more returned than delivered",
                line.line_no
            );
            all.contradiction(
                &format!("over-returned.{}", line.line_no),
                level(returned),
                reason,
            );
        }
    }
}

/// What contradicts nothing, but needs somebody.
fn find_waiting(all: &mut Found, order: &Order, money: &Money) {
    // A refusal counts as the end of the order also where it came too late to reject it: the holds
    // are then the same, whichever came first.
    let refused = order
        .ledger
        .stock()
        .iter()
        .any(|fact| fact.kind == StockKind::Refused);
    let ended = matches!(
        order.state,
        State::Rejected | State::Cancelled | State::Expired
    );
    let kept = money.kept();
    if (ended || refused) && kept > 0 {
        let reason = format!("{kept} {} is to be refunded", order.currency);
        all.add(
            HoldKind::RefundDue,
            "refund-due".to_owned(),
            level(kept),
            reason,
        );
    }
    if order.shipped_while_cancelling && order.state == State::Confirmed {
        let reason = "a parcel left while the order was being cancelled".to_owned();
        all.add(
            HoldKind::ShippedWhileCancelling,
            "shipped-while-cancelling".to_owned(),
            1,
            reason,
        );
    }
    if order.deadline_handled && order.state == State::Pending {
        let reason = "confirm_before passed, but money was captured".to_owned();
        all.add(
            HoldKind::DeadlinePassedPaid,
            "deadline-passed-paid".to_owned(),
            1,
            reason,
        );
    }
}

fn level(excess: i128) -> i64 {
    i64::try_from(excess).unwrap_or(i64::MAX)
}
