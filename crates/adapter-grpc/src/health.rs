//! The standard health service (grpc.health.v1), as fresh as what the probes of REST show.

use crate::call::Call;
use crate::error::{Problem, Reason};
use crate::watch::{Here, Room, drained, passed};
use futures_util::stream::{BoxStream, StreamExt, unfold};
use order_core::ports::HealthSource;
use order_proto::v1::order_service_server::SERVICE_NAME;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;
use tonic::{Request, Response, Status};
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse, health_server};

/// Answers from the port at each question.
pub(crate) struct Health {
    source: Arc<dyn HealthSource>,
    room: Room,
    interval: Duration,
}

impl Health {
    pub(crate) fn new(source: Arc<dyn HealthSource>, room: Room, interval: Duration) -> Health {
        Health {
            source,
            room,
            interval,
        }
    }
}

#[tonic::async_trait]
impl health_server::Health for Health {
    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        let (call, message) = Call::take(request);
        match status_of(&*self.source, &message.service) {
            ServingStatus::ServiceUnknown => {
                let detail = format!("there is no service of this name; {SERVICE_NAME} is one");
                Err(Problem::new(Reason::NotFound, detail).into_status(&call))
            }
            status => Ok(Response::new(answer(status))),
        }
    }

    type WatchStream = BoxStream<'static, Result<HealthCheckResponse, Status>>;

    async fn watch(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        let (call, message) = Call::take(request);
        let here = self.room.enter();
        let watcher = Watcher {
            source: Arc::clone(&self.source),
            service: message.service,
            told: None,
            ended: false,
            interval: self.interval,
            _here: here.map_err(|problem| problem.into_status(&call))?,
            call,
        };
        Ok(Response::new(unfold(watcher, Watcher::next).boxed()))
    }
}

/// The whole server has the empty name (the protocol's own rule).
fn status_of(source: &dyn HealthSource, service: &str) -> ServingStatus {
    if !service.is_empty() && service != SERVICE_NAME {
        ServingStatus::ServiceUnknown
    } else if source.report().ready {
        ServingStatus::Serving
    } else {
        ServingStatus::NotServing
    }
}

fn answer(status: ServingStatus) -> HealthCheckResponse {
    HealthCheckResponse {
        status: status.into(),
    }
}

struct Watcher {
    source: Arc<dyn HealthSource>,
    service: String,
    told: Option<ServingStatus>,
    ended: bool,
    interval: Duration,
    call: Call,
    _here: Here,
}

impl Watcher {
    /// The status when it has changed, or why the stream ends; `None` after that.
    async fn next(mut self) -> Option<(Result<HealthCheckResponse, Status>, Watcher)> {
        if self.ended {
            return None;
        }
        loop {
            let status = status_of(&*self.source, &self.service);
            if self.told != Some(status) {
                self.told = Some(status);
                return Some((Ok(answer(status)), self));
            }
            let problem = tokio::select! {
                () = sleep(self.interval) => continue,
                () = drained(self.call.visitor.drain.as_ref()) => Problem::draining(),
                () = passed(self.call.deadline) => Problem::deadline_exceeded(),
            };
            self.ended = true;
            return Some((Err(problem.into_status(&self.call)), self));
        }
    }
}
