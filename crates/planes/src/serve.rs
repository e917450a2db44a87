//! The accept loop that every TCP edge shares: bounded, drained under a deadline.

use crate::listen::Counts;
use crate::{Drain, Listener, drain_channel};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Interval, MissedTickBehavior, interval, sleep, timeout};

/// Connections that one listener handles at a time by default.
const MAX_CONNECTIONS: usize = 10_000;

/// How long connections may take to finish after the stop by default, in milliseconds.
const DRAIN_TIMEOUT_MS: u64 = 10_000;

/// The time, in milliseconds, from the last accept to telling the connections to finish. A request that
/// reached this machine before the stop is read meanwhile: the kernel has it, but the runtime has yet
/// to see that its connection can be read.
const DRAIN_GRACE_MS: u64 = 20;

/// How often a listener looks whether its interface is still the one that it was bound to, in
/// milliseconds.
const DEVICE_LOOK_MS: u64 = 250;

/// Accepts and hands each connection to `handler`, in a task of its own, until `stop` resolves.
///
/// - At most `max_connections` are handled at a time. When full, nothing is accepted until one ends:
///   who comes then waits in the kernel's queue.
/// - After `stop` no more are accepted, except those whose handshake was finished before and for
///   which there is room. Each handler's [`Drain`] says to finish. What has not finished after
///   `drain_timeout` is dropped, and counted in the report.
/// - A handler that panics ends its own connection only.
/// - When the plane's interface is deleted and made again, it listens on the new one: four times a
///   second it looks which one it is bound to.
pub async fn serve<H, F>(
    mut listener: Listener,
    limits: ServeLimits,
    stop: impl Future<Output = ()>,
    handler: H,
) -> ServeReport
where
    H: Fn(TcpStream, SocketAddr, Drain) -> F,
    F: Future<Output = ()> + Send + 'static,
{
    let (trigger, drain) = drain_channel();
    let mut connections = Connections {
        tasks: JoinSet::new(),
        counts: Arc::clone(&listener.stats().0),
    };
    let mut device = Device::default();
    tokio::pin!(stop);
    loop {
        let has_room = connections.tasks.len() < limits.max_connections;
        tokio::select! {
            biased;
            () = &mut stop => break,
            Some(ended) = connections.tasks.join_next() => connections.note_end(ended),
            (stream, peer) = listener.accept(), if has_room => {
                connections.start(handler(stream, peer, drain.clone()));
            }
            () = device.next_look() => device.look(&mut listener),
        }
    }

    let room = limits
        .max_connections
        .saturating_sub(connections.tasks.len());
    for (stream, peer) in listener.close_and_take_waiting(room) {
        connections.start(handler(stream, peer, drain.clone()));
    }
    sleep(Duration::from_millis(DRAIN_GRACE_MS)).await;
    trigger.start();
    connections.finish(limits.drain_timeout).await
}

/// The bounds of [`serve`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServeLimits {
    /// How many connections are handled at a time.
    pub max_connections: usize,
    /// How long they may take to finish after the stop.
    pub drain_timeout: Duration,
}

impl Default for ServeLimits {
    fn default() -> Self {
        Self {
            max_connections: MAX_CONNECTIONS,
            drain_timeout: Duration::from_millis(DRAIN_TIMEOUT_MS),
        }
    }
}

/// How a listener's service ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServeReport {
    /// Connections handled from start to end.
    pub served: u64,
    /// Connections that had not finished at the drain's deadline and were dropped.
    pub cut: usize,
}

/// Looks after the interface of a listener.
struct Device {
    looks: Interval,
    /// What was told last: that it is gone, and why listening anew failed.
    told: Option<String>,
}

impl Default for Device {
    fn default() -> Device {
        let mut looks = interval(Duration::from_millis(DEVICE_LOOK_MS));
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Device { looks, told: None }
    }
}

impl Device {
    async fn next_look(&mut self) {
        self.looks.tick().await;
    }

    /// Listens anew where the interface is another one now; each state is told once.
    fn look(&mut self, listener: &mut Listener) {
        if !listener.is_deaf() {
            return;
        }
        let (plane, address) = (listener.plane().clone(), listener.local_addr());
        match listener.reopen() {
            Ok(()) => {
                self.told = None;
                tracing::warn!(%plane, %address, "the interface was made anew (NET004): listening on it again");
            }
            Err(error) => {
                let reason = error.to_string();
                if self.told.as_ref() != Some(&reason) {
                    tracing::error!(%plane, %address, %error, "the interface that was listened on is gone (NET001)");
                    self.told = Some(reason);
                }
            }
        }
    }
}

/// The running handlers and their counts.
struct Connections {
    tasks: JoinSet<()>,
    counts: Arc<Counts>,
}

impl Connections {
    fn start(&mut self, connection: impl Future<Output = ()> + Send + 'static) {
        self.counts.open.fetch_add(1, Relaxed);
        self.counts.served.fetch_add(1, Relaxed);
        self.tasks.spawn(connection);
    }

    fn note_end(&self, ended: Result<(), JoinError>) {
        self.counts.open.fetch_sub(1, Relaxed);
        if let Err(error) = ended
            && error.is_panic()
        {
            tracing::error!(%error, "a connection's handler panicked; the others go on");
        }
    }

    async fn finish(mut self, drain_timeout: Duration) -> ServeReport {
        let all_end = async {
            while let Some(ended) = self.tasks.join_next().await {
                self.note_end(ended);
            }
        };
        let _ = timeout(drain_timeout, all_end).await;
        let cut = self.tasks.len();
        self.tasks.abort_all();
        while let Some(ended) = self.tasks.join_next().await {
            self.note_end(ended);
        }
        ServeReport {
            served: self.counts.served.load(Relaxed),
            cut,
        }
    }
}
