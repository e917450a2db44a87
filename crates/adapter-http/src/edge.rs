//! What every request has: its id, its deadline, its span and metrics, and one place where a problem
//! becomes an answer.

use crate::answer::{self, Answer};
use crate::call::Call;
use crate::context::{Context, REQUEST_ID, RequestIds};
use crate::error::{Code, Problem};
use crate::limits::Limits;
use crate::operation::Operation;
use crate::route::{Route, allow};
use crate::visitor::Visitor;
use crate::watch::Watchers;
use crate::{Config, Metrics};
use crate::{
    amend, batch_place, body, cancel, changes, docs, get, history, hold, limits, list, media,
    place, probes, record_fact, release, watch,
};
use axum::body::Body;
use bytes::Bytes;
use futures_util::FutureExt;
use http::header::CONTENT_LENGTH;
use http::request::Parts;
use http::{HeaderValue, Method, Request, Response};
use http_body::Body as _;
use observe::Active;
use order_core::app::Orders;
use order_core::ports::{HealthSource, RateLimiter};
use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tracing::Instrument;
use tracing::field::Empty;

/// What every request is answered with.
pub(crate) struct Inner {
    config: Config,
    /// `None` on a listener for probes alone.
    orders: Option<Orders>,
    health: Arc<dyn HealthSource>,
    metrics: Metrics,
    request_ids: RequestIds,
    watch_room: Arc<Semaphore>,
    /// `None`: everybody may call as often as they like.
    limits: Option<Limits>,
}

impl Inner {
    /// What answers with these; the probes alone without an application.
    pub(crate) fn new(
        config: Config,
        orders: Option<Orders>,
        health: Arc<dyn HealthSource>,
        metrics: Metrics,
    ) -> Inner {
        let room = config.max_watch_streams.min(Semaphore::MAX_PERMITS);
        Inner {
            config,
            orders,
            health,
            metrics,
            request_ids: RequestIds::new(),
            watch_room: Arc::new(Semaphore::new(room)),
            limits: None,
        }
    }

    /// The same, each caller held to a rate.
    pub(crate) fn limited_by(mut self, limiter: Arc<dyn RateLimiter>) -> Inner {
        self.limits = Some(Limits::new(limiter));
        self
    }

    /// Its bounds.
    pub(crate) fn config(&self) -> &Config {
        &self.config
    }

    /// Whether it has no application.
    pub(crate) fn serves_probes_alone(&self) -> bool {
        self.orders.is_none()
    }

    /// Answers a request whose route is known.
    pub(crate) async fn answer(&self, route: Route, request: Request<Body>) -> Response<Body> {
        let started = Instant::now();
        let (mut parts, body) = request.into_parts();
        let visitor = parts.extensions.remove::<Visitor>();
        let mut context = Context::of(&parts.headers, &self.request_ids);
        let operation = match &route {
            Route::Call(operation, _) => *operation,
            _ => Operation::Unmatched,
        };
        let _active = Active::new(&self.metrics.active_requests);
        let span = tracing::debug_span!(
            "request",
            otel.kind = "server",
            otel.name = %format_args!("{} {}", parts.method, operation.route()),
            otel.status_code = Empty,
            error.type = Empty,
            http.request.method = %parts.method,
            http.route = operation.route(),
            http.response.status_code = Empty,
            url.path = parts.uri.path(),
            traceparent = context.traceparent.as_deref(),
            request_id = context.request_id(),
            trace_id = context.trace_id(),
        );
        context.go_on_by(&span);
        // Probes are never limited: a busy caller is no reason to restart the pod.
        let limits = self.limits.as_ref().filter(|_| !operation.is_probe());
        let limited = async {
            let Some(visitor) = &visitor else {
                return (None, Err(Problem::internal("a request without a visitor")));
            };
            // First: who may not do this costs neither a look at the quota nor a body.
            if let Err(denied) = visitor.standing.check(operation.access()) {
                return (None, Err(denied.into()));
            }
            let told = match limits {
                Some(limits) => Some((limits, limits.take(visitor).await)),
                None => None,
            };
            let answered = match told {
                Some((_, decision)) if !decision.allowed => Err(limits::refusal(decision)),
                _ => self.route(&parts, route, visitor, &context, body).await,
            };
            (told, answered)
        };
        let outcome = AssertUnwindSafe(limited)
            .catch_unwind()
            .instrument(span.clone())
            .await;
        let (told, outcome) =
            outcome.unwrap_or_else(|panic| (None, Err(Problem::internal(words_of(&*panic)))));
        let mut answer = outcome.unwrap_or_else(|problem| problem.into_response(&context));
        if let Some((limits, decision)) = told {
            limits.tell(decision, &mut answer);
        }
        if parts.method == Method::HEAD {
            without_body(&mut answer);
        }
        let (status, took) = (answer.status().as_u16(), started.elapsed());
        let traceparent = context.traceparent.as_deref();
        self.metrics.answered(operation, status, took, traceparent);
        span.record("http.response.status_code", i64::from(status));
        if status >= 500 {
            span.record("otel.status_code", "ERROR");
            span.record("error.type", tracing::field::display(status));
        }
        span.in_scope(|| tracing::debug!(status, ?took, "answered"));
        answer.headers_mut().insert(REQUEST_ID, context.request_id);
        answer
    }

