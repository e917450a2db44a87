//! `WatchOrders`: events as they happen.
//!
//! A watcher holds nothing but the page that is being sent to it: the next one is read when the
//! connection has taken the last one (HTTP/2 flow control is the back-pressure).

use crate::call::Call;
use crate::error::{Problem, Reason};
use crate::method::Method;
use futures_util::stream::{BoxStream, StreamExt, unfold};
use order_core::app::{EventFilter, Orders};
use order_core::domain::Violations;
use order_core::ports::{FeedToken, InvalidToken, RecordedEvent};
use order_proto::v1::{OrderEvent, WatchOrdersRequest};
use order_proto::wire;
use planes::Drain;
use prometheus_client::metrics::gauge::Gauge;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep_until};
use tonic::metadata::AsciiMetadataValue;
use tonic::{Response, Status};

/// Events that are read at a time.
const PAGE_EVENTS: usize = 32;

/// A watcher's stream.
pub(crate) type Events = BoxStream<'static, Result<OrderEvent, Status>>;

pub(crate) async fn watch(
    orders: &Orders,
    room: &Room,
    call: &Call,
    message: WatchOrdersRequest,
) -> Result<Response<Events>, Problem> {
    let mut wrong = Violations::new();
    let asked = message.after.map(|text| position(&text, &mut wrong));
    let filter = wire::event_filter(message.customer_id, message.state, &mut wrong);
    if !wrong.is_empty() {
        return Err(Problem::invalid(wrong));
    }
    let here = room.enter()?;
    let after = match asked {
        Some(after) => after,
        None => orders.feed_head().await?,
    };
    // The first page is read before the answer begins: a position that is gone is the call's status.
    let page = orders.changes(after.clone(), PAGE_EVENTS).await?;
    let begins_at = AsciiMetadataValue::try_from(after.to_string());
    let watcher = Watcher {
        orders: orders.clone(),
        filter,
        position: after,
        page: page.events.into_iter(),
        ended: false,
        call: call.clone(),
        _here: here,
    };
    let mut response = Response::new(unfold(watcher, Watcher::next).boxed());
    if let Ok(begins_at) = begins_at {
        response.metadata_mut().insert("position", begins_at);
    }
    Ok(response)
}

/// The position that a caller names, in the one spelling that this service gives.
fn position(text: &str, wrong: &mut Violations) -> FeedToken {
    let token = text.parse().ok();
    let token = token.filter(|token: &FeedToken| token.to_string() == text);
    token.unwrap_or_else(|| {
        wrong.add("after", InvalidToken.to_string());
        FeedToken::start()
    })
}

struct Watcher {
    orders: Orders,
    filter: EventFilter,
    position: FeedToken,
    page: std::vec::IntoIter<RecordedEvent>,
    ended: bool,
    call: Call,
    _here: Here,
}

impl Watcher {
    /// The next event, or why the stream ends; `None` after that.
    async fn next(mut self) -> Option<(Result<OrderEvent, Status>, Watcher)> {
        if self.ended {
            return None;
        }
        let next = self.next_event().await.map_err(|problem| {
            self.ended = true;
            problem.into_status(&self.call)
        });
        Some((next, self))
    }

    async fn next_event(&mut self) -> Result<OrderEvent, Problem> {
        loop {
            self.check_going_on()?;
            if let Some(event) = self.next_of_page() {
                return Ok(event);
            }
            let after = self.position.clone();
            let batch = self.orders.changes(after, PAGE_EVENTS).await?;
            if batch.events.is_empty() {
                self.wait().await?;
            } else {
                self.page = batch.events.into_iter();
            }
        }
    }

    /// The next event of the page that the watcher wants.
    fn next_of_page(&mut self) -> Option<OrderEvent> {
        loop {
            let event = self.page.next()?;
            self.position.advance(event.position);
            if self.filter.matches(&event) {
                let mut written = wire::event(&event);
                // Of a feed with several partitions, only the whole way so far can be resumed after.
                written.position = self.position.to_string();
                return Some(written);
            }
        }
    }

    fn check_going_on(&self) -> Result<(), Problem> {
        if self
            .call
            .visitor
            .drain
            .as_ref()
            .is_some_and(Drain::has_started)
        {
            return Err(Problem::draining());
        }
        // The role may be gone meanwhile.
        self.call
            .visitor
            .standing
            .check(Method::WatchOrders.access())?;
        match self.call.deadline {
            Some(deadline) if deadline <= Instant::now() => Err(Problem::deadline_exceeded()),
            _ => Ok(()),
        }
    }

    /// Waits until there may be more, or the stream's time is over.
    async fn wait(&self) -> Result<(), Problem> {
        tokio::select! {
            waited = self.orders.wait_for_events(&self.position) => Ok(waited?),
            () = drained(self.call.visitor.drain.as_ref()) => Err(Problem::draining()),
            () = passed(self.call.deadline) => Err(Problem::deadline_exceeded()),
        }
    }
}

/// When the drain starts; never where there is none.
pub(crate) async fn drained(drain: Option<&Drain>) {
    match drain {
        Some(drain) => drain.clone().started().await,
        None => std::future::pending().await,
    }
}

/// When the deadline passes; never where there is none.
pub(crate) async fn passed(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

/// Room for so many watchers, and their count.
#[derive(Clone, Debug)]
pub(crate) struct Room {
    places: Arc<Semaphore>,
    count: Gauge,
}

impl Room {
    pub(crate) fn new(places: usize, count: Gauge) -> Room {
        let places = places.min(Semaphore::MAX_PERMITS);
        Room {
            places: Arc::new(Semaphore::new(places)),
            count,
        }
    }

    /// A place, if one is left.
    pub(crate) fn enter(&self) -> Result<Here, Problem> {
        let place = Arc::clone(&self.places).try_acquire_owned();
        let place = place.map_err(|_| {
            Problem::new(
                Reason::Overloaded,
                "as many watchers as there may be are here already",
            )
        })?;
        self.count.inc();
        Ok(Here {
            count: self.count.clone(),
            _place: place,
        })
    }
}

/// Counts a watcher for as long as it is here.
pub(crate) struct Here {
    count: Gauge,
    _place: OwnedSemaphorePermit,
}

impl Drop for Here {
    fn drop(&mut self) {
        self.count.dec();
    }
}
