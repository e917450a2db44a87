//! Names for a library that waits for the answer on a thread of its own, such as librdkafka.
//!
//! What such a library would ask of `getaddrinfo` is asked here of a [`Resolver`] that has a thread and
//! a runtime to itself: whoever waits holds no other runtime up, and needs none. Both are made when the
//! first name is asked for, so who has addresses alone costs nothing.

use crate::{Plane, PlaneError, Resolver};
use std::fmt;
use std::net::IpAddr;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;
use tokio::sync::mpsc::{Receiver, Sender, channel};

/// How long an answer is waited for, in milliseconds: two questions to a server that is silent, and one
/// to the next.
const ANSWER_TIMEOUT_MS: u64 = 5_000;
/// Questions that wait for the resolver's thread. Each is of a thread that waits, so there are never as
/// many unless that thread is stuck.
const WAITING_QUESTIONS: usize = 256;

/// Resolves names by one plane for threads that wait. Clones share what they know.
#[derive(Clone)]
pub struct BlockingResolver {
    plane: Plane,
    asking: Arc<OnceLock<Result<Sender<Question>, String>>>,
}

struct Question {
    host: String,
    answer: SyncSender<Result<Vec<IpAddr>, PlaneError>>,
}

impl BlockingResolver {
    /// A resolver as `/etc/resolv.conf` and `/etc/hosts` describe it, whose every socket goes by
    /// `plane`. Nothing is read or asked yet.
    pub fn new(plane: Plane) -> BlockingResolver {
        BlockingResolver {
            plane,
            asking: Arc::default(),
        }
    }

    /// The addresses of `host`, at least one, in the order in which to try them; waits 5 s at most. An
    /// address is its own answer. Holds the calling thread up, so never call it inside a runtime.
    pub fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, PlaneError> {
        if let Ok(address) = host.parse() {
            return Ok(vec![address]);
        }
        let (answer, answered) = sync_channel(1);
        let question = Question {
            host: host.to_owned(),
            answer,
        };
        let asking = self.asking.get_or_init(|| start(&self.plane));
        let asked = match asking {
            Ok(asking) => asking.try_send(question).map_err(|error| error.to_string()),
            Err(reason) => Err(reason.clone()),
        };
        asked.map_err(|reason| self.unresolved(host, reason))?;
        let waited = answered.recv_timeout(Duration::from_millis(ANSWER_TIMEOUT_MS));
        waited.unwrap_or_else(|_| Err(self.unresolved(host, no_answer())))
    }

    /// The plane by which name servers are asked.
    pub fn plane(&self) -> &Plane {
        &self.plane
    }

    fn unresolved(&self, host: &str, reason: String) -> PlaneError {
        PlaneError::Unresolved {
            plane: self.plane.clone(),
            host: host.to_owned(),
            reason,
        }
    }
}

impl fmt::Debug for BlockingResolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BlockingResolver({})", self.plane)
    }
}

fn no_answer() -> String {
    format!("no answer within {ANSWER_TIMEOUT_MS} ms")
}

/// Starts the thread. It ends with the last clone of the resolver.
fn start(plane: &Plane) -> Result<Sender<Question>, String> {
    let unusable = |error: std::io::Error| format!("the resolver cannot start: {error}");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(unusable)?;
    let (asking, questions) = channel(WAITING_QUESTIONS);
    // Of its own: what a resolver keeps open belongs to the runtime in which it was asked first.
    let resolver = Resolver::new(plane.clone());
    let thread = thread::Builder::new().name("resolver".to_owned());
    let serving = thread.spawn(move || runtime.block_on(serve(resolver, questions)));
    serving.map(|_| asking).map_err(unusable)
}

/// Asks for each name by itself, so that one that nobody knows holds no other up.
async fn serve(resolver: Resolver, mut questions: Receiver<Question>) {
    while let Some(Question { host, answer }) = questions.recv().await {
        let resolver = resolver.clone();
        tokio::spawn(async move {
            let limit = Duration::from_millis(ANSWER_TIMEOUT_MS);
            let found = tokio::time::timeout(limit, resolver.addresses(&host)).await;
            let found = found.unwrap_or_else(|_| {
                Err(PlaneError::Unresolved {
                    plane: resolver.plane().clone(),
                    host,
                    reason: no_answer(),
                })
            });
            // Whoever asked may have given up at the same moment.
            let _ = answer.send(found);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::PlaneKind;

    fn resolver() -> BlockingResolver {
        BlockingResolver::new(Plane::unbound(PlaneKind::Default))
    }

    #[test]
    fn an_address_is_its_own_answer_and_needs_no_thread() {
        let resolver = resolver();
        for address in ["10.20.0.10", "2001:db8::1"] {
            let found = resolver.addresses(address).unwrap();
            assert_eq!(found, [address.parse::<IpAddr>().unwrap()]);
        }
        assert!(resolver.asking.get().is_none());
    }

    #[test]
    fn many_threads_ask_at_once() {
        let resolver = resolver();
        thread::scope(|scope| {
            for _ in 0..32 {
                scope.spawn(|| {
                    let found = resolver.addresses("localhost").unwrap();
                    assert!(found.iter().all(IpAddr::is_loopback), "{found:?}");
                });
            }
        });
    }

    /// The top-level domain `invalid` never exists (RFC 2606).
    #[test]
    fn a_name_without_an_address_is_told_with_its_plane() {
        let error = resolver().addresses("nothing.invalid").unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains("nothing.invalid") && text.contains("default plane"),
            "{text}"
        );
    }
}
