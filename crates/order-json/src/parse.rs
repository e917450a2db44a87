//! From bytes to the domain: fast where all is well, thorough where it is not.

use crate::check::check;
use crate::path::Path;
use crate::schemas::named;
use crate::tree::Node;
use order_core::domain::Violations;
use serde::de::DeserializeOwned;
use utoipa::ToSchema;

/// A body's type and the value of the domain that it becomes.
pub trait WireType: DeserializeOwned + ToSchema {
    /// What the domain takes.
    type Domain;

    /// The domain's value. Adds what neither the schema nor the domain tells.
    fn into_domain(self, wrong: &mut Violations) -> Self::Domain;

    /// Takes away what a repaired body says of its sums, which placeholders have changed.
    fn forget_sums(_: &mut Self::Domain) {}
}

/// A parsed body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parsed<T> {
    /// The value. If anything is wrong it has placeholders and is good for one thing only: to have
    /// the domain tell what else is wrong.
    pub value: T,
    /// What is wrong so far, with the caller's own paths.
    pub wrong: Violations,
}

/// The body is no JSON, or not of the right shape at its root: no field can be named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// What is wrong and where, in words.
    pub reason: String,
}

impl Malformed {
    /// What serde says, with its line and column.
    pub(crate) fn of(error: &serde_json::Error) -> Malformed {
        Malformed {
            reason: format!("the body is not valid JSON: {error}"),
        }
    }

    pub(crate) fn not_an_object(node: &Node) -> Malformed {
        Malformed {
            reason: format!("the body must be a JSON object, not {}", node.kind()),
        }
    }
}

/// Parses a body into the domain's value, or into one with placeholders and all that is wrong.
pub fn parse<T: WireType>(body: &[u8]) -> Result<Parsed<T::Domain>, Malformed> {
    match serde_json::from_slice::<T>(body) {
        Ok(wire) => {
            let mut wrong = Violations::new();
            Ok(Parsed {
                value: wire.into_domain(&mut wrong),
                wrong,
            })
        }
        Err(_) => examine::<T>(body),
    }
}

#[cold]
fn examine<T: WireType>(body: &[u8]) -> Result<Parsed<T::Domain>, Malformed> {
    let node = Node::parse(body)?;
    if !matches!(node, Node::Object(_)) {
        return Err(Malformed::not_an_object(&node));
    }
    repaired::<T>(node, "")
}

