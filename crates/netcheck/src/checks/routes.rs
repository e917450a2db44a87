//! RTE001 to RTE006: where packets go, and where unbound ones would.

use super::Told;
use crate::pod::{Address, Peer, Plane, Pod, Route};
use std::net::IpAddr;

pub(super) fn check(pod: &Pod, told: &mut Told) {
    defaults(pod, told);
    for peer in &pod.peers {
        one(pod, peer, told);
    }
    for server in pod.name_servers.iter().filter(|server| !server.by_plane) {
        let evidence = format!(
            "no route to {} by the {} plane",
            server.address, pod.dns_plane
        );
        told.found("RTE004", "name server", evidence);
    }
}

fn defaults(pod: &Pod, told: &mut Told) {
    let is_default = |route: &&Route| route.destination.is_none();
    // Those of IPv6 come by router advertisements, one for each link; the kernel ranks them.
    let of_ipv4 = |route: &&Route| route.gateway.is_none_or(|gateway| gateway.is_ipv4());
    let defaults = pod.routes.iter().filter(is_default).filter(of_ipv4);
    let by: Vec<&str> = defaults.map(|route| route.interface.as_str()).collect();
    if by.len() > 1 {
        let evidence = format!("default routes by {}", by.join(", "));
        told.found("RTE001", "routes", evidence);
    }
    let default_plane = pod.planes.iter().find(|plane| plane.name == "default");
    let Some(interface) = default_plane.and_then(|plane| plane.interface.as_ref()) else {
        return;
    };
    let elsewhere = pod
        .routes
        .iter()
        .filter(is_default)
        .find(|route| route.interface != *interface);
    if let Some(route) = elsewhere {
        let evidence = format!(
            "the default route is by {}, not by {interface}",
            route.interface
        );
        told.found("RTE002", "routes", evidence);
    }
}

fn one(pod: &Pod, peer: &Peer, told: &mut Told) {
    let plane = pod.planes.iter().find(|plane| plane.name == peer.plane);
    let Some((plane, interface)) = plane.and_then(|plane| Some((plane, plane.interface.as_ref()?)))
    else {
        return;
    };
    let (subject, address) = (plane.subject(), peer.lookup.address);
    if !peer.lookup.by_plane {
        let evidence = format!("no route by {interface} to {} at {address}", peer.name);
        told.found("RTE003", &subject, evidence);
    }
    let leaves_by = peer.lookup.unbound.as_ref();
    if let Some(other) = leaves_by.filter(|other| *other != interface) {
        let evidence = format!(
            "an unbound socket goes to {} at {address} by {other}",
            peer.name
        );
        told.found("RTE006", &subject, evidence);
    }
    if is_off_link(plane, peer) && pod.source_rules && !has_source(plane, address) {
        let evidence = format!(
            "{} at {address} is behind a gateway, rules choose by source, and {interface} has no one address to bind",
            peer.name
        );
        told.found("RTE005", &subject, evidence);
    }
    let strict = plane.link.as_ref().and_then(|link| link.rp_filter) == Some(1);
    if strict && is_off_link(plane, peer) && !pod.source_rules && !peer.lookup.by_plane {
        let evidence = format!(
            "rp_filter=1, and {} at {address} is behind a gateway",
            peer.name
        );
        told.found("SYS001", &subject, evidence);
    }
}

/// Whether the service binds a source towards a far peer: where its interface has one address of the family.
fn has_source(plane: &Plane, peer: IpAddr) -> bool {
    let addresses = plane.link.iter().flat_map(|link| &link.addresses);
    let fit = |own: &&Address| !own.is_link_local() && own.ip.is_ipv4() == peer.is_ipv4();
    addresses.filter(fit).count() == 1
}

fn is_off_link(plane: &Plane, peer: &Peer) -> bool {
    let link = plane.link.as_ref();
    link.is_some_and(|link| {
        !link
            .addresses
            .iter()
            .any(|own| !own.is_link_local() && own.covers(peer.lookup.address))
    })
}
