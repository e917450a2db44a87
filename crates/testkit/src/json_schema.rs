//! A small validator of JSON Schema: the keywords that our contracts use, and no others.

use regex::Regex;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

/// Everything in `value` that `schema` does not allow. `document` is where references point into.
///
/// # Panics
/// If the schema has a keyword that is not known here, or a reference that points nowhere.
pub fn faults(document: &Value, schema: &Value, value: &Value, path: &str) -> Vec<String> {
    Validator {
        document,
        strict: false,
    }
    .faults(schema, value, path)
}

/// The same of what we send ourselves: every member of an object has to be told, though others would be
/// allowed.
///
/// # Panics
/// As [`faults`].
pub fn faults_and_untold(
    document: &Value,
    schema: &Value,
    value: &Value,
    path: &str,
) -> Vec<String> {
    Validator {
        document,
        strict: true,
    }
    .faults(schema, value, path)
}

#[derive(Clone, Copy)]
struct Validator<'a> {
    document: &'a Value,
    strict: bool,
}

impl Validator<'_> {
    fn faults(self, schema: &Value, value: &Value, path: &str) -> Vec<String> {
        let mut all = Vec::new();
        let Some(schema) = schema.as_object() else {
            return all;
        };
        for (keyword, expected) in schema {
            let ok = match keyword.as_str() {
                "$ref" => {
                    all.extend(self.faults(self.target(expected), value, path));
                    true
                }
                "properties" => {
                    for (name, schema) in members(expected) {
                        if let Some(member) = value.get(name) {
                            all.extend(self.faults(schema, member, &format!("{path}.{name}")));
                        }
                    }
                    let untold = self.untold(schema, value);
                    all.extend(untold.map(|name| format!("{path}.{name} is not told")));
                    true
                }
                "additionalProperties" => {
                    let known = schema.get("properties");
                    let is_known =
                        |name: &str| known.is_some_and(|known| known.get(name).is_some());
                    let mut others = members(value).filter(|(name, _)| !is_known(name));
                    others.all(|(_, other)| {
                        *expected != Value::Bool(false)
                            && self.faults(expected, other, path).is_empty()
                    })
                }
                "items" => {
                    for (nth, element) in elements(value).enumerate() {
                        all.extend(self.faults(expected, element, &format!("{path}[{nth}]")));
                    }
                    true
                }
                "propertyNames" => members(value).all(|(name, _)| {
                    let name = Value::String(name.clone());
                    self.faults(expected, &name, path).is_empty()
                }),
                "oneOf" => self.fitting(expected, value, path) == 1,
                "allOf" => self.fitting(expected, value, path) == elements(expected).count(),
                "anyOf" => self.fitting(expected, value, path) >= 1,
                other => simple(other, expected, value),
            };
            if !ok {
                all.push(format!(
                    "{path}: {keyword} {expected} does not allow {value}"
                ));
            }
        }
        all
    }

    fn target(&self, reference: &Value) -> &Value {
        let pointer = reference.as_str().unwrap_or_default();
        let target = self.document.pointer(pointer.trim_start_matches('#'));
        target.unwrap_or_else(|| panic!("{pointer} points nowhere"))
    }

    /// Members that the schema does not speak of, where it has to.
    fn untold<'v>(
        self,
        schema: &serde_json::Map<String, Value>,
        value: &'v Value,
    ) -> impl Iterator<Item = &'v String> {
        let strict = self.strict && !schema.contains_key("additionalProperties");
        let told = schema.get("properties").filter(|_| strict);
        let names = members(value).map(|(name, _)| name);
        names.filter(move |name| told.is_some_and(|told| told.get(name.as_str()).is_none()))
    }

    /// How many of these schemas allow the value. Each tells a part, so none has to tell every member.
    fn fitting(self, list: &Value, value: &Value, path: &str) -> usize {
        let part = Validator {
            strict: false,
            ..self
        };
        let fits = |schema: &&Value| part.faults(schema, value, path).is_empty();
        elements(list).filter(fits).count()
    }
}

/// Whether a keyword that needs no other schema allows the value.
fn simple(keyword: &str, expected: &Value, value: &Value) -> bool {
    let bound = || expected.as_u64().unwrap_or_default();
    let length = |length: usize| u64::try_from(length).unwrap_or(u64::MAX);
    let text = value.as_str();
    let characters = text.map(|text| length(text.chars().count()));
    let list = value.as_array().map(|list| length(list.len()));
    match keyword {
        "type" => match expected {
            Value::Array(words) => words.iter().any(|word| is_of(word, value)),
            word => is_of(word, value),
        },
        "enum" => elements(expected).any(|one| one == value),
        "const" => expected == value,
        "required" => {
            let mut names = elements(expected).filter_map(Value::as_str);
            !value.is_object() || names.all(|name| value.get(name).is_some())
        }
        "minItems" => list.is_none_or(|list| list >= bound()),
        "maxItems" => list.is_none_or(|list| list <= bound()),
        "minLength" => characters.is_none_or(|characters| characters >= bound()),
        "maxLength" => characters.is_none_or(|characters| characters <= bound()),
        "maxProperties" => value
            .as_object()
            .is_none_or(|map| length(map.len()) <= bound()),
        "minimum" => value
            .as_i64()
            .is_none_or(|number| Some(number) >= expected.as_i64()),
        "maximum" => value
            .as_i64()
            .is_none_or(|number| Some(number) <= expected.as_i64()),
        "pattern" => text.is_none_or(|text| matches(expected.as_str().unwrap_or_default(), text)),
        "format" if expected == "date-time" => {
            text.is_none_or(|text| order_json::parse_timestamp(text).is_some())
        }
        "description" | "title" | "example" | "examples" | "format" | "default" => true,
        other => panic!("the validator does not know {other}"),
    }
}

/// Whether the text has the pattern. One that looks ahead is left to others: the engine here cannot.
fn matches(pattern: &str, text: &str) -> bool {
    static KNOWN: LazyLock<Mutex<HashMap<String, Option<Regex>>>> = LazyLock::new(Mutex::default);
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let compiled = known.entry(pattern.to_owned()).or_insert_with(|| {
        if pattern.contains("(?!") {
            return None;
        }
        Some(Regex::new(pattern).unwrap_or_else(|error| panic!("{pattern}: {error}")))
    });
    compiled.as_ref().is_none_or(|regex| regex.is_match(text))
}

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

fn elements(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn is_of(word: &Value, value: &Value) -> bool {
    match word.as_str().unwrap_or_default() {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("the contract knows no type {other}"),
    }
}
