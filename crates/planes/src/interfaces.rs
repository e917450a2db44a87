//! The interfaces of this network namespace and their addresses, as the kernel tells of them.
//!
//! [`Interfaces`] is filled by a dump and kept by the kernel's news: both are the same messages
//! (rtnetlink(7)). Who needs to know an interface's subnet asks here and nowhere else.

use crate::Plane;
use crate::error::NetlinkError;
use crate::netlink::{Fields, Message, Questions, Subject};
use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::net::IpAddr;

const NEW_LINK: u16 = 16;
const DELETED_LINK: u16 = 17;
const GET_LINK: u16 = 18;
const NEW_ADDRESS: u16 = 20;
const DELETED_ADDRESS: u16 = 21;
const GET_ADDRESS: u16 = 22;

/// `struct ifinfomsg` and `struct ifaddrmsg`.
const LINK_BYTES: usize = 16;
const ADDRESS_BYTES: usize = 8;
/// Flags of an interface: `IFF_UP` and `IFF_LOWER_UP`.
const ADMIN_UP: u32 = 0x1;
const CARRIER: u32 = 0x1_0000;
/// Flags of an address: `IFA_F_TENTATIVE` and `IFA_F_DADFAILED`.
const NOT_YET_OR_NEVER: u32 = 0x40 | 0x08;
/// `IFA_F_PERMANENT`.
const PERMANENT: u32 = 0x80;
/// The attribute that asks for interfaces without their counters: its length, `IFLA_EXT_MASK`, and
/// `RTEXT_FILTER_SKIP_STATS`.
const WITHOUT_COUNTERS: ([u16; 2], u32) = ([8, 29], 1 << 3);

/// An interface as it is now. What it is, is its name, index and MAC together: one that is deleted and
/// made again has the same name and maybe the same index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkState {
    /// Its name in this network namespace: `net1`.
    pub name: String,
    /// Its number, from 1; sockets are bound to it.
    pub index: u32,
    /// Its hardware address.
    pub mac: Mac,
    /// Whether it was raised (`ip link set … up`).
    pub admin_up: bool,
    /// Whether there is something at the other end. Never while it is not raised.
    pub carrier: bool,
    /// How often that has changed since the interface was made.
    pub carrier_changes: u32,
    /// The longest packet in bytes.
    pub mtu: u32,
    /// `macvlan`, `veth`, `bridge`, …; empty: a device of hardware.
    pub kind: String,
    /// Its addresses, in the order in which the kernel told of them.
    pub addresses: Vec<InterfaceAddress>,
}

impl LinkState {
    /// Whether packets can go: raised, and something at the other end.
    pub fn is_up(&self) -> bool {
        self.admin_up && self.carrier
    }

    /// Whether it has an address that peers can use: one that is not tentative and not link-local.
    pub fn has_address(&self) -> bool {
        self.peer_addresses().next().is_some()
    }

    /// Addresses that peers can use: neither tentative nor link-local.
    pub(crate) fn peer_addresses(&self) -> impl Iterator<Item = &InterfaceAddress> + Clone {
        let usable = |own: &&InterfaceAddress| own.usable && !is_link_local(own.address);
        self.addresses.iter().filter(usable)
    }

    /// Whether `address` is on its link, by the subnets of its addresses. Link-local subnets are the
    /// same on every interface, so they tell nothing and count for none.
    pub fn reaches(&self, address: IpAddr) -> bool {
        self.addresses
            .iter()
            .any(|own| !is_link_local(own.subnet) && own.covers(address))
    }

    /// Whether `other` is the same interface, in whatever state.
    pub fn is_same(&self, other: &LinkState) -> bool {
        self.index == other.index && self.mac == other.mac && self.name == other.name
    }
}

/// An address of an interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InterfaceAddress {
    /// The interface's own address.
    pub address: IpAddr,
    /// An address of its subnet: its own, or the peer's of a point-to-point link.
    pub subnet: IpAddr,
    /// How many bits of `subnet` all of the subnet's addresses share: 0 to 32, or to 128.
    pub prefix_bits: u8,
    /// Not while duplicate address detection is at work, nor when it found a duplicate (NET006).
    pub usable: bool,
    /// Whether it goes away by itself, as those do that a router's advertisement gave (NET007).
    pub dynamic: bool,
}

impl InterfaceAddress {
    /// Whether a peer elsewhere can answer to it: every interface has a link-local one, and `lo` its own.
    pub(crate) fn is_for_peers(&self) -> bool {
        !is_link_local(self.address) && !self.address.is_loopback()
    }

