//! Enumerations by number. The wire's numbers are the domain's codes, which never change; a test
//! compares the names.

use crate::v1;
use order_core::domain::{self, Violations};

macro_rules! enums {
    ($($name:ident: $wire:ident = $domain:ident),+ $(,)?) => {
        $(
            /// The domain's value; `None` where unspecified, or unknown, which is told.
            pub(super) fn $name(
                number: i32,
                field: &str,
                wrong: &mut Violations,
            ) -> Option<domain::$domain> {
                let value = u8::try_from(number).ok().and_then(domain::$domain::from_code);
                if value.is_none() && number != 0 {
                    let all = domain::$domain::ALL.iter().map(|value| i32::from(value.code()));
                    let names = all.filter_map(|number| v1::$wire::try_from(number).ok());
                    wrong.add(field, must_be_one_of(names.map(|name| name.as_str_name())));
                }
                value
            }
        )+

        #[cfg(test)]
        mod tests {
            use super::*;

            #[test]
            fn numbers_and_names_are_the_domains() {
                $(
                    for value in domain::$domain::ALL {
                        let wire = v1::$wire::try_from(i32::from(value.code())).unwrap();
                        // A kind of fact has the name of its CloudEvents type: `payment.captured.v1`.
                        let name = value.as_str().trim_end_matches(".v1").to_uppercase();
                        let name = name.rsplit('.').next().unwrap();
                        assert!(wire.as_str_name().ends_with(&format!("_{name}")), "{wire:?} {name}");
                    }
                    let next = i32::try_from(domain::$domain::ALL.len()).unwrap() + 1;
                    assert!(v1::$wire::try_from(next).is_err());
                )+
            }
        }
    };
}

enums! {
    state: State = State,
    payment_status: PaymentStatus = PaymentStatus,
    fulfillment_status: FulfillmentStatus = FulfillmentStatus,
    payment_terms: PaymentTerms = PaymentTerms,
    payment_kind: PaymentFactKind = PaymentKind,
    stock_kind: StockFactKind = StockKind,
    shipment_kind: ShipmentFactKind = ShipmentKind,
}

/// Says which values a field takes.
pub(super) fn must_be_one_of<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.collect();
    format!("must be one of {}", names.join(", "))
}
