//! One address, several listeners: each on a thread with a single-threaded runtime of its own, so that what a
//! connection causes never moves between cores. The kernel spreads connections over them (`SO_REUSEPORT`,
//! socket(7)).

use crate::{
    Drain, ListenOptions, Listener, ListenerStats, Plane, PlaneError, ServeLimits, ServeReport,
    drain_channel, listen, serve,
};
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, mpsc};
use std::thread;
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{oneshot, watch};

/// Listeners that share an address. Dropped, they close.
#[derive(Debug)]
pub struct SharedListener {
    local: SocketAddr,
    stats: Vec<ListenerStats>,
    place: Place,
    /// Closed when the threads may end.
    open: Arc<watch::Sender<()>>,
}

/// Keeps the threads running, see [`SharedListener::keep`].
#[derive(Debug)]
pub struct Keep {
    _open: Arc<watch::Sender<()>>,
}

/// Why they cannot listen.
#[derive(Debug, thiserror::Error)]
pub enum ShareError {
    /// The plane has no such socket.
    #[error(transparent)]
    Plane(#[from] PlaneError),
    /// The machine gives no thread or runtime.
    #[error(
        "the listener of {address} cannot start its thread {name}: {source}; raise the limit of processes and open files (`ulimit -u`, `ulimit -n`), or set fewer threads"
    )]
    Thread {
        /// What was to be listened on.
        address: SocketAddr,
        /// The thread's.
        name: String,
        /// Why.
        source: io::Error,
    },
}

#[derive(Debug)]
enum Place {
    /// On the runtime that bound it.
    Here(Listener),
    /// On runtimes of their own.
    Threads(Vec<Thread>),
}

impl SharedListener {
    /// Listens on `address` by `plane`, on so many threads, which are called `name-0`, `name-1` …; with 0
    /// threads there is one listener on the runtime around this call. Connections queue from here on;
    /// they are accepted by [`serve`](Self::serve). Must be called inside a Tokio runtime.
    pub fn bind(
        plane: &Plane,
        address: SocketAddr,
        options: ListenOptions,
        (name, threads): (&str, usize),
    ) -> Result<SharedListener, ShareError> {
        if threads == 0 {
            return Ok(listen(plane, address, options)?.into());
        }
        if address.port() != 0 {
            // Listeners that share a port would share it with another process of this user as well, which
            // then answered half of the calls: whoever has it already shows here.
            drop(listen(plane, address, options)?);
        }
        let options = ListenOptions {
            reuse_port: true,
            ..options
        };
        let mut local = address;
        let (mut started, mut stats) = (Vec::new(), Vec::new());
        for number in 0..threads {
            let (thread, bound) =
                Thread::start(&format!("{name}-{number}"), plane, local, options)?;
            // Where the kernel chose the port, the others take the same one.
            local = bound.local;
            stats.push(bound.stats);
            started.push(thread);
        }
        Ok(SharedListener {
            local,
            stats,
            place: Place::Threads(started),
            open: Arc::new(watch::channel(()).0),
        })
    }

    /// Where they listen; the port that the kernel chose where port 0 was asked for.
    pub fn local_addr(&self) -> SocketAddr {
        self.local
    }

    /// The counts of each listener, which go on being kept while it serves. There are as many as
    /// listeners.
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

    /// Serves each listener on its own thread, as [`serve`](crate::serve()) does, each with its share of
    /// `max_connections`, until `stop` resolves; answers the sum of what they report.
    pub async fn serve<H, F>(
        self,
        limits: ServeLimits,
        stop: impl Future<Output = ()>,
        handler: H,
    ) -> ServeReport
    where
        H: Fn(TcpStream, SocketAddr, Drain) -> F + Clone + Send + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        let each = ServeLimits {
            max_connections: limits.max_connections.div_ceil(self.stats.len()),
            ..limits
        };
        let threads = match self.place {
            Place::Here(listener) => return serve(listener, each, stop, handler).await,
            Place::Threads(threads) => threads,
        };
        let (trigger, drain) = drain_channel();
        let mut ends = Vec::with_capacity(threads.len());
        for thread in threads {
            let (end, ended) = oneshot::channel();
            let (handler, stop) = (handler.clone(), drain.clone().started());
            let task = Task {
                run: Box::new(move |listener| Box::pin(serve(listener, each, stop, handler))),
                end,
                open: self.open.subscribe(),
            };
            // A thread that is gone drops the task, which its end then tells.
            let _ = thread.task.send(task);
            ends.push(ended);
        }
        stop.await;
        trigger.start();
        let mut sum = ServeReport { served: 0, cut: 0 };
        for ended in ends {
            let report = ended.await.unwrap_or_else(|_| {
                tracing::error!(address = %self.local, "a listener's thread ended before its time; its calls were cut");
                ServeReport { served: 0, cut: 1 }
            });
            sum.served += report.served;
            sum.cut += report.cut;
        }
        sum
    }
}

/// One listener on the runtime that made it.
impl From<Listener> for SharedListener {
    fn from(listener: Listener) -> SharedListener {
        SharedListener {
            local: listener.local_addr(),
            stats: vec![listener.stats()],
            place: Place::Here(listener),
            open: Arc::new(watch::channel(()).0),
        }
    }
}

/// What a thread is to do.
struct Task {
    run: Box<dyn FnOnce(Listener) -> Serving + Send>,
    end: oneshot::Sender<ServeReport>,
    open: watch::Receiver<()>,
}

/// A listener's work.
type Serving = Pin<Box<dyn Future<Output = ServeReport>>>;

/// A thread with a runtime and a bound listener, waiting for work.
struct Thread {
    task: oneshot::Sender<Task>,
}

/// What a thread tells of its listener.
struct Bound {
    local: SocketAddr,
    stats: ListenerStats,
}

impl Thread {
    fn start(
        name: &str,
        plane: &Plane,
        address: SocketAddr,
        options: ListenOptions,
    ) -> Result<(Thread, Bound), ShareError> {
        let thread_error = |source| ShareError::Thread {
            address,
            name: name.to_owned(),
            source,
        };
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(thread_error)?;
        let (task, waiting) = oneshot::channel();
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
            .name(name.to_owned())
            .spawn(run)
            .map_err(thread_error)?;
        let bound = told
            .recv()
            .map_err(|_| thread_error(io::Error::other("it ended before it listened")))?;
        Ok((Thread { task }, bound?))
    }
}

impl fmt::Debug for Thread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Thread")
    }
}

/// Serves when there is work; ends where whoever bound it has dropped it.
fn work_on(runtime: &Runtime, listener: Listener, waiting: oneshot::Receiver<Task>) {
    let Ok(task) = runtime.block_on(waiting) else {
        return;
    };
    let report = runtime.block_on((task.run)(listener));
    // Whoever waited for it may be gone.
    let _ = task.end.send(report);
    let mut open = task.open;
    // Nothing is ever sent: it ends when nobody keeps it open.
    runtime.block_on(async { while open.changed().await.is_ok() {} });
}