    pub(crate) fn covers(&self, address: IpAddr) -> bool {
        match (self.subnet, address) {
            (IpAddr::V4(subnet), IpAddr::V4(address)) => {
                let host_bits = 32_u32.saturating_sub(self.prefix_bits.into());
                let differing = subnet.to_bits() ^ address.to_bits();
                differing.checked_shr(host_bits).unwrap_or(0) == 0
            }
            (IpAddr::V6(subnet), IpAddr::V6(address)) => {
                let host_bits = 128_u32.saturating_sub(self.prefix_bits.into());
                let differing = subnet.to_bits() ^ address.to_bits();
                differing.checked_shr(host_bits).unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}

/// As `ip address` writes it: `10.20.0.1/24`.
impl fmt::Display for InterfaceAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix_bits)
    }
}

/// A hardware address; its length depends on the kind of interface, and some have none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mac(pub Box<[u8]>);

/// As `ip link` writes it: `02:00:0a:14:00:01`.
impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, byte) in self.0.iter().enumerate() {
            let colon = if at == 0 { "" } else { ":" };
            write!(f, "{colon}{byte:02x}")?;
        }
        Ok(())
    }
}

/// Every interface of this network namespace, by its index. Fails where the kernel or a seccomp profile
/// refuses netlink sockets.
pub fn interfaces() -> Result<Vec<LinkState>, NetlinkError> {
    let read = || Interfaces::read(&mut Questions::open(Subject::Interfaces)?);
    let all = read().map_err(NetlinkError::of("asking for the interfaces"))?;
    Ok(all.0.into_values().collect())
}

/// Every interface, by its index.
#[derive(Clone, Debug, Default)]
pub(crate) struct Interfaces(BTreeMap<u32, LinkState>);

impl Interfaces {
    /// Asks for all of them.
    pub(crate) fn read(route: &mut Questions) -> io::Result<Interfaces> {
        let mut body = vec![0; LINK_BYTES];
        let (head, mask) = WITHOUT_COUNTERS;
        body.extend(head.iter().flat_map(|number| number.to_ne_bytes()));
        body.extend(mask.to_ne_bytes());
        let apply = |all: &mut Interfaces, message: &Message<'_>| all.apply(message);
        let links = route.dump(GET_LINK, &body, Interfaces::default, apply)?;
        // Of every family.
        route.dump(GET_ADDRESS, &[0; ADDRESS_BYTES], || links.clone(), apply)
    }

    /// Takes one message of a dump or of the news.
    pub(crate) fn apply(&mut self, message: &Message<'_>) {
        // What is too short is no message of these kinds.
        let _ = self.applied(message);
    }

