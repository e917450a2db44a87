//! The schemas of single values, made of the domain's own limits and names so that the contract
//! cannot say something else than the checks do.

use order_core::domain::limits::{
    MAX_ADDRESS_PART_CHARS, MAX_EVENT_ID_CHARS, MAX_HOLD_KIND_CHARS, MAX_ID_CHARS,
    MAX_IDEMPOTENCY_KEY_CHARS, MAX_METADATA_KEY_CHARS, MAX_METADATA_PAIRS,
    MAX_METADATA_VALUE_CHARS, MAX_NAME_CHARS, MAX_QUANTITY, MAX_REASON_CHARS,
};
use order_core::domain::{
    Action, Amount, Currency, FulfillmentStatus, PaymentStatus, PaymentTerms, ReturnStatus,
    ShipmentStatus, State, country_codes,
};
use serde_json::{Value, json};
use utoipa::openapi::schema::{
    AdditionalProperties, KnownFormat, Object, ObjectBuilder, SchemaFormat, SchemaType, Type,
};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// A text without control characters (C0, DEL, C1), in the dialect of ECMA-262 and of Python.
const NO_CONTROL: &str = r"^[^\x00-\x1f\x7f-\x9f]*$";

macro_rules! scalar {
    ($(#[doc = $doc:literal])+ $type:ident = $name:literal: $schema:expr) => {
        $(#[doc = $doc])+
        #[derive(Clone, Copy, Debug)]
        pub struct $type;

        impl PartialSchema for $type {
            fn schema() -> RefOr<Schema> {
                let object: ObjectBuilder = $schema;
                object.description(Some(concat!($($doc),+).trim())).build().into()
            }
        }

        impl ToSchema for $type {
            fn name() -> std::borrow::Cow<'static, str> {
                $name.into()
            }
        }
    };
}

scalar! {
    /// An order's id: a version 7 UUID of this service, in its hyphenated form.
    OrderIdText = "OrderId": text_of(36, 36)
        .format(Some(SchemaFormat::Custom("uuid".to_owned())))
        .pattern(Some("^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$"))
        .examples([json!("019329c3-7d35-7a11-8f30-2f6ed4c2a9d1")])
}
scalar! {
    /// Names a thing, such as an article, a customer or a payment: 1 to 64 characters, no control characters.
    Identifier = "Identifier": text(1, MAX_ID_CHARS)
}
scalar! {
    /// The caller's own number of the order, unique among all orders: 1 to 64 characters, no control characters.
    ExternalId = "ExternalId": text(1, MAX_ID_CHARS)
}
scalar! {
    /// What a line or a carrier is called: 1 to 256 characters, no control characters.
    NameText = "Name": text(1, MAX_NAME_CHARS)
}
scalar! {
    /// A text of a fact that may be empty, up to 256 characters, no control characters.
    FactName = "FactName": text(0, MAX_NAME_CHARS)
}
scalar! {
    /// Why, for people: 1 to 500 characters, no control characters.
    ReasonText = "Reason": text(1, MAX_REASON_CHARS)
}
scalar! {
    /// A fact's own words; may be empty. Up to 500 characters, no control characters.
    FactReason = "FactReason": text(0, MAX_REASON_CHARS)
}
scalar! {
    /// Tells several captures or refunds of one payment apart. Up to 64 characters, no control characters.
    FactReference = "FactReference": text(0, MAX_ID_CHARS)
}
scalar! {
    /// A part of a postal address: 1 to 200 characters, no control characters.
    AddressPart = "AddressPart": text(1, MAX_ADDRESS_PART_CHARS)
}
scalar! {
    /// The kind of a hold that a caller puts on an order.
    HoldKindText = "HoldKind": text_of(1, MAX_HOLD_KIND_CHARS)
        .pattern(Some("^(?!(CONTRADICTION|REFUND_DUE|SHIPPED_WHILE_CANCELLING|DEADLINE_PASSED_PAID)$)[A-Z_]{1,40}$"))
        .examples([json!("FRAUD_CHECK")])
}
scalar! {
    /// An idempotency key: 1 to 255 visible ASCII characters without spaces, chosen by the caller, such as `checkout-4711`.
    KeyText = "IdempotencyKey": text_of(1, MAX_IDEMPOTENCY_KEY_CHARS)
        .pattern(Some("^[!-~]+$"))
}
scalar! {
    /// `CloudEvents` source or id: 1 to 255 characters, no control characters.
    EventIdText = "EventIdentifier": text(1, MAX_EVENT_ID_CHARS)
}
scalar! {
    /// Minor units of the order's currency (cents of EUR, yen of JPY): 0 to 2^53 - 1, so that JSON keeps it.
    AmountValue = "Amount": integer(0, Amount::MAX.minor()).examples([json!(1999)])
}
scalar! {
    /// Units of a line: 1 to 1,000,000.
    QuantityValue = "Quantity": integer(1, MAX_QUANTITY.into()).examples([json!(2)])
}
scalar! {
    /// The number of a line, 1 for the first.
    LineNo = "LineNo": integer(1, u32::MAX.into()).examples([json!(1)])
}
scalar! {
    /// How many.
    Count = "Count": integer(0, i64::MAX)
}
scalar! {
    /// An ISO 4217 code.
    CurrencyCode = "Currency": text_of(3, 3).enum_values(Some(Currency::codes())).examples([json!("EUR")])
}
scalar! {
    /// An ISO 3166-1 alpha-2 code.
    CountryCode = "Country": text_of(2, 2).enum_values(Some(country_codes())).examples([json!("DE")])
}
scalar! {
    /// A time as RFC 3339 writes it, kept to the millisecond; answers are in UTC.
    TimestampText = "Timestamp": kind(Type::String)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
        .examples([json!("2099-12-31T23:59:59.999Z")])
}
scalar! {
    /// A position in the feed of all events: opaque, to be given back as it is.
    PositionText = "Position": text_of(1, 1_343)
        .pattern(Some(r"^(0|[1-9][0-9]{0,18})(\.(0|[1-9][0-9]{0,18})){0,63}$"))
        .examples([json!("0")])
}
scalar! {
    /// The written lifecycle of an order.
    StateName = "State": names(State::ALL.iter().map(|value| value.as_str()))
}
scalar! {
    /// What the ledger says of the money.
    PaymentStatusName = "PaymentStatus": names(PaymentStatus::ALL.iter().map(|value| value.as_str()))
}
scalar! {
    /// What the ledger says of the parcels.
    FulfillmentStatusName = "FulfillmentStatus": names(FulfillmentStatus::ALL.iter().map(|value| value.as_str()))
}
scalar! {
    /// What the ledger says of goods that came back.
    ReturnStatusName = "ReturnStatus": names(ReturnStatus::ALL.iter().map(|value| value.as_str()))
}
scalar! {
    /// What has to be paid before an order is confirmed. AUTHORIZE where nothing is said.
    PaymentTermsName = "PaymentTerms": names(PaymentTerms::ALL.iter().map(|value| value.as_str()))
}
scalar! {
    /// Where a parcel is.
    ShipmentStatusName = "ShipmentStatus": names(ShipmentStatus::ALL.iter().map(|value| value.as_str()))
}
scalar! {
    /// What a caller may ask of a placed order.
    ActionName = "Action": names(Action::ALL.iter().map(|value| value.as_str()))
}
scalar! {
    /// The caller's own pairs, at most 50: keys of 1 to 64 characters, values of up to 500, no control characters.
    Metadata = "Metadata": pairs(text(0, MAX_METADATA_VALUE_CHARS).into(), 1)
        .examples([json!({"channel": "web"})])
}
scalar! {
    /// A merge patch of the metadata (RFC 7396): a value sets a pair, null takes it away. 50 pairs may be left after it.
    MetadataPatch = "MetadataPatch": pairs(nullable(text(0, MAX_METADATA_VALUE_CHARS)).into(), 2)
        .examples([json!({"channel": "phone", "campaign": null})])
}

fn kind(kind: Type) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(SchemaType::new(kind))
}

