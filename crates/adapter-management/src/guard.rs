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

/// By which a browser says where a request begins (Fetch Metadata, section 2.3).
const FETCH_SITE: &str = "sec-fetch-site";

/// The address that a request comes from.
#[derive(Clone, Debug)]
pub(crate) struct Peer(pub(crate) Arc<str>);

/// Who has passed, for the log of what was done.
#[derive(Clone, Debug)]
pub(crate) struct Administrator(pub(crate) String);

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

    /// Who asks, if it has the role, or what to answer to somebody who lacks it.
    #[expect(
        clippy::result_large_err,
        reason = "the answer is on its way out; it is made once a request"
    )]
    fn admit(
        &self,
        caller: &Caller,
        role: Role,
        head: &HeaderMap,
    ) -> Result<Administrator, Response> {
        if self.callers.roles(caller).has(role) {
            return Ok(Administrator(caller.to_string()));
        }
        match token(head) {
            Some(token) if self.callers.roles_by_token(token).has(role) => {
                let bearer = "the bearer of the token in ADMIN_TOKEN_FILE";
                Ok(Administrator(bearer.to_owned()))
            }
            Some(_) => Err(error::wrong_token()),
            None if caller.identity().is_some() => Err(error::permission_denied(caller, role)),
            None => Err(error::unauthenticated()),
        }
    }
}

/// Lets a request pass that has what it takes. Nothing of a body is read before. `serve` puts the caller
/// beside each request.
pub(crate) async fn pass(
    State(guard): State<Arc<Guard>>,
    mut request: Request,
    next: Next,
) -> Response {
    // Which methods a path allows is no secret.
    let access = guard.access(request.uri().path());
    if let Access::Needs(role) = access
        && request.method() != Method::OPTIONS
    {
        let caller = request.extensions().get().cloned();
        let caller = caller.unwrap_or(Caller::Anonymous);
        match guard.admit(&caller, role, request.headers()) {
            Ok(who) => _ = request.extensions_mut().insert(who),
            Err(refusal) => return refusal,
        }
    }
    if !request.method().is_safe() && is_from_elsewhere(request.headers()) {
        return error::cross_site();
    }
    next.run(request).await
}

/// Whether a browser sends this for a page of another site. It would show the client's certificate for
/// any page, so a page of somebody else could act by it. Whoever is no browser does not say.
fn is_from_elsewhere(head: &HeaderMap) -> bool {
    let mut sites = head.get_all(FETCH_SITE).iter();
    sites.any(|site| !matches!(site.as_bytes(), b"same-origin" | b"none"))
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