    fn applied(&mut self, message: &Message<'_>) -> Option<()> {
        let body = message.body;
        match message.kind {
            // A family other than 0 is a bridge that tells of its ports, not of interfaces.
            NEW_LINK | DELETED_LINK if body.u8(0)? != 0 => {}
            NEW_LINK => {
                let index = body.u32(4)?;
                let known = self.0.remove(&index).map(|known| known.addresses);
                let mut link = link_of(message, index, body.u32(8)?);
                link.addresses = known.unwrap_or_default();
                self.0.insert(index, link);
            }
            DELETED_LINK => {
                self.0.remove(&body.u32(4)?);
            }
            NEW_ADDRESS => {
                let new = address_of(message)?;
                let link = self.0.get_mut(&body.u32(4)?)?;
                let same = |old: &&mut InterfaceAddress| is_same_address(old, &new);
                match link.addresses.iter_mut().find(same) {
                    Some(old) => *old = new,
                    None => link.addresses.push(new),
                }
            }
            DELETED_ADDRESS => {
                let gone = address_of(message)?;
                let link = self.0.get_mut(&body.u32(4)?)?;
                link.addresses.retain(|old| !is_same_address(old, &gone));
            }
            _ => {}
        }
        Some(())
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &LinkState> {
        self.0.values()
    }

    pub(crate) fn by_index(&self, index: u32) -> Option<&LinkState> {
        self.0.get(&index)
    }

    /// The number of the interface that has this name now.
    pub(crate) fn index_of(&self, name: &str) -> Option<u32> {
        let found = self.0.iter().find(|(_, link)| link.name == name)?;
        Some(*found.0)
    }

    /// The interface that has the plane's name now.
    pub(crate) fn of_plane(&self, plane: &Plane) -> Option<&LinkState> {
        let name = plane.interface()?;
        self.0.values().find(|link| link.name == name)
    }
}

#[cfg(test)]
impl FromIterator<LinkState> for Interfaces {
    fn from_iter<T: IntoIterator<Item = LinkState>>(links: T) -> Interfaces {
        let by_index = links.into_iter().map(|link| (link.index, link));
        Interfaces(by_index.collect())
    }
}

fn link_of(message: &Message<'_>, index: u32, flags: u32) -> LinkState {
    let mut link = LinkState {
        name: String::new(),
        index,
        mac: Mac::default(),
        admin_up: flags & ADMIN_UP != 0,
        carrier: flags & CARRIER != 0,
        carrier_changes: 0,
        mtu: 0,
        kind: String::new(),
        addresses: Vec::new(),
    };
    for (kind, value) in message.attributes(LINK_BYTES) {
        match kind {
            1 => link.mac = Mac(value.0.into()),
            3 => link.name = value.text(),
            4 => link.mtu = value.u32(0).unwrap_or_default(),
            18 => link.kind = kind_of(value).unwrap_or_default(),
            35 => link.carrier_changes = value.u32(0).unwrap_or_default(),
            _ => {}
        }
    }
    link
}

/// The first attribute inside `IFLA_LINKINFO`: `IFLA_INFO_KIND`.
fn kind_of(info: Fields<'_>) -> Option<String> {
    let (_, kind) = info.attributes().find(|(kind, _)| *kind == 1)?;
    Some(kind.text())
}

fn address_of(message: &Message<'_>) -> Option<InterfaceAddress> {
    let (mut own, mut subnet) = (None, None);
    let mut flags = u32::from(message.body.u8(2)?);
    for (kind, value) in message.attributes(ADDRESS_BYTES) {
        match kind {
            1 => subnet = ip_of(value),
            2 => own = ip_of(value),
            8 => flags = value.u32(0)?,
            _ => {}
        }
    }
    // IPv6 tells its own address as the subnet's unless the link is point-to-point.
    let subnet = subnet.or(own)?;
    Some(InterfaceAddress {
        address: own.unwrap_or(subnet),
        subnet,
        prefix_bits: message.body.u8(1)?,
        usable: flags & NOT_YET_OR_NEVER == 0,
        dynamic: flags & PERMANENT == 0,
    })
}

fn ip_of(value: Fields<'_>) -> Option<IpAddr> {
    match value.0.len() {
        4 => value.bytes::<4>(0).map(IpAddr::from),
        16 => value.bytes::<16>(0).map(IpAddr::from),
        _ => None,
    }
}

fn is_same_address(a: &InterfaceAddress, b: &InterfaceAddress) -> bool {
    a.address == b.address && a.prefix_bits == b.prefix_bits
}

fn is_link_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_link_local(),
        IpAddr::V6(address) => address.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(addresses: &[(&str, u8)]) -> LinkState {
        LinkState {
            name: "net1".to_owned(),
            index: 7,
            mac: Mac([2, 0, 10, 20, 0, 1].into()),
            admin_up: true,
            carrier: true,
            carrier_changes: 1,
            mtu: 1_500,
            kind: "macvlan".to_owned(),
            addresses: addresses
                .iter()
                .map(|(address, prefix_bits)| InterfaceAddress {
                    address: address.parse().unwrap(),
                    subnet: address.parse().unwrap(),
                    prefix_bits: *prefix_bits,
                    usable: true,
                    dynamic: false,
                })
                .collect(),
        }
    }

    #[test]
    fn a_subnet_reaches_its_own_addresses_alone() {
        let link = link(&[("10.20.0.1", 24), ("2001:db8::1", 64), ("fe80::1", 64)]);
        for (address, reached) in [
            ("10.20.0.255", true),
            ("10.20.1.0", false),
            ("2001:db8::ffff", true),
            ("2001:db8:0:1::", false),
            // On every link alike.
            ("fe80::2", false),
            ("0.0.0.0", false),
        ] {
            assert_eq!(link.reaches(address.parse().unwrap()), reached, "{address}");
        }
    }

    #[test]
    fn the_narrowest_and_the_widest_subnet() {
        let narrow = link(&[("10.20.0.1", 32), ("2001:db8::1", 128)]);
        assert!(narrow.reaches("10.20.0.1".parse().unwrap()));
        assert!(!narrow.reaches("10.20.0.0".parse().unwrap()));
        assert!(!narrow.reaches("2001:db8::2".parse().unwrap()));
        let wide = link(&[("10.20.0.1", 0), ("2001:db8::1", 0)]);
        assert!(wide.reaches("192.0.2.1".parse().unwrap()));
        assert!(wide.reaches("ffff::".parse().unwrap()));
        assert!(!link(&[]).reaches("10.20.0.1".parse().unwrap()));
    }

    #[test]
    fn a_link_local_address_is_none_for_peers() {
        assert!(!link(&[("fe80::1", 64)]).has_address());
        assert!(link(&[("fe80::1", 64), ("10.20.0.1", 24)]).has_address());
        let mut tentative = link(&[("2001:db8::1", 64)]);
        tentative.addresses[0].usable = false;
        assert!(!tentative.has_address());
    }

    #[test]
    fn a_mac_is_told_as_ip_does() {
        assert_eq!(link(&[]).mac.to_string(), "02:00:0a:14:00:01");
        assert_eq!(Mac::default().to_string(), "");
    }
}
