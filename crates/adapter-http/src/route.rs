//! Which call a path and method mean.

use crate::operation::Operation;
use http::Method;
use percent_encoding::percent_decode_str;
use std::borrow::Cow;

/// What a request means.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Route<'a> {
    /// This call, with the part of the path that names an order or a file; empty without one.
    Call(Operation, Cow<'a, str>),
    /// The path is known; these calls stand under it.
    OtherMethods(&'static [Operation]),
    /// No such path.
    Unknown,
}

/// The call that `method` means under `path`.
pub(crate) fn find<'a>(method: &Method, path: &'a str, probes_alone: bool) -> Route<'a> {
    let Some((operations, target)) = at(path) else {
        return Route::Unknown;
    };
    if probes_alone && !operations.iter().all(|operation| operation.is_probe()) {
        return Route::Unknown;
    }
    let method = if method == Method::HEAD {
        &Method::GET
    } else {
        method
    };
    match operations
        .iter()
        .find(|operation| operation.method() == method)
    {
        Some(operation) => Route::Call(*operation, target),
        None => Route::OtherMethods(operations),
    }
}

/// The `Allow` header of the calls under one path (RFC 9110 section 10.2.1).
pub(crate) fn allow(operations: &[Operation]) -> &'static str {
    let has = |method: &Method| {
        operations
            .iter()
            .any(|operation| operation.method() == method)
    };
    match (has(&Method::GET), has(&Method::POST)) {
        (true, true) => "GET, HEAD, POST, OPTIONS",
        (true, false) => "GET, HEAD, OPTIONS",
        _ => "POST, OPTIONS",
    }
}

/// The calls under a path, and the part of it that varies.
fn at(path: &str) -> Option<(&'static [Operation], Cow<'_, str>)> {
    let fixed: &'static [Operation] = match path {
        "/v1/orders" => &[Operation::List, Operation::Place],
        "/v1/orders:batchPlace" | "/v1/orders%3AbatchPlace" => &[Operation::BatchPlace],
        "/v1/orders:watch" | "/v1/orders%3Awatch" => &[Operation::Watch],
        "/v1/facts" => &[Operation::RecordFact],
        "/v1/changes" => &[Operation::Changes],
        "/livez" => &[Operation::Livez],
        "/readyz" => &[Operation::Readyz],
        "/health" => &[Operation::Health],
        "/openapi.json" => &[Operation::OpenApi],
        "/docs" | "/docs/" => &[Operation::Docs],
        _ => return varying(path),
    };
    Some((fixed, Cow::Borrowed("")))
}

fn varying(path: &str) -> Option<(&'static [Operation], Cow<'_, str>)> {
    if let Some(file) = path.strip_prefix("/docs/") {
        return Some((&[Operation::DocsFile], Cow::Borrowed(file)));
    }
    let rest = path
        .strip_prefix("/v1/orders/")
        .filter(|rest| !rest.is_empty())?;
    if let Some((order_id, tail)) = rest.split_once('/') {
        return (tail == "events" && !order_id.is_empty())
            .then(|| (&[Operation::History] as &[_], decoded(order_id)));
    }
    let decoded = decoded(rest);
    let Some((order_id, verb)) = decoded.rsplit_once(':') else {
        return Some((&[Operation::Get], decoded));
    };
    let operations: &'static [Operation] = match verb {
        "cancel" => &[Operation::Cancel],
        "amend" => &[Operation::Amend],
        "hold" => &[Operation::Hold],
        "release" => &[Operation::Release],
        _ => return None,
    };
    let length = order_id.len();
    let order_id = match decoded {
        Cow::Borrowed(text) => Cow::Borrowed(&text[..length]),
        Cow::Owned(mut text) => {
            text.truncate(length);
            Cow::Owned(text)
        }
    };
    Some((operations, order_id))
}

/// Clients may write `:` as `%3A`. What is no UTF-8 names no order and is refused as an id.
fn decoded(segment: &str) -> Cow<'_, str> {
    percent_decode_str(segment).decode_utf8_lossy()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_path_has_its_calls() {
        for (method, path, expected) in [
            ("POST", "/v1/orders", Some((Operation::Place, ""))),
            ("GET", "/v1/orders", Some((Operation::List, ""))),
            ("HEAD", "/v1/orders/x", Some((Operation::Get, "x"))),
            (
                "POST",
                "/v1/orders/x:cancel",
                Some((Operation::Cancel, "x")),
            ),
            (
                "POST",
                "/v1/orders/x%3Aamend",
                Some((Operation::Amend, "x")),
            ),
            (
                "GET",
                "/v1/orders/x/events",
                Some((Operation::History, "x")),
            ),
            ("GET", "/v1/orders:watch", Some((Operation::Watch, ""))),
            (
                "GET",
                "/docs/swagger-ui.css",
                Some((Operation::DocsFile, "swagger-ui.css")),
            ),
            ("GET", "/v1/orders/", None),
            ("GET", "/v1/orders//events", None),
            ("POST", "/v1/orders/x:refund", None),
            ("GET", "/v1/orders/x/events/1", None),
            ("GET", "/", None),
        ] {
            let method: Method = method.parse().unwrap();
            let expected = match expected {
                Some((operation, target)) => Route::Call(operation, target.into()),
                None => Route::Unknown,
            };
            assert_eq!(find(&method, path, false), expected, "{method} {path}");
        }
    }

    #[test]
    fn another_method_names_the_ones_that_are_allowed() {
        for (path, allowed) in [
            ("/v1/orders", "GET, HEAD, POST, OPTIONS"),
            ("/v1/orders/x", "GET, HEAD, OPTIONS"),
            ("/v1/orders/x:hold", "POST, OPTIONS"),
        ] {
            let Route::OtherMethods(operations) = find(&Method::DELETE, path, false) else {
                panic!("{path} has no DELETE");
            };
            assert_eq!(allow(operations), allowed);
        }
    }

    #[test]
    fn a_listener_for_probes_knows_probes_alone() {
        assert_eq!(
            find(&Method::GET, "/livez", true),
            Route::Call(Operation::Livez, "".into())
        );
        for path in ["/v1/orders", "/docs", "/openapi.json", "/v1/orders/x"] {
            assert_eq!(find(&Method::GET, path, true), Route::Unknown, "{path}");
        }
    }
}
