//! Where gRPC listens: on the runtime at hand, or on single-threaded runtimes of its own that share the
//! address by `SO_REUSEPORT`, so that a call never moves between cores.

use crate::serve::serve;
use crate::{Config, GrpcEdge};
use planes::{
    Drain, ListenOptions, Listener, ListenerStats, Plane, PlaneError, ServeReport, Timers,
    drain_channel, listen,
};
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, mpsc};
use std::thread;
use tls::Security;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{oneshot, watch};

/// Listens by `plane` as `config` says. Connections queue from here on; they are accepted by
/// [`GrpcListener::serve`]. Must be called inside a Tokio runtime.
pub fn bind(plane: &Plane, config: &Config, timers: Timers) -> Result<GrpcListener, BindError> {
    let mut options = ListenOptions {
        timers,
        ..ListenOptions::default()
    };
    if config.threads == 0 {
        let listener = listen(plane, config.listen_addr, options)?;
        return Ok(GrpcListener {
            local: listener.local_addr(),
            stats: vec![listener.stats()],
            place: Place::Here(listener),
            open: Arc::new(watch::channel(()).0),
        });
    }
    if config.listen_addr.port() != 0 {
        // Listeners that share a port would share it with another process of this user as well, which
        // then answered half of the calls: whoever has it already shows here.
        drop(listen(plane, config.listen_addr, options)?);
    }
    options.reuse_port = true;
    let mut address = config.listen_addr;
    let (mut threads, mut stats) = (Vec::new(), Vec::new());
    for number in 0..config.threads {
        let (thread, bound) = Thread::start(number, plane, address, options)?;
        // Where the kernel chose the port, the others take the same one.
        address = bound.local;
        stats.push(bound.stats);
        threads.push(thread);
    }
    Ok(GrpcListener {
        local: address,
        stats,
        place: Place::Threads(threads),
        open: Arc::new(watch::channel(()).0),
    })
}

/// Why gRPC cannot listen.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// The plane has no such socket.
    #[error(transparent)]
    Plane(#[from] PlaneError),
    /// The machine gives no thread or runtime.
    #[error(
        "gRPC cannot start its thread {number}: {source}; raise the limit of processes and open files (`ulimit -u`, `ulimit -n`), or set fewer threads"
    )]
    Thread {
        /// Which, from 0.
        number: usize,
        /// Why.
        source: io::Error,
    },
}

/// The bound sockets of gRPC. Dropped, they close.
#[derive(Debug)]
pub struct GrpcListener {
    local: SocketAddr,
    stats: Vec<ListenerStats>,
    place: Place,
    /// Closed when the threads may end.
    open: Arc<watch::Sender<()>>,
}

/// Keeps the threads of gRPC running, see [`GrpcListener::keep`].
#[derive(Debug)]
pub struct Keep {
    _open: Arc<watch::Sender<()>>,
}

#[derive(Debug)]
enum Place {
    /// On the runtime that bound it.
    Here(Listener),
    /// On runtimes of its own.
    Threads(Vec<Thread>),
}

impl GrpcListener {
    /// Where it listens; the port that the kernel chose where port 0 was asked for.
    pub fn local_addr(&self) -> SocketAddr {
        self.local
    }

    /// The counts of each listener, which go on being kept while it serves.
    pub fn stats(&self) -> Vec<ListenerStats> {
        self.stats.clone()
    }

    /// As long as this is held, the threads go on after their last call. A socket belongs to the runtime on
    /// which it was opened, so sessions with a store that calls have opened would die with a thread that has
    /// finished before the other threads and edges, and fail requests there. Dropped, the threads end.
    pub fn keep(&self) -> Keep {
        Keep {
            _open: Arc::clone(&self.open),
        }
    }

    /// Serves `edge` until `stop` resolves, then lets open calls finish.
    pub async fn serve(
        self,
        edge: GrpcEdge,
        security: Security,
        stop: impl Future<Output = ()>,
    ) -> ServeReport {
        let max_connections = edge.config().max_connections;
        let threads = match self.place {
            Place::Here(listener) => {
                return serve(edge, listener, max_connections, security, stop).await;
            }
            Place::Threads(threads) => threads,
        };
        let each = max_connections.div_ceil(threads.len().max(1));
        let (trigger, drain) = drain_channel();
        let mut ends = Vec::with_capacity(threads.len());
        for thread in threads {
            let (end, ended) = oneshot::channel();
            let work = Work {
                edge: edge.clone(),
                max_connections: each,
                security: security.clone(),
                drain: drain.clone(),
                end,
                open: self.open.subscribe(),
            };
            // A thread that is gone drops the work, which its end then tells.
            let _ = thread.work.send(work);
            ends.push(ended);
        }
        stop.await;
        trigger.start();
        let mut sum = ServeReport { served: 0, cut: 0 };
        for ended in ends {
            let report = ended.await.unwrap_or_else(|_| {
                tracing::error!("a thread of gRPC ended before its time; its calls were cut");
                ServeReport { served: 0, cut: 1 }
            });
            sum.served += report.served;
            sum.cut += report.cut;
        }
        sum
    }
}

/// What a thread is to do.
#[derive(Debug)]
struct Work {
    edge: GrpcEdge,
    max_connections: usize,
    security: Security,
    drain: Drain,
    end: oneshot::Sender<ServeReport>,
    open: watch::Receiver<()>,
}

/// A thread with a runtime and a bound listener, waiting for work.
#[derive(Debug)]
struct Thread {
    work: oneshot::Sender<Work>,
}

/// What a thread tells of its listener.
struct Bound {
    local: SocketAddr,
    stats: ListenerStats,
}

impl Thread {
    fn start(
        number: usize,
        plane: &Plane,
        address: SocketAddr,
        options: ListenOptions,
    ) -> Result<(Thread, Bound), BindError> {
        let thread_error = move |source| BindError::Thread { number, source };
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(thread_error)?;
        let (work, waiting) = oneshot::channel();
        let (tell, told) = mpsc::sync_channel(1);
        let plane = plane.clone();
        let run = move || {
            let listener = {
                // A listener belongs to the runtime in which it is made.
                let _inside = runtime.enter();
                listen(&plane, address, options)
            };
            match listener {
                Ok(listener) => {
                    let (local, stats) = (listener.local_addr(), listener.stats());
                    let _ = tell.send(Ok(Bound { local, stats }));
                    work_on(&runtime, listener, waiting);
                }
                Err(error) => drop(tell.send(Err(error))),
            }
        };
        thread::Builder::new()
            .name(format!("grpc-{number}"))
            .spawn(run)
            .map_err(thread_error)?;
        let bound = told
            .recv()
            .map_err(|_| thread_error(io::Error::other("it ended before it listened")))?;
        Ok((Thread { work }, bound?))
    }
}

/// Serves when there is work; ends where whoever bound it has dropped it.
fn work_on(runtime: &Runtime, listener: Listener, waiting: oneshot::Receiver<Work>) {
    let Ok(work) = runtime.block_on(waiting) else {
        return;
    };
    let stop = work.drain.started();
    let serving = serve(
        work.edge,
        listener,
        work.max_connections,
        work.security,
        stop,
    );
    let report = runtime.block_on(serving);
    // Whoever waited for it may be gone.
    let _ = work.end.send(report);
    let mut open = work.open;
    // Nothing is ever sent: it ends when nobody keeps it open.
    runtime.block_on(async { while open.changed().await.is_ok() {} });
}
