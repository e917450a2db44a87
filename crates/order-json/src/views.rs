//! How single values and lists are written: straight to the output, nothing built between.

use crate::time::Rfc3339;
use order_core::domain::{Amount, Timestamp};
use serde::{Serialize, Serializer};
use std::fmt::Display;
use std::marker::PhantomData;

/// A list that is written element by element: a view `V` lives only as long as its element is written.
pub(crate) struct Each<'a, T, V>(&'a [T], PhantomData<fn() -> V>);

impl<'a, T, V> Each<'a, T, V> {
    pub(crate) const fn of(list: &'a [T]) -> Each<'a, T, V> {
        Each(list, PhantomData)
    }
}

impl<'a, T, V: From<&'a T> + Serialize> Serialize for Each<'a, T, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(V::from))
    }
}

/// An amount, as its minor units.
pub(crate) struct Minor(pub(crate) Amount);

impl Serialize for Minor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(self.0.minor())
    }
}

impl Serialize for Rfc3339 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
pub(crate) fn amount<S: Serializer>(amount: &Amount, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_i64(amount.minor())
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
pub(crate) fn time<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&Rfc3339(*at))
}

pub(crate) fn display<T: Display, S: Serializer>(
    value: &T,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}
