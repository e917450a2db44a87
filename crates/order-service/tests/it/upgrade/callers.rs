//! Callers at work: each places an order, reads it, changes it and cancels it, again and again, and writes
//! down what became of every request.
//!
//! A request fails if its caller was told so. What a client does by itself is no failure, and counted: a
//! request that never left the client goes to another connection; so does one, once, which the server has
//! said it did not look at (HTTP/2: GOAWAY or `REFUSED_STREAM`; gRPC's transparent retry, gRFC A6), or
//! whose kept HTTP/1.1 connection was closed before any of the answer came, if it may be repeated (RFC 9110,
//! section 9.2.2): a read, or a change with an `Idempotency-Key`, as Go's client does. A connection that is
//! refused is a failure, and so is any answer but the expected one.

use super::fleet::{Build, Endpoint, Endpoints};
use super::grpc_wire::GrpcWire;
use super::ledger::Ledger;
use super::request_log::{Line, Log, Protocol};
use super::rest_wire::RestWire;
use std::sync::Arc;
use std::time::{Duration, Instant};
use testkit::rows;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

/// What a caller does between two requests, so that a debug build is loaded and not drowned.
const THINK: Duration = Duration::from_millis(15);
/// Requests after which a caller that balances goes to the next replica.
const MOVE_AFTER: usize = 25;
/// A caller waits no longer for an answer.
pub(crate) const ANSWER: Duration = Duration::from_secs(10);

/// What is asked for.
#[derive(Clone, Debug)]
pub(crate) enum Ask {
    Place {
        key: String,
    },
    Read {
        id: String,
    },
    /// A read that may be as old as this many seconds.
    Aged {
        id: String,
        seconds: u32,
    },
    Amend {
        id: String,
        key: String,
    },
    Cancel {
        id: String,
        key: String,
    },
}

impl Ask {
    fn name(&self) -> &'static str {
        match self {
            Ask::Place { .. } => "place",
            Ask::Read { .. } => "read",
            Ask::Aged { .. } => "aged read",
            Ask::Amend { .. } => "amend",
            Ask::Cancel { .. } => "cancel",
        }
    }
}

/// An order as an answer shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) id: String,
    pub(crate) version: u64,
}

/// What became of a request.
pub(crate) struct Answer {
    pub(crate) to: Endpoint,
    /// Whose missing answer made the client send it once more.
    pub(crate) again: Option<Build>,
    pub(crate) told: Result<Told, String>,
}

/// When a caller leaves a connection by itself.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Moves {
    /// Never: it keeps the connection for as long as the server does.
    Stays,
    /// After so many requests.
    After(usize),
}

impl Moves {
    pub(crate) fn is_due(self, used: usize) -> bool {
        matches!(self, Moves::After(most) if used >= most)
    }
}

/// A protocol and a connection.
pub(crate) trait Wire: Send + 'static {
    const PROTOCOL: Protocol;
    fn endpoints(&self) -> &Endpoints;
    /// By a connection that is kept or made, and once more where a client does so by itself.
    fn attempts(&mut self, ask: &Ask) -> impl Future<Output = Answer> + Send;
}

async fn answer<W: Wire>(wire: &mut W, ask: &Ask) -> Answer {
    let answered = timeout(ANSWER, wire.attempts(ask)).await;
    answered.unwrap_or_else(|_| Answer {
        to: wire.endpoints().next(),
        again: None,
        told: Err(format!("no answer within {ANSWER:?}")),
    })
}

/// Callers of every kind, at work until they are told to stop.
pub(crate) struct Load {
    pub(crate) log: Arc<Log>,
    pub(crate) ledger: Arc<Ledger>,
    stop: watch::Sender<bool>,
    callers: Vec<JoinHandle<()>>,
}

impl Load {
    pub(crate) fn begin(endpoints: &Endpoints) -> Load {
        let (stop, stopped) = watch::channel(false);
        let mut load = Load {
            log: Arc::default(),
            ledger: Arc::default(),
            stop,
            callers: Vec::new(),
        };
        for number in 0..rows::times(4, 16) {
            for (kind, moves) in [("stays", Moves::Stays), ("moves", Moves::After(MOVE_AFTER))] {
                let caller = Caller {
                    name: format!("{kind}-{number}"),
                    log: Arc::clone(&load.log),
                    ledger: Arc::clone(&load.ledger),
                    stopped: stopped.clone(),
                };
                let rest = RestWire::new(endpoints.clone(), moves);
                let grpc = GrpcWire::new(endpoints.clone(), moves);
                load.callers.push(tokio::spawn(caller.clone().work(rest)));
                load.callers.push(tokio::spawn(caller.work(grpc)));
            }
        }
        load
    }

    /// Lets every caller finish its order.
    pub(crate) async fn end(&mut self) {
        self.stop.send_replace(true);
        for caller in self.callers.drain(..) {
            caller.await.unwrap();
        }
    }
}

#[derive(Clone)]
struct Caller {
    name: String,
    log: Arc<Log>,
    ledger: Arc<Ledger>,
    stopped: watch::Receiver<bool>,
}

impl Caller {
    async fn work<W: Wire>(self, mut wire: W) {
        for number in 0.. {
            let key = format!("{:?}-{}-{number}", W::PROTOCOL, self.name);
            self.an_order(&mut wire, key).await;
            if *self.stopped.borrow() {
                return;
            }
        }
    }

    /// The life of one order; ends early where a request failed, which the log tells.
    async fn an_order<W: Wire>(&self, wire: &mut W, key: String) -> Option<()> {
        let place = Ask::Place { key: key.clone() };
        let placed = self.ask(wire, place.clone()).await?;
        let id = placed.id.clone();
        self.ledger.acknowledge(&placed);
        let read = self.ask(wire, Ask::Read { id: id.clone() }).await?;
        self.expect(wire, &read, &placed);
        let amend = Ask::Amend {
            id: id.clone(),
            key: format!("{key}-amend"),
        };
        let amended = self.ask(wire, amend).await?;
        self.ledger.acknowledge(&amended);
        let aged = self
            .ask(
                wire,
                Ask::Aged {
                    id: id.clone(),
                    seconds: 60,
                },
            )
            .await?;
        assert!(
            aged.version <= amended.version,
            "{aged:?} after {amended:?}"
        );
        let cancel = Ask::Cancel {
            id: id.clone(),
            key: format!("{key}-cancel"),
        };
        let cancelled = self.ask(wire, cancel).await?;
        self.ledger.acknowledge(&cancelled);
        // By whichever version now: the first answer, and nothing new.
        let replayed = self.ask(wire, place).await?;
        self.expect(wire, &replayed, &placed);
        let read = self.ask(wire, Ask::Read { id }).await?;
        self.expect(wire, &read, &cancelled);
        Some(())
    }

    fn expect<W: Wire>(&self, _: &W, told: &Told, expected: &Told) {
        assert_eq!(told, expected, "{:?} {}", W::PROTOCOL, self.name);
    }

    async fn ask<W: Wire>(&self, wire: &mut W, ask: Ask) -> Option<Told> {
        sleep(THINK).await;
        let (at, asked) = (self.log.now(), Instant::now());
        let Answer { to, again, told } = answer(wire, &ask).await;
        let (told, failed) = match told {
            Ok(told) => (Some(told), None),
            Err(why) => (None, Some(why)),
        };
        self.log.write(Line {
            protocol: W::PROTOCOL,
            what: ask.name(),
            to,
            at,
            took: asked.elapsed(),
            again,
            failed,
        });
        told
    }
}
