//! Single values, each checked on its way back: a number that is no code, no amount, no time.

use order_core::domain::{Amount, Currency, OrderId, Timestamp};

/// Why bytes are not what a store wrote: a damaged file, or the bytes of a newer version.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// They are no message of this kind at all.
    #[error("the bytes are no stored message: {0}")]
    Malformed(#[from] prost::DecodeError),
    /// A field holds what the domain does not know.
    #[error("stored field {field} holds {value}, which this version does not know")]
    Field {
        /// The field's name in the `.proto` file.
        field: &'static str,
        /// What stands there.
        value: String,
    },
}

impl DecodeError {
    pub(crate) fn field(field: &'static str, value: &(impl ToString + ?Sized)) -> DecodeError {
        DecodeError::Field {
            field,
            value: value.to_string(),
        }
    }
}

/// Amounts are never negative, so they are stored unsigned: one byte less than zigzag for most.
pub(crate) fn from_amount(amount: Amount) -> u64 {
    amount.minor().unsigned_abs()
}

pub(crate) fn amount(field: &'static str, minor: u64) -> Result<Amount, DecodeError> {
    let known = i64::try_from(minor).ok().and_then(Amount::new);
    known.ok_or_else(|| DecodeError::field(field, &minor))
}

pub(crate) fn time(field: &'static str, millis: i64) -> Result<Timestamp, DecodeError> {
    Timestamp::from_millis(millis).ok_or_else(|| DecodeError::field(field, &millis))
}

pub(crate) fn currency(field: &'static str, code: &str) -> Result<Currency, DecodeError> {
    Currency::parse(code).ok_or_else(|| DecodeError::field(field, &format!("{code:?}")))
}

/// The value of an enumeration by its stored number.
pub(crate) fn code<T>(
    field: &'static str,
    code: u32,
    from_code: fn(u8) -> Option<T>,
) -> Result<T, DecodeError> {
    let known = u8::try_from(code).ok().and_then(from_code);
    known.ok_or_else(|| DecodeError::field(field, &code))
}

pub(crate) fn order_id(bytes: &[u8]) -> Result<OrderId, DecodeError> {
    wide("order_id", bytes).map(OrderId::from_u128)
}

/// A 128-bit number, most significant byte first.
pub(crate) fn wide(field: &'static str, bytes: &[u8]) -> Result<u128, DecodeError> {
    let bytes: Result<[u8; 16], _> = bytes.try_into();
    bytes
        .map(u128::from_be_bytes)
        .map_err(|_| DecodeError::field(field, "something that is not 16 bytes long"))
}

pub(crate) fn present<T>(field: &'static str, value: Option<T>) -> Result<T, DecodeError> {
    value.ok_or_else(|| DecodeError::field(field, "nothing"))
}
