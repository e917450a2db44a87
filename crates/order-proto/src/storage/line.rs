//! Lines, addresses and holds.

use super::stored;
use super::value::{DecodeError, amount, from_amount};
use order_core::domain::{Address, Hold, Line, LineCounters};

pub(crate) fn to_stored(line: &Line) -> stored::Line {
    stored::Line {
        sku: line.sku.clone(),
        name: line.name.clone(),
        quantity: line.quantity,
        unit_price: from_amount(line.unit_price),
        discount: from_amount(line.discount),
        tax: from_amount(line.tax),
        allocated_discount: from_amount(line.allocated_discount),
        allocated_tax: from_amount(line.allocated_tax),
        total: from_amount(line.total),
        cancelled: line.cancelled,
    }
}

pub(crate) fn from_stored(line_no: u32, line: stored::Line) -> Result<Line, DecodeError> {
    Ok(Line {
        line_no,
        sku: line.sku,
        name: line.name,
        quantity: line.quantity,
        unit_price: amount("lines.unit_price", line.unit_price)?,
        discount: amount("lines.discount", line.discount)?,
        tax: amount("lines.tax", line.tax)?,
        allocated_discount: amount("lines.allocated_discount", line.allocated_discount)?,
        allocated_tax: amount("lines.allocated_tax", line.allocated_tax)?,
        total: amount("lines.total", line.total)?,
        cancelled: line.cancelled,
        counters: LineCounters::default(),
    })
}

pub(crate) fn address_to_stored(address: &Address) -> stored::Address {
    stored::Address {
        name: address.name.clone(),
        lines: address.lines.clone(),
        city: address.city.clone(),
        region: address.region.clone(),
        postal_code: address.postal_code.clone(),
        country: address.country.clone(),
    }
}

pub(crate) fn address_from_stored(address: stored::Address) -> Address {
    Address {
        name: address.name,
        lines: address.lines,
        city: address.city,
        region: address.region,
        postal_code: address.postal_code,
        country: address.country,
    }
}

pub(crate) fn hold_to_stored(hold: &Hold) -> stored::Hold {
    stored::Hold {
        hold_id: hold.hold_id.clone(),
        kind: hold.kind.clone(),
        reason: hold.reason.clone(),
    }
}

pub(crate) fn hold_from_stored(hold: stored::Hold) -> Hold {
    Hold {
        hold_id: hold.hold_id,
        kind: hold.kind,
        reason: hold.reason,
    }
}
