//! What keeps an interface from being used, in the words of whoever has to put it right.

use std::fmt;

/// Why a plane cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LinkFault {
    /// No interface has the plane's name.
    Absent,
    /// It is not raised.
    AdminDown,
    /// It is raised, and there is nothing at the other end.
    NoCarrier,
    /// It is up, and has no address that peers can use.
    NoAddress,
}

impl LinkFault {
    /// The check's id.
    pub const fn check(self) -> &'static str {
        match self {
            Self::Absent => "NET001",
            Self::AdminDown => "NET002",
            Self::NoCarrier => "NET003",
            Self::NoAddress => "NET005",
        }
    }

    /// What to do.
    pub const fn advice(self) -> &'static str {
        match self {
            Self::Absent => {
                "the pod started without Multus or lost its network: check the pod's \
                 k8s.v1.cni.cncf.io/networks annotation, then delete the pod"
            }
            Self::AdminDown => {
                "the plane's traffic is stopped: find out who lowered it, and raise it (`ip link set … up`)"
            }
            Self::NoCarrier => {
                "check the parent interface on the node, its cable or switch port, and the virtual function's link state"
            }
            Self::NoAddress => {
                "the network's IPAM gave none or took it back: check that its pool is not exhausted, then delete the pod"
            }
        }
    }

    /// What is wrong.
    pub const fn what(self) -> &'static str {
        match self {
            Self::Absent => "it does not exist",
            Self::AdminDown => "it is down",
            Self::NoCarrier => "it has no carrier",
            Self::NoAddress => "it has no address",
        }
    }
}

/// `it has no carrier: check the parent interface … (NET003)`.
impl fmt::Display for LinkFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} ({})", self.what(), self.advice(), self.check())
    }
}
