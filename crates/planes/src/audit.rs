//! What the kernel says of every socket here, held against the planes: the promise, looked at as it is kept.
//!
//! An audit asks for all TCP and UDP sockets of the network namespace, other containers' too, and for the
//! device that each is bound to. [`Violation`] says what is one. Own sockets that are one are ended at
//! once; whoever used one sees the end of its connection. Sockets that come and go between two audits are
//! heard of as they end. Takes no privileges.
//!
//! What the kernel does not tell: raw and ICMP sockets, and datagrams that name their interface
//! themselves (`IP_PKTINFO`, IPv6 scope ids); whose a socket was that has ended; the addresses of a
//! connection that its owner reset.

mod diag;
mod endings;
mod rules;
mod socket;

pub use socket::{Device, Owner, Protocol, SeenSocket, SocketState, Violation};

use crate::Plane;
use crate::descriptors::{OwnSocket, own_sockets};
use crate::error::NetlinkError;
use crate::interfaces::Interfaces;
use crate::netlink::{Questions, Subject};
use endings::Endings;
use rules::Rules;
use socket::Key;
use std::collections::{HashMap, HashSet};
use std::io::ErrorKind;
use std::time::{Duration, Instant};

/// Ended violations that are remembered between two audits, so that none is told twice; further ones may
/// be.
const MAX_KNOWN: usize = 8_192;

/// Audits the sockets of the network namespace in which it was made.
#[derive(Debug)]
pub struct Auditor {
    rules: Rules,
    diag: Questions,
    route: Questions,
    interfaces: Interfaces,
    endings: Option<Endings>,
    /// Violations of this audit and of the one before, each of which is told as new once.
    known: [HashSet<Key>; 2],
}

/// What one audit saw.
#[derive(Clone, Debug)]
pub struct Audit {
    /// Every TCP and UDP socket that has a port, in no order.
    pub sockets: Vec<SeenSocket>,
    /// Those of them that are where they must not be, and those of which was heard as they ended.
    pub violations: Vec<Violation>,
    /// How long it took, the ending of own sockets included.
    pub took: Duration,
}

/// Every TCP and UDP socket of this process that has a port, in no order. For showing them: nothing is
/// judged or ended, whatever the planes are. Blocks for some milliseconds.
///
/// Fails where the kernel or a seccomp profile refuses netlink sockets.
pub fn look_at_own_sockets() -> Result<Vec<SeenSocket>, NetlinkError> {
    let (_, mut sockets) = look()?;
    sockets.retain(|socket| socket.owner == Owner::Own);
    Ok(sockets)
}

/// Every TCP and UDP socket of the network namespace, and those of them that are a violation: as an audit
/// sees them, but nothing is ended, and an audit that comes later tells them as new. Blocks for some
/// milliseconds.
///
/// Fails where the kernel or a seccomp profile refuses netlink sockets.
pub fn look_at_sockets(
    planes: Vec<Plane>,
) -> Result<(Vec<SeenSocket>, Vec<Violation>), NetlinkError> {
    let (interfaces, sockets) = look()?;
    let rules = Rules::new(planes);
    let judged = sockets
        .iter()
        .filter_map(|socket| rules.judge(socket, &interfaces));
    let violations = judged.collect();
    Ok((sockets, violations))
}

fn look() -> Result<(Interfaces, Vec<SeenSocket>), NetlinkError> {
    let mut route = Questions::open(Subject::Interfaces).map_err(NetlinkError::of(
        "making a socket for questions about interfaces",
    ))?;
    let mut diag = Questions::open(Subject::Sockets).map_err(NetlinkError::of(
        "making a socket for questions about sockets",
    ))?;
    let interfaces =
        Interfaces::read(&mut route).map_err(NetlinkError::of("asking for the interfaces"))?;
    let own = own_sockets().map_err(NetlinkError::of("reading /proc/self/fd"))?;
    let own: HashSet<u64> = own.iter().map(|socket| socket.inode).collect();
    let sockets = diag::all_sockets(&mut diag, &interfaces, |inode| own.contains(&inode))
        .map_err(NetlinkError::of("asking for the sockets"))?;
    Ok((interfaces, sockets))
}

