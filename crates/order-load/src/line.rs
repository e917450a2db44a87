//! A caller's line to the service: what every protocol has in common.
//!
//! Both clients are written for what they cost: the driver shares the machine with the service and
//! its database, so that each microsecond here is one that they do not have.

pub mod grpc;
pub mod rest;

use std::time::Duration;

use bytes::Bytes;
use tokio::net::TcpStream;

use crate::LoadError;
use crate::target::Target;

/// The pause before a broken connection is made anew, so that a service that is gone is not hammered.
const RECONNECT_PAUSE: Duration = Duration::from_millis(100);

/// One caller's way to the service, with one call at a time.
pub trait Line: Sized + Send + 'static {
    /// A call, ready to be sent.
    type Call: Send;

    /// Lines for so many callers of one connection, where the protocol lets them share it.
    fn open(
        target: &Target,
        callers: usize,
    ) -> impl Future<Output = Result<Vec<Self>, LoadError>> + Send;

    /// Sends a call and reads the whole answer.
    fn call(&mut self, call: Self::Call) -> impl Future<Output = Result<Answer, LoadError>> + Send;

    /// After an error: pauses, then connects again. Where that fails the next call fails, too.
    fn reopen(&mut self) -> impl Future<Output = Result<(), LoadError>> + Send;
}

/// What the service said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// What was asked for: the body, or the message without its frame.
    Done(Bytes),
    /// Anything else.
    Refused {
        /// The HTTP status, or gRPC's code by name.
        code: String,
        /// In the service's words.
        reason: String,
    },
}

/// A TCP connection by the unbound data plane.
async fn connect(target: &Target) -> Result<TcpStream, LoadError> {
    let plane = planes::Plane::unbound(planes::PlaneKind::Data);
    let options = planes::ConnectOptions::default();
    Ok(planes::connect(&plane, target.address, options).await?)
}
