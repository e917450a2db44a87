//! What serde would let pass and the contract does not: an object given as a list, an enum given as
//! an object, a member of a map given twice.

use order_core::domain::{OrderId, Patch, PaymentTerms, Timestamp};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde::forward_to_deserialize_any;
use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

/// A deserializer that takes objects alone for a struct: derived code would also take a list with
/// the members' values in the order of the code.
pub(crate) struct ObjectOnly<D>(pub(crate) D);

impl<'de, D: Deserializer<'de>> Deserializer<'de> for ObjectOnly<D> {
    type Error = D::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_map(visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

/// Has types that derive with `#[serde(remote = "Self")]` take objects alone.
macro_rules! object_only {
    ($($name:ident),+ $(,)?) => {$(
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Self::deserialize($crate::strict::ObjectOnly(deserializer))
            }
        }
    )+};
}
pub(crate) use object_only;

/// A map in which each name stands once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UniqueMap<V>(pub(crate) BTreeMap<String, V>);

impl<'de, V: Deserialize<'de>> Deserialize<'de> for UniqueMap<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<UniqueMap<V>, D::Error> {
        deserializer.deserialize_map(UniqueMapVisitor(PhantomData))
    }
}

struct UniqueMapVisitor<V>(PhantomData<V>);

impl<'de, V: Deserialize<'de>> Visitor<'de> for UniqueMapVisitor<V> {
    type Value = UniqueMap<V>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<UniqueMap<V>, A::Error> {
        let mut map = BTreeMap::new();
        while let Some((name, value)) = access.next_entry::<String, V>()? {
            if map.insert(name, value).is_some() {
                return Err(A::Error::custom("a name is given twice"));
            }
        }
        Ok(UniqueMap(map))
    }
}

/// A member of a merge patch (RFC 7396): null takes away, a value sets. Absent is the field's default.
pub(crate) fn patch<'de, D, T>(deserializer: D) -> Result<Patch<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.map_or(Patch::Remove, Patch::Set))
}

/// A value that is written as one of a few strings, or as a string of one format.
pub(crate) struct Spelled<T>(pub(crate) T);

/// How such a value is spelled.
pub(crate) trait Spelling: Sized {
    fn parse(text: &str) -> Option<Self>;
}

impl Spelling for Timestamp {
    fn parse(text: &str) -> Option<Timestamp> {
        crate::parse_timestamp(text)
    }
}

impl Spelling for OrderId {
    fn parse(text: &str) -> Option<OrderId> {
        text.parse().ok()
    }
}

impl Spelling for PaymentTerms {
    fn parse(text: &str) -> Option<PaymentTerms> {
        PaymentTerms::parse(text)
    }
}

impl<'de, T: Spelling> Deserialize<'de> for Spelled<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Spelled<T>, D::Error> {
        deserializer.deserialize_str(SpelledVisitor(PhantomData))
    }
}

struct SpelledVisitor<T>(PhantomData<T>);

impl<T: Spelling> Visitor<'_> for SpelledVisitor<T> {
    type Value = Spelled<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string of the documented form")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Spelled<T>, E> {
        T::parse(text)
            .map(Spelled)
            .ok_or_else(|| E::custom("not of the documented form"))
    }
}
