//! A request's body that ends when the service stops: whoever reads it then sees the caller's last
//! message and finishes by itself.

use http_body::{Body, Frame};
use planes::Drain;
use std::pin::Pin;
use std::task::{Context, Poll};

/// A body and the sign that ends it.
pub(crate) struct UntilDrain<B> {
    body: Pin<Box<B>>,
    drain: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

impl<B> UntilDrain<B> {
    /// `body`, until `drain` starts; without a drain, all of it.
    pub(crate) fn new(body: B, drain: Option<Drain>) -> UntilDrain<B> {
        UntilDrain {
            body: Box::pin(body),
            drain: drain.map(|drain| Box::pin(drain.started()) as _),
        }
    }
}

impl<B: Body> Body for UntilDrain<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        if let Poll::Ready(frame) = self.body.as_mut().poll_frame(context) {
            return Poll::Ready(frame);
        }
        let drain = self.drain.as_mut();
        match drain.map(|drain| drain.as_mut().poll(context)) {
            Some(Poll::Ready(())) => {
                self.drain = Some(Box::pin(std::future::ready(())));
                Poll::Ready(None)
            }
            _ => Poll::Pending,
        }
    }
}
