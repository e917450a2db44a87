//! Facts as `CloudEvents` 1.0, in structured and in binary mode, by whatever transport.
//!
//! Paths of violations are the caller's own: in structured mode `data.amount` and `source`; in
//! binary mode, where the data stands alone in the body, the transport's names come by [`Attribute`].

use crate::check::unknown;
use crate::envelope::{Envelope, Reads};
use crate::fact_data::{FactData, FactKind};
use crate::{Attribute, Malformed, Parsed};
use order_core::domain::{Fact, NewFact, Violations};
use serde::Deserializer;

/// A fact from a body in structured mode (`application/cloudevents+json`). The value is `None` where
/// the type is unknown, since nothing else can be checked then.
pub fn fact_from_structured(body: &[u8]) -> Result<Parsed<Option<NewFact>>, Malformed> {
    fact(Envelope::structured(body)?)
}

/// A fact in binary mode: its attributes as the transport carried them, decoded, and its data as the
/// body. `prefix` is what the transport puts before an attribute's name (`ce-`, `ce_`); the content
/// type comes as the attribute `datacontenttype`.
pub fn fact_from_parts(
    attributes: Vec<Attribute>,
    data: &[u8],
    prefix: &str,
) -> Result<Parsed<Option<NewFact>>, Malformed> {
    fact(Envelope::binary(attributes, data, prefix))
}

/// The value of an attribute that a transport carries percent-encoded (HTTP binding 3.1.3.2).
/// `None` if it does not decode to UTF-8.
pub fn percent_decoded(text: &str) -> Option<String> {
    percent_encoding::percent_decode_str(text)
        .decode_utf8()
        .ok()
        .map(std::borrow::Cow::into_owned)
}

fn fact(mut envelope: Envelope<'_>) -> Result<Parsed<Option<NewFact>>, Malformed> {
    let kind = envelope.text("type").and_then(FactKind::of);
    let value = if let Some(kind) = kind {
        read_fact(&mut envelope, kind)?
    } else {
        let name = envelope.owned("type");
        let known: Vec<&str> = Fact::type_names().collect();
        envelope.unknown_type(not_among(&name, &known))?;
        None
    };
    let wrong = envelope.wrong;
    Ok(Parsed { value, wrong })
}

/// The fact of this kind; `None` where there is no data.
pub(crate) fn read_fact(
    envelope: &mut Envelope<'_>,
    kind: FactKind,
) -> Result<Option<NewFact>, Malformed> {
    let Some(FactData {
        order_id,
        external_id,
        body,
    }) = envelope.data(kind.schema_name(), &kind)?
    else {
        return Ok(None);
    };
    let fact = NewFact {
        source: envelope.owned("source"),
        id: envelope.owned("id"),
        order_id,
        external_id,
        body,
    };
    // The domain's own checks are cheap, and their paths have to be put in the caller's words.
    if let Err(told) = fact.clone().check() {
        let told: Violations = envelope.respelled(&told);
        envelope.wrong.merge(told);
    }
    Ok(Some(fact))
}

impl Reads<FactData> for FactKind {
    fn read_text<'de, D: Deserializer<'de>>(&self, text: D) -> Result<FactData, D::Error> {
        self.read(text)
    }
}

/// Says that a type is unknown, with the nearest known one and all of them.
pub(crate) fn not_among(name: &str, known: &[&str]) -> String {
    let all = known.join(", ");
    format!(
        "{}; all of them: {all}",
        unknown(name, known.iter().copied())
    )
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
