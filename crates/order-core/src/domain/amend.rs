//! A change of what may still change: address, metadata, deadline; a merge patch (RFC 7396).

use super::{Address, Timestamp};
use std::collections::BTreeMap;

/// What a patch says of one member: nothing, away with it, or a new value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Patch<T> {
    /// The member is absent: leave it as it is.
    #[default]
    Keep,
    /// The member is null: take it away.
    Remove,
    /// The member's new value.
    Set(T),
}

impl<T> Patch<T> {
    /// Whether the member is absent from the patch.
    pub const fn is_keep(&self) -> bool {
        matches!(self, Patch::Keep)
    }
}

/// A merge patch of an order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Amendment {
    /// The address, member by member; a patch of an absent address builds a new one.
    pub shipping_address: Patch<AddressPatch>,
    /// The metadata, key by key; `None` takes the key away.
    pub metadata: Patch<BTreeMap<String, Option<String>>>,
    /// The deadline.
    pub confirm_before: Patch<Timestamp>,
}

/// A merge patch of an address: `lines` is replaced whole, as RFC 7396 has it for arrays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AddressPatch {
    /// Who receives.
    pub name: Patch<String>,
    /// Street and the like.
    pub lines: Patch<Vec<String>>,
    /// City.
    pub city: Patch<String>,
    /// State, province or region.
    pub region: Patch<String>,
    /// Postal code.
    pub postal_code: Patch<String>,
    /// ISO 3166-1 alpha-2.
    pub country: Patch<String>,
}

impl AddressPatch {
    /// The address after the patch.
    pub(crate) fn apply(&self, base: Option<&Address>) -> Address {
        let base = base.cloned().unwrap_or_default();
        Address {
            name: required(&self.name, base.name),
            lines: required(&self.lines, base.lines),
            city: required(&self.city, base.city),
            region: optional(&self.region, base.region),
            postal_code: optional(&self.postal_code, base.postal_code),
            country: required(&self.country, base.country),
        }
    }
}

/// A required member that is taken away becomes empty, which the checks then refuse by its name.
fn required<T: Clone + Default>(patch: &Patch<T>, base: T) -> T {
    match patch {
        Patch::Keep => base,
        Patch::Remove => T::default(),
        Patch::Set(value) => value.clone(),
    }
}

fn optional<T: Clone>(patch: &Patch<T>, base: Option<T>) -> Option<T> {
    match patch {
        Patch::Keep => base,
        Patch::Remove => None,
        Patch::Set(value) => Some(value.clone()),
    }
}
