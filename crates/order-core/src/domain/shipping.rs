//! What the ledger says of the goods: parcels, returns, and the counters of each line.

use super::ledger::effective;
use super::status::named_enum;
use super::{
    FulfillmentStatus, Ledger, Line, LineCounters, ReturnStatus, ShipmentFact, ShipmentKind,
};

/// A parcel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shipment {
    /// Its number.
    pub shipment_id: String,
    /// Where it is.
    pub status: ShipmentStatus,
    /// Who carries it; empty where unknown.
    pub carrier: String,
    /// The carrier's number; empty where unknown.
    pub tracking_number: String,
    /// What is in it: line number and units. Empty until it is told that the parcel left.
    pub lines: Vec<(u32, u32)>,
}

named_enum! {
    /// Where a parcel is. A lost parcel that arrives after all has arrived.
    ShipmentStatus {
        /// On its way.
        Shipped = "SHIPPED" / 1,
        /// Arrived.
        Delivered = "DELIVERED" / 2,
        /// Lost.
        Lost = "LOST" / 3,
    }
}

/// Goods that came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Return {
    /// Its number.
    pub return_id: String,
    /// What came back: line number and units.
    pub lines: Vec<(u32, u32)>,
}

/// The parcels of a ledger.
pub(crate) fn shipments(ledger: &Ledger) -> Vec<Shipment> {
    let facts: Vec<&ShipmentFact> = effective(ledger.shipments()).collect();
    facts
        .chunk_by(|a, b| a.shipment_id == b.shipment_id)
        .map(shipment)
        .collect()
}

fn shipment(facts: &[&ShipmentFact]) -> Shipment {
    let of = |kind| facts.iter().find(|fact| fact.kind == kind);
    let status = match (of(ShipmentKind::Delivered), of(ShipmentKind::Lost)) {
        (Some(_), _) => ShipmentStatus::Delivered,
        (None, Some(_)) => ShipmentStatus::Lost,
        (None, None) => ShipmentStatus::Shipped,
    };
    let left = of(ShipmentKind::Shipped);
    Shipment {
        shipment_id: facts[0].shipment_id.clone(),
        status,
        carrier: left.map(|fact| fact.carrier.clone()).unwrap_or_default(),
        tracking_number: left
            .map(|fact| fact.tracking_number.clone())
            .unwrap_or_default(),
        lines: left.map(|fact| fact.lines.clone()).unwrap_or_default(),
    }
}

/// The returns of a ledger.
pub(crate) fn returns(ledger: &Ledger) -> Vec<Return> {
    effective(ledger.returns())
        .map(|fact| Return {
            return_id: fact.return_id.clone(),
            lines: fact.lines.clone(),
        })
        .collect()
}

/// Writes the counters of each line. Units of lines that the order does not have are left out.
pub(crate) fn count(lines: &mut [Line], shipments: &[Shipment], returns: &[Return]) {
    for line in lines.iter_mut() {
        line.counters = LineCounters::default();
    }
    for parcel in shipments
        .iter()
        .filter(|parcel| parcel.status != ShipmentStatus::Lost)
    {
        for &(line_no, quantity) in &parcel.lines {
            if let Some(line) = find(lines, line_no) {
                line.counters.shipped += u64::from(quantity);
                if parcel.status == ShipmentStatus::Delivered {
                    line.counters.delivered += u64::from(quantity);
                }
            }
        }
    }
    for &(line_no, quantity) in returns.iter().flat_map(|back| &back.lines) {
        if let Some(line) = find(lines, line_no) {
            line.counters.returned += u64::from(quantity);
        }
    }
}

fn find(lines: &mut [Line], line_no: u32) -> Option<&mut Line> {
    lines.get_mut(usize::try_from(line_no).ok()?.checked_sub(1)?)
}

/// The fulfilment status of counted lines.
pub(crate) fn fulfillment(lines: &[Line]) -> FulfillmentStatus {
    let any = |count: fn(&LineCounters) -> u64| lines.iter().any(|line| count(&line.counters) > 0);
    if covers_open(lines, |counters| counters.delivered) {
        FulfillmentStatus::Delivered
    } else if any(|counters| counters.delivered) {
        FulfillmentStatus::PartiallyDelivered
    } else if covers_open(lines, |counters| counters.shipped) {
        FulfillmentStatus::Shipped
    } else if any(|counters| counters.shipped) {
        FulfillmentStatus::PartiallyShipped
    } else {
        FulfillmentStatus::Unfulfilled
    }
}

/// The return status of counted lines.
pub(crate) fn return_status(lines: &[Line]) -> ReturnStatus {
    if covers_open(lines, |counters| counters.returned) {
        ReturnStatus::Returned
    } else if lines.iter().any(|line| line.counters.returned > 0) {
        ReturnStatus::Partial
    } else {
        ReturnStatus::None
    }
}

/// Whether something is open, and on each line the count reaches it.
fn covers_open(lines: &[Line], count: fn(&LineCounters) -> u64) -> bool {
    lines.iter().any(|line| line.open() > 0)
        && lines
            .iter()
            .all(|line| count(&line.counters) >= u64::from(line.open()))
}
