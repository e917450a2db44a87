//! Who may ask for what: by the certificate of the connection, or by a token.

use crate::error;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, header};
use axum::middleware::Next;
use axum::response::Response;
use order_core::ports::{Access, Caller, Callers, Role};
use std::sync::Arc;

/// The scheme of `Authorization` that a token comes by (RFC 6750).
const BEARER: &str = "bearer ";

/// Behind this everything that is not said to be open is for administrators: what is added and forgotten
/// in the table is closed, and who may not ask does not learn what there is.
const ACTIONS: &str = "/api/";

/// What stands before every path.
pub(crate) struct Guard {
    known: Vec<(&'static str, Access)>,
    callers: Arc<dyn Callers>,
}

impl Guard {
    pub(crate) fn new(known: Vec<(&'static str, Access)>, callers: Arc<dyn Callers>) -> Guard {
        Guard { known, callers }
    }

    /// What it takes to ask for this path.
    fn access(&self, path: &str) -> Access {
        let known = self.known.iter().find(|(known, _)| is(known, path));
        match known {
            Some((_, access)) => *access,
            None if path.starts_with(ACTIONS) => Access::Needs(Role::Admin),
            None => Access::Open,
        }
    }

    /// What to answer to somebody who lacks the role; `None`: whoever asks has it.
    fn refusal(&self, caller: &Caller, role: Role, head: &HeaderMap) -> Option<Response> {
        if self.callers.roles(caller).has(role) {
            return None;
        }
        match token(head) {
            Some(token) if self.callers.roles_by_token(token).has(role) => None,
            Some(_) => Some(error::wrong_token()),
            None if caller.identity().is_some() => Some(error::permission_denied(caller, role)),
            None => Some(error::unauthenticated()),
        }
    }
}

/// Lets a request pass that has what it takes. Nothing of a body is read before. `serve` puts the caller
/// beside each request.
pub(crate) async fn pass(
    State(guard): State<Arc<Guard>>,
    request: Request,
    next: Next,
) -> Response {
    // Which methods a path allows is no secret.
    let access = guard.access(request.uri().path());
    if let Access::Needs(role) = access
        && request.method() != Method::OPTIONS
    {
        let caller = request.extensions().get().cloned();
        let caller = caller.unwrap_or(Caller::Anonymous);
        if let Some(refusal) = guard.refusal(&caller, role, request.headers()) {
            return refusal;
        }
    }
    next.run(request).await
}

/// Whether `path` is the known one, in which a part in braces stands for any part that is not empty.
fn is(known: &str, path: &str) -> bool {
    let mut parts = path.split('/');
    let same = known.split('/').all(|known| match parts.next() {
        Some(part) if known.starts_with('{') => !part.is_empty(),
        part => part == Some(known),
    });
    same && parts.next().is_none()
}

/// The token that a request bears.
fn token(head: &HeaderMap) -> Option<&[u8]> {
    let mut all = head.get_all(header::AUTHORIZATION).iter();
    let value = all.next().filter(|_| all.next().is_none())?.as_bytes();
    let (scheme, token) = value.split_at_checked(BEARER.len())?;
    scheme
        .eq_ignore_ascii_case(BEARER.as_bytes())
        .then(|| token.trim_ascii())
}

#[cfg(test)]
mod tests {
    use super::is;

    #[test]
    fn a_part_in_braces_is_any_one_part() {
        let known = "/api/peers/{pod}/status";
        assert!(is(known, "/api/peers/order-service-b/status"));
        for other in [
            "/api/peers//status",
            "/api/peers/a/b/status",
            "/api/peers/a/status/",
            "/api/peers/a",
            "/api/peers/a/statuses",
        ] {
            assert!(!is(known, other), "{other}");
        }
        assert!(is("/", "/") && !is("/", "/page"));
    }
}
