//! The planes' interfaces as they come, go and change, for readiness, metrics and the log.
//!
//! The kernel tells of every change (rtnetlink(7)), without any privilege. When it told more than could
//! be kept, and every five seconds in any case, all is asked anew: what was missed is seen then. What a
//! change means for sockets is not decided here: [`serve()`](crate::serve()) and
//! [`end_orphans`](crate::end_orphans) look for themselves.

mod change;
mod fault;
mod follow;

pub use change::{Change, LinkChange};
pub use fault::LinkFault;

use crate::error::NetlinkError;
use crate::interfaces::Interfaces;
use crate::{LinkState, Plane};
use follow::Follower;
use tokio::sync::{broadcast, watch};
use tokio::task::JoinHandle;

/// Changes that a slow reader may be behind; it is told when it missed some, and the states are whole.
const MAX_CHANGES_BEHIND: usize = 256;

/// Watches the interfaces of planes. Dropping it ends the watch.
#[derive(Debug)]
pub struct LinkWatch {
    states: watch::Receiver<Vec<PlaneLink>>,
    changes: broadcast::Sender<LinkChange>,
    task: JoinHandle<()>,
}

impl LinkWatch {
    /// Watches the interface of each plane that has one, in this network namespace. What is wrong at the
    /// start is told to the log; every change after it, too. Must be called inside a Tokio runtime.
    ///
    /// Fails where the kernel or a seccomp profile refuses netlink sockets.
    pub fn start(planes: Vec<Plane>) -> Result<LinkWatch, NetlinkError> {
        let follower = Follower::new(planes)?;
        let (states, state) = watch::channel(follower.states());
        let (changes, _) = broadcast::channel(MAX_CHANGES_BEHIND);
        let task = tokio::spawn(follower.run(states, changes.clone()));
        Ok(LinkWatch {
            states: state,
            changes,
            task,
        })
    }

    /// Each bound plane and its interface now, in the order of the planes. The gauge of a plane is 1 where
    /// [`PlaneLink::fault`] gives nothing.
    pub fn states(&self) -> watch::Receiver<Vec<PlaneLink>> {
        self.states.clone()
    }

    /// Every change from here on, one by one, also those that are undone at once.
    pub fn changes(&self) -> broadcast::Receiver<LinkChange> {
        self.changes.subscribe()
    }
}

impl Drop for LinkWatch {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A plane and its interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlaneLink {
    /// The plane; it has an interface.
    pub plane: Plane,
    /// The interface that has its name.
    pub link: Link,
}

impl PlaneLink {
    /// Why the plane cannot be used, or nothing where it can.
    pub fn fault(&self) -> Option<LinkFault> {
        self.link.fault()
    }
}

/// An interface or its absence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Link {
    /// None has the name.
    Absent,
    /// The one that has the name now.
    Present(LinkState),
}

impl Link {
    pub(crate) fn of(interfaces: &Interfaces, plane: &Plane) -> Link {
        let found = interfaces.of_plane(plane);
        found.map_or(Link::Absent, |link| Link::Present(link.clone()))
    }

    /// Why it cannot be used, or nothing where it can: the first of what has to be put right.
    pub fn fault(&self) -> Option<LinkFault> {
        match self {
            Link::Absent => Some(LinkFault::Absent),
            Link::Present(link) if !link.admin_up => Some(LinkFault::AdminDown),
            Link::Present(link) if !link.carrier => Some(LinkFault::NoCarrier),
            Link::Present(link) if !link.has_address() => Some(LinkFault::NoAddress),
            Link::Present(_) => None,
        }
    }

    /// The interface, where there is one.
    pub fn present(&self) -> Option<&LinkState> {
        match self {
            Link::Absent => None,
            Link::Present(link) => Some(link),
        }
    }
}
