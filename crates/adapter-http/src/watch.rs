//! `GET /v1/orders:watch`: events as they happen, as Server-Sent Events.
//!
//! A reader holds nothing but the page that is being written to it: the next one is read when the
//! connection has taken the last one.

use crate::answer::Answer;
use crate::call::{Call, single};
use crate::changes::position;
use crate::error::{Code, Problem};
use crate::metrics::Metrics;
use crate::operation::Operation;
use crate::parameters::{WatchHeaders, WatchParameters};
use crate::query::Query;
use crate::sse;
use crate::visitor::Visitor;
use axum::body::Body;
use bytes::Bytes;
use futures_util::stream::{StreamExt, unfold};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderName, HeaderValue, Response};
use order_core::app::{EventFilter, Orders};
use order_core::domain::{State, Violations};
use order_core::ports::{FeedToken, RecordedEvent};
use planes::Drain;
use prometheus_client::metrics::gauge::Gauge;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep_until};

/// Events that are read at a time.
const PAGE_EVENTS: usize = 32;

/// Bytes after which a chunk is handed to the connection.
const CHUNK_BYTES: usize = 64 * 1_024;

/// What a watcher needs beside the application.
pub(crate) struct Watchers<'a> {
    /// Bounds how many there are.
    pub(crate) room: &'a Arc<Semaphore>,
    /// How often a silent stream sends a sign of life.
    pub(crate) keep_alive: Duration,
    /// Counts them.
    pub(crate) metrics: &'a Metrics,
}

/// Follow events as they happen.
///
/// Server-Sent Events: `id` is the event's position, `event` its type, `data` its JSON on one line.
/// A client that comes back with `Last-Event-ID` misses nothing.
#[utoipa::path(
    get,
    path = "/v1/orders:watch",
    operation_id = "watchOrders",
    tag = "events",
    params(WatchParameters, WatchHeaders),
    responses((status = 200, description = "Events without end", body = String, content_type = "text/event-stream"))
)]
pub(crate) async fn watch(
    orders: &Orders,
    call: &Call<'_>,
    watchers: Watchers<'_>,
) -> Result<Answer, Problem> {
    let mut wrong = Violations::new();
    let query = Query::parse(call.query, &["after", "customer_id", "state"], &mut wrong);
    let filter = EventFilter {
        customer_id: query.text("customer_id").map(str::to_owned),
        state: query.one_of("state", State::ALL, State::as_str, &mut wrong),
    };
    if filter.customer_id.as_deref() == Some("") {
        wrong.add("customer_id", "must not be empty");
    }
    let asked = position(query.text("after"), "after", &mut wrong);
    let asked = last_event_id(call, &mut wrong).or(asked);
    if !wrong.is_empty() {
        return Err(Problem::invalid(wrong));
    }
    let Ok(permit) = Arc::clone(watchers.room).try_acquire_owned() else {
        return Err(Problem::new(
            Code::Overloaded,
            "as many watchers as there may be are here already",
        ));
    };
    let after = match asked {
        Some(after) => after,
        None => orders.feed_head().await?,
    };
    // The first page is read before the answer begins: a position that is gone is a 410.
    let page = orders.changes(after.clone(), PAGE_EVENTS).await?;
    let watcher = Watcher {
        orders: orders.clone(),
        filter,
        position: after,
        page: page.events.into_iter(),
        begun: false,
        keep_alive: watchers.keep_alive,
        next_sign: Instant::now() + watchers.keep_alive,
        visitor: call.visitor.clone(),
        _here: Here::new(watchers.metrics.watch_streams.clone(), permit),
    };
    let mut answer = Response::new(Body::from_stream(
        unfold(watcher, Watcher::next).map(Ok::<_, Infallible>),
    ));
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // Proxies that gather answers would keep events back.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(answer)
}

/// Where the client stopped reading; it wins over `after`, which a browser repeats unchanged.
fn last_event_id(call: &Call<'_>, wrong: &mut Violations) -> Option<FeedToken> {
    let name = HeaderName::from_static("last-event-id");
    if !call.headers.contains_key(&name) {
        return None;
    }
    let text = single(call.headers, &name)
        .and_then(|value| value.to_str().ok())
        .unwrap_or("?");
    // An empty one is sent by clients that have none yet.
    position(
        Some(text).filter(|text| !text.is_empty()),
        "Last-Event-ID",
        wrong,
    )
}

struct Watcher {
    orders: Orders,
    filter: EventFilter,
    position: FeedToken,
    page: std::vec::IntoIter<RecordedEvent>,
    begun: bool,
    keep_alive: Duration,
    next_sign: Instant,
    visitor: Visitor,
    _here: Here,
}

impl Watcher {
    /// The next chunk; `None` ends the stream.
    async fn next(mut self) -> Option<(Bytes, Watcher)> {
        let mut out = Vec::new();
        if !self.begun {
            self.begun = true;
            sse::write_start(&self.position, &mut out);
        }
        loop {
            if self.visitor.drain.as_ref().is_some_and(Drain::has_started) {
                return None;
            }
            // Who has lost the role meanwhile is told so when it comes back.
            if self
                .visitor
                .standing
                .check(Operation::Watch.access())
                .is_err()
            {
                return None;
            }
            self.write_page(&mut out);
            if !out.is_empty() {
                self.next_sign = Instant::now() + self.keep_alive;
                return Some((out.into(), self));
            }
            match self
                .orders
                .changes(self.position.clone(), PAGE_EVENTS)
                .await
            {
                Ok(batch) if batch.events.is_empty() => self.wait(&mut out).await?,
                Ok(batch) => self.page = batch.events.into_iter(),
                Err(error) => {
                    // The client comes back by itself, and is then told what is wrong.
                    tracing::debug!(%error, "a watcher's stream ends: the feed cannot be read");
                    return None;
                }
            }
        }
    }

    /// Writes what is left of the page, a chunk at most.
    fn write_page(&mut self, out: &mut Vec<u8>) {
        while out.len() < CHUNK_BYTES {
            let Some(event) = self.page.next() else {
                return;
            };
            self.position.advance(event.position);
            if self.filter.matches(&event) {
                sse::write_event(&self.position, &event, out);
            }
        }
    }

    /// Waits until there may be more, or writes a sign of life; `None` ends the stream.
    async fn wait(&mut self, out: &mut Vec<u8>) -> Option<()> {
        tokio::select! {
            waited = self.orders.wait_for_events(&self.position) => waited.ok(),
            () = sleep_until(self.next_sign) => {
                sse::write_keep_alive(&self.position, out);
                Some(())
            }
            () = started(self.visitor.drain.as_ref()) => None,
        }
    }
}

/// When the drain starts; never where there is none.
async fn started(drain: Option<&Drain>) {
    match drain {
        Some(drain) => drain.clone().started().await,
        None => std::future::pending().await,
    }
}

/// Counts a watcher for as long as it is here.
struct Here {
    count: Gauge,
    _permit: OwnedSemaphorePermit,
}

impl Here {
    fn new(count: Gauge, permit: OwnedSemaphorePermit) -> Here {
        count.inc();
        Here {
            count,
            _permit: permit,
        }
    }
}

impl Drop for Here {
    fn drop(&mut self) {
        self.count.dec();
    }
}
