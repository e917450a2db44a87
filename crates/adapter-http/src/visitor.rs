//! Who is at the other end of a connection: made once for it, and shared by all of its requests.

use order_core::ports::{Access, Caller, Callers, Denied, Standing, caller_at};
use planes::Drain;
use std::net::IpAddr;
use std::sync::Arc;

/// Whoever asks over a connection. Clones are one.
#[derive(Clone, Debug)]
pub struct Visitor(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    standing: Standing,
    quota: String,
    drain: Option<Drain>,
}

impl Visitor {
    /// Whom `callers` know as `caller`, coming from `peer`; `None`: from nowhere that is known.
    pub(crate) fn new(
        caller: Caller,
        peer: Option<IpAddr>,
        callers: Arc<dyn Callers>,
        drain: Option<Drain>,
    ) -> Visitor {
        // A name goes with its bearer; an address is all there is of the others.
        let quota = match (caller.identity(), peer) {
            (Some(identity), _) => identity.to_owned(),
            (None, Some(peer)) => caller_at(peer),
            (None, None) => "unknown".to_owned(),
        };
        Visitor(Arc::new(Inner {
            standing: Standing::new(caller, callers),
            quota,
            drain,
        }))
    }

    /// The name that an authority has vouched for.
    pub(crate) fn identity(&self) -> Option<&str> {
        self.0.standing.caller().identity()
    }

    /// Whether the visitor has what it takes, as of now.
    pub(crate) fn check(&self, access: Access) -> Result<(), Denied> {
        self.0.standing.check(access)
    }

    /// Whose quota its calls are taken from.
    pub(crate) fn quota(&self) -> &str {
        &self.0.quota
    }

    /// Tells a stream when to end; `None` where nobody drains (a test that calls the edge itself).
    pub(crate) fn drain(&self) -> Option<&Drain> {
        self.0.drain.as_ref()
    }
}