    async fn route(
        &self,
        parts: &Parts,
        route: Route,
        visitor: &Visitor,
        context: &Context,
        body: Body,
    ) -> Result<Answer, Problem> {
        let (operation, target) = match route {
            Route::Call(operation, target) => (operation, target),
            Route::OtherMethods(operations) if parts.method == Method::OPTIONS => {
                return Ok(answer::options(allow(operations)));
            }
            Route::OtherMethods(operations) => {
                return Err(Problem::method_not_allowed(allow(operations)));
            }
            Route::Unknown => return Err(Problem::no_such_path()),
        };
        media::check_accept(&parts.headers, operation)?;
        let bytes = if operation.takes_body() {
            media::content_type(&parts.headers, operation)?;
            let config = &self.config;
            body::read(
                &parts.headers,
                body,
                config.max_body_bytes,
                config.body_read_timeout,
            )
            .await?
        } else {
            Bytes::new()
        };
        let call = Call {
            headers: &parts.headers,
            query: parts.uri.query().unwrap_or_default(),
            target: &target,
            context,
            visitor,
        };
        let deadline = self.config.request_timeout;
        let outcome = tokio::time::timeout(deadline, self.run(operation, &call, bytes)).await;
        outcome.unwrap_or_else(|_| {
            let detail = format!(
                "no answer within {} ms; a change may have been made or not: repeat the request with the \
                 same idempotency key",
                deadline.as_millis()
            );
            Err(Problem::new(Code::Timeout, detail))
        })
    }

    async fn run(
        &self,
        operation: Operation,
        call: &Call<'_>,
        body: Bytes,
    ) -> Result<Answer, Problem> {
        match operation {
            Operation::Livez => return Ok(probes::livez()),
            Operation::Readyz => return Ok(probes::readyz(call, &*self.health)),
            Operation::Health => return Ok(probes::health(&*self.health)),
            Operation::OpenApi => return Ok(docs::openapi_json()),
            Operation::Docs => return docs::docs(),
            Operation::DocsFile => return docs::docs_file(call.target),
            _ => {}
        }
        let Some(orders) = &self.orders else {
            return Err(Problem::no_such_path());
        };
        match operation {
            Operation::Place => place::place(orders, call, body).await,
            Operation::BatchPlace => batch_place::batch_place(orders, call, body).await,
            Operation::List => list::list(orders, call).await,
            Operation::Watch => watch::watch(orders, call, self.watchers()).await,
            Operation::Get => get::get(orders, call).await,
            Operation::Cancel => cancel::cancel(orders, call, body).await,
            Operation::Amend => amend::amend(orders, call, body).await,
            Operation::Hold => hold::hold(orders, call, body).await,
            Operation::Release => release::release(orders, call, body).await,
            Operation::History => history::history(orders, call).await,
            Operation::RecordFact => record_fact::record_fact(orders, call, body).await,
            Operation::Changes => changes::changes(orders, call).await,
            _ => Err(Problem::no_such_path()),
        }
    }

    fn watchers(&self) -> Watchers<'_> {
        Watchers {
            room: &self.watch_room,
            keep_alive: self.config.watch_keep_alive,
            metrics: &self.metrics,
        }
    }
}

/// HEAD is GET without the body, its length told all the same (RFC 9110 section 9.3.2).
fn without_body(answer: &mut Answer) {
    if let Some(length) = answer.body().size_hint().exact() {
        answer
            .headers_mut()
            .insert(CONTENT_LENGTH, HeaderValue::from(length));
    }
    *answer.body_mut() = Body::empty();
}

fn words_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!(
        "a handler panicked: {}",
        text.unwrap_or("it gave no reason")
    )
}
