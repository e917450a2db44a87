//! Listening on a plane, and accepting through everything that passes.

use crate::backoff::Backoff;
use crate::error::errno;
use crate::mutant::{self, Mutant};
use crate::tcp::{self, Timers};
use crate::{Plane, PlaneError};
use socket2::{SockAddr, SockRef};
use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpListener as StdListener};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};

/// How many finished handshakes wait to be accepted; the kernel cuts it to `net.core.somaxconn`,
/// whose default this is.
const LISTEN_BACKLOG_CONNECTIONS: i32 = 4096;

/// The pause after the first accept that failed for want of descriptors or memory, in milliseconds.
const ACCEPT_BACKOFF_FIRST_MS: u64 = 10;

/// The longest such pause: how late, at most, a recovery is noticed.
const ACCEPT_BACKOFF_LONGEST_MS: u64 = 1000;

/// Listens on `address` by the plane's device only, at once: connections queue from here on, whenever
/// they are accepted. Must be called inside a Tokio runtime.
///
/// The order of calls matters: create, bind the device, bind the address, listen. Listeners on two
/// devices can share a port.
pub fn listen(
    plane: &Plane,
    address: SocketAddr,
    options: ListenOptions,
) -> Result<Listener, PlaneError> {
    let socket = open(plane, address, options)?;
    let local = socket
        .local_addr()
        .map_err(|source| PlaneError::setup(plane, "reading a listener's address", source))?;
    Ok(Listener {
        socket,
        local,
        plane: plane.clone(),
        options,
        stats: ListenerStats::default(),
    })
}

fn open(
    plane: &Plane,
    address: SocketAddr,
    options: ListenOptions,
) -> Result<TcpListener, PlaneError> {
    let setup = |step| move |source| PlaneError::setup(plane, step, source);
    tokio::runtime::Handle::try_current()
        .map_err(io::Error::other)
        .map_err(setup("finding the Tokio runtime"))?;

    let socket = tcp::new_listening_socket(plane, address)?;
    let address = mutant::address_of_listener(plane, address);
    socket
        .set_reuse_address(true)
        .and_then(|()| socket.set_reuse_port(options.reuse_port))
        .and_then(|()| tcp::tune(&socket, &options.timers))
        .map_err(setup("setting a listener's options"))?;
    socket
        .bind(&SockAddr::from(address))
        .map_err(|source| PlaneError::bind_address(plane, address, source))?;
    // Two sockets may bind one address; the second `listen` is then what fails.
    socket
        .listen(LISTEN_BACKLOG_CONNECTIONS)
        .map_err(|source| PlaneError::bind_address(plane, address, source))?;
    if mutant::is(Mutant::BindAfterListen) {
        tcp::bind_to_device(&socket, plane, plane.interface())?;
    }

    let socket = StdListener::from(socket);
    TcpListener::from_std(socket).map_err(setup("handing a listener to the runtime"))
}

/// How a listener is made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ListenOptions {
    /// `SO_REUSEPORT`: several listeners of this process share the address and the kernel spreads
    /// the connections over them.
    pub reuse_port: bool,
    /// When a silent peer of an accepted connection is given up.
    pub timers: Timers,
}

/// A listening socket on a plane. Accepted sockets inherit its device, its timers and `TCP_NODELAY`.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    local: SocketAddr,
    plane: Plane,
    options: ListenOptions,
    stats: ListenerStats,
}

impl Listener {
    /// The next connection. Never fails: what concerns one connection is passed over, and want of
    /// descriptors or memory is waited out with a bounded backoff. Cancel safe.
    pub async fn accept(&self) -> (TcpStream, SocketAddr) {
        let mut backoff = Backoff::new(
            Duration::from_millis(ACCEPT_BACKOFF_FIRST_MS),
            Duration::from_millis(ACCEPT_BACKOFF_LONGEST_MS),
        );
        loop {
            match self.socket.accept().await {
                Ok(accepted) => {
                    self.note_recovery();
                    return accepted;
                }
                Err(error) if concerns_one_connection(&error) => {
                    tracing::debug!(plane = %self.plane, %error, "a connection ended before it was accepted");
                }
                Err(error) => {
                    self.note_failure(&error);
                    tokio::time::sleep(backoff.next_delay()).await;
                }
            }
        }
    }

