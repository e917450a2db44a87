//! A parsed body that forgets nothing: members keep their order, and one that was given twice is
//! there twice; numbers keep how they were written as far as it matters.

use crate::Malformed;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use std::fmt;

/// A JSON value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Node {
    Null,
    Bool(bool),
    Integer(i64),
    /// An integer outside the range of 64 bits, or of such a size in another notation.
    Huge,
    /// A number with a fraction or an exponent, whatever its value.
    Fraction,
    Text(String),
    List(Vec<Node>),
    Object(Vec<(String, Node)>),
}

impl Node {
    /// The tree of a body.
    pub(crate) fn parse(body: &[u8]) -> Result<Node, Malformed> {
        serde_json::from_slice(body).map_err(|error| Malformed::of(&error))
    }

    /// What it is, in words.
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Node::Null => "null",
            Node::Bool(_) => "a boolean",
            Node::Integer(_) => "an integer",
            Node::Huge => "a number beyond 64 bits",
            Node::Fraction => "a number with a fraction or exponent",
            Node::Text(_) => "a string",
            Node::List(_) => "a list",
            Node::Object(_) => "an object",
        }
    }

    /// The value for serde; of members with one name the last one counts.
    pub(crate) fn into_value(self) -> Value {
        match self {
            Node::Null | Node::Huge | Node::Fraction => Value::Null,
            Node::Bool(value) => Value::Bool(value),
            Node::Integer(value) => Value::from(value),
            Node::Text(text) => Value::String(text),
            Node::List(list) => list.into_iter().map(Node::into_value).collect(),
            Node::Object(members) => members
                .into_iter()
                .map(|(name, node)| (name, node.into_value()))
                .collect(),
        }
    }
}

/// The smallest size at which a number that serde tells as a float may be an integer beyond 64 bits.
const INTEGERS_END: f64 = 9_223_372_036_854_775_808.0;

struct NodeVisitor;

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Node, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Integer(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(i64::try_from(value).map_or(Node::Huge, Node::Integer))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Node, E> {
        Ok(if value.abs() >= INTEGERS_END {
            Node::Huge
        } else {
            Node::Fraction
        })
    }

    fn visit_str<E>(self, text: &str) -> Result<Node, E> {
        Ok(Node::Text(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Node, E> {
        Ok(Node::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Node, A::Error> {
        let mut list = Vec::new();
        while let Some(node) = access.next_element()? {
            list.push(node);
        }
        Ok(Node::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Node, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = access.next_entry()? {
            members.push(member);
        }
        Ok(Node::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_forgotten() {
        let node = Node::parse(
            br#"{"a":1,"a":[null,true,1.0,1e3,99999999999999999999,-9223372036854775809,"x"]}"#,
        );
        let list = vec![
            Node::Null,
            Node::Bool(true),
            Node::Fraction,
            Node::Fraction,
            Node::Huge,
            Node::Huge,
            Node::Text("x".into()),
        ];
        let members = vec![
            ("a".into(), Node::Integer(1)),
            ("a".into(), Node::List(list)),
        ];
        assert_eq!(node, Ok(Node::Object(members)));
    }

    #[test]
    fn depth_is_bounded() {
        assert!(Node::parse("[".repeat(100_000).as_bytes()).is_err());
    }
}
