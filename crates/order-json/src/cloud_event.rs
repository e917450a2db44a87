//! Facts as `CloudEvents` 1.0, in structured and in binary mode, by whatever transport.
//!
//! Paths of violations are the caller's own: in structured mode `data.amount` and `source`; in
//! binary mode, where the data stands alone in the body, the transport's names come by [`Attribute`].

use crate::check::{check, unknown};
use crate::fact_data::{FactData, FactKind};
use crate::path::Path;
use crate::schemas::named;
use crate::tree::Node;
use crate::{Malformed, Parsed};
use order_core::domain::{Fact, NewFact, Violations};
use std::collections::BTreeMap;

/// Attributes of the specification that the service reads or allows; others are extensions.
const KNOWN_ATTRIBUTES: [&str; 8] = [
    "specversion",
    "type",
    "source",
    "id",
    "subject",
    "time",
    "datacontenttype",
    "dataschema",
];

/// The longest name of an extension, in characters; the specification advises 20.
const MAX_EXTENSION_NAME_CHARS: usize = 64;

/// One context attribute as a transport carries it: name, value, and nothing decoded any more.
pub type Attribute = (String, String);

/// A fact from a body in structured mode (`application/cloudevents+json`). The value is `None` where
/// the type is unknown, since nothing else can be checked then.
pub fn fact_from_structured(body: &[u8]) -> Result<Parsed<Option<NewFact>>, Malformed> {
    let members = match Node::parse(body)? {
        Node::Object(members) => members,
        node => return Err(Malformed::not_an_object(&node)),
    };
    let mut wrong = Violations::new();
    let mut attributes = BTreeMap::new();
    let mut data = None;
    let mut seen = Vec::with_capacity(members.len());
    for (name, node) in members {
        if seen.contains(&name) {
            wrong.add(name, "is given twice");
            continue;
        }
        match (name.as_str(), node) {
            ("data", node) => data = Some(node),
            ("data_base64", _) => {
                wrong.add("data_base64", "is not taken; give the JSON itself in data");
            }
            // The specification's JSON format: null is the same as absent.
            (_, Node::Null) => {}
            (_, Node::Text(text)) => drop(attributes.insert(name.clone(), text)),
            (known, node) if KNOWN_ATTRIBUTES.contains(&known) => {
                // The type stands in for the value, so that the attribute is not told as missing too.
                wrong.add(known, format!("must be a string, not {}", node.kind()));
            }
            (_, node @ (Node::List(_) | Node::Object(_))) => {
                wrong.add(
                    name.clone(),
                    format!(
                        "an extension must be a string, integer or boolean, not {}",
                        node.kind()
                    ),
                );
            }
            _ => {}
        }
        seen.push(name);
    }
    for name in &seen {
        check_name(name, "", &mut wrong);
    }
    assemble(
        &attributes,
        data,
        &Spelling {
            prefix: "",
            data: "data",
        },
        wrong,
    )
}

/// A fact in binary mode: its attributes as the transport carried them, decoded, and its data as the
/// body. `prefix` is what the transport puts before an attribute's name (`ce-`, `ce_`); the content
/// type comes as the attribute `datacontenttype`.
pub fn fact_from_parts(
    attributes: Vec<Attribute>,
    data: &[u8],
    prefix: &str,
) -> Result<Parsed<Option<NewFact>>, Malformed> {
    let mut wrong = Violations::new();
    let mut by_name = BTreeMap::new();
    for (name, value) in attributes {
        check_name(&name, prefix, &mut wrong);
        let field = format!("{prefix}{name}");
        if by_name.insert(name, value).is_some() {
            wrong.add(field, "is given twice");
        }
    }
    let data = Node::parse(data)?;
    if !matches!(data, Node::Object(_)) {
        return Err(Malformed::not_an_object(&data));
    }
    assemble(&by_name, Some(data), &Spelling { prefix, data: "" }, wrong)
}

