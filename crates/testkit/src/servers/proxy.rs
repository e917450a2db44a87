//! A TCP proxy that breaks connections as a test says: late, black, cut, refused.

use planes::{ConnectOptions, ListenOptions, Listener, Plane, PlaneKind, connect, listen};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

/// Bytes that are passed on at once.
const CHUNK_BYTES: usize = 16 * 1024;

/// How long a server takes to serve a request whose answer nobody will get.
const SERVED: Duration = Duration::from_millis(200);

/// What is done to the connections.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    #[default]
    None,
    /// Everything is passed on so much later.
    Latency(Duration),
    /// Nothing is passed on any more, and nothing is closed.
    Blackhole,
    /// The server's answers end, and the connection with them, before the next chunk that holds these
    /// bytes is passed on; then the fault is over.
    CutBefore(Vec<u8>),
    /// The connection is cut after so many more bytes of the server's answers; then the fault is over.
    CutAfter(usize),
    /// The next request of Kafka's protocol with this number is passed on, and the connection is cut before
    /// its answer; then the fault is over. Only a request that is sent alone is seen.
    CutAnswerTo(u16),
    /// The next request with this number is held back, and the connection is cut; so much later the server
    /// gets it all the same, from a client that is gone. Then the fault is over.
    HoldRequest(u16, Duration),
}

/// A proxy in front of a server. Dropping it ends its connections.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Debug)]
struct Shared {
    peer: SocketAddr,
    fault: watch::Sender<Fault>,
    cuts: Mutex<usize>,
}

impl Proxy {
    /// Listens on a free port of the loopback. Must be called inside a runtime.
    pub fn start(peer: SocketAddr) -> Proxy {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let listener = listen(&plane(), any, ListenOptions::default()).unwrap();
        let address = listener.local_addr();
        let shared = Arc::new(Shared {
            peer,
            fault: watch::Sender::new(Fault::None),
            cuts: Mutex::new(0),
        });
        let task = tokio::spawn(run(Arc::clone(&shared), listener));
        Proxy {
            address,
            shared,
            task: Mutex::new(Some(task)),
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on, for the connections that are open as well.
    pub fn set(&self, fault: Fault) {
        self.shared.fault.send_replace(fault);
    }

    /// How many connections were cut by a fault.
    pub fn cuts(&self) -> usize {
        *self
            .shared
            .cuts
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends every connection and refuses new ones for good.
    pub fn refuse(&self) {
        if let Some(task) = self
            .task
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
        {
            task.abort();
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.refuse();
    }
}

async fn run(shared: Arc<Shared>, listener: Listener) {
    let mut connections = JoinSet::new();
    loop {
        let (near, _) = listener.accept().await;
        connections.spawn(relay(Arc::clone(&shared), near));
        while connections.try_join_next().is_some() {}
    }
}

/// Both directions; the end of either ends the connection.
async fn relay(shared: Arc<Shared>, near: TcpStream) {
    let Ok(far) = connect(&plane(), shared.peer, ConnectOptions::default()).await else {
        return;
    };
    let (near_read, near_write) = near.into_split();
    let (far_read, far_write) = far.into_split();
    // Answers end here once the request is met whose answer is to be lost.
    let mute = AtomicBool::new(false);
    tokio::select! {
        () = copy(&shared, near_read, far_write, false, &mute) => {}
        () = copy(&shared, far_read, near_write, true, &mute) => {}
    }
}

async fn copy(
    shared: &Shared,
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin + Send + 'static,
    answers: bool,
    mute: &AtomicBool,
) {
    let mut buffer = vec![0; CHUNK_BYTES];
    loop {
        let Ok(count @ 1..) = from.read(&mut buffer).await else {
            return;
        };
        let chunk = &buffer[..count];
        if !answers && let Some(late) = shared.on_request(chunk) {
            mute.store(true, Ordering::SeqCst);
            let chunk = chunk.to_vec();
            let later = async move {
                tokio::time::sleep(late).await;
                // A server that has closed by now has not got it, and then nothing was tried.
                _ = to.write_all(&chunk).await;
                // Were the connection closed at once, the server might not look at the request any more.
                tokio::time::sleep(SERVED).await;
            };
            if late.is_zero() {
                later.await;
            } else {
                tokio::spawn(later);
            }
            return;
        }
        if answers && mute.load(Ordering::SeqCst) {
            continue;
        }
        let Some(passed) = shared.pass(chunk, answers).await else {
            return;
        };
        if to.write_all(&chunk[..passed]).await.is_err() || passed < count {
            return;
        }
    }
}

impl Shared {
    /// How much of the chunk goes on; fewer than all, or none, ends the connection.
    async fn pass(&self, chunk: &[u8], answers: bool) -> Option<usize> {
        let mut faults = self.fault.subscribe();
        loop {
            let fault = faults.borrow_and_update().clone();
            match fault {
                Fault::Latency(late) => {
                    tokio::time::sleep(late).await;
                    return Some(chunk.len());
                }
                Fault::Blackhole => faults.changed().await.ok()?,
                Fault::CutBefore(pattern) if answers => {
                    let found = chunk
                        .windows(pattern.len())
                        .any(|window| window == pattern.as_slice());
                    return if found {
                        self.cut();
                        None
                    } else {
                        Some(chunk.len())
                    };
                }
                Fault::CutAfter(rest) if answers => {
                    if rest > chunk.len() {
                        self.fault.send_replace(Fault::CutAfter(rest - chunk.len()));
                        return Some(chunk.len());
                    }
                    self.cut();
                    return Some(rest);
                }
                Fault::None
                | Fault::CutBefore(_)
                | Fault::CutAfter(_)
                | Fault::CutAnswerTo(_)
                | Fault::HoldRequest(..) => return Some(chunk.len()),
            }
        }
    }

    /// Whether the connection ends with this request, and how much later the server gets it.
    fn on_request(&self, chunk: &[u8]) -> Option<Duration> {
        let (number, late) = match *self.fault.borrow() {
            Fault::CutAnswerTo(number) => (number, Duration::ZERO),
            Fault::HoldRequest(number, late) => (number, late),
            _ => return None,
        };
        // Four bytes of length, then the number of the request.
        if chunk.get(4..6)? != number.to_be_bytes() {
            return None;
        }
        self.cut();
        Some(late)
    }

    fn cut(&self) {
        self.fault.send_replace(Fault::None);
        *self.cuts.lock().unwrap_or_else(PoisonError::into_inner) += 1;
    }
}

fn plane() -> Plane {
    Plane::unbound(PlaneKind::Storage)
}
