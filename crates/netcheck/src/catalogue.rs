//! Every check: its id, how grave a finding of it is, and what to do about one. Ids are stable: runbooks and
//! alerts name them.

use crate::finding::Severity::{self, Critical, Information, Warning};
use std::fmt::Write as _;

/// A check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Check {
    /// Such as `NET001`.
    pub id: &'static str,
    /// How grave a finding is; a check may say less of a single one.
    pub severity: Severity,
    /// What sets it off.
    pub trigger: &'static str,
    /// What to do, in one line.
    pub advice: &'static str,
}

const fn check(
    id: &'static str,
    severity: Severity,
    trigger: &'static str,
    advice: &'static str,
) -> Check {
    Check {
        id,
        severity,
        trigger,
        advice,
    }
}

impl Check {
    /// The check with this id.
    pub fn named(id: &str) -> Option<&'static Check> {
        ALL.iter().find(|check| check.id == id)
    }
}

/// Every check, in the order in which a report lists them.
pub const ALL: &[Check] = &[
    check(
        "NET001",
        Critical,
        "a plane's interface is absent",
        "the pod started without Multus or lost its network: check its k8s.v1.cni.cncf.io/networks annotation, then delete the pod",
    ),
    check(
        "NET002",
        Critical,
        "an interface is not raised",
        "the plane's traffic is stopped: find out who lowered it, and raise it (ip link set … up)",
    ),
    check(
        "NET003",
        Critical,
        "an interface has no carrier",
        "check the parent interface on the node, its cable or switch port, and the virtual function's link state",
    ),
    check(
        "NET004",
        Warning,
        "an interface's index or MAC is another than at the start",
        "it was made anew; the service has opened its sockets again: find out what removed it",
    ),
    check(
        "NET005",
        Critical,
        "an interface has no address",
        "the network's IPAM gave none or took it back: check that its pool is not exhausted, then delete the pod",
    ),
    check(
        "NET006",
        Warning,
        "an IPv6 address is tentative, or detected as a duplicate",
        "another host may have it: find it on the link, or wait for duplicate address detection",
    ),
    check(
        "NET007",
        Warning,
        "an interface has a dynamic IPv6 address that nobody asked for",
        "router advertisements are taken: set accept_ra=0 by the tuning plugin",
    ),
    check(
        "NET008",
        Critical,
        "the subnets of two planes overlap",
        "sockets cannot be told apart by address: renumber one NetworkAttachmentDefinition",
    ),
    check(
        "NET009",
        Warning,
        "an interface's carrier comes and goes",
        "it flaps: check cable, switch port and the bond of the node",
    ),
    check(
        "STA001",
        Warning,
        "the network-status file is empty or absent",
        "mount the annotation as a downward-API volume, not as an environment variable or by subPath: those are never updated",
    ),
    check(
        "STA002",
        Critical,
        "network-status and the kernel differ in an address or MAC",
        "the attachment was replaced behind the pod's back: delete the pod",
    ),
    check(
        "STA003",
        Warning,
        "a plane is missing in network-status and there in the kernel",
        "a known defect of Multus; the kernel is right",
    ),
    check(
        "STA004",
        Critical,
        "an interface's name is not pinned to its network",
        "ask for it by name: k8s.v1.cni.cncf.io/networks: NAMESPACE/NETWORK@net2",
    ),
    check(
        "RTE001",
        Critical,
        "there is more than one default route",
        "remove 0.0.0.0/0 from the NetworkAttachmentDefinition: list the prefixes that the plane needs",
    ),
    check(
        "RTE002",
        Critical,
        "the default route is not by the default plane",
        "DNS and the Kubernetes API would leave by it: remove the route from the NetworkAttachmentDefinition",
    ),
    check(
        "RTE003",
        Critical,
        "there is no route to a configured peer on its plane",
        "add the route and its gateway to the NetworkAttachmentDefinition",
    ),
    check(
        "RTE004",
        Critical,
        "a name server is not reached by DNS_PLANE",
        "add the service CIDR's route to that plane, or set DNS_PLANE to the one that has it",
    ),
    check(
        "RTE005",
        Warning,
        "routes are chosen by source, and a socket binds none",
        "bind the source address too: an unbound one looks for far peers on the link",
    ),
    check(
        "RTE006",
        Critical,
        "a plane's peer is routed by another plane where nothing is bound",
        "any socket that is not bound would leave there: remove that route",
    ),
    check(
        "SYS001",
        Critical,
        "rp_filter is strict, peers are off-link and no source rule is there",
        "answers of those peers are dropped: use the sbr plugin, or set rp_filter=2 by the tuning plugin",
    ),
    check(
        "SYS002",
        Warning,
        "packets are dropped by reverse path filtering",
        "answers come back by another interface than they would leave by: check the routes of both ends",
    ),
    check(
        "SYS003",
        Warning,
        "arp_ignore is 0",
        "every interface answers for every address: set arp_ignore=1 and arp_announce=2 by the tuning plugin",
    ),
    check(
        "SYS004",
        Warning,
        "ICMP redirects are taken",
        "a router on the link may move routes: set accept_redirects=0 by the tuning plugin",
    ),
    check(
        "SYS005",
        Critical,
        "packets are forwarded",
        "the pod may be a bridge between planes: set net.ipv4.ip_forward=0",
    ),
    check(
        "SYS006",
        Critical,
        "a socket cannot be bound to an interface",
        "the kernel is older than 5.7, or a security module forbids SO_BINDTODEVICE",
    ),
    check(
        "SYS007",
        Information,
        "ICMP echo is closed to this user (ping_group_range)",
        "peers are probed by TCP instead",
    ),
    check(
        "MTU001",
        Warning,
        "an interface's MTU is another than declared",
        "set mtu in the NetworkAttachmentDefinition",
    ),
    check(
        "MTU002",
        Warning,
        "a packet that must not be fragmented is lost below the MTU",
        "the path's MTU is smaller: lower mtu in the NetworkAttachmentDefinition, or raise the switch's",
    ),
    check(
        "PEER001",
        Critical,
        "a configured peer does not take a connection by its plane",
        "check the peer, its address in the settings, and the network policies on the way",
    ),
    check(
        "NBR001",
        Critical,
        "a gateway does not answer",
        "check the VLAN, promiscuous mode or forged transmits of the virtual switch, and port security",
    ),
    check(
        "NBR002",
        Information,
        "a peer is this node on a macvlan plane",
        "macvlan never reaches its own node: use another path to it, or ipvlan",
    ),
    check(
        "IPD001",
        Critical,
        "another instance answers on this pod's address",
        "the address is given twice: host-local gives the same on two nodes, use whereabouts",
    ),
    check(
        "SOC001",
        Critical,
        "a socket of this service is unbound or on the wrong plane",
        "the service ends it within a second and counts it (plane_socket_violations_total); tell its makers who opened it",
    ),
    check(
        "SOC002",
        Critical,
        "a socket of another container is not on its plane",
        "look for the process of that user: it must bind its sockets, or leave the planes alone",
    ),
    check(
        "SOC003",
        Critical,
        "a socket's interface is gone",
        "it was ended, and opened anew where it listens",
    ),
    check(
        "ADV001",
        Critical,
        "an address that Kafka or Redis advertises has no route on its plane",
        "set advertised.listeners, or announce-ip, to the address on that plane's network",
    ),
    check(
        "MSH001",
        Critical,
        "a service mesh captures traffic",
        "exclude the planes' interfaces from the mesh's capture (Istio: traffic.sidecar.istio.io/excludeInterfaces)",
    ),
    check(
        "TLS001",
        Warning,
        "less than a fifth of a certificate's life is left",
        "renew it; critical once it has expired",
    ),
    check(
        "TLS002",
        Warning,
        "a certificate's file is newer than what is in use",
        "it cannot be used; the log says why",
    ),
];

