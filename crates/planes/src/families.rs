//! Which of a peer's addresses a plane can use at all, and from which of its own: a name may have IPv6
//! addresses where the plane's interface has none.

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

/// The plane's own address from which to reach `peer`: on the peer's subnet if it has one there, else the
/// first of the family. `None` where the plane is unbound, or has none: the kernel then chooses.
///
/// Where routes are chosen by source (the sbr plugin), a socket that is bound to a device alone may look
/// for a far peer on the link (RTE005); with its source bound it never does. Asks the kernel; needs no
/// privileges.
pub fn source_for(plane: &Plane, peer: IpAddr) -> io::Result<Option<IpAddr>> {
    if plane.interface().is_none() {
        return Ok(None);
    }
    let interfaces = Interfaces::read(&mut Questions::open(Subject::Interfaces)?)?;
    let link = interfaces.of_plane(plane);
    Ok(link.and_then(|link| source(&link.addresses, peer)))
}

fn source(own: &[InterfaceAddress], peer: IpAddr) -> Option<IpAddr> {
    let of_family = |own: &&InterfaceAddress| {
        own.usable && own.is_for_peers() && own.address.is_ipv4() == peer.is_ipv4()
    };
    let mut fit = own.iter().filter(of_family);
    let near = fit.clone().find(|own| own.covers(peer));
    near.or_else(|| fit.next()).map(|own| own.address)
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
    fn the_source_is_on_the_peers_subnet_or_else_the_first() {
        let all = ["fe80::1", "10.20.0.1", "10.21.0.1", "2001:db8::1"].map(own);
        let from = |peer: &str| source(&all, peer.parse().unwrap()).map(|own| own.to_string());
        assert_eq!(from("10.21.0.9").as_deref(), Some("10.21.0.1"));
        assert_eq!(from("192.0.2.9").as_deref(), Some("10.20.0.1"));
        assert_eq!(from("2001:db8:1::9").as_deref(), Some("2001:db8::1"));
        assert_eq!(source(&all[..1], "2001:db8::9".parse().unwrap()), None);
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
