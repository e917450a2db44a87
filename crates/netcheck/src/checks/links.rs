//! NET001 to NET009, MTU001: the interfaces.

use super::Told;
use crate::pod::{Link, Plane, Pod};

/// Changes of the carrier beyond those of a start: up once, perhaps down and up again.
const USUAL_CARRIER_CHANGES: u64 = 4;

pub(super) fn check(pod: &Pod, told: &mut Told) {
    for plane in &pod.planes {
        let Some(interface) = &plane.interface else {
            continue;
        };
        match &plane.link {
            None => told.found(
                "NET001",
                &plane.subject(),
                format!("no interface has the name {interface}"),
            ),
            Some(link) => one(plane, link, told),
        }
    }
    overlaps(pod, told);
}

fn one(plane: &Plane, link: &Link, told: &mut Told) {
    let subject = plane.subject();
    if !link.admin_up {
        told.found("NET002", &subject, "it is down".to_owned());
    } else if !link.carrier {
        told.found("NET003", &subject, "no carrier".to_owned());
    }
    if let Some(before) = plane
        .at_start
        .as_ref()
        .filter(|before| **before != link.identity)
    {
        let now = &link.identity;
        let evidence = format!(
            "index {} and MAC {} at the start, {} and {} now",
            before.index, before.mac, now.index, now.mac
        );
        told.found("NET004", &subject, evidence);
    }
    let usable = |address: &&crate::pod::Address| !address.is_link_local();
    if !link.addresses.iter().any(|address| usable(&address)) {
        told.found(
            "NET005",
            &subject,
            "no address but link-local ones".to_owned(),
        );
    }
    for address in link.addresses.iter().filter(usable) {
        let text = format!("{}/{}", address.ip, address.prefix_bits);
        if address.tentative_or_duplicate {
            told.found("NET006", &subject, text);
        } else if address.dynamic && address.ip.is_ipv6() {
            told.found("NET007", &subject, text);
        }
    }
    if link.carrier_changes > USUAL_CARRIER_CHANGES {
        let evidence = format!("its carrier has changed {} times", link.carrier_changes);
        told.found("NET009", &subject, evidence);
    }
    if let Some(declared) = plane.declared_mtu.filter(|declared| *declared != link.mtu) {
        let evidence = format!("MTU {}, declared {declared}", link.mtu);
        told.found("MTU001", &subject, evidence);
    }
}

/// Each pair of planes on different interfaces, once.
fn overlaps(pod: &Pod, told: &mut Told) {
    for (at, one) in pod.planes.iter().enumerate() {
        for other in &pod.planes[at + 1..] {
            if one.interface == other.interface {
                continue;
            }
            if let Some(evidence) = overlap(one, other) {
                told.found(
                    "NET008",
                    &one.subject(),
                    format!("{evidence} of the {}", other.subject()),
                );
            }
        }
    }
}

fn overlap(one: &Plane, other: &Plane) -> Option<String> {
    let (mine, theirs) = (one.link.as_ref()?, other.link.as_ref()?);
    let pairs = mine
        .addresses
        .iter()
        .flat_map(|a| theirs.addresses.iter().map(move |b| (a, b)));
    let met = pairs
        .filter(|(a, b)| !a.is_link_local() && !b.is_link_local())
        .find(|(a, b)| a.covers(b.ip) || b.covers(a.ip))?;
    Some(format!(
        "{}/{} overlaps with {}/{}",
        met.0.ip, met.0.prefix_bits, met.1.ip, met.1.prefix_bits
    ))
}
