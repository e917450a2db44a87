//! What a request's body is and what its caller accepts (RFC 9110 sections 8.3 and 12.5.1).

use crate::error::{Code, Problem};
use crate::operation::{Operation, Produces};
use http::HeaderMap;
use http::header::{ACCEPT, CONTENT_TYPE};

/// The media type of a body; must be one that the call takes, in UTF-8.
pub(crate) fn content_type(
    headers: &HeaderMap,
    operation: Operation,
) -> Result<&'static str, Problem> {
    let taken = operation.consumes();
    let refuse = |what: String| {
        let detail = format!("{what}; this call takes {}", taken.join(" or "));
        Err(Problem::new(Code::UnsupportedMediaType, detail))
    };
    if headers.get_all(CONTENT_TYPE).iter().count() != 1 {
        return refuse("the body needs one Content-Type".to_owned());
    }
    let text = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let mut parts = text.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default();
    let Some(known) = taken.iter().find(|one| one.eq_ignore_ascii_case(essence)) else {
        return refuse(format!(
            "the Content-Type {:?} is not taken",
            shown(essence)
        ));
    };
    for parameter in parts.filter(|part| !part.is_empty()) {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        let value = value.trim_matches('"');
        if name.eq_ignore_ascii_case("charset") && !value.eq_ignore_ascii_case("utf-8") {
            return refuse(format!(
                "the charset {:?} is not taken: JSON is UTF-8",
                shown(value)
            ));
        }
    }
    Ok(known)
}

fn shown(text: &str) -> String {
    text.chars().take(64).collect()
}

/// Refuses a caller that does not accept what the call answers with.
pub(crate) fn check_accept(headers: &HeaderMap, operation: Operation) -> Result<(), Problem> {
    let (kind, subtype) = match operation.produces() {
        Produces::Json => ("application", "json"),
        Produces::Events => ("text", "event-stream"),
        Produces::Anything => return Ok(()),
    };
    let mut values = headers.get_all(ACCEPT).iter().peekable();
    if values.peek().is_none() {
        return Ok(());
    }
    // The most specific range that matches decides.
    let best = values
        .flat_map(|value| value.to_str().unwrap_or_default().split(','))
        .filter_map(|range| specificity(range, kind, subtype))
        .max_by_key(|(specificity, _)| *specificity);
    if best.is_some_and(|(_, accepted)| accepted) {
        return Ok(());
    }
    let detail = format!("this call answers with {kind}/{subtype}, which Accept does not allow");
    Err(Problem::new(Code::NotAcceptable, detail))
}

/// How exactly a media range names the type, and whether it is accepted (a weight above 0); `None`
/// if it names another.
fn specificity(range: &str, kind: &str, subtype: &str) -> Option<(u8, bool)> {
    let mut parts = range.split(';').map(str::trim);
    let (range_kind, range_subtype) = parts.next()?.split_once('/')?;
    let specificity = match (range_kind, range_subtype) {
        ("*", "*") => 0,
        (one, "*") if one.eq_ignore_ascii_case(kind) => 1,
        (one, two) if one.eq_ignore_ascii_case(kind) && two.eq_ignore_ascii_case(subtype) => 2,
        _ => return None,
    };
    let weight = parts
        .filter_map(|part| part.split_once('='))
        .find(|(name, _)| name.eq_ignore_ascii_case("q"));
    let refused = weight.is_some_and(|(_, value)| value.trim_matches(['0', '.']).is_empty());
    Some((specificity, !refused))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    #[test]
    fn the_most_specific_range_decides() {
        for (accept, allowed) in [
            ("application/json", true),
            ("Application/JSON;q=0.5, text/html", true),
            ("application/*", true),
            ("*/*;q=0.1", true),
            ("text/html, */*;q=0", false),
            ("application/json;q=0, */*", false),
            ("*/*, application/json; q=0.000", false),
            ("text/html", false),
            ("nonsense", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT, HeaderValue::from_static(accept));
            assert_eq!(
                check_accept(&headers, Operation::Get).is_ok(),
                allowed,
                "{accept}"
            );
        }
    }

    #[test]
    fn a_body_is_json_in_utf_8() {
        for (content_type, taken) in [
            ("application/json", true),
            ("Application/Json; Charset=\"UTF-8\"", true),
            ("application/json;", true),
            ("application/json; charset=latin1", false),
            ("text/json", false),
            ("application/merge-patch+json", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
            assert_eq!(
                super::content_type(&headers, Operation::Place).is_ok(),
                taken,
                "{content_type}"
            );
        }
    }
}