/// Checks a tree against the schema of `T`, repairs it, and parses it. Paths begin with `prefix`.
pub(crate) fn repaired<T: WireType>(
    mut node: Node,
    prefix: &str,
) -> Result<Parsed<T::Domain>, Malformed> {
    let mut wrong = Violations::new();
    check(
        &mut node,
        named(&T::name()),
        &mut Path::starting_at(prefix),
        &mut wrong,
    );
    let wire: T =
        serde_json::from_value(node.into_value()).map_err(|error| Malformed::of(&error))?;
    let mut own = Violations::new();
    let mut value = wire.into_domain(&mut own);
    wrong.merge(if prefix.is_empty() {
        own
    } else {
        own.prefixed(&format!("{prefix}."))
    });
    // One order of a batch is walked because of another one's faults: a good one stays as it is.
    if !wrong.is_empty() {
        T::forget_sums(&mut value);
    }
    Ok(Parsed { value, wrong })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Amend, Cancel, NewOrder};

    fn told<T: WireType>(body: &str) -> Vec<(String, String)> {
        let wrong = parse::<T>(body.as_bytes())
            .map_err(|error| error.reason)
            .map(|parsed| parsed.wrong);
        let wrong = wrong.unwrap();
        wrong
            .as_slice()
            .iter()
            .map(|one| (one.field.clone(), one.reason.clone()))
            .collect()
    }

    fn fields<T: WireType>(body: &str) -> Vec<String> {
        told::<T>(body)
            .into_iter()
            .map(|(field, _)| field)
            .collect()
    }

    #[test]
    fn a_good_order_is_parsed_whole() {
        let body = br#"{"customer_id":"c","currency":"EUR","lines":[{"sku":"s","quantity":1,"unit_price":5,"name":null}],
            "metadata":{"k":"v"},"confirm_before":"2100-01-01T00:00:00Z","payment_terms":"INVOICE"}"#;
        let parsed = parse::<NewOrder>(body).unwrap();
        assert!(parsed.wrong.is_empty());
        assert_eq!(parsed.value.lines.len(), 1);
        assert_eq!(parsed.value.metadata["k"], "v");
        assert!(parsed.value.confirm_before.is_some());
    }

    #[test]
    fn everything_wrong_is_told_at_once_with_its_path() {
        let body = r#"{"custmer_id":"c","currency":1,"currency":2,"lines":[{"sku":"s","quantity":1.0,"unit_price":"5"},
            [], {"quantity":99999999999999999999,"unit_price":1}],"payment_terms":"LATER","confirm_before":"tomorrow",
            "metadata":{"a":"b","a":"c","n":1},"shipping_address":{"lines":"one"},"expected_total":7}"#;
        assert_eq!(
            fields::<NewOrder>(body),
            [
                "custmer_id",
                "currency",
                "currency",
                "lines[0].quantity",
                "lines[0].unit_price",
                "lines[1]",
                "lines[2].quantity",
                "lines[2].sku",
                "payment_terms",
                "confirm_before",
                "metadata.a",
                "metadata.n",
                "shipping_address.lines",
                "shipping_address.name",
                "shipping_address.city",
                "shipping_address.country",
                "customer_id",
            ]
        );
        let told = told::<NewOrder>(body);
        assert_eq!(told[0].1, r#"is not known; did you mean "customer_id"?"#);
        assert_eq!(
            told[3].1,
            "must be an integer, written without a fraction or exponent"
        );
        assert_eq!(told[6].1, "must be an integer from 1 to 1000000");
    }

    #[test]
    fn what_serde_would_let_pass_is_refused() {
        assert_eq!(
            fields::<NewOrder>(
                r#"{"customer_id":"c","currency":"EUR","lines":[["s",null,1,5,null,null]]}"#
            ),
            ["lines[0]"]
        );
        assert_eq!(
            fields::<NewOrder>(
                r#"{"customer_id":"c","currency":"EUR","lines":[],"payment_terms":{"INVOICE":null}}"#
            ),
            ["payment_terms"]
        );
        assert_eq!(fields::<Cancel>(r#"{"reason":"r","lines":[]}"#), ["lines"]);
        assert!(parse::<Cancel>(br#"["reason",null]"#).is_err());
    }

    #[test]
    fn a_patch_tells_absent_from_null_from_a_value() {
        use order_core::domain::Patch;
        let parsed =
            parse::<Amend>(br#"{"metadata":{"a":null,"b":"c"},"confirm_before":null}"#).unwrap();
        assert!(parsed.wrong.is_empty());
        assert!(parsed.value.shipping_address.is_keep());
        assert_eq!(parsed.value.confirm_before, Patch::Remove);
        let Patch::Set(metadata) = parsed.value.metadata else {
            panic!("set")
        };
        assert_eq!(metadata["a"], None);
        assert_eq!(
            fields::<Amend>(r#"{"metadata":{"a":1},"shipping_address":{"city":null,"street":""}}"#),
            [
                "metadata.a",
                "shipping_address.city",
                "shipping_address.street"
            ]
        );
    }

    #[test]
    fn what_is_no_json_names_the_place() {
        for body in [
            &b""[..],
            b"{",
            b"{\"a\":\xff}",
            b"{\"a\":\"\0\"}",
            b"nul",
            b"{} {}",
            b"[1]",
            b"\"x\"",
            b"7",
        ] {
            let reason = parse::<Cancel>(body).unwrap_err().reason;
            assert!(
                reason.contains("line 1 column") || reason.contains("must be a JSON object"),
                "{reason}"
            );
        }
    }
}
