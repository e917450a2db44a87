//! A call as the methods see it.

use crate::context::{Context, RequestId};
use crate::visitor::Visitor;
use order_core::app::AllowedAge;
use order_core::domain::{Cause, Violations};
use order_core::ports::{Caller, Everybody, Standing};
use std::sync::Arc;
use tokio::time::Instant;
use tonic::{Request, Response};

/// A call without its message.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// Its id and trace.
    pub(crate) context: Context,
    /// When the caller stops waiting; a stream ends by then.
    pub(crate) deadline: Option<Instant>,
    /// Who calls.
    pub(crate) visitor: Visitor,
    /// How old the answer may be, or what is wrong with what was said of it; `None`: nothing was said.
    pub(crate) age: Option<Box<Result<AllowedAge, Violations>>>,
}

impl Call {
    /// The call that the edge has put beside this message.
    pub(crate) fn take<T>(request: Request<T>) -> (Call, T) {
        let (_, mut extensions, message) = request.into_parts();
        let call = extensions.remove::<Call>().unwrap_or_else(Call::unknown);
        (call, message)
    }

    /// Stands in for what the edge did not say.
    fn unknown() -> Call {
        let standing = Standing::new(Caller::Anonymous, None, Arc::new(Everybody));
        Call {
            context: Context {
                request_id: RequestId::Given(http::HeaderValue::from_static("-")),
                traceparent: None,
            },
            deadline: None,
            visitor: Visitor {
                standing: Arc::new(standing),
                drain: None,
            },
            age: None,
        }
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
    pub(crate) fn allowed_age(&self, wrong: &mut Violations) -> AllowedAge {
        match self.age.as_deref() {
            None => AllowedAge::default(),
            Some(Ok(allowed)) => *allowed,
            Some(Err(more)) => {
                wrong.merge(more.clone());
                AllowedAge::default()
            }
        }
    }
}

/// An answer, marked if it repeats the first one.
pub(crate) fn replayed<T>(message: T, replayed: bool) -> Response<T> {
    let mut response = Response::new(message);
    if replayed {
        let yes = tonic::metadata::MetadataValue::from_static("true");
        response.metadata_mut().insert("idempotency-replayed", yes);
    }
    response
}
