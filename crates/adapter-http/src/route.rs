//! What a request means, once its path is known: a call, or what to say instead.

use crate::operation::Operation;
use http::Method;

/// What a request means.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Route {
    /// This call, with the part of the path that names an order or a file; empty without one.
    Call(Operation, String),
    /// The path is known; these calls stand under it.
    OtherMethods(&'static [Operation]),
    /// No such path.
    Unknown,
}

/// The call of this method among those under a path.
pub(crate) fn choose(method: &Method, operations: &'static [Operation], target: String) -> Route {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_method_names_the_ones_that_are_allowed() {
        for (operations, allowed) in [
            (
                &[Operation::List, Operation::Place] as &'static [Operation],
                "GET, HEAD, POST, OPTIONS",
            ),
            (&[Operation::Get], "GET, HEAD, OPTIONS"),
            (&[Operation::Hold], "POST, OPTIONS"),
        ] {
            assert_eq!(
                choose(&Method::DELETE, operations, String::new()),
                Route::OtherMethods(operations)
            );
            assert_eq!(allow(operations), allowed);
        }
        let head = choose(&Method::HEAD, &[Operation::Get], "x".to_owned());
        assert_eq!(head, Route::Call(Operation::Get, "x".to_owned()));
    }
}
