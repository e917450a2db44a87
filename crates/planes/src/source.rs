//! The source address of what leaves by a plane.
//!
//! A socket that is bound to a device alone, where routes are chosen by source (the sbr plugin), looks
//! for a far peer on the link instead of asking the gateway: so the plane's own address is bound too.

use crate::Plane;
use crate::interfaces::{InterfaceAddress, Interfaces, LinkState};
use crate::netlink::{Questions, Subject};
use std::net::IpAddr;

/// The address of the plane's interface to speak to `peer` from; `None`: the kernel chooses, as there is
/// none of the family, or several of which no subnet has the peer, or nobody tells.
///
/// Asks the kernel each time: connections are few, and addresses change.
pub(crate) fn source_for(plane: &Plane, peer: IpAddr) -> Option<IpAddr> {
    if peer.is_unspecified() {
        return None;
    }
    plane.interface()?;
    let mut route = Questions::open(Subject::Interfaces).ok()?;
    let interfaces = Interfaces::read(&mut route).ok()?;
    chosen(interfaces.of_plane(plane)?, peer)
}

fn chosen(link: &LinkState, peer: IpAddr) -> Option<IpAddr> {
    let of_family = |own: &&InterfaceAddress| own.address.is_ipv4() == peer.is_ipv4();
    let mut ours = link.peer_addresses().filter(of_family);
    let near = ours.clone().find(|own| own.covers(peer));
    let only = ours.next().filter(|_| ours.next().is_none());
    near.or(only).map(|own| own.address)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interfaces::Mac;

    fn link(addresses: &[(&str, u8)]) -> LinkState {
        let own = |(address, prefix_bits): &(&str, u8)| InterfaceAddress {
            address: address.parse().unwrap(),
            subnet: address.parse().unwrap(),
            prefix_bits: *prefix_bits,
            usable: true,
            dynamic: false,
        };
        LinkState {
            name: "net1".to_owned(),
            index: 7,
            mac: Mac::default(),
            admin_up: true,
            carrier: true,
            carrier_changes: 1,
            mtu: 1_500,
            kind: String::new(),
            addresses: addresses.iter().map(own).collect(),
        }
    }

    fn from(addresses: &[(&str, u8)], peer: &str) -> Option<String> {
        let peer: IpAddr = peer.parse().unwrap();
        chosen(&link(addresses), peer).map(|own| own.to_string())
    }

    #[test]
    fn the_address_whose_subnet_has_the_peer_comes_first() {
        let two = [("10.20.0.1", 24), ("10.21.0.1", 24), ("2001:db8::1", 64)];
        assert_eq!(from(&two, "10.21.0.9").unwrap(), "10.21.0.1");
        assert_eq!(from(&two, "2001:db8:9::1").unwrap(), "2001:db8::1");
        // Either may be right: the kernel knows the routes.
        assert_eq!(from(&two, "192.0.2.1"), None);
    }

    #[test]
    fn the_only_address_is_for_far_peers_too_unless_it_is_of_the_link_alone() {
        let one = [("10.20.0.1", 24), ("fe80::1", 64)];
        assert_eq!(from(&one, "192.0.2.1").unwrap(), "10.20.0.1");
        assert_eq!(from(&one, "2001:db8::9"), None);
    }
}
