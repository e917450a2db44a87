//! A postal address as a caller gives it.

use crate::scalars::{AddressPart, CountryCode};
use crate::strict::object_only;
use order_core::domain;
use serde::Deserialize;
use utoipa::ToSchema;

/// A postal address.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(remote = "Self", deny_unknown_fields)]
#[schema(example = json!({
    "name": "Ada Lovelace", "lines": ["12 St James's Square"], "city": "London",
    "postal_code": "SW1Y 4JH", "country": "GB"
}))]
pub struct Address {
    /// Who receives.
    #[schema(value_type = AddressPart)]
    pub name: String,
    /// Street and what else stands above the city.
    #[schema(value_type = Vec<AddressPart>, min_items = 1, max_items = 10)]
    pub lines: Vec<String>,
    /// City.
    #[schema(value_type = AddressPart)]
    pub city: String,
    /// State, province or region, where the country has them.
    #[schema(value_type = Option<AddressPart>)]
    pub region: Option<String>,
    /// Postal code, where the country has them.
    #[schema(value_type = Option<AddressPart>)]
    pub postal_code: Option<String>,
    /// ISO 3166-1 alpha-2 code.
    #[schema(value_type = CountryCode)]
    pub country: String,
}

object_only!(Address);

impl From<Address> for domain::Address {
    fn from(wire: Address) -> domain::Address {
        domain::Address {
            name: wire.name,
            lines: wire.lines,
            city: wire.city,
            region: wire.region,
            postal_code: wire.postal_code,
            country: wire.country,
        }
    }
}
