//! A change of address, metadata or deadline: a message and a field mask (AIP-134, AIP-161) that say
//! what REST's JSON merge patch says with absent, null and a value.

use super::parts;
use crate::v1;
use order_core::domain::{AddressPatch, Amendment, Patch, Violations};
use prost_types::FieldMask;
use std::collections::BTreeMap;

/// What a path must be.
const PATHS: &str = "must be shipping_address, one of its parts (name, lines, city, region, \
    postal_code, country), metadata, metadata.KEY or confirm_before";

/// The amendment that a request asks for.
pub fn amendment(
    order: Option<v1::OrderAmendment>,
    mask: Option<FieldMask>,
    wrong: &mut Violations,
) -> Amendment {
    let order = order.unwrap_or_default();
    let paths = mask.unwrap_or_default().paths;
    if paths.is_empty() {
        return whole(order, wrong);
    }
    let mut masked = Masked {
        address: order.shipping_address.clone().unwrap_or_default(),
        order,
        amendment: Amendment::default(),
    };
    for (i, path) in paths.iter().enumerate() {
        if let Err(reason) = masked.take(path, wrong) {
            wrong.add(format!("update_mask.paths[{i}]"), reason);
        }
    }
    masked.amendment
}

/// Without a mask, everything that is there counts (AIP-134).
fn whole(order: v1::OrderAmendment, wrong: &mut Violations) -> Amendment {
    let metadata = order.metadata.into_iter();
    let metadata: BTreeMap<_, _> = metadata.map(|(key, value)| (key, Some(value))).collect();
    let deadline = order.confirm_before.map(|at| deadline(at, wrong));
    Amendment {
        shipping_address: order.shipping_address.map_or(Patch::Keep, |address| {
            Patch::Set(AddressPatch {
                name: unless_empty(address.name, Patch::Keep),
                lines: if address.lines.is_empty() {
                    Patch::Keep
                } else {
                    Patch::Set(address.lines)
                },
                city: unless_empty(address.city, Patch::Keep),
                region: address.region.map_or(Patch::Keep, Patch::Set),
                postal_code: address.postal_code.map_or(Patch::Keep, Patch::Set),
                country: unless_empty(address.country, Patch::Keep),
            })
        }),
        metadata: if metadata.is_empty() {
            Patch::Keep
        } else {
            Patch::Set(metadata)
        },
        confirm_before: deadline.unwrap_or(Patch::Keep),
    }
}

/// An amendment that is put together path by path.
struct Masked {
    order: v1::OrderAmendment,
    address: v1::Address,
    amendment: Amendment,
}

impl Masked {
    fn take(&mut self, path: &str, wrong: &mut Violations) -> Result<(), &'static str> {
        match path.split_once('.') {
            None if path == "shipping_address" => self.take_address(),
            None if path == "metadata" => return self.clear_metadata(),
            None if path == "confirm_before" => {
                let given = self.order.confirm_before;
                self.amendment.confirm_before =
                    given.map_or(Patch::Remove, |at| deadline(at, wrong));
            }
            Some(("shipping_address", part)) => self.take_part(part)?,
            Some(("metadata", key)) => self.take_pair(key),
            _ => return Err(PATHS),
        }
        Ok(())
    }

    fn take_address(&mut self) {
        if self.order.shipping_address.is_none() {
            self.amendment.shipping_address = Patch::Remove;
            return;
        }
        for part in ["name", "lines", "city", "region", "postal_code", "country"] {
            // The names are those that `take_part` knows.
            let _ = self.take_part(part);
        }
    }

    fn take_part(&mut self, part: &str) -> Result<(), &'static str> {
        let text = |text: &String| unless_empty(text.clone(), Patch::Remove);
        let optional = |text: &Option<String>| text.clone().map_or(Patch::Remove, Patch::Set);
        let address = &self.address;
        let mut patch = match &self.amendment.shipping_address {
            Patch::Set(patch) => patch.clone(),
            // The whole address goes: a part of it has nowhere to stand.
            Patch::Remove => return Ok(()),
            Patch::Keep => AddressPatch::default(),
        };
        match part {
            "name" => patch.name = text(&address.name),
            "lines" if address.lines.is_empty() => patch.lines = Patch::Remove,
            "lines" => patch.lines = Patch::Set(address.lines.clone()),
            "city" => patch.city = text(&address.city),
            "region" => patch.region = optional(&address.region),
            "postal_code" => patch.postal_code = optional(&address.postal_code),
            "country" => patch.country = text(&address.country),
            _ => return Err(PATHS),
        }
        self.amendment.shipping_address = Patch::Set(patch);
        Ok(())
    }

    /// A map in a mask stands for the whole map. What the order has now is not known here, so only the
    /// empty one can be meant; a map that were merged instead would keep pairs that are to go.
    fn clear_metadata(&mut self) -> Result<(), &'static str> {
        if !self.order.metadata.is_empty() {
            return Err(
                "takes every pair away, so order.metadata must be empty; name each pair to set as metadata.KEY",
            );
        }
        self.amendment.metadata = Patch::Remove;
        Ok(())
    }

    fn take_pair(&mut self, key: &str) {
        let value = self.order.metadata.get(key).cloned();
        match &mut self.amendment.metadata {
            Patch::Set(pairs) => drop(pairs.insert(key.to_owned(), value)),
            Patch::Keep => {
                let pairs = BTreeMap::from([(key.to_owned(), value)]);
                self.amendment.metadata = Patch::Set(pairs);
            }
            Patch::Remove => {}
        }
    }
}

fn unless_empty(text: String, empty: Patch<String>) -> Patch<String> {
    if text.is_empty() {
        empty
    } else {
        Patch::Set(text)
    }
}

fn deadline(
    at: prost_types::Timestamp,
    wrong: &mut Violations,
) -> Patch<order_core::domain::Timestamp> {
    parts::time(at, "order.confirm_before", wrong).map_or(Patch::Keep, Patch::Set)
}
