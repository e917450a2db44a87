//! Amending an order: what may still change, and when.

use super::decision::Draft;
use super::fingerprint::Hasher;
use super::lifecycle::settle;
use super::text_rules::{check_address, check_deadline, check_metadata};
use super::{
    Action, Address, AddressPatch, Amendment, Cause, Decision, EventData, Fingerprint, Order,
    OrderId, Patch, Refusal, State, Timestamp, Violations,
};
use std::collections::BTreeMap;
use std::sync::Arc;

impl Order {
    /// Applies a merge patch. Address: until something has left. Deadline: while PENDING. What is
    /// patched to what it is already is no change and no event.
    pub fn amend(
        &self,
        patch: &Amendment,
        now: Timestamp,
        cause: Arc<Cause>,
    ) -> Result<Decision, Refusal> {
        let mut draft = Draft::new(self, now, cause);
        let mut all = Violations::new();
        if !patch.shipping_address.is_keep() {
            draft.order.shipping_address = self.patched_address(&mut all, &patch.shipping_address);
        }
        if !patch.metadata.is_keep() {
            draft.order.metadata = self.patched_metadata(&mut all, &patch.metadata);
        }
        if !patch.confirm_before.is_keep() {
            draft.order.confirm_before = patched_deadline(&mut all, &patch.confirm_before, now);
        }
        all.into_result()?;
        self.allow_amendment(patch)?;
        if draft.order.confirm_before != self.confirm_before {
            draft.order.deadline_handled = false;
            draft.order.acknowledged.remove("deadline-passed-paid");
        }
        let fields = self.amended_fields(&draft.order);
        if !fields.is_empty() {
            draft.emit(EventData::Amended { fields });
        }
        Ok(settle(draft))
    }

    /// The names of those that `after` has otherwise.
    fn amended_fields(&self, after: &Order) -> Vec<String> {
        let changed = [
            (
                "shipping_address",
                self.shipping_address != after.shipping_address,
            ),
            ("metadata", self.metadata != after.metadata),
            (
                "confirm_before",
                self.confirm_before != after.confirm_before,
            ),
        ];
        let names = changed.into_iter().filter(|(_, changed)| *changed);
        names.map(|(name, _)| name.to_owned()).collect()
    }

    fn allow_amendment(&self, patch: &Amendment) -> Result<(), Refusal> {
        self.allow(Action::Amend)?;
        let refuse = |reason: &str| {
            Err(Refusal::NotAllowed {
                action: Action::Amend,
                state: self.state,
                reason: reason.to_owned(),
            })
        };
        if !patch.shipping_address.is_keep() && self.shipped_any() {
            return refuse("shipping_address: a part of the order has been shipped");
        }
        if !patch.confirm_before.is_keep() && self.state != State::Pending {
            return refuse("confirm_before: only a pending order waits for its deadline");
        }
        Ok(())
    }

    fn patched_address(
        &self,
        all: &mut Violations,
        patch: &Patch<AddressPatch>,
    ) -> Option<Address> {
        let Patch::Set(patch) = patch else {
            return None;
        };
        let address = patch.apply(self.shipping_address.as_ref());
        check_address(all, &address);
        Some(address)
    }

    fn patched_metadata(
        &self,
        all: &mut Violations,
        patch: &Patch<BTreeMap<String, Option<String>>>,
    ) -> BTreeMap<String, String> {
        let Patch::Set(patch) = patch else {
            return BTreeMap::new();
        };
        let mut metadata = self.metadata.clone();
        for (key, value) in patch {
            match value {
                Some(value) => metadata.insert(key.clone(), value.clone()),
                None => metadata.remove(key),
            };
        }
        check_metadata(all, &metadata);
        metadata
    }
}

fn patched_deadline(
    all: &mut Violations,
    patch: &Patch<Timestamp>,
    now: Timestamp,
) -> Option<Timestamp> {
    let Patch::Set(deadline) = patch else {
        return None;
    };
    check_deadline(all, *deadline, now);
    Some(*deadline)
}

impl Amendment {
    /// What the request says.
    pub fn fingerprint(&self, order_id: OrderId) -> Fingerprint {
        let mut hash = Hasher::of("amend");
        hash.id(order_id);
        hash.patch(&self.shipping_address, |hash, address| {
            for part in [
                &address.name,
                &address.city,
                &address.region,
                &address.postal_code,
                &address.country,
            ] {
                hash.patch(part, |hash, text| hash.text(text));
            }
            hash.patch(&address.lines, |hash, lines| {
                hash.list(lines.iter(), |hash, line| hash.text(line));
            });
        });
        hash.patch(&self.metadata, |hash, metadata| {
            hash.list(metadata.iter(), |hash, (key, value)| {
                hash.text(key);
                hash.option(value.as_deref(), Hasher::text);
            });
        });
        hash.patch(&self.confirm_before, |hash, at| {
            hash.number(at.millis().into());
        });
        hash.finish()
    }
}