    /// Whether its interface is not the one any more that it was bound to. The kernel tells nobody: such
    /// a listener hears nothing, even when an interface of the name is back.
    pub(crate) fn is_deaf(&self) -> bool {
        self.plane.interface().is_some()
            && !mutant::is(Mutant::StaleIndex)
            && SockRef::from(&self.socket)
                .device()
                .is_err_and(|error| error.raw_os_error() == Some(errno::ENODEV))
    }

    /// Listens anew, on the interface that has the plane's name now. Its predecessor is closed when that
    /// has succeeded.
    pub(crate) fn reopen(&mut self) -> Result<(), PlaneError> {
        self.socket = open(&self.plane, self.local, self.options)?;
        self.stats.0.reopened.fetch_add(1, Relaxed);
        Ok(())
    }

    /// Where it listens; the port that the kernel chose where port 0 was asked for.
    pub fn local_addr(&self) -> SocketAddr {
        self.local
    }

    /// The plane that it listens on.
    pub fn plane(&self) -> &Plane {
        &self.plane
    }

    /// Its counts, which go on being kept after it has been given to [`serve()`](crate::serve()).
    pub fn stats(&self) -> ListenerStats {
        self.stats.clone()
    }

    /// Stops listening. Gives up to `most` connections whose handshake was finished but which nobody
    /// has accepted: their requests may be on the way already, and closing would reset them.
    pub(crate) fn close_and_take_waiting(self, most: usize) -> Vec<(TcpStream, SocketAddr)> {
        let Ok(socket) = self.socket.into_std() else {
            return Vec::new();
        };
        std::iter::from_fn(|| socket.accept().ok())
            .take(most)
            .filter_map(|(stream, peer)| {
                stream.set_nonblocking(true).ok()?;
                Some((TcpStream::from_std(stream).ok()?, peer))
            })
            .collect()
    }

    /// Says so once for each spell of failures, not for each attempt.
    fn note_failure(&self, error: &io::Error) {
        let counts = &self.stats.0;
        counts.accept_failures.fetch_add(1, Relaxed);
        if !counts.accepting_failed.swap(true, Relaxed) {
            let advice = match error.raw_os_error() {
                Some(errno::EMFILE) => "raise the process's limit of open files (`ulimit -n`)",
                Some(errno::ENFILE) => "raise the node's limit of open files (fs.file-max)",
                _ => "check the node's memory and the kernel's log",
            };
            tracing::error!(
                plane = %self.plane, address = %self.local, %error, advice,
                "accepting pauses until there is room again"
            );
        }
    }

    fn note_recovery(&self) {
        let failed = &self.stats.0.accepting_failed;
        // Read first: writing on every accept would pass a cache line between the listeners' cores.
        if failed.load(Relaxed) {
            failed.store(false, Relaxed);
            tracing::info!(plane = %self.plane, address = %self.local, "accepting again");
        }
    }
}

/// For looking at the socket's options; the binding cannot be changed any more.
impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// A listener's counts: a handle that can be cloned and read from anywhere.
#[derive(Clone, Debug, Default)]
pub struct ListenerStats(pub(crate) Arc<Counts>);

#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) open: AtomicUsize,
    pub(crate) served: AtomicU64,
    accept_failures: AtomicU64,
    accepting_failed: AtomicBool,
    reopened: AtomicU64,
}

impl ListenerStats {
    /// Connections that [`serve()`](crate::serve()) is handling now.
    pub fn open_connections(&self) -> usize {
        self.0.open.load(Relaxed)
    }

    /// Connections that [`serve()`](crate::serve()) has taken since the start.
    pub fn served_connections(&self) -> u64 {
        self.0.served.load(Relaxed)
    }

    /// How often it was opened anew, because its interface had gone and come back.
    pub fn reopened(&self) -> u64 {
        self.0.reopened.load(Relaxed)
    }

    /// Accepts that failed for want of descriptors or memory, each attempt counted.
    pub fn accept_failures(&self) -> u64 {
        self.0.accept_failures.load(Relaxed)
    }
}

/// Errors that `accept(2)` passes on from the connection it was about to give: that one is gone, the
/// listener is well. Anything else is waited out, so that no error can make the loop spin.
fn concerns_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionAborted
            | ErrorKind::ConnectionReset
            | ErrorKind::Interrupted
            | ErrorKind::PermissionDenied
            | ErrorKind::HostUnreachable
            | ErrorKind::NetworkUnreachable
            | ErrorKind::NetworkDown
    )
}