impl Auditor {
    /// An auditor for all planes of the service, those without an interface too: they say what an unbound
    /// socket may be. Sockets that end are heard of from here on.
    ///
    /// Fails where the kernel or a seccomp profile refuses netlink sockets. Where it refuses only the
    /// news of endings, [`hears_endings`](Self::hears_endings) says so and audits go on without.
    pub fn new(planes: Vec<Plane>) -> Result<Auditor, NetlinkError> {
        let diag = Questions::open(Subject::Sockets).map_err(NetlinkError::of(
            "making a socket for questions about sockets",
        ))?;
        let mut route = Questions::open(Subject::Interfaces).map_err(NetlinkError::of(
            "making a socket for questions about interfaces",
        ))?;
        let interfaces =
            Interfaces::read(&mut route).map_err(NetlinkError::of("asking for the interfaces"))?;
        let endings = Endings::open()
            .inspect_err(|error| {
                tracing::warn!(%error, "the kernel does not tell of sockets that end: those that live between two audits are not seen");
            })
            .ok();
        Ok(Auditor {
            rules: Rules::new(planes),
            diag,
            route,
            interfaces,
            endings,
            known: Default::default(),
        })
    }

    /// Looks at every socket, and ends own ones that are a violation. Blocks for some milliseconds: call
    /// it on a thread for that. A violation is told at every audit that sees it, as new only once.
    pub fn audit(&mut self) -> Result<Audit, NetlinkError> {
        let started = Instant::now();
        self.hear_endings()?;
        let mut violations = self.endings.as_mut().map(Endings::take).unwrap_or_default();
        self.interfaces = Interfaces::read(&mut self.route)
            .map_err(NetlinkError::of("asking for the interfaces"))?;
        // Before the sockets: one that is made meanwhile counts as foreign, and is not ended, until the
        // next audit.
        let own = own_sockets().map_err(NetlinkError::of("reading /proc/self/fd"))?;
        let own: HashMap<u64, OwnSocket> = own
            .into_iter()
            .map(|socket| (socket.inode, socket))
            .collect();
        let sockets = diag::all_sockets(&mut self.diag, &self.interfaces, |inode| {
            own.contains_key(&inode)
        })
        .map_err(NetlinkError::of("asking for the sockets"))?;

        let mut seen = HashSet::new();
        for socket in &sockets {
            let Some(mut violation) = self.rules.judge(socket, &self.interfaces) else {
                continue;
            };
            violation.new = self.is_new(&violation);
            if let Some(own) = own.get(&socket.inode.into()) {
                violation.ended = match own.end() {
                    Ok(()) => true,
                    Err(error) => error.kind() == ErrorKind::NotConnected,
                };
            }
            seen.insert(violation.key());
            violations.push(violation);
        }
        self.known.swap(0, 1);
        self.known[0] = seen;
        Ok(Audit {
            sockets,
            violations,
            took: started.elapsed(),
        })
    }

    /// Reads what the kernel told of sockets that ended; the next audit gives those that were a violation.
    /// Takes microseconds and never waits. The kernel keeps some hundreds: call it between audits, the
    /// oftener the more connections end.
    pub fn hear_endings(&mut self) -> Result<(), NetlinkError> {
        let Some(endings) = &mut self.endings else {
            return Ok(());
        };
        let (rules, known) = (&self.rules, &mut self.known);
        endings
            .hear(&self.interfaces, |socket| {
                let violation = rules.judge(socket, &self.interfaces)?;
                // It was seen alive, and told.
                let key = violation.key();
                let told = known.iter().any(|known| known.contains(&key));
                if known[0].len() < MAX_KNOWN {
                    known[0].insert(key);
                }
                (!told).then_some(violation)
            })
            .map_err(NetlinkError::of("hearing of sockets that ended"))
    }

    /// Whether the kernel tells of sockets that end.
    pub fn hears_endings(&self) -> bool {
        self.endings.is_some()
    }

    /// How often endings were lost since the start: the kernel's queue was full, or more violations came
    /// between two audits than are kept. Each time stands for one or more.
    pub fn missed_endings(&self) -> u64 {
        self.endings.as_ref().map_or(0, Endings::missed)
    }

    fn is_new(&self, violation: &Violation) -> bool {
        let key = violation.key();
        !self.known.iter().any(|known| known.contains(&key))
    }
}
