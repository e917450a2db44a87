//! A JSON merge patch (RFC 7396) of what may still change of an order.

use crate::WireType;
use crate::scalars::{AddressPart, CountryCode, MetadataPatch, TimestampText};
use crate::strict::{Spelled, UniqueMap, object_only, patch};
use order_core::domain::{self, Amendment, Patch, Timestamp, Violations};
use serde::Deserialize;
use utoipa::ToSchema;

/// Change the address, metadata or deadline: what is absent stays, null takes away, a value sets.
#[derive(Deserialize, ToSchema)]
#[serde(remote = "Self", deny_unknown_fields)]
#[schema(example = json!({"shipping_address": {"city": "Paris", "country": "FR"}, "metadata": {"campaign": null}}))]
pub struct Amend {
    /// The address, member by member; null takes it away.
    #[serde(default, deserialize_with = "patch")]
    #[schema(value_type = Option<AddressPatch>)]
    shipping_address: Patch<AddressPatch>,
    /// The metadata, pair by pair; null takes all away.
    #[serde(default, deserialize_with = "patch")]
    #[schema(value_type = Option<MetadataPatch>)]
    metadata: Patch<UniqueMap<Option<String>>>,
    /// The deadline, in the future; null takes it away.
    #[serde(default, deserialize_with = "patch")]
    #[schema(value_type = Option<TimestampText>)]
    confirm_before: Patch<Spelled<Timestamp>>,
}

/// A merge patch of an address; `lines` is replaced whole. Of an order without an address it builds
/// a new one, so that the required members are required here too.
#[derive(Deserialize, ToSchema)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct AddressPatch {
    /// Who receives.
    #[serde(default, deserialize_with = "patch")]
    #[schema(value_type = AddressPart, required = false)]
    name: Patch<String>,
    /// Street and what else stands above the city.
    #[serde(default, deserialize_with = "patch")]
    #[schema(value_type = Vec<AddressPart>, required = false, min_items = 1, max_items = 10)]
    lines: Patch<Vec<String>>,
    /// City.
    #[serde(default, deserialize_with = "patch")]
    #[schema(value_type = AddressPart, required = false)]
    city: Patch<String>,
    /// State, province or region.
    #[serde(default, deserialize_with = "patch")]
    #[schema(value_type = Option<AddressPart>)]
    region: Patch<String>,
    /// Postal code.
    #[serde(default, deserialize_with = "patch")]
    #[schema(value_type = Option<AddressPart>)]
    postal_code: Patch<String>,
    /// ISO 3166-1 alpha-2 code.
    #[serde(default, deserialize_with = "patch")]
    #[schema(value_type = CountryCode, required = false)]
    country: Patch<String>,
}

object_only!(Amend, AddressPatch);

impl WireType for Amend {
    type Domain = Amendment;

    fn into_domain(self, _: &mut Violations) -> Amendment {
        Amendment {
            shipping_address: map(self.shipping_address, Into::into),
            metadata: map(self.metadata, |map| map.0),
            confirm_before: map(self.confirm_before, |at| at.0),
        }
    }
}

impl From<AddressPatch> for domain::AddressPatch {
    fn from(wire: AddressPatch) -> domain::AddressPatch {
        domain::AddressPatch {
            name: wire.name,
            lines: wire.lines,
            city: wire.city,
            region: wire.region,
            postal_code: wire.postal_code,
            country: wire.country,
        }
    }
}

fn map<T, U>(patch: Patch<T>, change: impl FnOnce(T) -> U) -> Patch<U> {
    match patch {
        Patch::Keep => Patch::Keep,
        Patch::Remove => Patch::Remove,
        Patch::Set(value) => Patch::Set(change(value)),
    }
}
