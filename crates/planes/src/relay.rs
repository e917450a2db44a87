//! A relay for libraries that make their own socket: Unix socket here, a plane's TCP connection there.
//!
//! sqlx offers no hook for its connector and never sets `TCP_NODELAY`. So it connects to a Unix socket
//! in a private folder, and what comes is copied to a connection that [`connect`](crate::connect()) made:
//! bound to its device, with `TCP_NODELAY` and all timers. Bytes are not looked at; what both ends must
//! agree on before, as on TLS, is somebody else's [`Greet`]. Runs on the caller's runtime: a thread of its own costs half the rate.

use crate::{ConnectOptions, Peer, Plane, PlaneError, Resolver};
use async_trait::async_trait;
use std::fmt;
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, copy_bidirectional_with_sizes};
use tokio::net::{TcpStream, UnixListener, UnixStream};
use tokio::task::JoinSet;
use tokio::time::timeout;

/// The pause after an accept that failed for want of descriptors or memory, in milliseconds.
const ACCEPT_PAUSE_MS: u64 = 100;
/// How many folders of killed processes with this process's id are stepped over.
const MAX_FOLDER_ATTEMPTS: u32 = 1_000;

/// What a relay may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RelayOptions {
    /// How the peer is connected to.
    pub connect: ConnectOptions,
    /// Connections at once; further ones wait to be accepted.
    pub max_connections: usize,
    /// Bytes under way in each direction of a connection. When they are full, the sender waits.
    pub buffer_bytes: usize,
}

impl Default for RelayOptions {
    fn default() -> Self {
        Self {
            connect: ConnectOptions::default(),
            max_connections: 64,
            buffer_bytes: 64 * 1024,
        }
    }
}

/// What is agreed on with the peer on each new connection, before the first byte is relayed.
#[async_trait]
pub trait Greet: fmt::Debug + Send + Sync {
    /// Agrees, and answers the connection as it is from then on. Given up after
    /// [`ConnectOptions::timeout`]. An error's words are for the operator.
    async fn greet(&self, stream: TcpStream) -> io::Result<Box<dyn Far>>;

    /// Why a connection broke later, if that comes of what was agreed on.
    fn explain(&self, error: &io::Error) -> Option<String>;
}

/// The far end of a relayed connection.
pub trait Far: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Far for S {}

/// A relay at work. Dropping it ends its connections and deletes its folder.
#[derive(Debug)]
pub struct Relay {
    folder: PathBuf,
    uid: u32,
    shared: Arc<Shared>,
    task: tokio::task::JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    plane: Plane,
    peer: Peer,
    resolver: Resolver,
    options: RelayOptions,
    greet: Option<Arc<dyn Greet>>,
    open: AtomicUsize,
    last_failure: Mutex<Option<String>>,
}

impl Relay {
    /// Listens on `socket_name` in a new folder below `parent`, which only this user may enter, and
    /// relays to `peer` by the plane, whose name, if it has one, `resolver` finds for each connection;
    /// `greet` speaks to it first. Must be called inside a Tokio runtime. A path of more than 107 bytes
    /// is more than the kernel takes (`sun_path`, unix(7)).
    pub fn start(
        plane: &Plane,
        peer: Peer,
        resolver: Resolver,
        parent: &Path,
        socket_name: &str,
        options: RelayOptions,
        greet: Option<Arc<dyn Greet>>,
    ) -> Result<Self, PlaneError> {
        let setup = |step| move |source| PlaneError::setup(plane, step, source);
        tokio::runtime::Handle::try_current()
            .map_err(io::Error::other)
            .map_err(setup("finding the Tokio runtime"))?;
        let folder =
            private_folder(parent).map_err(setup("making the private folder of a relay"))?;
        let (socket, uid) = open(&folder, socket_name)
            .inspect_err(|_| _ = std::fs::remove_dir_all(&folder))
            .map_err(setup("making the socket of a relay"))?;
        let shared = Arc::new(Shared {
            plane: plane.clone(),
            peer,
            resolver,
            options,
            greet,
            open: AtomicUsize::new(0),
            last_failure: Mutex::new(None),
        });
        let task = tokio::spawn(run(Arc::clone(&shared), socket, uid));
        Ok(Self {
            folder,
            uid,
            shared,
            task,
        })
    }

    /// The private folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The only user whose connections are relayed.
    pub fn uid(&self) -> u32 {
        self.uid
    }

    /// Connections that are open now.
    pub fn open_connections(&self) -> usize {
        self.shared.open.load(Relaxed)
    }

