//! The planes of a pod, and the key to a socket.

use std::fmt;

/// The longest name that the kernel gives an interface: IFNAMSIZ without its end mark.
const INTERFACE_NAME_MAX_BYTES: usize = 15;

/// The loopback device; its name is fixed by the kernel.
pub(crate) const LOOPBACK_INTERFACE: &str = "lo";

/// A kind of traffic and the interface that carries it: the only key to a socket.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Plane {
    kind: PlaneKind,
    interface: Option<Box<str>>,
}

impl Plane {
    /// A plane without an interface of its own: its sockets go where the routing table says. For a
    /// machine that is not multi-homed; whoever starts the service says so plainly.
    pub const fn unbound(kind: PlaneKind) -> Self {
        Self {
            kind,
            interface: None,
        }
    }

    /// A plane whose every socket is bound to `interface`. Whether the interface exists is seen when
    /// a socket is made, or by [`wait_for_interface`](crate::wait_for_interface).
    pub fn bound(kind: PlaneKind, interface: &str) -> Result<Self, InvalidInterface> {
        match interface_name_fault(interface) {
            None => Ok(Self {
                kind,
                interface: Some(interface.into()),
            }),
            Some(fault) => Err(InvalidInterface {
                kind,
                name: interface.to_owned(),
                fault,
            }),
        }
    }

    /// The default plane bound to `lo`. A listener that is bound to a plane cannot be reached by
    /// 127.0.0.1, so probes and port-forwards from inside the pod need one of these.
    pub fn loopback() -> Self {
        Self {
            kind: PlaneKind::Default,
            interface: Some(LOOPBACK_INTERFACE.into()),
        }
    }

    /// The kind of traffic.
    pub const fn kind(&self) -> PlaneKind {
        self.kind
    }

    /// The interface, or nothing where the plane is unbound.
    pub fn interface(&self) -> Option<&str> {
        self.interface.as_deref()
    }
}

/// As messages name it: `data plane (net1)`, `data plane (unbound)`.
impl fmt::Display for Plane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let interface = self.interface().unwrap_or("unbound");
        write!(f, "{} ({interface})", self.kind)
    }
}

/// The kinds of traffic that are kept apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PlaneKind {
    /// DNS, the Kubernetes API, probes: no business traffic.
    Default,
    /// Metrics, dashboard, logs and traces.
    Management,
    /// What callers and partners send: REST, gRPC, Kafka.
    Data,
    /// Databases, caches, object stores.
    Storage,
}

impl PlaneKind {
    /// Every kind, in the order in which a summary lists them.
    pub const ALL: [Self; 4] = [Self::Default, Self::Management, Self::Data, Self::Storage];

    /// The kind's name in labels and JSON: `data`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Management => "management",
            Self::Data => "data",
            Self::Storage => "storage",
        }
    }

    /// The environment variable that names the interface: `DATA_INTERFACE`.
    pub const fn variable(self) -> &'static str {
        match self {
            Self::Default => "DEFAULT_INTERFACE",
            Self::Management => "MGMT_INTERFACE",
            Self::Data => "DATA_INTERFACE",
            Self::Storage => "STORAGE_INTERFACE",
        }
    }
}

/// As messages name it: `data plane`.
impl fmt::Display for PlaneKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} plane", self.name())
    }
}

/// A name that no interface can have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{kind}: {name:?} cannot be an interface's name: it {fault}; set {variable} to a name that `ip link` shows in the pod",
    variable = kind.variable()
)]
pub struct InvalidInterface {
    /// The plane that was to have it.
    pub kind: PlaneKind,
    /// The name as it was given.
    pub name: String,
    fault: &'static str,
}

/// What the kernel would refuse in a name (`dev_valid_name` in net/core/dev.c), and control
/// characters, which it takes but which only a mistake brings here.
fn interface_name_fault(name: &str) -> Option<&'static str> {
    if name.is_empty() {
        Some("is empty")
    } else if name.len() > INTERFACE_NAME_MAX_BYTES {
        Some("is longer than 15 bytes")
    } else if name == "." || name == ".." {
        Some("names a folder")
    } else if name.contains(['/', ':']) {
        Some("contains '/' or ':'")
    } else if name.contains(|c: char| c.is_whitespace() || c.is_control()) {
        Some("contains white space or a control character")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_the_kernel_gives_are_taken() {
        for name in ["lo", "net1", "eth0.100", "bond0-a", "fifteen-bytes-x"] {
            let plane = Plane::bound(PlaneKind::Data, name).unwrap();
            assert_eq!(plane.interface(), Some(name));
        }
    }

    #[test]
    fn names_that_the_kernel_refuses_are_refused_with_the_reason() {
        for (name, reason) in [
            ("", "is empty"),
            ("sixteen-bytes-xy", "longer than 15"),
            (".", "folder"),
            ("..", "folder"),
            ("net/1", "'/'"),
            ("eth0:1", "':'"),
            ("net 1", "white space"),
            ("net1\n", "white space"),
            ("net\0", "control character"),
        ] {
            let error = Plane::bound(PlaneKind::Storage, name).unwrap_err();
            let text = error.to_string();
            assert!(text.contains(reason), "{name:?}: {text}");
            assert!(text.contains("STORAGE_INTERFACE"), "{text}");
        }
    }

    #[test]
    fn a_plane_says_its_kind_and_interface() {
        let data = Plane::bound(PlaneKind::Data, "net1").unwrap();
        assert_eq!(data.to_string(), "data plane (net1)");
        let storage = Plane::unbound(PlaneKind::Storage);
        assert_eq!(storage.to_string(), "storage plane (unbound)");
        assert_eq!(Plane::loopback().to_string(), "default plane (lo)");
    }
}
