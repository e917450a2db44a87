//! A pod's networks as they were found: data without opinion, which the checks judge and nobody here asks
//! the kernel for.

mod tried;

pub use tried::{Advertised, Answer, Certificate, Neighbour, Outcome, Path, Stray, Try, Whose};

use crate::finding::CannotTell;
use std::net::IpAddr;

/// Everything that the checks look at.
#[derive(Clone, Debug, Default)]
pub struct Pod {
    /// The planes, in the order of the settings.
    pub planes: Vec<Plane>,
    /// The main table's routes.
    pub routes: Vec<Route>,
    /// Whether rules choose a table by the source address.
    pub source_rules: bool,
    /// Whom the service connects to.
    pub peers: Vec<Peer>,
    /// The name servers of `/etc/resolv.conf`.
    pub name_servers: Vec<Lookup>,
    /// By which plane names are asked for.
    pub dns_plane: String,
    /// What Multus says that it attached.
    pub status: NetworkStatus,
    /// Settings of the whole network namespace.
    pub kernel: Kernel,
    /// Whom the kernel has found, or asked for in vain, on the links.
    pub neighbours: Vec<Neighbour>,
    /// Addresses of the node on which the pod runs, as far as they are known.
    pub node_addresses: Vec<IpAddr>,
    /// Sockets that are where they must not be, or whose interface is gone.
    pub strays: Vec<Stray>,
    /// How the peers answered, where they were tried.
    pub tries: Vec<Try>,
    /// How far long packets go, where that was tried.
    pub paths: Vec<Path>,
    /// Certificates that the service shows.
    pub certificates: Vec<Certificate>,
    /// Addresses that peers tell their clients to use.
    pub advertised: Vec<Advertised>,
    /// Who answered at other pods' addresses, where they were asked.
    pub answers: Vec<Answer>,
    /// Checks that could not be made, as is known already.
    pub cannot_tell: Vec<CannotTell>,
}

/// A plane and its interface.
#[derive(Clone, Debug, Default)]
pub struct Plane {
    /// `data`.
    pub name: String,
    /// The interface that it is bound to; `None`: it is not bound.
    pub interface: Option<String>,
    /// The interface as it is; `None`: there is none of the name.
    pub link: Option<Link>,
    /// As it was when the service started, where that is known.
    pub at_start: Option<Identity>,
    /// The network that the interface is to be attached to, and its MTU, as far as somebody declared them.
    pub declared_mtu: Option<u32>,
}

impl Plane {
    /// As findings name it: `data plane (net2)`.
    pub fn subject(&self) -> String {
        let interface = self.interface.as_deref().unwrap_or("not bound");
        format!("{} plane ({interface})", self.name)
    }
}

/// What makes an interface the one that it is, beside its name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// Its number.
    pub index: u32,
    /// Its hardware address, as `ip link` writes it.
    pub mac: String,
}

/// An interface.
#[derive(Clone, Debug, Default)]
pub struct Link {
    /// Which.
    pub identity: Identity,
    /// Whether it was raised.
    pub admin_up: bool,
    /// Whether there is something at the other end.
    pub carrier: bool,
    /// How often that has changed since the interface was made.
    pub carrier_changes: u64,
    /// The longest packet in bytes.
    pub mtu: u32,
    /// `macvlan`, `veth`, …; empty: the kernel does not say.
    pub kind: String,
    /// Its addresses.
    pub addresses: Vec<Address>,
    /// `net.ipv4.conf.INTERFACE.…`, the greater of it and of `all`, as the kernel takes them.
    pub rp_filter: Option<u32>,
    /// As above.
    pub arp_ignore: Option<u32>,
    /// Of the interface alone: both it and `all` must be 0 where packets are not forwarded.
    pub accept_redirects: Option<u32>,
}

/// An address of an interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// The address.
    pub ip: IpAddr,
    /// The bits that its subnet shares.
    pub prefix_bits: u8,
    /// Duplicate address detection is not done, or found one.
    pub tentative_or_duplicate: bool,
    /// It goes away by itself: a router's advertisement gave it.
    pub dynamic: bool,
}

impl Address {
    /// Whether the subnet has this address.
    pub fn covers(&self, other: IpAddr) -> bool {
        let (mine, theirs, bits): (u128, u128, u32) = match (self.ip, other) {
            (IpAddr::V4(mine), IpAddr::V4(theirs)) => {
                (mine.to_bits().into(), theirs.to_bits().into(), 32)
            }
            (IpAddr::V6(mine), IpAddr::V6(theirs)) => (mine.to_bits(), theirs.to_bits(), 128),
            _ => return false,
        };
        let host_bits = bits.saturating_sub(self.prefix_bits.into());
        (mine ^ theirs).checked_shr(host_bits).unwrap_or(0) == 0
    }

    /// Whether it is the same on every link.
    pub fn is_link_local(&self) -> bool {
        match self.ip {
            IpAddr::V4(ip) => ip.is_link_local(),
            IpAddr::V6(ip) => ip.is_unicast_link_local(),
        }
    }
}

/// A route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// Where to; `None`: everywhere (a default route).
    pub destination: Option<(IpAddr, u8)>,
    /// By which router.
    pub gateway: Option<IpAddr>,
    /// By which interface.
    pub interface: String,
}

/// Somebody whom the service connects to by a plane.
#[derive(Clone, Debug)]
pub struct Peer {
    /// `database`, `redis`, `kafka`, `collector`.
    pub name: String,
    /// The plane's name.
    pub plane: String,
    /// Where, and how the kernel would go there.
    pub lookup: Lookup,
}

/// How the kernel would go to an address.
#[derive(Clone, Debug)]
pub struct Lookup {
    /// Where to.
    pub address: IpAddr,
    /// By which interface, of a socket that is bound to nothing.
    pub unbound: Option<String>,
    /// Whether a route that somebody laid (`fibmatch`) leads there by the plane's interface.
    pub by_plane: bool,
}

/// What Multus wrote.
#[derive(Clone, Debug, Default)]
pub enum NetworkStatus {
    /// Not asked for: outside a cluster.
    #[default]
    NotAsked,
    /// The file is not there, empty, or not what Multus writes; why.
    Unusable(String),
    /// An entry for each network.
    Known(Vec<Attached>),
}

/// A network that Multus attached.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attached {
    /// `orders/storage`.
    pub network: String,
    /// The interface; empty: Multus left it out.
    pub interface: String,
    /// Its addresses.
    pub ips: Vec<IpAddr>,
    /// Its hardware address; empty: Multus left it out.
    pub mac: String,
    /// The longest packet in bytes, where Multus tells.
    pub mtu: Option<u32>,
}

/// The network namespace's settings; `None`: it could not be read.
#[derive(Clone, Debug, Default)]
pub struct Kernel {
    /// `net.ipv4.ip_forward`.
    pub ip_forward: Option<u32>,
    /// `TcpExt:IPReversePathFilter`: packets that were dropped since the namespace was made.
    pub reverse_path_drops: Option<u64>,
    /// Why a trial socket could not be bound to an interface.
    pub cannot_bind: Option<String>,
    /// Whether `ping_group_range` lets this user send ICMP echo.
    pub may_ping: Option<bool>,
    /// Ports of a mesh that something listens on.
    pub mesh_ports: Vec<u16>,
}