    /// Why the peer was not reached at the last attempt, if it was not. The library at the other end
    /// of the Unix socket sees no more than its end.
    pub fn last_failure(&self) -> Option<String> {
        self.shared.failure().clone()
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.task.abort();
        _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl Shared {
    fn failure(&self) -> std::sync::MutexGuard<'_, Option<String>> {
        self.last_failure
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// One connection, from its beginning to the end of both directions.
    async fn relay(&self, near: UnixStream) {
        let far = match self
            .peer
            .connect(&self.plane, &self.resolver, self.options.connect)
            .await
        {
            Ok(far) => far,
            Err(error) => return self.not_reached(error.to_string()),
        };
        let Some(greet) = &self.greet else {
            *self.failure() = None;
            return self.copy(near, far, |_| None).await;
        };
        let limit = self.options.connect.timeout;
        match timeout(limit, greet.greet(far)).await {
            Ok(Ok(far)) => {
                *self.failure() = None;
                self.copy(near, far, |error| greet.explain(error)).await;
            }
            Ok(Err(error)) => self.not_reached(format!("{}: {error}", self.peer)),
            Err(_) => self.not_reached(format!(
                "{}: it did not agree within {} ms on how to be spoken to",
                self.peer,
                limit.as_millis()
            )),
        }
    }

    fn not_reached(&self, reason: String) {
        tracing::debug!(reason, "a relay's peer was not reached");
        *self.failure() = Some(reason);
    }

    async fn copy(
        &self,
        mut near: UnixStream,
        mut far: impl Far,
        explain: impl Fn(&io::Error) -> Option<String>,
    ) {
        let size = self.options.buffer_bytes;
        // Passes the end of each direction on, and ends with the second or with an error.
        let copied = copy_bidirectional_with_sizes(&mut near, &mut far, size, size);
        if let Err(error) = copied.await {
            tracing::debug!(plane = %self.plane, peer = %self.peer, %error, "a relayed connection broke");
            if let Some(reason) = explain(&error) {
                *self.failure() = Some(format!("{}: {reason}", self.peer));
            }
        }
    }
}

/// Accepts until it is aborted, which ends the connections with it.
async fn run(shared: Arc<Shared>, socket: UnixListener, uid: u32) {
    let mut connections = JoinSet::new();
    loop {
        while connections.len() >= shared.options.max_connections {
            connections.join_next().await;
        }
        tokio::select! {
            accepted = socket.accept() => match accepted {
                Ok((near, _)) if is_of(&near, uid) => {
                    let shared = Arc::clone(&shared);
                    shared.open.fetch_add(1, Relaxed);
                    connections.spawn(async move {
                        shared.relay(near).await;
                        shared.open.fetch_sub(1, Relaxed);
                    });
                }
                Ok(_) => tracing::warn!("another user's connection to a relay was refused"),
                Err(error) => {
                    tracing::warn!(%error, "a relay cannot accept");
                    tokio::time::sleep(Duration::from_millis(ACCEPT_PAUSE_MS)).await;
                }
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

/// Whether the other end is a process of this user (`SO_PEERCRED`, unix(7)). The folder keeps others
/// out already; this holds where somebody opened it.
fn is_of(near: &UnixStream, uid: u32) -> bool {
    near.peer_cred().is_ok_and(|peer| peer.uid() == uid)
}

/// A new folder that only this user may enter.
fn private_folder(parent: &Path) -> io::Result<PathBuf> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    for _ in 0..MAX_FOLDER_ATTEMPTS {
        let count = COUNT.fetch_add(1, Relaxed);
        let folder = parent.join(format!("relay-{}-{count}", std::process::id()));
        match std::fs::DirBuilder::new().mode(0o700).create(&folder) {
            Ok(()) => return Ok(folder),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => {
                return Err(io::Error::new(
                    error.kind(),
                    format!("{}: {error}", folder.display()),
                ));
            }
        }
    }
    Err(io::Error::other(format!(
        "{} is full of relay-* folders: delete them",
        parent.display()
    )))
}

/// The listening socket and this user's id, as the folder that it made tells.
fn open(folder: &Path, socket_name: &str) -> io::Result<(UnixListener, u32)> {
    let uid = std::fs::metadata(folder)?.uid();
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that makes a socket"
    )]
    let socket = UnixListener::bind(folder.join(socket_name))?;
    Ok((socket, uid))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_this_users_connections_are_ours() {
        let (near, _far) = UnixStream::pair().unwrap();
        let own = std::fs::metadata("/proc/self").unwrap().uid();
        assert!(is_of(&near, own));
        assert!(
            !is_of(&near, own + 1),
            "a folder's mode may be changed, credentials may not"
        );
    }
}
