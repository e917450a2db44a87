//! A relay for libraries that make their own socket: Unix socket here, a plane's TCP connection there.
//!
//! sqlx offers no hook for its connector and never sets `TCP_NODELAY`. So it connects to a Unix socket
//! in a private folder, and what comes is copied to a connection that [`connect`](crate::connect()) made:
//! bound to its device, with `TCP_NODELAY` and all timers. Bytes are not looked at, so TLS passes
//! through from end to end. Runs on the caller's runtime: a thread of its own costs half the rate.

use crate::{ConnectOptions, Peer, Plane, PlaneError, Resolver};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinSet;

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
    open: AtomicUsize,
    last_failure: Mutex<Option<String>>,
}

impl Relay {
    /// Listens on `socket_name` in a new folder below `parent`, which only this user may enter, and
    /// relays to `peer` by the plane, whose name, if it has one, `resolver` finds for each connection. Must be called inside a Tokio runtime. A path of more than 107
    /// bytes is more than the kernel takes (`sun_path`, unix(7)).
    pub fn start(
        plane: &Plane,
        peer: Peer,
        resolver: Resolver,
        parent: &Path,
        socket_name: &str,
        options: RelayOptions,
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
    async fn relay(&self, mut near: UnixStream) {
        let reached = self
            .peer
            .connect(&self.plane, &self.resolver, self.options.connect);
        let mut far = match reached.await {
            Ok(far) => far,
            Err(error) => {
                tracing::debug!(%error, "a relay's peer was not reached");
                *self.failure() = Some(error.to_string());
                return;
            }
        };
        *self.failure() = None;
        let size = self.options.buffer_bytes;
        // Passes the end of each direction on, and ends with the second or with an error.
        let copied = tokio::io::copy_bidirectional_with_sizes(&mut near, &mut far, size, size);
        if let Err(error) = copied.await {
            tracing::debug!(plane = %self.plane, peer = %self.peer, %error, "a relayed connection broke");
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
