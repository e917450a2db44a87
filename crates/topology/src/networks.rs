//! The four networks, each as it is.

use crate::facts::{Facts, Protection, Traffic, Way};
use crate::sockets::{Line, Placed};
use netcheck::pod::{Address, Link, NetworkStatus, Plane};
use planes::PlaneKind;
use serde::Serialize;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A network of the pod.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Network {
    /// `default`, `management`, `data`, `storage`.
    pub name: &'static str,
    /// What it is for.
    pub purpose: &'static str,
    /// The setting that names its interface.
    pub variable: &'static str,
    /// The interface; none: it is not bound.
    pub interface: Option<String>,
    /// `up`, `not bound`, or what is wrong with it, with the check's id.
    pub state: String,
    /// What the cluster calls it, as Multus tells; none: Multus does not tell.
    pub cni_network: Option<String>,
    /// Its subnets.
    pub cidrs: Vec<String>,
    /// The pod's addresses in it.
    pub addresses: Vec<IpAddr>,
    /// The longest packet in bytes.
    pub mtu: Option<u32>,
    /// `macvlan`, `veth`, …; empty: the kernel does not say.
    pub kind: String,
    /// What is configured to go by it.
    pub carries: Vec<Carried>,
    /// Its sockets now.
    pub sockets: Vec<Line>,
}

/// Something that goes by a network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Carried {
    /// `REST`.
    pub what: &'static str,
    /// `in`, `out`, `within`.
    pub way: Way,
    /// Where.
    pub at: String,
    /// `none`, `tls`, `mtls`, `not needed`.
    pub encryption: Protection,
}

impl From<&Traffic> for Carried {
    fn from(traffic: &Traffic) -> Carried {
        Carried {
            what: traffic.what,
            way: traffic.way,
            at: traffic.at.clone(),
            encryption: traffic.protection,
        }
    }
}

/// All four, in the order of the planes.
pub(crate) fn networks(facts: &Facts, placed: &mut Placed) -> Vec<Network> {
    PlaneKind::ALL
        .into_iter()
        .map(|kind| network(facts, kind, placed))
        .collect()
}

fn network(facts: &Facts, kind: PlaneKind, placed: &mut Placed) -> Network {
    let planes = &mut facts.pod.planes.iter();
    let plane = planes.find(|plane| plane.name == kind.name());
    let interface = plane.and_then(|plane| plane.interface.clone());
    let link = plane.and_then(|plane| plane.link.as_ref());
    let own = || {
        let addresses = link.map_or(&[][..], |link| &link.addresses);
        addresses.iter().filter(|own| !own.is_link_local())
    };
    let mut sockets = placed.networks.remove(kind.name()).unwrap_or_default();
    // What is configured first: there may be many strangers.
    sockets.sort_by_key(|line| line.carries.is_none());
    let mut cidrs: Vec<String> = own().map(subnet).collect();
    cidrs.dedup();
    Network {
        name: kind.name(),
        purpose: purpose(kind),
        variable: kind.variable(),
        state: state(plane),
        cni_network: interface
            .as_deref()
            .and_then(|name| cni_network(&facts.pod.status, name)),
        interface,
        cidrs,
        addresses: own().map(|own| own.ip).collect(),
        mtu: link.map(|link| link.mtu),
        kind: link.map(|link| link.kind.clone()).unwrap_or_default(),
        carries: facts.traffic_of(kind).map(Carried::from).collect(),
        sockets,
    }
}

const fn purpose(kind: PlaneKind) -> &'static str {
    match kind {
        PlaneKind::Default => "Kubernetes itself: probes, names, its API; no business traffic",
        PlaneKind::Management => "operators: metrics, dashboard, traces and logs",
        PlaneKind::Data => "service to service: REST, gRPC, Kafka",
        PlaneKind::Storage => "what keeps the orders: PostgreSQL, Redis",
    }
}

/// As `netcheck` would say it.
fn state(plane: Option<&Plane>) -> String {
    let Some(Plane {
        interface: Some(_),
        link,
        ..
    }) = plane
    else {
        return "not bound".to_owned();
    };
    let usable = |link: &Link| link.addresses.iter().any(|own| !own.is_link_local());
    match link {
        None => "does not exist (NET001)",
        Some(link) if !link.admin_up => "down (NET002)",
        Some(link) if !link.carrier => "no carrier (NET003)",
        Some(link) if !usable(link) => "no address (NET005)",
        Some(_) => "up",
    }
    .to_owned()
}

fn cni_network(status: &NetworkStatus, interface: &str) -> Option<String> {
    let NetworkStatus::Known(attached) = status else {
        return None;
    };
    let network = attached.iter().find(|one| one.interface == interface)?;
    (!network.network.is_empty()).then(|| network.network.clone())
}

/// `10.30.0.0/24`.
fn subnet(own: &Address) -> String {
    let bits = u32::from(own.prefix_bits);
    let network: IpAddr = match own.ip {
        IpAddr::V4(ip) => {
            let mask = u32::MAX
                .checked_shl(32_u32.saturating_sub(bits))
                .unwrap_or(0);
            Ipv4Addr::from_bits(ip.to_bits() & mask).into()
        }
        IpAddr::V6(ip) => {
            let mask = u128::MAX
                .checked_shl(128_u32.saturating_sub(bits))
                .unwrap_or(0);
            Ipv6Addr::from_bits(ip.to_bits() & mask).into()
        }
    };
    format!("{network}/{bits}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subnet_is_the_addresses_first_bits() {
        let of = |ip: &str, prefix_bits| {
            subnet(&Address {
                ip: ip.parse().unwrap(),
                prefix_bits,
                tentative_or_duplicate: false,
                dynamic: false,
            })
        };
        assert_eq!(of("10.30.0.100", 24), "10.30.0.0/24");
        assert_eq!(of("10.30.0.100", 0), "0.0.0.0/0");
        assert_eq!(of("10.30.0.100", 32), "10.30.0.100/32");
        assert_eq!(of("2001:db8::5", 64), "2001:db8::/64");
    }
}
