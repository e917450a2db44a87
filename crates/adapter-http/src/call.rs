//! A request as the calls see it: its head parsed as far as every call needs it.

use crate::cache_control::allowed_age;
use crate::context::Context;
use crate::error::Problem;
use crate::visitor::Visitor;
use http::{HeaderMap, HeaderName, HeaderValue};
use order_core::app::AllowedAge;
use order_core::domain::{Cause, OrderId, Violations};

/// A request without its body.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    /// Its headers.
    pub(crate) headers: &'a HeaderMap,
    /// Its query as it was written; empty without one.
    pub(crate) query: &'a str,
    /// The part of its path that names an order or a file.
    pub(crate) target: &'a str,
    /// Its id and trace.
    pub(crate) context: &'a Context,
    /// Who asks.
    pub(crate) visitor: &'a Visitor,
}

impl Call<'_> {
    /// The order that the path names.
    pub(crate) fn order_id(&self) -> Result<OrderId, Problem> {
        self.target
            .parse()
            .map_err(|error: order_core::domain::InvalidOrderId| {
                Problem::invalid(Violations::one("order_id", error.to_string()))
            })
    }

    /// Who asks, under this idempotency key.
    pub(crate) fn cause(&self, key: Option<&str>) -> Cause {
        Cause {
            caller: self.visitor.standing.caller().identity().map(str::to_owned),
            source: None,
            id: key.map(str::to_owned),
            traceparent: self.context.traceparent.clone(),
        }
    }

    /// How old the answer may be.
    pub(crate) fn allowed_age(&self) -> AllowedAge {
        allowed_age(self.headers)
    }
}

/// The value of a header that stands there once.
pub(crate) fn single<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h HeaderValue> {
    let mut all = headers.get_all(name).iter();
    let first = all.next()?;
    all.next().is_none().then_some(first)
}
