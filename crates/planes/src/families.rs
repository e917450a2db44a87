//! Which of a peer's addresses a plane can use at all: a name may have IPv6 addresses where the plane's
//! interface has none.

use crate::interfaces::{Interfaces, LinkState};
use crate::netlink::{Questions, Subject};
use crate::{InterfaceAddress, Plane};
use std::io;
use std::net::IpAddr;

/// Leaves out the addresses of a family of which `plane` has no address of its own, as `getaddrinfo` does
/// with `AI_ADDRCONFIG`: without, every other attempt of a library that tries them in turn is in vain.
/// Where that would leave none, all stay, so that the attempt tells what is wrong.
///
/// Asks the kernel; needs no privileges.
pub fn of_usable_families(plane: &Plane, addresses: Vec<IpAddr>) -> io::Result<Vec<IpAddr>> {
    let one_family = addresses
        .windows(2)
        .all(|pair| matches!(pair, [one, other] if one.is_ipv4() == other.is_ipv4()));
    if one_family {
        return Ok(addresses);
    }
    let interfaces = Interfaces::read(&mut Questions::open(Subject::Interfaces)?)?;
    let links: Vec<&LinkState> = match plane.interface() {
        Some(_) => interfaces.of_plane(plane).into_iter().collect(),
        None => interfaces.all().collect(),
    };
    let own: Vec<&InterfaceAddress> = links.iter().flat_map(|link| &link.addresses).collect();
    Ok(usable(&own, addresses))
}

fn usable(own: &[&InterfaceAddress], addresses: Vec<IpAddr>) -> Vec<IpAddr> {
    let counts = |own: &InterfaceAddress| own.usable && own.is_for_peers();
    let has = |peer: &IpAddr| {
        own.iter()
            .any(|own| counts(own) && own.address.is_ipv4() == peer.is_ipv4())
    };
    let fit = |peer: &&IpAddr| peer.is_loopback() || has(peer);
    let kept: Vec<IpAddr> = addresses.iter().filter(fit).copied().collect();
    if kept.is_empty() { addresses } else { kept }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::PlaneKind;

    fn own(address: &str) -> InterfaceAddress {
        InterfaceAddress {
            address: address.parse().unwrap(),
            subnet: address.parse().unwrap(),
            prefix_bits: 24,
            usable: true,
            dynamic: false,
        }
    }

    fn peers(texts: &[&str]) -> Vec<IpAddr> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn a_family_that_the_plane_lacks_is_left_out() {
        let both = peers(&["2001:db8::5", "10.20.0.5"]);
        let (four, six) = (own("10.20.0.1"), own("2001:db8::1"));
        assert_eq!(usable(&[&four], both.clone()), peers(&["10.20.0.5"]));
        assert_eq!(usable(&[&six], both.clone()), peers(&["2001:db8::5"]));
        assert_eq!(usable(&[&four, &six], both.clone()), both);
        // What every interface has leads nowhere.
        let (link_local, loopback) = (own("fe80::1"), own("::1"));
        let kept = usable(&[&four, &link_local, &loopback], both.clone());
        assert_eq!(kept, peers(&["10.20.0.5"]));
        let tentative = InterfaceAddress {
            usable: false,
            ..six
        };
        assert_eq!(usable(&[&four, &tentative], both), peers(&["10.20.0.5"]));
    }

    #[test]
    fn something_always_stays() {
        let both = peers(&["2001:db8::5", "10.20.0.5"]);
        assert_eq!(usable(&[], both.clone()), both);
        let loopback = peers(&["::1", "127.0.0.1"]);
        assert_eq!(usable(&[], loopback.clone()), loopback);
    }

    #[test]
    fn the_kernel_is_asked() {
        let unbound = Plane::unbound(PlaneKind::Data);
        let loopback = peers(&["127.0.0.1", "::1"]);
        let kept = of_usable_families(&unbound, loopback.clone()).unwrap();
        assert_eq!(kept, loopback);
        assert!(of_usable_families(&unbound, Vec::new()).unwrap().is_empty());
    }
}
