//! Every call that the edge knows: its method, its path, and what it takes and gives.

use http::Method;
use order_core::ports::{Access, Role};

/// A call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// Place an order.
    Place,
    /// Place many.
    BatchPlace,
    /// List orders.
    List,
    /// Follow events as they happen.
    Watch,
    /// Read an order.
    Get,
    /// Cancel an order or units of its lines.
    Cancel,
    /// Change what may still change.
    Amend,
    /// Put a hold on an order.
    Hold,
    /// Release a hold.
    Release,
    /// Read an order's history.
    History,
    /// Record a fact.
    RecordFact,
    /// Read the feed.
    Changes,
    /// The contract.
    OpenApi,
    /// The page to try it.
    Docs,
    /// A file of that page.
    DocsFile,
    /// Whether the process lives.
    Livez,
    /// Whether traffic should come.
    Readyz,
    /// The same with all details.
    Health,
    /// No call of ours: for metrics and logs alone.
    Unmatched,
}

use Operation::{
    Amend, BatchPlace, Cancel, Changes, Docs, DocsFile, Get, Health, History, Hold, List, Livez,
    OpenApi, Place, Readyz, RecordFact, Release, Unmatched, Watch,
};

/// What a call answers with where all is well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Produces {
    /// JSON: the caller must accept it.
    Json,
    /// Server-Sent Events: the caller must accept them.
    Events,
    /// A page or a probe's text, whatever the caller accepts.
    Anything,
}

impl Operation {
    /// Every call, in the order in which metrics count them.
    pub const ALL: [Operation; 19] = [
        Place, BatchPlace, List, Watch, Get, Cancel, Amend, Hold, Release, History, RecordFact,
        Changes, OpenApi, Docs, DocsFile, Livez, Readyz, Health, Unmatched,
    ];

    /// The path with the names of its parts; `unmatched` for none.
    pub const fn route(self) -> &'static str {
        match self {
            Place | List => "/v1/orders",
            BatchPlace => "/v1/orders:batchPlace",
            Watch => "/v1/orders:watch",
            Get => "/v1/orders/{order_id}",
            Cancel => "/v1/orders/{order_id}:cancel",
            Amend => "/v1/orders/{order_id}:amend",
            Hold => "/v1/orders/{order_id}:hold",
            Release => "/v1/orders/{order_id}:release",
            History => "/v1/orders/{order_id}/events",
            RecordFact => "/v1/facts",
            Changes => "/v1/changes",
            OpenApi => "/openapi.json",
            Docs => "/docs",
            DocsFile => "/docs/{file}",
            Livez => "/livez",
            Readyz => "/readyz",
            Health => "/health",
            Unmatched => "unmatched",
        }
    }

    /// Its method. GET stands for HEAD too.
    pub const fn method(self) -> Method {
        if self.takes_body() {
            Method::POST
        } else {
            Method::GET
        }
    }

    /// What it takes to ask for it. Every call stands here by its name: a new one must say.
    pub const fn access(self) -> Access {
        match self {
            List | Watch | Get | History | Changes => Access::Needs(Role::Read),
            Place | BatchPlace => Access::Needs(Role::Place),
            Cancel | Amend | Hold | Release => Access::Needs(Role::Change),
            RecordFact => Access::Needs(Role::Fact),
            OpenApi | Docs | DocsFile | Livez | Readyz | Health | Unmatched => Access::Open,
        }
    }

    /// Whether it takes a body.
    pub(crate) const fn takes_body(self) -> bool {
        matches!(
            self,
            Place | BatchPlace | Cancel | Amend | Hold | Release | RecordFact
        )
    }

    /// The media types that its body may have.
    pub(crate) const fn consumes(self) -> &'static [&'static str] {
        match self {
            RecordFact => &["application/cloudevents+json", "application/json"],
            Amend => &["application/json", "application/merge-patch+json"],
            _ => &["application/json"],
        }
    }

    pub(crate) const fn produces(self) -> Produces {
        match self {
            Watch => Produces::Events,
            OpenApi | Docs | DocsFile | Livez | Readyz | Health | Unmatched => Produces::Anything,
            _ => Produces::Json,
        }
    }

    /// Whether it is a probe: those are served on listeners of their own too.
    pub(crate) const fn is_probe(self) -> bool {
        matches!(self, Livez | Readyz | Health)
    }

    /// Its place in [`Operation::ALL`].
    pub(crate) const fn index(self) -> usize {
        self as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_call_stands_at_its_index() {
        for (index, operation) in Operation::ALL.into_iter().enumerate() {
            assert_eq!(operation.index(), index, "{operation:?}");
        }
    }
}
