//! `/api/status/stream`: `/api/status` again and again, as Server-Sent Events (HTML standard, section 9.2).
//!
//! Each frame is whole, so one that was missed is no loss. A stream ends when the service drains.

use crate::status::Status;
use crate::{Management, Snapshot, error};
use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use planes::Drain;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::timeout;

/// Streams at a time: some browsers of some people. The other connections stay for probes and scrapes.
const MAX_STREAMS: usize = 32;
/// Without anything new a sign of life is sent so often.
const HEARTBEAT: Duration = Duration::from_secs(5);
/// How long a client waits before it comes back, and how long one that is refused is asked to.
const RETRY_SECONDS: u64 = 2;

/// How many more streams may be open.
#[derive(Clone)]
pub(crate) struct Streams(Arc<Semaphore>);

impl Default for Streams {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(MAX_STREAMS)))
    }
}

/// One frame at once, then one for each new snapshot.
pub(crate) async fn stream(
    State(management): State<Arc<Management>>,
    Extension(Streams(streams)): Extension<Streams>,
    drain: Option<Extension<Drain>>,
) -> Response {
    let Ok(permit) = streams.try_acquire_owned() else {
        return error::too_many_streams(MAX_STREAMS, RETRY_SECONDS);
    };
    let viewer = Viewer {
        snapshots: management.overview.watch(),
        management,
        drain: drain.map(|Extension(drain)| drain),
        begun: false,
        _permit: permit,
    };
    let frames = stream::unfold(viewer, Viewer::next);
    let headers = [
        (header::CONTENT_TYPE, "text/event-stream; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, Body::from_stream(frames)).into_response()
}

struct Viewer {
    snapshots: watch::Receiver<Arc<Snapshot>>,
    management: Arc<Management>,
    drain: Option<Drain>,
    begun: bool,
    _permit: OwnedSemaphorePermit,
}

impl Viewer {
    /// The next frame; `None` ends the stream.
    async fn next(mut self) -> Option<(Result<String, serde_json::Error>, Viewer)> {
        if self.drain.as_ref().is_some_and(Drain::has_started) {
            return None;
        }
        let frame = if self.begun {
            tokio::select! {
                () = started(self.drain.as_ref()) => return None,
                news = timeout(HEARTBEAT, self.snapshots.changed()) => match news {
                    Ok(Ok(())) => {
                        let snapshot = self.snapshots.borrow_and_update().clone();
                        self.frame(&snapshot)
                    }
                    // Whoever gathers is gone: the service ends.
                    Ok(Err(_)) => return None,
                    Err(_) => Ok(": nothing new\n\n".to_owned()),
                },
            }
        } else {
            self.begun = true;
            let snapshot = self.management.overview.snapshot().await;
            let frame = self.frame(&snapshot);
            frame.map(|frame| format!("retry: {}\n\n{frame}", RETRY_SECONDS * 1_000))
        };
        Some((frame, self))
    }

    /// JSON has no line ends but those in strings, which it escapes.
    fn frame(&self, snapshot: &Snapshot) -> Result<String, serde_json::Error> {
        let status = serde_json::to_string(&Status::of(&self.management, snapshot))?;
        Ok(format!("event: status\ndata: {status}\n\n"))
    }
}

/// When the drain starts; never where there is none.
async fn started(drain: Option<&Drain>) {
    match drain {
        Some(drain) => drain.clone().started().await,
        None => std::future::pending().await,
    }
}