/// The value of an attribute that a transport carries percent-encoded (HTTP binding 3.1.3.2).
/// `None` if it does not decode to UTF-8.
pub fn percent_decoded(text: &str) -> Option<String> {
    percent_encoding::percent_decode_str(text)
        .decode_utf8()
        .ok()
        .map(std::borrow::Cow::into_owned)
}

/// How the caller's transport spells the parts of an event.
struct Spelling<'a> {
    prefix: &'a str,
    data: &'a str,
}

impl Spelling<'_> {
    fn attribute(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// The domain's paths are those of structured mode.
    fn respelled(&self, told: &Violations) -> Violations {
        let mut respelled = Violations::new();
        for one in told.as_slice() {
            let field = match one.field.strip_prefix("data.") {
                Some(rest) if self.data.is_empty() => rest.to_owned(),
                Some(_) => one.field.clone(),
                None => self.attribute(&one.field),
            };
            respelled.add(field, one.reason.clone());
        }
        respelled
    }
}

fn assemble(
    attributes: &BTreeMap<String, String>,
    data: Option<Node>,
    spelling: &Spelling<'_>,
    mut wrong: Violations,
) -> Result<Parsed<Option<NewFact>>, Malformed> {
    let mut told = Violations::new();
    let kind = check_attributes(attributes, spelling, &mut told);
    wrong.merge(told);
    let Some(kind) = kind else {
        return Ok(Parsed { value: None, wrong });
    };
    let Some(mut data) = data else {
        wrong.add(spelling.data, "is required");
        return Ok(Parsed { value: None, wrong });
    };
    check(
        &mut data,
        named(kind.schema_name()),
        &mut Path::starting_at(spelling.data),
        &mut wrong,
    );
    let FactData {
        order_id,
        external_id,
        body,
    } = kind
        .read(data.into_value())
        .map_err(|error| Malformed::of(&error))?;
    let text = |name: &str| attributes.get(name).cloned().unwrap_or_default();
    let fact = NewFact {
        source: text("source"),
        id: text("id"),
        order_id,
        external_id,
        body,
    };
    // The domain's own checks are cheap, and their paths have to be put in the caller's words.
    if let Err(told) = fact.clone().check() {
        wrong.merge(spelling.respelled(&told));
    }
    Ok(Parsed {
        value: Some(fact),
        wrong,
    })
}

fn check_attributes(
    attributes: &BTreeMap<String, String>,
    spelling: &Spelling<'_>,
    wrong: &mut Violations,
) -> Option<FactKind> {
    let text = |name: &str| attributes.get(name).map(String::as_str);
    for name in ["specversion", "type", "source", "id"] {
        if text(name).is_none() {
            wrong.add(spelling.attribute(name), "is required");
        }
    }
    if text("specversion").is_some_and(|version| version != "1.0") {
        wrong.add(spelling.attribute("specversion"), "must be 1.0");
    }
    if text("time").is_some_and(|time| crate::parse_timestamp(time).is_none()) {
        wrong.add(
            spelling.attribute("time"),
            "must be a time as RFC 3339 writes it",
        );
    }
    if text("datacontenttype").is_some_and(|media| !is_json(media)) {
        wrong.add(
            spelling.attribute("datacontenttype"),
            "must be application/json",
        );
    }
    let name = text("type")?;
    let kind = FactKind::of(name);
    if kind.is_none() {
        let reason = format!(
            "{}; all of them: {}",
            unknown(name, Fact::type_names()),
            list_of_types()
        );
        wrong.add(spelling.attribute("type"), reason);
    }
    kind
}

fn list_of_types() -> String {
    Fact::type_names().collect::<Vec<_>>().join(", ")
}

/// Whether a media type is JSON, with whatever parameters.
fn is_json(media_type: &str) -> bool {
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json")
}

