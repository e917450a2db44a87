//! The walk over a body that did not parse: everything that its schema does not allow is told with
//! its path, and replaced by something that is allowed, so that the rest can be checked as well.
//!
//! Only what keeps a body from its type is told here (unknown, missing or doubled members, wrong
//! types, unknown names, malformed times); lengths and ranges are the domain's to tell.

use crate::path::Path;
use crate::schemas::resolved;
use crate::tree::Node;
use order_core::domain::Violations;
use serde_json::Value;
use std::collections::BTreeSet;

/// Names that a message lists, at most; a longer list (currencies) is the domain's to check.
const MAX_LISTED_NAMES: usize = 32;

/// Tells what `schema` does not allow in `node`, and repairs it.
pub(crate) fn check(
    node: &mut Node,
    schema: &'static Value,
    path: &mut Path,
    wrong: &mut Violations,
) {
    let (schema, null_beside) = resolved(schema);
    if *node == Node::Null && (null_beside || allows(schema, "null")) {
        return;
    }
    match node {
        Node::Object(members) if allows(schema, "object") => {
            check_members(members, schema, path, wrong);
        }
        Node::List(list) if allows(schema, "array") => {
            for (index, element) in list.iter_mut().enumerate() {
                path.in_element(index, |path| check(element, &schema["items"], path, wrong));
            }
        }
        Node::Integer(_) | Node::Bool(_) if allows(schema, word_of(node)) => {}
        Node::Text(text) if allows(schema, "string") => {
            if let Some(reason) = fault_of(text, schema) {
                wrong.add(path.as_str(), reason);
                *node = placeholder(schema);
            }
        }
        _ => {
            wrong.add(path.as_str(), mismatch(node, schema));
            *node = if null_beside {
                Node::Null
            } else {
                placeholder(schema)
            };
        }
    }
}

fn check_members(
    members: &mut Vec<(String, Node)>,
    schema: &'static Value,
    path: &mut Path,
    wrong: &mut Violations,
) {
    let known = schema["properties"].as_object();
    let others = &schema["additionalProperties"];
    let mut seen = BTreeSet::new();
    members.retain_mut(|(name, node)| {
        path.in_member(name, |path| {
            if !seen.insert(name.clone()) {
                wrong.add(path.as_str(), "is given twice");
                return false;
            }
            match known.and_then(|known| known.get(name)) {
                Some(schema) => check(node, schema, path, wrong),
                None if others.is_object() => check(node, others, path, wrong),
                None => {
                    let names = known.into_iter().flat_map(|known| known.keys());
                    wrong.add(path.as_str(), unknown(name, names.map(String::as_str)));
                    return false;
                }
            }
            true
        })
    });
    for name in schema["required"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
    {
        if !seen.contains(name) {
            path.in_member(name, |path| wrong.add(path.as_str(), "is required"));
            let schema = known
                .and_then(|known| known.get(name))
                .unwrap_or(&Value::Null);
            members.push((name.to_owned(), placeholder(resolved(schema).0)));
        }
    }
}

/// Says that a name is unknown, with the nearest known one, or all if none is near.
pub fn unknown<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.collect();
    let distance = |other: &&&str| strsim::damerau_levenshtein(name, other);
    // Names too long to be a slip of the pen are not compared: that takes quadratic time.
    let comparable = name.len() <= 64;
    let near = known.iter().min_by_key(distance).filter(|near| {
        comparable && strsim::damerau_levenshtein(name, near) <= (near.len() / 2).max(1)
    });
    match near {
        Some(near) => format!("is not known; did you mean {near:?}?"),
        None => format!("is not known; known here: {}", known.join(", ")),
    }
}

fn word_of(node: &Node) -> &'static str {
    if matches!(node, Node::Bool(_)) {
        "boolean"
    } else {
        "integer"
    }
}

/// Whether the schema allows this type; one without a type allows all.
fn allows(schema: &Value, word: &str) -> bool {
    match &schema["type"] {
        Value::Array(words) => words.iter().any(|one| one == word),
        Value::Null => true,
        one => one == word,
    }
}

/// Why a text is not of the schema's names or format.
fn fault_of(text: &str, schema: &Value) -> Option<String> {
    if let Some(names) = schema["enum"]
        .as_array()
        .filter(|names| names.len() <= MAX_LISTED_NAMES)
    {
        let names: Vec<&str> = names.iter().filter_map(Value::as_str).collect();
        return (!names.contains(&text)).then(|| format!("must be one of {}", names.join(", ")));
    }
    match schema["format"].as_str() {
        Some("date-time") if crate::parse_timestamp(text).is_none() => {
            Some("must be a time as RFC 3339 writes it, such as 2026-01-31T23:59:59Z".to_owned())
        }
        Some("uuid") if text.parse::<order_core::domain::OrderId>().is_err() => {
            Some(order_core::domain::InvalidOrderId.to_string())
        }
        _ => None,
    }
}

fn mismatch(node: &Node, schema: &Value) -> String {
    let expected = ["object", "array", "string", "integer", "boolean"]
        .into_iter()
        .find(|word| allows(schema, word))
        .unwrap_or("object");
    match (expected, node) {
        ("integer", Node::Huge) => {
            let (min, max) = (&schema["minimum"], &schema["maximum"]);
            format!("must be an integer from {min} to {max}")
        }
        ("integer", Node::Fraction) => {
            "must be an integer, written without a fraction or exponent".to_owned()
        }
        ("integer", Node::Text(_)) => {
            "must be an integer, not a string: no quotation marks".to_owned()
        }
        ("array", _) => format!("must be a list, not {}", node.kind()),
        ("integer" | "object", _) => format!("must be an {expected}, not {}", node.kind()),
        _ => format!("must be a {expected}, not {}", node.kind()),
    }
}

/// Something that the schema allows. What the domain then finds wrong with it is not told, since its
/// path has been told of already.
fn placeholder(schema: &'static Value) -> Node {
    let required = schema["required"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str);
    if allows(schema, "null") {
        Node::Null
    } else if allows(schema, "object") {
        let member = |name: &str| {
            (
                name.to_owned(),
                placeholder(resolved(&schema["properties"][name]).0),
            )
        };
        Node::Object(required.map(member).collect())
    } else if allows(schema, "array") {
        Node::List(Vec::new())
    } else if allows(schema, "integer") {
        Node::Integer(0)
    } else if schema["format"] == "date-time" {
        Node::Text("9999-12-31T23:59:59Z".to_owned())
    } else if schema["format"] == "uuid" {
        Node::Text(order_core::domain::OrderId::NIL.to_string())
    } else {
        let first = schema["enum"]
            .get(0)
            .and_then(Value::as_str)
            .unwrap_or_default();
        Node::Text(first.to_owned())
    }
}
