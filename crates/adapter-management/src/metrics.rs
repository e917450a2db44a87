//! `/metrics`: the registry as `OpenMetrics` for who asks for it, else in Prometheus' classic text
//! format 0.0.4, where counters carry `_total` in their TYPE and HELP lines and there is no EOF.

use crate::Management;
use crate::error;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use prometheus_client::encoding::{prometheus_text, text as openmetrics};
use std::sync::Arc;

const OPENMETRICS: &str = "application/openmetrics-text";
const OPENMETRICS_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Answers from memory and, for the process's own metrics, from `/proc`: no dependency is asked.
pub(crate) async fn scrape(State(management): State<Arc<Management>>, head: HeaderMap) -> Response {
    let registry = &management.registry;
    let mut body = String::new();
    let (encoded, content_type) = if wants_openmetrics(&head) {
        (openmetrics::encode(&mut body, registry), OPENMETRICS_TYPE)
    } else {
        let encoded = prometheus_text::encode(&mut body, registry);
        (encoded, prometheus_text::CONTENT_TYPE)
    };
    match encoded {
        Ok(()) => ([(header::CONTENT_TYPE, content_type)], body).into_response(),
        Err(_) => error::metrics_failed(),
    }
}

/// Whether `OpenMetrics` is asked for by name, and is not liked less than plain text (RFC 9110,
/// section 12.5.1).
fn wants_openmetrics(head: &HeaderMap) -> bool {
    let mut openmetrics = 0;
    let mut classic = 0;
    let accepts = head.get_all(header::ACCEPT).iter();
    for range in accepts
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
    {
        let mut parts = range.split(';').map(str::trim);
        let media_type = parts.next().unwrap_or_default();
        let weight = parts.find_map(|part| part.strip_prefix("q="));
        let weight = weight.map_or(1000, thousandths);
        if media_type.eq_ignore_ascii_case(OPENMETRICS) {
            openmetrics = openmetrics.max(weight);
        } else if media_type.eq_ignore_ascii_case("text/plain") {
            classic = classic.max(weight);
        }
    }
    openmetrics > 0 && openmetrics >= classic
}

/// A weight such as `0.5` in thousandths, its finest grain; what cannot be read counts as refused.
fn thousandths(weight: &str) -> u32 {
    let (whole, fraction) = weight.split_once('.').unwrap_or((weight, ""));
    let digits = fraction.bytes().chain(std::iter::repeat(b'0')).take(3);
    let fraction = digits.fold(0, |sum, digit| {
        sum * 10 + u32::from(digit.saturating_sub(b'0').min(9))
    });
    match whole {
        "1" => 1000,
        "0" => fraction,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wants(accept: &str) -> bool {
        let mut head = HeaderMap::new();
        head.insert(header::ACCEPT, accept.parse().unwrap());
        wants_openmetrics(&head)
    }

    #[test]
    fn openmetrics_goes_to_who_asks_for_it() {
        assert!(wants("application/openmetrics-text"));
        assert!(wants(
            "application/openmetrics-text; version=1.0.0,*/*;q=0.1"
        ));
        // What Prometheus 2 and 3 send.
        assert!(wants(
            "application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,\
             text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
        ));
    }

    #[test]
    fn the_classic_text_goes_to_everybody_else() {
        assert!(!wants_openmetrics(&HeaderMap::new()));
        assert!(!wants("*/*"));
        assert!(!wants("text/html,application/xhtml+xml,*/*;q=0.8"));
        assert!(!wants("application/openmetrics-text;q=0"));
        assert!(!wants(
            "text/plain;version=0.0.4;q=0.9,application/openmetrics-text;q=0.25"
        ));
    }
}
