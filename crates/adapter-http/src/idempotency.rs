//! `Idempotency-Key`.

use http::{HeaderMap, HeaderName};
use order_core::domain::Violations;

/// The header, as violations name it.
pub(crate) const KEY_FIELD: &str = "Idempotency-Key";

/// Stands for a key that is missing while the rest of a request is examined.
const NO_KEY: &str = "none";

/// The request's key, if it has one. Its characters and length are the domain's to check.
pub(crate) fn key(headers: &HeaderMap, wrong: &mut Violations) -> Option<String> {
    let name = HeaderName::from_static("idempotency-key");
    let mut values = headers.get_all(name).iter();
    let first = values.next()?;
    if values.next().is_some() {
        wrong.add(KEY_FIELD, "is given twice");
    }
    let text = first.to_str().ok().map(str::to_owned);
    if text.is_none() {
        wrong.add(KEY_FIELD, "must be visible ASCII characters without spaces");
    }
    text
}

/// The key of a request that must have one.
pub(crate) fn required_key(headers: &HeaderMap, wrong: &mut Violations) -> String {
    let mut own = Violations::new();
    let key = key(headers, &mut own);
    if key.is_none() && own.is_empty() {
        own.add(
            KEY_FIELD,
            "is required: a key of your own for this order, the same when you repeat the request",
        );
    }
    wrong.merge(own);
    key.unwrap_or_else(|| NO_KEY.to_owned())
}
