//! Who is at the other end of a connection: made once for it, and shared by all of its requests.

use order_core::ports::Standing;
use planes::Drain;
use std::sync::Arc;

/// Whoever asks over a connection. Clones are one.
#[derive(Clone, Debug)]
pub struct Visitor {
    pub(crate) standing: Arc<Standing>,
    /// Tells a stream when to end; `None` where nobody drains (a test that calls the edge itself).
    pub(crate) drain: Option<Drain>,
}
