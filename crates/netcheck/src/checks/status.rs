//! STA001 to STA004: what Multus says that it attached, against the kernel.

use super::Told;
use crate::pod::{Attached, Link, NetworkStatus, Plane, Pod};
use std::net::IpAddr;

pub(super) fn check(pod: &Pod, told: &mut Told) {
    let attached = match &pod.status {
        NetworkStatus::NotAsked => return,
        NetworkStatus::Unusable(reason) => {
            told.found("STA001", "network-status", reason.clone());
            return;
        }
        NetworkStatus::Known(attached) => attached,
    };
    for plane in &pod.planes {
        let (Some(interface), Some(link)) = (&plane.interface, &plane.link) else {
            continue;
        };
        if let Some(one) = attached.iter().find(|one| one.interface == *interface) {
            differences(plane, link, one, told);
        } else {
            let evidence = format!("{interface} is in the kernel, and not in network-status");
            told.found("STA003", &plane.subject(), evidence);
        }
    }
    for one in attached.iter().filter(|one| one.interface.is_empty()) {
        let evidence = format!("{} names no interface", one.network);
        told.found("STA004", "network-status", evidence);
    }
}

fn differences(plane: &Plane, link: &Link, told_by_multus: &Attached, told: &mut Told) {
    let has = |ip: &IpAddr| link.addresses.iter().any(|address| address.ip == *ip);
    for ip in told_by_multus.ips.iter().filter(|ip| !has(ip)) {
        let evidence = format!("{ip} is in network-status, and not on the interface");
        told.found("STA002", &plane.subject(), evidence);
    }
    let (theirs, ours) = (&told_by_multus.mac, &link.identity.mac);
    if !theirs.is_empty() && !theirs.eq_ignore_ascii_case(ours) {
        let evidence = format!("MAC {theirs} in network-status, {ours} in the kernel");
        told.found("STA002", &plane.subject(), evidence);
    }
}
