//! 128-bit digests: of an idempotency key, and of what a request says.

use super::limits::MAX_IDEMPOTENCY_KEY_CHARS;
use super::{OrderId, Patch, Violations};
use sha2::{Digest, Sha256};

/// What a parsed request says, as 128 bits of SHA-256: equal for two bodies that differ only in
/// white space or the order of their members. Callers choose their bodies, so the digest has to
/// withstand attempts at a collision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(pub u128);

/// A caller's idempotency key, kept as 128 bits of its SHA-256: fixed width in the index.
///
/// One space of keys for REST, gRPC and commands by Kafka.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IdempotencyKey(pub u128);

impl IdempotencyKey {
    /// The key with this text: 1 to 255 visible ASCII characters. `field` names it in the violation.
    pub fn new(text: &str, field: &str) -> Result<IdempotencyKey, Violations> {
        if text.is_empty() || text.len() > MAX_IDEMPOTENCY_KEY_CHARS {
            return Err(Violations::one(
                field,
                format!("must be 1 to {MAX_IDEMPOTENCY_KEY_CHARS} characters"),
            ));
        }
        if !text.bytes().all(|byte| (0x21..=0x7E).contains(&byte)) {
            return Err(Violations::one(
                field,
                "must be visible ASCII characters without spaces",
            ));
        }
        Ok(IdempotencyKey(half(
            Sha256::digest(text.as_bytes()).as_slice(),
        )))
    }
}

/// Feeds a digest with values that cannot run into one another: every text goes with its length.
pub(crate) struct Hasher(Sha256);

impl Hasher {
    /// A digest of one kind of request; `kind` keeps two kinds with the same content apart.
    pub(crate) fn of(kind: &str) -> Hasher {
        let mut hasher = Hasher(Sha256::new());
        hasher.text(kind);
        hasher
    }

    pub(crate) fn text(&mut self, text: &str) {
        self.number(i128::try_from(text.len()).unwrap_or(i128::MAX));
        self.0.update(text.as_bytes());
    }

    pub(crate) fn number(&mut self, number: i128) {
        self.0.update(number.to_le_bytes());
    }

    pub(crate) fn id(&mut self, order_id: OrderId) {
        self.0.update(order_id.to_bytes());
    }

    /// A member of a merge patch: which of the three it is, then the value if there is one.
    pub(crate) fn patch<T>(&mut self, patch: &Patch<T>, write: impl FnOnce(&mut Hasher, &T)) {
        match patch {
            Patch::Keep => self.number(0),
            Patch::Remove => self.number(1),
            Patch::Set(value) => {
                self.number(2);
                write(self, value);
            }
        }
    }

    /// An optional value: a marker, then the value if there is one.
    pub(crate) fn option<T>(&mut self, value: Option<T>, write: impl FnOnce(&mut Hasher, T)) {
        self.0.update([u8::from(value.is_some())]);
        if let Some(value) = value {
            write(self, value);
        }
    }

    /// A list: its length, then each value.
    pub(crate) fn list<T>(
        &mut self,
        list: impl ExactSizeIterator<Item = T>,
        mut write: impl FnMut(&mut Hasher, T),
    ) {
        self.number(i128::try_from(list.len()).unwrap_or(i128::MAX));
        for value in list {
            write(self, value);
        }
    }

    pub(crate) fn finish(self) -> Fingerprint {
        Fingerprint(half(self.0.finalize().as_slice()))
    }
}

/// The first 16 of the digest's 32 bytes.
fn half(digest: &[u8]) -> u128 {
    digest
        .iter()
        .take(16)
        .fold(0, |value, byte| (value << 8) | u128::from(*byte))
}