/// Names of attributes are lower-case letters and digits (`CloudEvents` 1.0, "Naming Conventions");
/// `data` and `data_base64` are members of the JSON format.
fn check_name(name: &str, prefix: &str, wrong: &mut Violations) {
    let plain = name
        .bytes()
        .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    let of_the_format = matches!(name, "data" | "data_base64");
    if of_the_format || (plain && !name.is_empty() && name.len() <= MAX_EXTENSION_NAME_CHARS) {
        return;
    }
    let shown: String = name.chars().take(MAX_EXTENSION_NAME_CHARS).collect();
    wrong.add(
        format!("{prefix}{shown}"),
        "is no attribute's name: lower-case letters and digits alone, 1 to 64 of them",
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(parsed: Result<Parsed<Option<NewFact>>, Malformed>) -> Vec<String> {
        parsed
            .unwrap()
            .wrong
            .as_slice()
            .iter()
            .map(|one| one.field.clone())
            .collect()
    }

    const CAPTURED: &str = r#"{"specversion":"1.0","type":"payment.captured.v1","source":"/psp","id":"1","tenant":"t1","traceparent":"x",
        "data":{"external_id":"e-1","payment_id":"p","amount":5,"currency":"EUR"}}"#;

    #[test]
    fn a_fact_is_read_in_both_modes_alike() {
        let structured = fact_from_structured(CAPTURED.as_bytes()).unwrap();
        assert_eq!(structured.wrong, Violations::new());
        let attributes = [
            ("specversion", "1.0"),
            ("type", "payment.captured.v1"),
            ("source", "/psp"),
            ("id", "1"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let data = br#"{"external_id":"e-1","payment_id":"p","amount":5,"currency":"EUR"}"#;
        let binary = fact_from_parts(attributes.to_vec(), data, "ce-").unwrap();
        assert_eq!(binary, structured);
    }

    #[test]
    fn everything_wrong_is_told_in_the_words_of_the_mode() {
        let body = r#"{"specversion":"0.3","type":"payment.captured.v1","source":"","source":"x","Tenant":"t","ext":{},
            "data":{"payment_id":7,"amount":-1,"curency":"EUR","currency":"EU"}}"#;
        assert_eq!(
            wrong(fact_from_structured(body.as_bytes())),
            [
                "source",
                "ext",
                "Tenant",
                "id",
                "specversion",
                "data.payment_id",
                "data.curency",
                "data.order_id",
                "data.currency",
                "data.amount"
            ]
        );
        let attributes = vec![
            ("type".to_owned(), "stock.refused.v1".to_owned()),
            ("source".to_owned(), String::new()),
        ];
        assert_eq!(
            wrong(fact_from_parts(
                attributes,
                br#"{"order_id":"7","amount":1}"#,
                "ce-"
            )),
            [
                "ce-specversion",
                "ce-id",
                "order_id",
                "amount",
                "reservation_id",
                "ce-source"
            ]
        );
    }

    #[test]
    fn an_unknown_type_names_the_known_ones() {
        let body = CAPTURED.replace("captured", "capture");
        let parsed = fact_from_structured(body.as_bytes()).unwrap();
        assert_eq!(parsed.value, None);
        let reason = &parsed.wrong.as_slice()[0].reason;
        assert!(
            reason.contains("did you mean \"payment.captured.v1\"")
                && reason.contains("return.received.v1"),
            "{reason}"
        );
    }

    #[test]
    fn data_that_is_missing_or_encoded_is_told() {
        let body = r#"{"specversion":"1.0","type":"stock.refused.v1","source":"s","id":"1","data_base64":"e30="}"#;
        assert_eq!(
            wrong(fact_from_structured(body.as_bytes())),
            ["data_base64", "data"]
        );
        let body = r#"{"specversion":"1.0","type":"stock.refused.v1","source":"s","id":"1","data":"text","datacontenttype":"text/xml"}"#;
        assert_eq!(
            wrong(fact_from_structured(body.as_bytes()))[..2],
            ["datacontenttype", "data"]
        );
    }

    #[test]
    fn values_are_decoded_once() {
        assert_eq!(
            percent_decoded("Euro%20%E2%82%AC%20%25").as_deref(),
            Some("Euro € %")
        );
        assert_eq!(percent_decoded("%ff"), None);
    }
}
