//! PEER001, NBR001, NBR002, MTU002, IPD001, ADV001: whether peers can be reached, and by whom.

use super::Told;
use crate::pod::{Advertised, Outcome, Path, Plane, Pod, Try};
use std::net::IpAddr;

pub(super) fn check(pod: &Pod, told: &mut Told) {
    for tried in &pod.tries {
        unreachable(pod, tried, told);
    }
    gateways(pod, told);
    this_node(pod, told);
    for path in pod.paths.iter().filter(|path| !path.whole) {
        shorter_path(pod, path, told);
    }
    for answer in &pod.answers {
        if answer.answered != answer.expected {
            let evidence = format!(
                "{} answers at {}, which is the address of {}",
                answer.answered, answer.address, answer.expected
            );
            told.found("IPD001", "address", evidence);
        }
    }
    for advertised in &pod.advertised {
        advertises(pod, advertised, told);
    }
}

/// What to do depends on how it fails.
fn unreachable(pod: &Pod, tried: &Try, told: &mut Told) {
    let (what, advice) = match &tried.outcome {
        Outcome::Taken => return,
        Outcome::Refused => (
            "its host refuses the connection (ECONNREFUSED)",
            "its network is all right: start the peer, or mend its port in the settings",
        ),
        Outcome::Unreachable => (
            "nobody has this address on the link, or no route leads there (EHOSTUNREACH)",
            "check that the peer runs and is attached to this network, and its address in the settings; with a gateway see RTE003",
        ),
        Outcome::Rejected(_) => (
            "refused on the way (ICMP)",
            "a router, a firewall or a policy rejects it: check the NetworkPolicies and MultiNetworkPolicies of both ends",
        ),
        Outcome::Silence => (
            "no answer (ETIMEDOUT)",
            "packets are dropped on the way: check the NetworkPolicies and MultiNetworkPolicies of both ends, and firewalls",
        ),
        Outcome::Failed(_) => (
            "it could not be tried",
            "see the findings about the plane's interface",
        ),
    };
    let mut evidence = format!("{} at {}: {what}", tried.name, tried.address);
    match &tried.outcome {
        Outcome::Failed(reason) => evidence = format!("{evidence}: {reason}"),
        Outcome::Rejected(by) => evidence = format!("{evidence} by {by}"),
        _ => {}
    }
    told.advised("PEER001", &subject(pod, &tried.plane), evidence, advice);
}

fn gateways(pod: &Pod, told: &mut Told) {
    let mut seen = Vec::new();
    for route in &pod.routes {
        let Some(gateway) = route.gateway else {
            continue;
        };
        let key = (gateway, &route.interface);
        let silent = pod
            .neighbours
            .iter()
            .any(|one| one.address == gateway && one.interface == route.interface && !one.found);
        if silent && !seen.contains(&key) {
            seen.push(key);
            let of = plane_of(pod, &route.interface);
            let subject = of.map_or_else(|| route.interface.clone(), Plane::subject);
            told.found(
                "NBR001",
                &subject,
                format!("the gateway {gateway} does not answer"),
            );
        }
    }
}

/// A macvlan interface never reaches the node whose interface is its parent.
fn this_node(pod: &Pod, told: &mut Told) {
    for peer in &pod.peers {
        let address = peer.lookup.address;
        let plane = pod.planes.iter().find(|plane| plane.name == peer.plane);
        let on_macvlan = |plane: &&Plane| {
            plane
                .link
                .as_ref()
                .is_some_and(|link| link.kind == "macvlan")
        };
        if let Some(plane) = plane.filter(on_macvlan)
            && pod.node_addresses.contains(&address)
        {
            let evidence = format!("{} at {address} is the node of this pod", peer.name);
            told.found("NBR002", &plane.subject(), evidence);
        }
    }
}

fn shorter_path(pod: &Pod, path: &Path, told: &mut Told) {
    let Path {
        address, longest, ..
    } = path;
    // One that answers nothing may just not answer echoes: that says nothing of its path.
    let Some(answered) = path.answered else {
        let reason =
            format!("{address} answers no ICMP echo, so how long packets may be is not known");
        return told.cannot_tell("MTU002", &reason);
    };
    let evidence = format!(
        "a packet of {answered} bytes is answered by {address}, one of {longest} is not (probed by ICMP echo)"
    );
    told.found("MTU002", &subject(pod, &path.plane), evidence);
}

fn advertises(pod: &Pod, advertised: &Advertised, told: &mut Told) {
    let Advertised { peer, address, .. } = advertised;
    let wrong = match &advertised.lookup {
        Err(reason) => Some(format!("{peer} advertises {address}: {reason}")),
        Ok(lookups) if lookups.iter().any(|lookup| lookup.by_plane) => None,
        Ok(lookups) => {
            let addresses: Vec<IpAddr> = lookups.iter().map(|lookup| lookup.address).collect();
            Some(format!(
                "{peer} advertises {address} ({addresses:?}), to which no route leads by this plane"
            ))
        }
    };
    if let Some(evidence) = wrong {
        told.found("ADV001", &subject(pod, &advertised.plane), evidence);
    }
}

fn plane_of<'a>(pod: &'a Pod, interface: &str) -> Option<&'a Plane> {
    let has = |plane: &&Plane| plane.interface.as_deref() == Some(interface);
    pod.planes.iter().find(has)
}

fn subject(pod: &Pod, plane: &str) -> String {
    let found = pod.planes.iter().find(|one| one.name == plane);
    found.map_or_else(|| format!("{plane} plane"), Plane::subject)
}
