//! A small validator of JSON Schema: the keywords that the contract uses, and no others.

use serde_json::Value;

/// Everything in `value` that `schema` does not allow. `document` is where references point into.
pub(crate) fn faults(document: &Value, schema: &Value, value: &Value, path: &str) -> Vec<String> {
    let mut all = Vec::new();
    let Some(schema) = schema.as_object() else {
        return all;
    };
    for (keyword, expected) in schema {
        let ok = match keyword.as_str() {
            "$ref" => {
                let pointer = expected.as_str().unwrap().trim_start_matches('#');
                let target = document
                    .pointer(pointer)
                    .unwrap_or_else(|| panic!("{pointer} points nowhere"));
                all.extend(faults(document, target, value, path));
                true
            }
            "type" => match expected {
                Value::Array(words) => words.iter().any(|word| is_of(word, value)),
                word => is_of(word, value),
            },
            "enum" => expected.as_array().unwrap().contains(value),
            "oneOf" => choices(document, expected, value, path) == 1,
            "allOf" => {
                choices(document, expected, value, path) == expected.as_array().unwrap().len()
            }
            "anyOf" => choices(document, expected, value, path) >= 1,
            "required" => {
                let names = expected.as_array().unwrap();
                !value.is_object()
                    || names
                        .iter()
                        .all(|name| value.get(name.as_str().unwrap()).is_some())
            }
            "properties" => {
                for (name, schema) in expected.as_object().unwrap() {
                    if let Some(member) = value.get(name) {
                        all.extend(faults(document, schema, member, &format!("{path}.{name}")));
                    }
                }
                true
            }
            "additionalProperties" => {
                let known = schema.get("properties").and_then(Value::as_object);
                let others = value.as_object().into_iter().flatten();
                let others = others
                    .filter(|(name, _)| !known.is_some_and(|known| known.contains_key(*name)));
                others.into_iter().all(|(_, other)| {
                    *expected != Value::Bool(false)
                        && faults(document, expected, other, path).is_empty()
                })
            }
            "items" => {
                for (nth, element) in value.as_array().into_iter().flatten().enumerate() {
                    all.extend(faults(
                        document,
                        expected,
                        element,
                        &format!("{path}[{nth}]"),
                    ));
                }
                true
            }
            "minItems" => value
                .as_array()
                .is_none_or(|list| list.len() as u64 >= expected.as_u64().unwrap()),
            "maxItems" => value
                .as_array()
                .is_none_or(|list| list.len() as u64 <= expected.as_u64().unwrap()),
            "minLength" => value
                .as_str()
                .is_none_or(|text| text.chars().count() as u64 >= expected.as_u64().unwrap()),
            "maxLength" => value
                .as_str()
                .is_none_or(|text| text.chars().count() as u64 <= expected.as_u64().unwrap()),
            "maxProperties" => value
                .as_object()
                .is_none_or(|map| map.len() as u64 <= expected.as_u64().unwrap()),
            "minimum" => value
                .as_i64()
                .is_none_or(|number| number >= expected.as_i64().unwrap()),
            "maximum" => value
                .as_i64()
                .is_none_or(|number| number <= expected.as_i64().unwrap()),
            "propertyNames" => value.as_object().into_iter().flatten().all(|(name, _)| {
                faults(document, expected, &Value::String(name.clone()), path).is_empty()
            }),
            "format" if expected == "date-time" => value
                .as_str()
                .is_none_or(|text| order_json::parse_timestamp(text).is_some()),
            "description" | "title" | "example" | "examples" | "format" | "pattern" | "default" => {
                true
            }
            other => panic!("the validator does not know {other}"),
        };
        if !ok {
            all.push(format!(
                "{path}: {keyword} {expected} does not allow {value}"
            ));
        }
    }
    all
}

fn choices(document: &Value, list: &Value, value: &Value, path: &str) -> usize {
    let list = list.as_array().unwrap().iter();
    list.filter(|schema| faults(document, schema, value, path).is_empty())
        .count()
}

fn is_of(word: &Value, value: &Value) -> bool {
    match word.as_str().unwrap() {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("the contract knows no type {other}"),
    }
}