fn text_of(min: usize, max: usize) -> ObjectBuilder {
    kind(Type::String)
        .min_length(Some(min))
        .max_length(Some(max))
}

fn text(min: usize, max: usize) -> ObjectBuilder {
    text_of(min, max).pattern(Some(NO_CONTROL))
}

fn nullable(text: ObjectBuilder) -> ObjectBuilder {
    text.schema_type(SchemaType::from_iter([Type::String, Type::Null]))
}

fn integer(min: i64, max: i64) -> ObjectBuilder {
    kind(Type::Integer)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)))
        .minimum(Some(isize::try_from(min).unwrap_or(isize::MIN)))
        .maximum(Some(isize::try_from(max).unwrap_or(isize::MAX)))
}

fn names(values: impl Iterator<Item = &'static str>) -> ObjectBuilder {
    kind(Type::String).enum_values(Some(values.map(Value::from)))
}

/// A patch may name twice as many pairs as may be left: half of them to take away.
fn pairs(value: Object, times: usize) -> ObjectBuilder {
    let key: Object = text(1, MAX_METADATA_KEY_CHARS).into();
    kind(Type::Object)
        .property_names(Some(key))
        .additional_properties(Some(AdditionalProperties::from(RefOr::T(Schema::Object(
            value,
        )))))
        .max_properties(Some(MAX_METADATA_PAIRS * times))
}
