//! What every call has: its id, its deadline, its span and metrics, and details in every error.

use crate::call::Call;
use crate::context::{Context, REQUEST_ID, RequestIds, timeout};
use crate::error::{Problem, Reason};
use crate::method::Method;
use crate::services::Services;
use crate::{Config, Metrics, Visitor, age, limits, metrics};
use bytes::Bytes;
use http::header::{ALLOW, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use observe::Active;
use order_core::app::{AllowedAge, Orders};
use order_core::domain::Violations;
use order_core::ports::{Caller, Callers, Everybody, HealthSource, RateLimiter, Standing};
use planes::Drain;
use std::any::Any;
use std::future::poll_fn;
use std::net::IpAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;
use tokio::time::{Instant, sleep};
use tonic::body::Body;
use tonic::codegen::StdError;
use tonic::{Code, Status};
use tracing::field::Empty;

/// gRPC over an application: the order service, health and reflection. Cheap to clone.
#[derive(Clone)]
pub struct GrpcEdge {
    inner: Arc<Inner>,
    callers: Arc<dyn Callers>,
}

struct Inner {
    config: Config,
    metrics: Metrics,
    request_ids: RequestIds,
    services: Services,
    /// `None`: everybody may call as often as they like.
    limiter: Option<Arc<dyn RateLimiter>>,
}

impl GrpcEdge {
    /// Every service.
    pub fn new(
        config: Config,
        orders: Orders,
        health: Arc<dyn HealthSource>,
        metrics: Metrics,
    ) -> GrpcEdge {
        GrpcEdge::of(config, orders, health, metrics, None)
    }

    /// The same, each caller held to the limiter's rate; health apart.
    pub fn limited(
        config: Config,
        orders: Orders,
        health: Arc<dyn HealthSource>,
        metrics: Metrics,
        limiter: Arc<dyn RateLimiter>,
    ) -> GrpcEdge {
        GrpcEdge::of(config, orders, health, metrics, Some(limiter))
    }

    fn of(
        config: Config,
        orders: Orders,
        health: Arc<dyn HealthSource>,
        metrics: Metrics,
        limiter: Option<Arc<dyn RateLimiter>>,
    ) -> GrpcEdge {
        let services = Services::new(&config, orders, health, &metrics);
        GrpcEdge {
            inner: Arc::new(Inner {
                config,
                metrics,
                request_ids: RequestIds::new(),
                services,
                limiter,
            }),
            callers: Arc::new(Everybody),
        }
    }

    /// The same, each caller held to what `callers` let it do. Without them everybody may call everything.
    #[must_use]
    pub fn knowing(self, callers: Arc<dyn Callers>) -> GrpcEdge {
        GrpcEdge { callers, ..self }
    }

    /// Its bounds.
    pub(crate) fn config(&self) -> &Config {
        &self.inner.config
    }

    /// Whoever calls over a connection from `peer`. `drain` ends its streams when the service stops.
    pub fn visitor(&self, caller: Caller, peer: IpAddr, drain: Option<Drain>) -> Visitor {
        let standing = Standing::new(caller, Some(peer), Arc::clone(&self.callers));
        Visitor {
            standing: Arc::new(standing),
            drain,
        }
    }

    /// Answers a call, whatever it is: every problem, a panic too, becomes a status.
    pub async fn answer_to<B>(&self, visitor: &Visitor, request: Request<B>) -> Response<Body>
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<StdError> + Send,
    {
        let started = Instant::now();
        let inner = &*self.inner;
        if let Some(refusal) = not_grpc(&request) {
            return refusal;
        }
        let method = Method::of(request.uri().path());
        let mut context = Context::of(request.headers(), &inner.request_ids);
        let span = tracing::debug_span!(
            "call",
            otel.kind = "server",
            otel.name = method.name(),
            otel.status_code = Empty,
            error.type = Empty,
            rpc.system.name = "grpc",
            rpc.method = method.name(),
            rpc.response.status_code = Empty,
            traceparent = context.traceparent.as_deref(),
            request_id = context.request_id(),
            trace_id = context.trace_id(),
        );
        context.go_on_by(&span);
        let asked = timeout(request.headers());
        let call = Call {
            deadline: asked.ok().flatten().map(|asked| after(started, asked)),
            context,
            visitor: visitor.clone(),
            age: allowed_age(method, request.headers()),
        };
        let _active = Active::new(&inner.metrics.active_requests);
        // Pinned where it stands: a call's future is large, and each wrapper would move it once more.
        let mut answered = pin!(inner.run(method, request, &call, asked));
        let outcome = poll_fn(|context| {
            let _entered = span.enter();
            match catch_unwind(AssertUnwindSafe(|| answered.as_mut().poll(context))) {
                Ok(polled) => polled,
                Err(panic) => Poll::Ready(Err(Problem::internal(words_of(&*panic)))),
            }
        })
        .await;
        let mut response = match outcome {
            Ok(response) => inner.detailed(response, &call),
            Err(problem) => problem.into_status(&call).into_http(),
        };
        let status = response.extensions().get::<Status>();
        let code = status.map_or(Code::Ok, Status::code);
        let traceparent = call.context.traceparent.as_deref();
        let took = started.elapsed();
        inner.metrics.answered(method, code, took, traceparent);
        let code_name = metrics::name_of(code);
        span.record("rpc.response.status_code", code_name);
        if matches!(code, Code::Internal | Code::Unknown | Code::Unavailable) {
            span.record("otel.status_code", "ERROR");
            span.record("error.type", code_name);
        }
        if code != Code::Ok || call.context.request_id.is_given() {
            let id = call.context.request_id.header();
            response.headers_mut().insert(REQUEST_ID, id);
        }
        response
    }
}

impl Inner {
    /// Runs the method until it answers or the call's time is over. A change that was handed to the
    /// store by then goes on.
    async fn run<B>(
        &self,
        method: Method,
        request: Request<B>,
        call: &Call,
        asked: Result<Option<Duration>, ()>,
    ) -> Result<Response<Body>, Problem>
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<StdError> + Send,
    {
        let Ok(asked) = asked else {
            return Err(Problem::invalid(Violations::one(
                "grpc-timeout",
                "must be 1 to 8 digits and one of H, M, S, m, u, n",
            )));
        };
        // First: who may not call this costs neither a look at the quota nor a message.
        call.visitor.standing.check(method.access())?;
        if let Some(limiter) = &self.limiter {
            // Apart and boxed, so that a call without limits does not carry its size around.
            Box::pin(limits::take(&**limiter, method, &call.visitor)).await?;
        }
        let ours = self.config.request_timeout;
        let patience = asked.map_or(ours, |asked| asked.min(ours));
        let mut running = pin!(self.services.call(method, request, call));
        let mut limit = pin!(sleep(patience));
        poll_fn(|context| {
            if let Poll::Ready(answered) = running.as_mut().poll(context) {
                return Poll::Ready(answered);
            }
            limit.as_mut().poll(context).map(|()| {
                Err(if asked == Some(patience) {
                    Problem::deadline_exceeded()
                } else {
                    Problem::timeout(ours)
                })
            })
        })
        .await
    }

    /// The answer, with details where the library refused the message before a method saw it.
    fn detailed(&self, response: Response<Body>, call: &Call) -> Response<Body> {
        let refused = response
            .extensions()
            .get::<Status>()
            .filter(|status| status.details().is_empty());
        match refused {
            Some(status) => Problem::of_transport(status, self.config.max_message_bytes)
                .into_status(call)
                .into_http(),
            None => response,
        }
    }
}

/// What the metadata says of age, where the method gives answers that may be old.
fn allowed_age(method: Method, headers: &HeaderMap) -> Option<Box<Result<AllowedAge, Violations>>> {
    if !matches!(
        method,
        Method::GetOrder | Method::ListOrders | Method::ListOrderEvents
    ) {
        return None;
    }
    match age::allowed_age(headers) {
        Ok(allowed) if allowed.is_fresh() => None,
        said => Some(Box::new(said)),
    }
}

/// The time so long after `start`; a time that no clock will see, where it would overflow.
fn after(start: Instant, asked: Duration) -> Instant {
    /// A year: as good as never for one call.
    const LONGEST: Duration = Duration::from_hours(365 * 24);
    start + asked.min(LONGEST)
}

/// The answer to a request that is none of gRPC (gRPC over HTTP/2, "Requests").
fn not_grpc<B>(request: &Request<B>) -> Option<Response<Body>> {
    let mut response = Response::new(Body::empty());
    if request.method() != http::Method::POST {
        *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
        response
            .headers_mut()
            .insert(ALLOW, HeaderValue::from_static("POST"));
        return Some(response);
    }
    let media = request
        .headers()
        .get(CONTENT_TYPE)
        .map(HeaderValue::as_bytes);
    let media = media.unwrap_or_default();
    let plain = media
        .strip_prefix(b"application/grpc")
        .is_some_and(|rest| matches!(rest.first(), None | Some(b'+' | b';')));
    if plain {
        return None;
    }
    *response.status_mut() = StatusCode::UNSUPPORTED_MEDIA_TYPE;
    Some(response)
}

fn words_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("a method panicked: {}", text.unwrap_or("it gave no reason"))
}

/// A path that names no method of any service here.
pub(crate) fn no_such_method() -> Problem {
    Problem::new(
        Reason::Unimplemented,
        "there is no such method; server reflection names what there is",
    )
}

impl std::fmt::Debug for GrpcEdge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("GrpcEdge")
    }
}
