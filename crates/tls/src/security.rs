//! How a listener's connections are secured: by an acceptor, or not at all.

use crate::caller::Caller;
use crate::error::{TlsError, Why};
use crate::server::Acceptor;
use crate::stream::Stream;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;

/// Secures connections, and knows how many it turned away. Clones are one.
#[derive(Clone, Debug, Default)]
pub struct Security(Option<Arc<Door>>);

#[derive(Debug)]
struct Door {
    acceptor: Acceptor,
    /// By the order of [`Why::ALL`].
    refused: [AtomicU64; Why::ALL.len()],
    last_refusal: Mutex<Option<String>>,
}

impl Security {
    /// Connections stay as they are.
    pub fn none() -> Security {
        Security(None)
    }

    /// Every connection is encrypted.
    pub fn by(acceptor: Acceptor) -> Security {
        Security(Some(Arc::new(Door {
            acceptor,
            refused: Default::default(),
            last_refusal: Mutex::default(),
        })))
    }

    /// What encrypts, if anything does.
    pub fn acceptor(&self) -> Option<&Acceptor> {
        self.0.as_ref().map(|door| &door.acceptor)
    }

    /// The stream as it is to be used, and who is at its other end, where they proved it. A client that
    /// has not finished the handshake `within` so long is turned away; who is, is counted.
    pub async fn secure<S>(
        &self,
        stream: S,
        within: Duration,
    ) -> Result<(Stream<S>, Option<Caller>), TlsError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let Some(door) = &self.0 else {
            return Ok((Stream::Plain(stream), None));
        };
        let accepted = timeout(within, door.acceptor.accept(stream)).await;
        match accepted.unwrap_or(Err(TlsError::Slow { within })) {
            Ok((stream, caller)) => Ok((Stream::Tls(Box::new(stream)), caller)),
            Err(error) => {
                door.refused[error.why() as usize].fetch_add(1, Relaxed);
                *door.last_refusal() = Some(error.to_string());
                Err(error)
            }
        }
    }

    /// How many clients were turned away for this reason.
    pub fn refused(&self, why: Why) -> u64 {
        let door = self.0.as_ref();
        door.map_or(0, |door| door.refused[why as usize].load(Relaxed))
    }

    /// Why the last one was, since this was asked before.
    pub fn take_last_refusal(&self) -> Option<String> {
        self.0.as_ref().and_then(|door| door.last_refusal().take())
    }
}

impl Door {
    fn last_refusal(&self) -> std::sync::MutexGuard<'_, Option<String>> {
        self.last_refusal
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
