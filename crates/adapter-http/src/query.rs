//! A query string: every parameter known, each given once, each of its type.

use order_core::domain::{Timestamp, Violations};
use percent_encoding::percent_decode_str;

/// Characters of an unknown parameter's name that a violation shows, at most.
const MAX_NAME_CHARS: usize = 64;

/// The parameters of a request.
#[derive(Debug)]
pub(crate) struct Query {
    pairs: Vec<(String, String)>,
}

impl Query {
    /// Parses `text`; tells of parameters that are not `known`, or given twice, or no UTF-8.
    pub(crate) fn parse(text: &str, known: &[&str], wrong: &mut Violations) -> Query {
        let mut pairs: Vec<(String, String)> = Vec::new();
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (Some(name), Some(value)) = (decoded(name), decoded(value)) else {
                wrong.add(shown(name), "is not UTF-8 after percent-decoding");
                continue;
            };
            if !known.contains(&name.as_str()) {
                wrong.add(
                    shown(&name),
                    order_json::unknown(&name, known.iter().copied()),
                );
            } else if pairs.iter().any(|(other, _)| *other == name) {
                wrong.add(name, "is given twice");
            } else {
                pairs.push((name, value));
            }
        }
        Query { pairs }
    }

    /// The value of a parameter.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.pairs
            .iter()
            .find(|(other, _)| other == name)
            .map(|(_, value)| value.as_str())
    }

    /// A parameter that is `true` or `false`; absent: false.
    pub(crate) fn flag(&self, name: &str, wrong: &mut Violations) -> bool {
        match self.text(name) {
            None | Some("false") => false,
            Some("true") => true,
            Some(_) => {
                wrong.add(name, "must be true or false");
                false
            }
        }
    }

    /// An integer.
    pub(crate) fn integer(&self, name: &str, wrong: &mut Violations) -> Option<i64> {
        let text = self.text(name)?;
        // `parse` would take a plus sign, which in a query is a space besides.
        let plain = !text.starts_with('+');
        let number = text.parse().ok().filter(|_| plain);
        if number.is_none() {
            wrong.add(name, "must be an integer");
        }
        number
    }

    /// A time.
    pub(crate) fn time(&self, name: &str, wrong: &mut Violations) -> Option<Timestamp> {
        let time = order_json::parse_timestamp(self.text(name)?);
        if time.is_none() {
            wrong.add(
                name,
                "must be a time as RFC 3339 writes it, such as 2026-01-31T23:59:59Z",
            );
        }
        time
    }

    /// One of the values that `parse` knows; `all` are their names.
    pub(crate) fn one_of<T: Copy>(
        &self,
        name: &str,
        all: &[T],
        name_of: fn(T) -> &'static str,
        wrong: &mut Violations,
    ) -> Option<T> {
        let text = self.text(name)?;
        let value = all.iter().copied().find(|value| name_of(*value) == text);
        if value.is_none() {
            let names: Vec<&str> = all.iter().map(|value| name_of(*value)).collect();
            wrong.add(name, format!("must be one of {}", names.join(", ")));
        }
        value
    }

    /// The same parameters, with `name` set to `value`, as a query string.
    pub(crate) fn with(&self, name: &str, value: &str) -> String {
        let rest = self.pairs.iter().filter(|(other, _)| other != name);
        let rest = rest.map(|(name, value)| (name.as_str(), value.as_str()));
        let pairs = rest.chain([(name, value)]).map(|(name, value)| {
            let encode = |text| {
                percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC)
            };
            // Names are our own and need no encoding.
            format!("{name}={}", encode(value))
        });
        pairs.collect::<Vec<_>>().join("&")
    }
}

fn decoded(text: &str) -> Option<String> {
    let spaced = text.replace('+', " ");
    percent_decode_str(&spaced)
        .decode_utf8()
        .ok()
        .map(std::borrow::Cow::into_owned)
}

fn shown(name: &str) -> String {
    name.chars().take(MAX_NAME_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_repeated_and_undecodable_parameters_are_told() {
        let mut wrong = Violations::new();
        let query = Query::parse(
            "a=1&a=2&bb=%ff&stat=x&&c=d%20e+f",
            &["a", "bb", "c", "state"],
            &mut wrong,
        );
        let fields: Vec<_> = wrong
            .as_slice()
            .iter()
            .map(|one| one.field.as_str())
            .collect();
        assert_eq!(fields, ["a", "bb", "stat"]);
        assert!(
            wrong.as_slice()[2]
                .reason
                .contains("did you mean \"state\"")
        );
        assert_eq!(query.text("c"), Some("d e f"));
        assert_eq!(query.with("a", "x/y"), "c=d%20e%20f&a=x%2Fy");
    }
}