/// The whole catalogue as a page of Markdown.
pub fn markdown() -> String {
    let mut page = String::from(
        "# The checks of netcheck\n\nMade by `order-service netcheck --list`. Ids are stable: runbooks and alerts \
         may name them. Severities are the usual ones; a finding may be graver, such as a certificate that has \
         expired.\n\n| id | severity | what sets it off | what to do |\n| --- | --- | --- | --- |\n",
    );
    for check in ALL {
        let Check {
            id,
            severity,
            trigger,
            advice,
        } = check;
        // Writing to a string cannot fail.
        let _ = writeln!(
            page,
            "| {id} | {} | {trigger} | {advice} |",
            severity.name()
        );
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_in_docs_is_this_catalogue() {
        let page = include_str!("../../../docs/NETCHECK.md");
        assert!(
            page == markdown(),
            "docs/NETCHECK.md is stale: order-service netcheck --list > docs/NETCHECK.md"
        );
    }

    #[test]
    fn ids_are_unique_and_advice_is_one_line() {
        for (at, check) in ALL.iter().enumerate() {
            assert!(
                ALL[at + 1..].iter().all(|other| other.id != check.id),
                "{}",
                check.id
            );
            assert!(
                !check.advice.is_empty() && !check.advice.contains('\n'),
                "{}",
                check.id
            );
            assert_eq!(Check::named(check.id), Some(check));
        }
        assert_eq!(Check::named("NET999"), None);
    }
}
