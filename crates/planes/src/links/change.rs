//! What happened to a plane's interface, by what it was and what it is. No kernel is asked here.

use super::{Link, LinkFault};
use crate::{InterfaceAddress, LinkState, Plane};
use std::fmt;

/// Something that happened to the interface of a plane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkChange {
    /// The plane.
    pub plane: Plane,
    /// What happened.
    pub change: Change,
    /// The interface after it.
    pub link: Link,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// It came, for the first time or as the same that it was before.
    Appeared,
    /// It is no more.
    Gone,
    /// Another one has the plane's name now (index or MAC differ from the last that had it): NET004.
    Reborn {
        /// The last that had the name.
        old: LinkState,
        /// The one that has it now.
        new: LinkState,
    },
    /// Packets can go: it is raised and has a carrier.
    Up,
    /// Packets cannot go, or for another reason than before.
    Down,
    /// Addresses came, went, or became usable. None left is NET005.
    AddressesChanged {
        /// All that it had.
        old: Vec<InterfaceAddress>,
        /// All that it has.
        new: Vec<InterfaceAddress>,
    },
}

impl LinkChange {
    /// Whether the plane cannot be used after it.
    pub fn is_fault(&self) -> bool {
        self.link.fault().is_some()
    }
}

/// What happened between `before` and `now`, in the order in which to tell it. `last` is the interface
/// that had the name last, before it was absent.
pub(super) fn changes(before: &Link, last: Option<&LinkState>, now: &Link) -> Vec<Change> {
    let new = match (before, now) {
        (Link::Absent, Link::Absent) => return Vec::new(),
        (Link::Present(_), Link::Absent) => return vec![Change::Gone],
        (_, Link::Present(new)) => new,
    };
    let mut all = Vec::new();
    let is_other = |old: &&LinkState| !old.is_same(new);
    if let Some(old) = last.filter(is_other) {
        let (old, new) = (old.clone(), new.clone());
        all.push(Change::Reborn { old, new });
    } else if *before == Link::Absent {
        all.push(Change::Appeared);
    }
    let old = before.present();
    let was_up = old.is_some_and(LinkState::is_up);
    if new.is_up() && !was_up {
        all.push(Change::Up);
    }
    if let Some(old) = old {
        let same_reason = (old.admin_up, old.carrier) == (new.admin_up, new.carrier);
        if !new.is_up() && !same_reason {
            all.push(Change::Down);
        }
        if old.addresses != new.addresses {
            let (old, new) = (old.addresses.clone(), new.addresses.clone());
            all.push(Change::AddressesChanged { old, new });
        }
    }
    all
}

/// As an operator reads it: which plane and device, what happened, what to do.
impl fmt::Display for LinkChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: the interface ", self.plane)?;
        match &self.change {
            Change::Gone => return write!(f, "is gone: {} (NET001)", LinkFault::Absent.advice()),
            Change::Appeared => {
                let link = self.link.present();
                let (index, mtu) = link.map_or((0, 0), |link| (link.index, link.mtu));
                write!(f, "is there: index {index}, MTU {mtu}")?;
            }
            Change::Reborn { old, new } => write!(
                f,
                "was made anew: index {} and MAC {} before, {} and {} now; its sockets are opened again on it (NET004)",
                old.index, old.mac, new.index, new.mac
            )?,
            Change::Up => f.write_str("is up")?,
            Change::Down => f.write_str("stopped carrying packets")?,
            Change::AddressesChanged { old, new } => {
                write!(
                    f,
                    "has other addresses: {} before, {} now",
                    List(old),
                    List(new)
                )?;
            }
        }
        match self.link.fault() {
            Some(fault) => write!(f, "; {fault}"),
            None => Ok(()),
        }
    }
}

/// Addresses, or that there are none.
struct List<'a>(&'a [InterfaceAddress]);

impl fmt::Display for List<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("none");
        }
        for (at, address) in self.0.iter().enumerate() {
            let comma = if at == 0 { "" } else { ", " };
            let not_yet = if address.usable { "" } else { " (not usable)" };
            write!(f, "{comma}{address}{not_yet}")?;
        }
        Ok(())
    }
}
